//! Writing to Postgres: one batch is one statement, with one array per column.

use std::sync::LazyLock;

use ledger::time::Timestamp;
use sqlx::postgres::PgArguments;
use sqlx::{Row, query};

use super::{Postgres, erasure};
use crate::columns::{flags, number, scope, sql_int};
use crate::error::CommitError;
use crate::lease::Lease;
use crate::rows::{CheckpointRow, Commit};
use crate::views::Settled;

/// The values of [`view_changes`] are bound first, as $1 to $29. Arrays are taken apart in the list of columns, not in FROM:
/// there each row would first be copied into a table of its own.
const COMMIT: &str = "
, log AS MATERIALIZED (
    SELECT append_log($30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46) AS size
), handled AS (
    INSERT INTO inbox (input, received_at, outcome, quarantined)
    SELECT unnest($47::uuid[]), unnest($48::bigint[]), unnest($49::text[]), unnest($50::bytea[])
), disclosed AS (
    INSERT INTO disclosure (position, ordinal, scope, digest, encoded)
    SELECT unnest($51::bigint[]), unnest($52::bigint[]), unnest($53::smallint[]), unnest($54::text[]),
           unnest($55::text[])
), known AS (
    INSERT INTO seen (key, digest) SELECT unnest($56::text[]), unnest($57::bytea[])
), repeated AS (
    INSERT INTO repeat (input, ordinal, received_at, stream, version, kind, occurred_at, flags)
    SELECT unnest($58::uuid[]), unnest($59::bigint[]), unnest($60::bigint[]), unnest($61::text[]),
           unnest($62::bigint[]), unnest($63::text[]), unnest($64::bigint[]), unnest($65::smallint[])
), named AS (
    INSERT INTO person (token, position)
    SELECT unnest($66::bytea[]), unnest($67::bigint[])
    ON CONFLICT DO NOTHING
)
SELECT size FROM log";

static COMMIT_SQL: LazyLock<String> = LazyLock::new(|| view_changes("") + COMMIT);

/// A `WITH` clause that applies view changes to the tables of this suffix. Parts of one statement do not see each
/// other's rows, so no row is touched by two of them.
pub(super) fn view_changes(suffix: &str) -> String {
    VIEW_CHANGES.replace("{suffix}", suffix)
}

const VIEW_CHANGES: &str = "
WITH streams AS (
    INSERT INTO stream_head{suffix} (stream, version, head, recorded_at, state)
    SELECT unnest($1::text[]), unnest($2::bigint[]), unnest($3::bytea[]), unnest($4::bigint[]),
           unnest($5::text[])
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version, head = excluded.head,
        recorded_at = excluded.recorded_at, state = excluded.state
), contracts AS (
    INSERT INTO contract_view{suffix} (contract_id, stream, status, contract_type, created_at, document_sha256)
    SELECT unnest($6::text[]), unnest($7::text[]), unnest($8::text[]), unnest($9::text[]),
           unnest($10::bigint[]), unnest($11::bytea[])
    ON CONFLICT (contract_id) DO UPDATE SET stream = excluded.stream, status = excluded.status,
        contract_type = excluded.contract_type, created_at = excluded.created_at,
        document_sha256 = excluded.document_sha256
), calls AS (
    INSERT INTO call_view{suffix} (stream, provider, call_id, progress)
    SELECT unnest($12::text[]), unnest($13::text[]), unnest($14::text[]), unnest($15::text[])
    ON CONFLICT (stream) DO UPDATE SET provider = excluded.provider, call_id = excluded.call_id,
        progress = excluded.progress
), links_added AS (
    INSERT INTO link{suffix} (space, key, stream)
    SELECT unnest($16::text[]), unnest($17::text[]), unnest($18::text[])
    ON CONFLICT DO NOTHING
), links_removed AS (
    DELETE FROM link{suffix} AS old USING unnest($19::text[], $20::text[], $21::text[]) AS gone (space, key, stream)
    WHERE old.space = gone.space AND old.key = gone.key AND old.stream = gone.stream
), tasks_removed AS (
    DELETE FROM task{suffix} AS old
    WHERE old.stream = ANY ($22::text[]) AND NOT EXISTS (
        SELECT FROM unnest($23::text[], $24::bigint[]) AS kept (stream, task)
        WHERE kept.stream = old.stream AND kept.task = old.task
    )
), tasks AS (
    INSERT INTO task{suffix} (stream, task, kind, attempts, not_before)
    SELECT unnest($23::text[]), unnest($24::bigint[]), unnest($25::text[]), unnest($26::bigint[]),
           unnest($27::bigint[])
    ON CONFLICT (stream, task) DO UPDATE SET kind = excluded.kind, attempts = excluded.attempts,
        not_before = excluded.not_before
), counters AS (
    INSERT INTO counter{suffix} (name, value) SELECT unnest($28::text[]), unnest($29::bigint[])
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
)";

/// One column of many rows.
fn column<'a, R, C>(rows: &'a [R], cell: impl Fn(&'a R) -> C) -> Vec<C> {
    rows.iter().map(cell).collect()
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

/// Binds $1 to $29 of [`view_changes`].
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
        .bind(column(&views.calls, |row| row.provider.as_str()))
        .bind(column(&views.calls, |row| row.call_id.as_str()))
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

/// Binds $30 to $46: the arguments of `append_log`.
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

/// Binds $47 to $67: what stands beside the log.
fn bind_rest<'q>(query: Query<'q>, commit: &'q Commit) -> Query<'q> {
    query
        .bind(column(&commit.inbox, |row| row.input))
        .bind(column(&commit.inbox, |row| row.received_at.millis()))
        .bind(column(&commit.inbox, |row| row.outcome.as_str()))
        .bind(commit.inbox.iter().map(|row| row.quarantined.as_deref()).collect::<Vec<_>>())
        .bind(column(&commit.disclosures, |row| sql_int(row.position)))
        .bind(column(&commit.disclosures, |row| i64::from(row.ordinal)))
        .bind(column(&commit.disclosures, |row| scope(row.scope)))
        .bind(column(&commit.disclosures, |row| row.digest.as_str()))
        .bind(column(&commit.disclosures, |row| row.encoded.as_str()))
        .bind(column(&commit.seen, |row| row.key.as_str()))
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
        let query = query(COMMIT_SQL.as_str());
        let query = bind_views(query, &Settled::of(&commit.views));
        let query = bind_rest(bind_log(query, lease, commit), commit);
        if commit.erasure.is_empty() {
            let size: i64 = query.fetch_one(&self.writer).await?.try_get(0)?;
            return Ok(number(size)?);
        }
        let mut transaction = self.writer.begin().await?;
        let size: i64 = query.fetch_one(&mut *transaction).await?.try_get(0)?;
        erasure::apply(&mut transaction, &commit.erasure).await?;
        transaction.commit().await?;
        Ok(number(size)?)
    }

    pub(crate) async fn insert_checkpoint(
        &self,
        lease: Lease,
        checkpoint: CheckpointRow,
    ) -> Result<(), CommitError> {
        let query = query("SELECT append_checkpoint($1, $2, $3, $4, $5)");
        let query = query.bind(lease.fence).bind(sql_int(checkpoint.size)).bind(checkpoint.root.0);
        query.bind(checkpoint.note).bind(checkpoint.signed_at.millis()).execute(&self.writer).await?;
        Ok(())
    }

    pub(crate) async fn erase_disclosures(
        &self,
        lease: Lease,
        disclosures: Vec<(u64, String)>,
    ) -> Result<u64, CommitError> {
        let mut transaction = self.writer.begin().await?;
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        let sql =
            "DELETE FROM disclosure AS old USING unnest($1::bigint[], $2::text[]) AS gone (position, digest)
                   WHERE old.position = gone.position AND old.digest = gone.digest";
        let (positions, digests): (Vec<i64>, Vec<String>) =
            disclosures.into_iter().map(|(position, digest)| (sql_int(position), digest)).unzip();
        let done = query(sql).bind(positions).bind(digests).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }
}
