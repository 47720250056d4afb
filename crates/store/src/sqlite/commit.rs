//! Writing to SQLite: one batch is one transaction that takes the write lock first.

use sqlx::{SqliteConnection, query, query_as, query_scalar};

use super::insert::insert;
use super::{Sqlite, erasure, views};
use ledger::time::Timestamp;

use crate::columns::{flags, number, scope, sql_int};
use crate::error::{CommitError, Fault};
use crate::lease::Lease;
use crate::rows::{CheckpointRow, Commit, SourceMove};

/// How every write begins: a transaction that first reads and then writes could find the database changed in between.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

impl Sqlite {
    /// Returns the new size of the log.
    pub(crate) async fn commit(&self, lease: &Lease, commit: &Commit) -> Result<u64, CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, lease).await?;
        if let Some(place) = &commit.read_to {
            move_source(&mut transaction, place).await?;
        }
        check_size(&mut transaction, commit.first_position).await?;
        insert_log(&mut transaction, commit).await?;
        let size = commit.first_position + commit.records.len() as u64;
        check_tree(&mut transaction, sql_int(size)).await?;
        insert_rest(&mut transaction, commit).await?;
        views::apply(&mut transaction, "", &commit.views).await?;
        erasure::apply(&mut transaction, commit).await?;
        transaction.commit().await?;
        Ok(size)
    }

    pub(crate) async fn insert_checkpoint(
        &self,
        lease: Lease,
        checkpoint: CheckpointRow,
    ) -> Result<(), CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, &lease).await?;
        let sql = "SELECT root FROM checkpoint WHERE size = $1 AND size = (SELECT max(size) FROM checkpoint)";
        let stored: Option<Vec<u8>> =
            query_scalar(sql).bind(sql_int(checkpoint.size)).fetch_optional(&mut *transaction).await?;
        match stored {
            Some(root) if root == checkpoint.root.0 => return Ok(()),
            Some(_) => {
                let message = format!("another root was already signed for {} records", checkpoint.size);
                return Err(CommitError::Permanent(Fault::new(message)));
            }
            None => {}
        }
        let query = query("INSERT INTO checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, $4)");
        let query = query.bind(sql_int(checkpoint.size)).bind(checkpoint.root.0.to_vec());
        query.bind(checkpoint.note).bind(checkpoint.signed_at.millis()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn erase_disclosures(
        &self,
        lease: Lease,
        disclosures: Vec<(u64, String)>,
    ) -> Result<u64, CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, &lease).await?;
        let mut erased = 0;
        for (position, digest) in disclosures {
            let query = query("DELETE FROM disclosure WHERE position = $1 AND digest = $2");
            let done = query.bind(sql_int(position)).bind(digest).execute(&mut *transaction).await?;
            erased += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(erased)
    }
}

pub(super) async fn check_fence(connection: &mut SqliteConnection, lease: &Lease) -> Result<(), CommitError> {
    let query = query_scalar("SELECT EXISTS (SELECT 1 FROM lease WHERE fence = $1)").bind(lease.fence);
    if query.fetch_one(connection).await? { Ok(()) } else { Err(CommitError::FenceLost) }
}

pub(super) async fn check_size(connection: &mut SqliteConnection, expected: u64) -> Result<(), CommitError> {
    let query = query_scalar("SELECT coalesce(max(position) + 1, 0) FROM record");
    let size = number(query.fetch_one(connection).await?)?;
    if size == expected {
        return Ok(());
    }
    Err(CommitError::Conflict(Fault::new(format!("the log has {size} records, not {expected}"))))
}

async fn move_source(connection: &mut SqliteConnection, step: &SourceMove) -> Result<(), CommitError> {
    let sql = "INSERT INTO source_position (source, position)
               SELECT $1, $3 WHERE $2 = 0 OR EXISTS (SELECT 1 FROM source_position WHERE source = $1)
               ON CONFLICT (source) DO UPDATE SET position = excluded.position
               WHERE source_position.position = $2";
    let query = query(sql).bind(&step.source).bind(sql_int(step.from)).bind(sql_int(step.to));
    let done = query.execute(connection).await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let message = format!("source {} is not at position {}", step.source, step.from);
    Err(CommitError::Conflict(Fault::new(message)))
}

/// Triggers check position, version, prev and place in the tree of each row.
async fn insert_log(connection: &mut SqliteConnection, commit: &Commit) -> Result<(), sqlx::Error> {
    let head = "INSERT INTO record
                (position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws)";
    insert(connection, head, 10, "", &commit.records, |query, row| {
        query
            .bind(sql_int(row.position))
            .bind(&row.stream)
            .bind(sql_int(row.version))
            .bind(row.id)
            .bind(&row.kind)
            .bind(row.recorded_at.millis())
            .bind(row.prev.as_ref().map(|hash| hash.0.as_slice()))
            .bind(row.payload_sha256.0.as_slice())
            .bind(row.leaf.0.as_slice())
            .bind(&row.jws)
    })
    .await?;
    let head = "INSERT INTO tree_node (level, idx, hash)";
    insert(connection, head, 3, "", &commit.nodes, |query, node| {
        query.bind(i64::from(node.level)).bind(sql_int(node.index)).bind(node.hash.0.as_slice())
    })
    .await
}

/// Nothing is signed that cannot be served: every full tile below must have its hash above, and none beyond.
async fn check_tree(connection: &mut SqliteConnection, size: i64) -> Result<(), CommitError> {
    const LEVELS: &str = "
        SELECT level, (SELECT coalesce(max(idx) + 1, 0) FROM tree_node WHERE tree_node.level = above.level)
        FROM (SELECT 1 AS level UNION ALL VALUES (2), (3), (4), (5), (6), (7)) AS above ORDER BY level";
    let levels: Vec<(i64, i64)> = query_as(LEVELS).fetch_all(connection).await?;
    for (level, nodes) in levels {
        let expected = size >> (8 * level);
        if nodes != expected {
            let message = format!("level {level} of the tree has {nodes} hashes, not {expected}");
            return Err(CommitError::Permanent(Fault::new(message)));
        }
    }
    Ok(())
}

async fn insert_rest(connection: &mut SqliteConnection, commit: &Commit) -> Result<(), sqlx::Error> {
    let head = "INSERT INTO inbox (input, received_at, outcome, quarantined)";
    insert(connection, head, 4, "", &commit.inbox, |query, row| {
        query
            .bind(row.input)
            .bind(row.received_at.millis())
            .bind(&row.outcome)
            .bind(row.quarantined.as_deref())
    })
    .await?;
    let head = "INSERT INTO disclosure (position, ordinal, scope, digest, encoded)";
    insert(connection, head, 5, "", &commit.disclosures, |query, row| {
        query
            .bind(sql_int(row.position))
            .bind(i64::from(row.ordinal))
            .bind(scope(row.scope))
            .bind(&row.digest)
            .bind(&row.encoded)
    })
    .await?;
    let head = "INSERT INTO repeat (input, ordinal, received_at, stream, version, kind, occurred_at, flags)";
    insert(connection, head, 8, "", &commit.repeats, |query, row| {
        query
            .bind(row.input)
            .bind(i64::from(row.ordinal))
            .bind(row.received_at.millis())
            .bind(&row.stream)
            .bind(row.version.map(sql_int))
            .bind(&row.kind)
            .bind(row.occurred_at.map(Timestamp::millis))
            .bind(flags(row))
    })
    .await?;
    let head = "INSERT INTO seen (key, digest)";
    insert(connection, head, 2, "ON CONFLICT DO NOTHING", &commit.seen, |query, row| {
        query.bind(&row.key).bind(row.digest.0.as_slice())
    })
    .await
}
