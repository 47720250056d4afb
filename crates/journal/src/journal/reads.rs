//! Reading, beside the writer: short autocommit statements on read-only connections.
//!
//! Each runs to its end on a thread that may wait for the disk, so that a caller who stops waiting leaves no statement half
//! stepped, which would hold back the write-ahead log.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::statements::signed;
use super::{Stats, file};
use crate::entry::{Entry, Positioned};
use crate::source::ReadError;

/// Readers at once: the projector, the relay, and somebody looking.
const READERS_MAX: u32 = 4;
/// Rows looked through for an id: what a projector that stands still for a few minutes leaves behind.
const LATELY_ROWS_MAX: i64 = 20_000;

/// Which rows to read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    All,
    Unrelayed,
}

/// A row marked as relayed: where it should be, and what should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RelayedRow {
    pub sequence: u64,
    pub id: Uuid,
}

const ALL: &str = "
    SELECT position, id, source, kind, key, received_at_ms, payload FROM entry
    WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3";

const UNRELAYED: &str = "
    SELECT position, id, source, kind, key, received_at_ms, payload FROM entry e
    WHERE position > max(?1, (SELECT relay_floor FROM journal)) AND position <= ?2
      AND NOT EXISTS (SELECT 1 FROM relayed r WHERE r.position = e.position)
    ORDER BY position LIMIT ?3";

/// Connections that only read. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// Each is used by one reader at a time.
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    /// Readers of the journal at `path`, which is open. They connect when they are first needed.
    pub fn new(path: &Path) -> Readers {
        let places = Arc::new(Semaphore::new(READERS_MAX as usize));
        Readers { inner: Arc::new(Inner { path: path.to_owned(), idle: Mutex::default(), places }) }
    }

    /// Waits for those at work and lets go of the file.
    pub async fn close(&self) {
        let all = self.inner.places.acquire_many(READERS_MAX).await;
        self.inner.places.close();
        self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop(all);
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, ReadError> {
        let place = Arc::clone(&self.inner.places).acquire_owned().await.map_err(|_| ReadError::Closed)?;
        let inner = Arc::clone(&self.inner);
        let reading = tokio::task::spawn_blocking(move || {
            // Given back last: whoever closes counts on all connections being here then.
            let _place = place;
            let idle = inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| file::reader(&inner.path), Ok)?;
            let value = work(&connection)?;
            inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(value)
        });
        match reading.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(ReadError::Journal(error)),
            // The work does not panic and nobody aborts it, so the runtime is going down.
            Err(_) => Err(ReadError::Closed),
        }
    }

    /// Entries at positions above `range.start`, up to and including `range.end`.
    pub async fn entries(
        &self,
        which: Which,
        range: Range<u64>,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Positioned>, ReadError> {
        let sql = match which {
            Which::All => ALL,
            Which::Unrelayed => UNRELAYED,
        };
        self.with(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows =
                statement.query((signed(range.start), signed(range.end), signed(rows_max as u64)))?;
            let mut found = Vec::new();
            let mut bytes = 0;
            while bytes < bytes_max {
                let Some(row) = rows.next()? else { break };
                let row = positioned(row)?;
                bytes += row.entry.payload.len();
                found.push(row);
            }
            Ok(found)
        })
        .await
    }

    pub async fn id_at(&self, position: u64) -> Result<Option<Uuid>, ReadError> {
        self.with(move |connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM entry WHERE position = ?")?;
            statement.query_row([signed(position)], id).optional()
        })
        .await
    }

    /// Whether one of the newest rows has this id. Ids are not indexed, so no more are looked at.
    pub async fn holds_lately(&self, id: Uuid) -> Result<bool, ReadError> {
        let sql = "SELECT EXISTS (
            SELECT 1 FROM (SELECT id FROM entry ORDER BY position DESC LIMIT ?1) AS newest WHERE newest.id = ?2)";
        self.with(move |connection| {
            connection.query_row(sql, (LATELY_ROWS_MAX, id.as_bytes()), |row| row.get(0))
        })
        .await
    }

    /// The row relayed to `incarnation` at the highest sequence at or below `sequence`.
    pub async fn relayed_at_or_below(
        &self,
        incarnation: &str,
        sequence: u64,
    ) -> Result<Option<RelayedRow>, ReadError> {
        let incarnation = incarnation.to_owned();
        let sql = "SELECT e.id, r.sequence FROM relayed r JOIN entry e ON e.position = r.position
             WHERE r.stream = (SELECT id FROM stream WHERE incarnation = ?1) AND r.sequence <= ?2
             ORDER BY r.sequence DESC LIMIT 1";
        self.with(move |connection| {
            let found = connection.query_row(sql, (incarnation, signed(sequence)), |row| {
                Ok(RelayedRow { id: id(row)?, sequence: row.get::<_, i64>(1)?.unsigned_abs() })
            });
            found.optional()
        })
        .await
    }

    pub async fn stats(&self) -> Result<Stats, ReadError> {
        const TOTALS: &str = "SELECT entries, bytes, relayed FROM journal";
        const OLDEST: &str = "
            SELECT position, received_at_ms FROM entry e
            WHERE position > (SELECT relay_floor FROM journal)
              AND NOT EXISTS (SELECT 1 FROM relayed r WHERE r.position = e.position)
            ORDER BY position LIMIT 1";
        self.with(|connection| {
            let (rows, bytes, relayed): (i64, i64, i64) =
                connection.prepare_cached(TOTALS)?.query_row((), |row| row.try_into())?;
            let mut oldest = connection.prepare_cached(OLDEST)?;
            let oldest: Option<(i64, i64)> = oldest.query_row((), |row| row.try_into()).optional()?;
            Ok(Stats {
                rows: rows.unsigned_abs(),
                bytes: bytes.unsigned_abs(),
                unrelayed: (rows - relayed).unsigned_abs(),
                oldest_unrelayed: oldest.map(|(position, at)| (position.unsigned_abs(), at)),
                ..Stats::default()
            })
        })
        .await
    }
}

/// An id as it is stored: 16 bytes.
struct Id(Uuid);

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Id> {
        Uuid::from_slice(value.as_blob()?).map(Id).map_err(FromSqlError::other)
    }
}

/// The id in the first column.
fn id(row: &rusqlite::Row<'_>) -> Result<Uuid, rusqlite::Error> {
    Ok(row.get::<_, Id>(0)?.0)
}

fn positioned(row: &rusqlite::Row<'_>) -> Result<Positioned, rusqlite::Error> {
    let entry = Entry {
        id: row.get::<_, Id>(1)?.0,
        source: row.get(2)?,
        kind: row.get(3)?,
        key: row.get(4)?,
        received_at_ms: row.get(5)?,
        payload: row.get(6)?,
    };
    Ok(Positioned { position: row.get::<_, i64>(0)?.unsigned_abs(), entry })
}
