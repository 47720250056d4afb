//! Writing to Postgres: one batch is one statement, with one array per column.

use ledger::time::Timestamp;
use sqlx::postgres::PgArguments;
use sqlx::{AssertSqlSafe, Connection, Row, query};

use super::parts::commit_sql;
use super::seen_key;
use super::{Postgres, erasure};
use crate::columns::{flags, number, sql_int};
use crate::error::CommitError;
use crate::lease::Lease;
use crate::outcomes::short_outcomes;
use crate::packed::pack;
use crate::rows::{CheckpointRow, Commit};
use crate::views::Settled;

/// Which parts of a commit have something in them.
pub(super) struct Shape {
    pub(super) streams: bool,
    pub(super) contracts: bool,
    pub(super) calls: bool,
    pub(super) links_added: bool,
    pub(super) links_removed: bool,
    pub(super) task_streams: bool,
    pub(super) tasks: bool,
    pub(super) counters: bool,
    pub(super) inbox: bool,
    pub(super) disclosures: bool,
    pub(super) seen: bool,
    pub(super) repeats: bool,
    pub(super) persons: bool,
}

impl Shape {
    fn of(commit: &Commit, views: &Settled<'_>) -> Shape {
        Shape {
            streams: !views.streams.is_empty(),
            contracts: !views.contracts.is_empty(),
            calls: !views.calls.is_empty(),
            links_added: !views.links_added.is_empty(),
            links_removed: !views.links_removed.is_empty(),
            task_streams: !views.task_streams.is_empty(),
            tasks: !views.tasks.is_empty(),
            counters: !views.counters.is_empty(),
            inbox: !commit.inbox.is_empty(),
            disclosures: !commit.disclosures.is_empty(),
            seen: !commit.seen.is_empty(),
            repeats: !commit.repeats.is_empty(),
            persons: !commit.persons.is_empty(),
        }
    }
}

/// One column of many rows.
fn column<'a, R, C>(rows: &'a [R], cell: impl Fn(&'a R) -> C) -> Vec<C> {
    rows.iter().map(cell).collect()
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// Binds $1 to $27 of [`super::parts`].
pub(super) fn bind_views<'q>(query: Query<'q>, views: &Settled<'q>) -> Query<'q> {
    query
        .bind(column(&views.streams, |row| row.stream.as_str()))
        .bind(column(&views.streams, |row| sql_int(row.version)))
        .bind(column(&views.streams, |row| row.head.0))
        .bind(column(&views.streams, |row| row.recorded_at.millis()))
        .bind(column(&views.streams, |row| row.state.as_str()))
        .bind(column(&views.contracts, |row| row.contract_id.as_str()))
        .bind(column(&views.contracts, |row| row.stream.as_str()))
        .bind(column(&views.contracts, |row| row.status.as_str()))
        .bind(column(&views.contracts, |row| row.contract_type.as_str()))
        .bind(column(&views.contracts, |row| row.created_at.millis()))
        .bind(column(&views.contracts, |row| row.document_sha256.0))
        .bind(column(&views.calls, |row| row.stream.as_str()))
        .bind(column(&views.calls, |row| row.progress.as_str()))
        .bind(column(&views.links_added, |link| link.space.as_str()))
        .bind(column(&views.links_added, |link| link.key.as_str()))
        .bind(column(&views.links_added, |link| link.stream.as_str()))
        .bind(column(&views.links_removed, |link| link.space.as_str()))
        .bind(column(&views.links_removed, |link| link.key.as_str()))
        .bind(column(&views.links_removed, |link| link.stream.as_str()))
        .bind(views.task_streams.clone())
        .bind(column(&views.tasks, |row| row.stream.as_str()))
        .bind(column(&views.tasks, |row| i64::from(row.task)))
        .bind(column(&views.tasks, |row| row.kind.as_str()))
        .bind(column(&views.tasks, |row| i64::from(row.attempts)))
        .bind(column(&views.tasks, |row| row.not_before.millis()))
        .bind(column(&views.counters, |(name, _)| name.as_str()))
        .bind(column(&views.counters, |(_, value)| sql_int(*value)))
}

/// Binds $28 to $44: the arguments of `append_log`.
fn bind_log<'q>(query: Query<'q>, lease: &Lease, commit: &'q Commit) -> Query<'q> {
    let records = &commit.records;
    query
        .bind(lease.fence)
        .bind(sql_int(commit.first_position))
        .bind(commit.read_to.as_ref().map(|step| step.source.as_str()))
        .bind(commit.read_to.as_ref().map(|step| sql_int(step.from)))
        .bind(commit.read_to.as_ref().map(|step| sql_int(step.to)))
        .bind(column(records, |row| row.stream.as_str()))
        .bind(column(records, |row| sql_int(row.version)))
        .bind(column(records, |row| row.id))
        .bind(column(records, |row| row.kind.as_str()))
        .bind(column(records, |row| row.recorded_at.millis()))
        .bind(column(records, |row| row.prev.map(|hash| hash.0)))
        .bind(column(records, |row| row.payload_sha256.0))
        .bind(column(records, |row| row.leaf.0))
        .bind(column(records, |row| row.jws.as_str()))
        .bind(column(&commit.nodes, |node| i16::from(node.level)))
        .bind(column(&commit.nodes, |node| sql_int(node.index)))
        .bind(column(&commit.nodes, |node| node.hash.0))
}

/// Binds $45 to $62: what stands beside the log.
fn bind_rest<'q>(query: Query<'q>, commit: &'q Commit) -> Query<'q> {
    let (disclosed, opened) = pack(&commit.disclosures);
    query
        .bind(column(&commit.inbox, |row| row.input))
        .bind(column(&commit.inbox, |row| row.received_at.millis()))
        .bind(short_outcomes(commit))
        .bind(commit.inbox.iter().map(|row| row.quarantined.as_deref()).collect::<Vec<_>>())
        .bind(disclosed)
        .bind(opened)
        .bind(column(&commit.seen, |row| seen_key(&row.key)))
        .bind(column(&commit.seen, |row| row.digest.0))
        .bind(column(&commit.repeats, |row| row.input))
        .bind(column(&commit.repeats, |row| i64::from(row.ordinal)))
        .bind(column(&commit.repeats, |row| row.received_at.millis()))
        .bind(column(&commit.repeats, |row| row.stream.as_str()))
        .bind(column(&commit.repeats, |row| row.version.map(sql_int)))
        .bind(column(&commit.repeats, |row| row.kind.as_str()))
        .bind(column(&commit.repeats, |row| row.occurred_at.map(Timestamp::millis)))
        .bind(column(&commit.repeats, flags))
        .bind(column(&commit.persons, |row| row.token.0))
        .bind(column(&commit.persons, |row| sql_int(row.position)))
}

impl Postgres {
    /// Returns the new size of the log.
    pub(crate) async fn commit(&self, lease: &Lease, commit: &Commit) -> Result<u64, CommitError> {
        let views = Settled::of(&commit.views);
        let query = query(AssertSqlSafe(commit_sql(&Shape::of(commit, &views))));
        let query = bind_views(query, &views);
        let query = bind_rest(bind_log(query, lease, commit), commit);
        let mut held = self.writer.get().await?;
        if commit.erasure.is_empty() {
            let size: i64 = query.fetch_one(&mut *held).await?.try_get(0)?;
            held.keep();
            return Ok(number(size)?);
        }
        let mut transaction = held.begin().await?;
        let size: i64 = query.fetch_one(&mut *transaction).await?.try_get(0)?;
        erasure::apply(&mut transaction, &commit.erasure).await?;
        transaction.commit().await?;
        held.keep();
        Ok(number(size)?)
    }

    pub(crate) async fn insert_checkpoint(
        &self,
        lease: Lease,
        checkpoint: CheckpointRow,
    ) -> Result<(), CommitError> {
        let query = query("SELECT append_checkpoint($1, $2, $3, $4, $5)");
        let query = query.bind(lease.fence).bind(sql_int(checkpoint.size)).bind(checkpoint.root.0);
        let query = query.bind(checkpoint.note).bind(checkpoint.signed_at.millis());
        self.writer.execute(query).await?;
        Ok(())
    }

    pub(crate) async fn erase_disclosures(
        &self,
        lease: Lease,
        disclosures: Vec<(u64, String)>,
    ) -> Result<u64, CommitError> {
        let mut held = self.writer.get().await?;
        let mut transaction = held.begin().await?;
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        let erased = erasure::erase(&mut transaction, &disclosures).await?;
        transaction.commit().await?;
        held.keep();
        Ok(erased)
    }
}
