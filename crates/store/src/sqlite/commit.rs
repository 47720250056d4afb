//! Writing to SQLite: one batch is one transaction that takes the write lock first.

use ledger::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::{Sqlite, erasure, views};
use crate::columns::{flags, number, sql_int};
use crate::error::{CommitError, Fault};
use crate::lease::Lease;
use crate::outcomes::short_outcomes;
use crate::packed::pack;
use crate::rows::{CheckpointRow, Commit, DisclosureRow, SourceMove};
use crate::store::check_leaves;

/// Runs a statement for each row. One row after the other costs no more than many in one statement, since nothing is
/// handed over in between.
pub(super) fn each<R>(
    connection: &Connection,
    sql: &str,
    rows: &[R],
    run: impl Fn(&mut Statement<'_>, &R) -> Result<usize, rusqlite::Error>,
) -> Result<u64, rusqlite::Error> {
    if rows.is_empty() {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached(sql)?;
    let mut touched = 0;
    for row in rows {
        touched += run(&mut statement, row)? as u64;
    }
    Ok(touched)
}

impl Sqlite {
    /// Writes a batch, then has it announced with the new size of the log.
    pub(crate) async fn commit(
        &self,
        lease: Lease,
        commit: Commit,
        announce: impl FnOnce(u64, Commit) + Send + 'static,
    ) -> Result<(), CommitError> {
        self.writer
            .work(move |connection| {
                check_leaves(&commit)?;
                let size =
                    super::writer::transact(connection, |transaction| write(transaction, &lease, &commit))?;
                announce(size, commit);
                Ok(())
            })
            .await
    }

    pub(crate) async fn insert_checkpoint(
        &self,
        lease: Lease,
        checkpoint: CheckpointRow,
    ) -> Result<(), CommitError> {
        self.writer
            .transact(move |connection| {
                check_fence(connection, &lease)?;
                insert_checkpoint(connection, &checkpoint)
            })
            .await
    }

    pub(crate) async fn erase_disclosures(
        &self,
        lease: Lease,
        disclosures: Vec<(u64, String)>,
    ) -> Result<u64, CommitError> {
        self.writer
            .transact(move |connection| {
                check_fence(connection, &lease)?;
                erasure::delete_disclosures(connection, &disclosures)
            })
            .await
    }
}

/// Returns the new size of the log.
fn write(connection: &Connection, lease: &Lease, commit: &Commit) -> Result<u64, CommitError> {
    check_fence(connection, lease)?;
    if let Some(place) = &commit.read_to {
        move_source(connection, place)?;
    }
    check_size(connection, commit.first_position)?;
    insert_log(connection, commit)?;
    let size = commit.first_position + commit.records.len() as u64;
    check_tree(connection, sql_int(size))?;
    insert_rest(connection, commit)?;
    views::apply(connection, &commit.views)?;
    erasure::apply(connection, commit)?;
    Ok(size)
}

fn insert_checkpoint(connection: &Connection, checkpoint: &CheckpointRow) -> Result<(), CommitError> {
    const NEWEST: &str =
        "SELECT root FROM checkpoint WHERE size = ?1 AND size = (SELECT max(size) FROM checkpoint)";
    let size = sql_int(checkpoint.size);
    let mut newest = connection.prepare_cached(NEWEST)?;
    let stored: Option<[u8; 32]> = newest.query_row([size], |row| row.get(0)).optional()?;
    match stored {
        Some(root) if checkpoint.root.0 == root => Ok(()),
        Some(_) => {
            let message = format!("another root was already signed for {} records", checkpoint.size);
            Err(CommitError::Permanent(Fault::new(message)))
        }
        None => {
            let sql = "INSERT INTO checkpoint (size, root, note, signed_at) VALUES (?1, ?2, ?3, ?4)";
            let CheckpointRow { root, note, signed_at, .. } = checkpoint;
            connection.prepare_cached(sql)?.execute(params![size, root.0, note, signed_at.millis()])?;
            Ok(())
        }
    }
}

pub(super) fn check_fence(connection: &Connection, lease: &Lease) -> Result<(), CommitError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM lease WHERE fence = ?1")?;
    if statement.exists([lease.fence])? { Ok(()) } else { Err(CommitError::FenceLost) }
}

pub(super) fn check_size(connection: &Connection, expected: u64) -> Result<(), CommitError> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(position) + 1, 0) FROM record")?;
    let size = number(statement.query_row((), |row| row.get(0))?)?;
    if size == expected {
        return Ok(());
    }
    Err(CommitError::Conflict(Fault::new(format!("the log has {size} records, not {expected}"))))
}

fn move_source(connection: &Connection, step: &SourceMove) -> Result<(), CommitError> {
    let sql = "INSERT INTO source_position (source, position)
               SELECT ?1, ?3 WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM source_position WHERE source = ?1)
               ON CONFLICT (source) DO UPDATE SET position = excluded.position
               WHERE source_position.position = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    if statement.execute(params![step.source, sql_int(step.from), sql_int(step.to)])? == 1 {
        return Ok(());
    }
    let message = format!("source {} is not at position {}", step.source, step.from);
    Err(CommitError::Conflict(Fault::new(message)))
}

/// Triggers check position, version, prev and place in the tree of each row.
fn insert_log(connection: &Connection, commit: &Commit) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO record
               (position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    each(connection, sql, &commit.records, |statement, row| {
        statement.execute(params![
            sql_int(row.position),
            row.stream,
            sql_int(row.version),
            row.id,
            row.kind,
            row.recorded_at.millis(),
            row.prev.as_ref().map(|hash| hash.0.as_slice()),
            row.payload_sha256.0,
            row.leaf.0,
            row.jws,
        ])
    })?;
    let sql = "INSERT INTO tree_node (level, idx, hash) VALUES (?1, ?2, ?3)";
    each(connection, sql, &commit.nodes, |statement, node| {
        statement.execute(params![i64::from(node.level), sql_int(node.index), node.hash.0])
    })?;
    Ok(())
}

/// Nothing is signed that cannot be served: every full tile below must have its hash above, and none beyond.
fn check_tree(connection: &Connection, size: i64) -> Result<(), CommitError> {
    const LEVELS: &str = "
        SELECT level, (SELECT coalesce(max(idx) + 1, 0) FROM tree_node WHERE tree_node.level = above.level)
        FROM (SELECT 1 AS level UNION ALL VALUES (2), (3), (4), (5), (6), (7)) AS above ORDER BY level";
    let mut statement = connection.prepare_cached(LEVELS)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let (level, nodes): (i64, i64) = row.try_into()?;
        let expected = size >> (8 * level);
        if nodes != expected {
            let message = format!("level {level} of the tree has {nodes} hashes, not {expected}");
            return Err(CommitError::Permanent(Fault::new(message)));
        }
    }
    Ok(())
}

fn insert_rest(connection: &Connection, commit: &Commit) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO inbox (input, received_at, outcome, quarantined) VALUES (?1, ?2, ?3, ?4)";
    let rows: Vec<_> = commit.inbox.iter().zip(short_outcomes(commit)).collect();
    each(connection, sql, &rows, |statement, (row, outcome)| {
        statement.execute(params![row.input, row.received_at.millis(), outcome, row.quarantined])
    })?;
    insert_disclosures(connection, &commit.disclosures)?;
    let sql = "INSERT INTO repeat (input, ordinal, received_at, stream, version, kind, occurred_at, flags)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    each(connection, sql, &commit.repeats, |statement, row| {
        statement.execute(params![
            row.input,
            row.ordinal,
            row.received_at.millis(),
            row.stream,
            row.version.map(sql_int),
            row.kind,
            row.occurred_at.map(Timestamp::millis),
            flags(row),
        ])
    })?;
    let sql = "INSERT INTO seen (key, digest) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    each(connection, sql, &commit.seen, |statement, row| statement.execute(params![row.key, row.digest.0]))?;
    Ok(())
}

pub(super) fn insert_disclosures(
    connection: &Connection,
    rows: &[DisclosureRow],
) -> Result<(), rusqlite::Error> {
    let (positions, opened) = pack(rows);
    let rows: Vec<_> = positions.into_iter().zip(opened).collect();
    let sql = "INSERT INTO disclosure (position, opened) VALUES (?1, ?2)";
    each(connection, sql, &rows, |statement, (position, opened)| {
        statement.execute(params![position, opened])
    })?;
    Ok(())
}
