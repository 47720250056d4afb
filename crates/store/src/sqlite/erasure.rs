//! The index of persons, and erasing, in SQLite.

use std::time::Duration;

use ledger::hash::Hash;
use sqlx::{SqliteConnection, query, query_as};

use super::Sqlite;
use super::commit::{BEGIN, check_fence};
use super::insert::insert;
use crate::columns::sql_int;
use crate::error::{CommitError, Fault, StoreError};
use crate::lease::Lease;
use crate::rows::{Commit, PersonRow};

/// How often the write-ahead log is tried to be emptied while readers hold it.
const SCRUB_ATTEMPTS: u32 = 50;
/// Pause between two of these.
const SCRUB_PAUSE: Duration = Duration::from_millis(100);

/// Adds the index rows of a commit, and takes what it erases.
pub(super) async fn apply(connection: &mut SqliteConnection, commit: &Commit) -> Result<(), sqlx::Error> {
    add(connection, &commit.persons).await?;
    let erasure = &commit.erasure;
    for (position, digest) in &erasure.disclosures {
        let query = query("DELETE FROM disclosure WHERE position = $1 AND digest = $2");
        query.bind(sql_int(*position)).bind(digest).execute(&mut *connection).await?;
    }
    for position in &erasure.unindexed {
        let query = query("DELETE FROM person WHERE position = $1");
        query.bind(sql_int(*position)).execute(&mut *connection).await?;
    }
    add(connection, &erasure.indexed).await?;
    for input in &erasure.unquarantined {
        let query = query("UPDATE inbox SET quarantined = NULL WHERE input = $1");
        query.bind(input).execute(&mut *connection).await?;
    }
    let head = "INSERT INTO erasure_work (erasure, kind, what, source, position, erased_at)";
    insert(connection, head, 6, "ON CONFLICT DO NOTHING", &erasure.work, |query, row| {
        query
            .bind(&row.erasure)
            .bind(row.kind.as_str())
            .bind(&row.what)
            .bind(row.place.as_ref().map(|(source, _)| source.as_str()))
            .bind(row.place.as_ref().map(|(_, position)| sql_int(*position)))
            .bind(row.erased_at.millis())
    })
    .await?;
    for erasure in &erasure.completed {
        let query = query("DELETE FROM erasure_work WHERE erasure = $1 AND kind = 'recording'");
        query.bind(erasure).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add(connection: &mut SqliteConnection, rows: &[PersonRow]) -> Result<(), sqlx::Error> {
    let head = "INSERT INTO person (token, position)";
    insert(connection, head, 2, "ON CONFLICT DO NOTHING", rows, |query, row| {
        query.bind(row.token.0.as_slice()).bind(sql_int(row.position))
    })
    .await
}

impl Sqlite {
    pub(crate) async fn begin_persons(&self, lease: Lease) -> Result<(), CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, &lease).await?;
        query("DELETE FROM person_key").execute(&mut *transaction).await?;
        query("DELETE FROM person").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn end_persons(&self, lease: Lease, key: Hash) -> Result<(), CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, &lease).await?;
        let sql = "INSERT INTO person_key (id, digest) VALUES (1, $1)";
        query(sql).bind(key.0.to_vec()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn add_persons(&self, lease: Lease, rows: Vec<PersonRow>) -> Result<(), CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, &lease).await?;
        add(&mut transaction, &rows).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn scrub(&self) -> Result<(), StoreError> {
        for _ in 0..SCRUB_ATTEMPTS {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let (busy, _, _): (i64, i64, i64) = query_as(sql).fetch_one(&self.writer).await?;
            if busy == 0 {
                return Ok(());
            }
            tokio::time::sleep(SCRUB_PAUSE).await;
        }
        Err(StoreError::Transient(Fault::new("readers hold the write-ahead log")))
    }
}
