//! Reading the log of a SQLite database from end to end, through a second driver.
//!
//! The driver that does everything else hands over each row between two threads, which takes ten times as long as reading
//! it. Here the thread that reads also makes the rows. Both drivers are built on the same copy of SQLite.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger::hash::Hash;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, params};
use uuid::Uuid;

use crate::apart::blocking;
use crate::columns::{self, sql_int};
use crate::error::StoreError;
use crate::plain::record_columns;
use crate::rows::{DisclosureRow, RecordRow};

/// Connections kept for the next read.
const IDLE_MAX: usize = 4;

/// Reads pages of the log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bulk {
    path: Arc<Path>,
    busy_timeout: Duration,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Bulk {
    /// Opens nothing yet.
    pub(super) fn new(path: PathBuf, busy_timeout: Duration) -> Bulk {
        Bulk { path: path.into(), busy_timeout, idle: Arc::default() }
    }

    pub(super) async fn records(&self, from: u64, max: u32) -> Result<Vec<RecordRow>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            record_columns!(),
            " FROM record WHERE position >= $1 ORDER BY position LIMIT $2"
        );
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let mut rows = statement.query(params![sql_int(from), i64::from(max)])?;
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                records.push(record(row)?);
            }
            Ok(records)
        })
        .await
    }

    pub(super) async fn disclosures(&self, range: Range<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        const SQL: &str = "SELECT position, ordinal, scope, digest, encoded FROM disclosure
                           WHERE position >= $1 AND position < $2 ORDER BY position, ordinal";
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let mut rows = statement.query([sql_int(range.start), sql_int(range.end)])?;
            let mut disclosures = Vec::new();
            while let Some(row) = rows.next()? {
                let found = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
                disclosures.push(columns::disclosure(found)?);
            }
            Ok(disclosures)
        })
        .await
    }

    /// Closes what is idle.
    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let bulk = self.clone();
        blocking(move || {
            let idle = bulk.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| bulk.connect(), Ok)?;
            let read = work(&connection)?;
            let mut idle = bulk.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
            Ok(read)
        })
        .await
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.pragma_update(None, "query_only", "ON")?;
        Ok(connection)
    }
}

fn record(row: &Row<'_>) -> Result<RecordRow, StoreError> {
    let hash = |index| row.get(index).map(|Bytes(bytes)| Hash(bytes));
    let prev: Option<Bytes<32>> = row.get(6)?;
    Ok(RecordRow {
        position: columns::number(row.get(0)?)?,
        stream: row.get(1)?,
        version: columns::number(row.get(2)?)?,
        id: row.get(3).map(|Bytes(bytes)| Uuid::from_bytes(bytes))?,
        kind: row.get(4)?,
        recorded_at: columns::time(row.get(5)?)?,
        prev: prev.map(|Bytes(bytes)| Hash(bytes)),
        payload_sha256: hash(7)?,
        leaf: hash(8)?,
        jws: row.get(9)?,
    })
}

/// A BLOB of this length.
struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> FromSql for Bytes<N> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Bytes<N>> {
        let blob = value.as_blob()?;
        let wrong = FromSqlError::InvalidBlobSize { expected_size: N, blob_size: blob.len() };
        blob.try_into().map(Bytes).map_err(|_| wrong)
    }
}
