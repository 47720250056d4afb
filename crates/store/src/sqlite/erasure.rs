//! The index of persons, and erasing, in SQLite.

use std::collections::BTreeSet;
use std::time::Duration;

use ledger::hash::Hash;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Sqlite;
use super::commit::{check_fence, each, insert_disclosures};
use crate::columns::sql_int;
use crate::error::{CommitError, Fault, StoreError};
use crate::lease::Lease;
use crate::packed::{self, unpack_all};
use crate::rows::{Commit, PersonRow};

/// How often the write-ahead log is tried to be emptied while readers hold it.
const SCRUB_ATTEMPTS: u32 = 50;
/// Pause between two of these.
const SCRUB_PAUSE: Duration = Duration::from_millis(100);

/// Adds the index rows of a commit, and takes what it erases.
pub(super) fn apply(connection: &Connection, commit: &Commit) -> Result<(), CommitError> {
    add(connection, &commit.persons)?;
    let erasure = &commit.erasure;
    if erasure.is_empty() {
        return Ok(());
    }
    delete_disclosures(connection, &erasure.disclosures)?;
    let sql = "DELETE FROM person WHERE position = ?1";
    each(connection, sql, &erasure.unindexed, |statement, position| statement.execute([sql_int(*position)]))?;
    add(connection, &erasure.indexed)?;
    let sql = "UPDATE inbox SET quarantined = NULL WHERE input = ?1";
    each(connection, sql, &erasure.unquarantined, |statement, input| statement.execute([input]))?;
    let sql = "INSERT INTO erasure_work (erasure, kind, what, source, position, erased_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    each(connection, sql, &erasure.work, |statement, row| {
        statement.execute(params![
            row.erasure,
            row.kind.as_str(),
            row.what,
            row.place.as_ref().map(|(source, _)| source.as_str()),
            row.place.as_ref().map(|(_, position)| sql_int(*position)),
            row.erased_at.millis(),
        ])
    })?;
    let sql = "DELETE FROM erasure_work WHERE erasure = ?1 AND kind = 'recording'";
    each(connection, sql, &erasure.completed, |statement, erasure| statement.execute([erasure]))?;
    Ok(())
}

/// Takes disclosures, by position and digest, from the rows they stand in, and says how many there were. A row goes and comes
/// again without them: none is ever changed.
pub(super) fn delete_disclosures(
    connection: &Connection,
    gone: &[(u64, String)],
) -> Result<u64, CommitError> {
    let positions: BTreeSet<i64> = gone.iter().map(|(position, _)| sql_int(*position)).collect();
    let sql = "DELETE FROM disclosure WHERE position = ?1 RETURNING position, opened";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows: Vec<packed::Columns> = Vec::new();
    for position in positions {
        rows.extend(statement.query_row([position], |row| row.try_into()).optional()?);
    }
    let (taken, left) = packed::apart(unpack_all(rows)?, gone);
    insert_disclosures(connection, &left)?;
    Ok(taken)
}

fn add(connection: &Connection, rows: &[PersonRow]) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO person (token, position) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    each(connection, sql, rows, |statement, row| {
        statement.execute(params![row.token.0, sql_int(row.position)])
    })?;
    Ok(())
}

impl Sqlite {
    pub(crate) async fn begin_persons(&self, lease: Lease) -> Result<(), CommitError> {
        self.writer
            .transact(move |connection| {
                check_fence(connection, &lease)?;
                connection.execute("DELETE FROM person_key", ())?;
                connection.execute("DELETE FROM person", ())?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn end_persons(&self, lease: Lease, key: Hash) -> Result<(), CommitError> {
        self.writer
            .transact(move |connection| {
                check_fence(connection, &lease)?;
                connection.execute("INSERT INTO person_key (id, digest) VALUES (1, ?1)", [key.0])?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn add_persons(&self, lease: Lease, rows: Vec<PersonRow>) -> Result<(), CommitError> {
        self.writer
            .transact(move |connection| {
                check_fence(connection, &lease)?;
                Ok(add(connection, &rows)?)
            })
            .await
    }

    pub(crate) async fn scrub(&self) -> Result<(), StoreError> {
        for _ in 0..SCRUB_ATTEMPTS {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let truncate = |connection: &mut Connection| connection.query_row(sql, (), |row| row.get(0));
            let busy: i64 =
                self.writer.work(move |connection| truncate(connection).map_err(StoreError::from)).await?;
            if busy == 0 {
                return Ok(());
            }
            tokio::time::sleep(SCRUB_PAUSE).await;
        }
        Err(StoreError::Transient(Fault::new("readers hold the write-ahead log")))
    }
}
