//! Reading, beside the writer: short autocommit statements on read-only connections.
//!
//! Each runs in a task of its own, so that a caller who stops waiting leaves no statement half stepped, which would hold
//! back the write-ahead log.

use std::ops::Range;

use futures_util::TryStreamExt as _;
use sqlx::SqlitePool;
use uuid::Uuid;

use super::{Stats, statements::signed};
use crate::entry::{Entry, Positioned};
use crate::source::ReadError;

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

type Row = (i64, Uuid, String, String, String, i64, Vec<u8>);

/// Entries at positions above `range.start`, up to and including `range.end`.
pub(super) async fn entries(
    pool: &SqlitePool,
    which: Which,
    range: Range<u64>,
    rows_max: usize,
    bytes_max: usize,
) -> Result<Vec<Positioned>, ReadError> {
    let pool = pool.clone();
    detached(async move {
        let sql = match which {
            Which::All => ALL,
            Which::Unrelayed => UNRELAYED,
        };
        let mut rows = sqlx::query_as::<_, Row>(sql)
            .bind(signed(range.start))
            .bind(signed(range.end))
            .bind(signed(rows_max as u64))
            .fetch(&pool);
        let mut found = Vec::new();
        let mut bytes = 0;
        while bytes < bytes_max {
            let Some((position, id, source, kind, key, received_at_ms, payload)) = rows.try_next().await?
            else {
                break;
            };
            bytes += payload.len();
            let entry = Entry { id, source, kind, key, received_at_ms, payload };
            found.push(Positioned { position: position.unsigned_abs(), entry });
        }
        Ok(found)
    })
    .await
}

pub(super) async fn id_at(pool: &SqlitePool, position: u64) -> Result<Option<Uuid>, ReadError> {
    let pool = pool.clone();
    detached(async move {
        sqlx::query_scalar("SELECT id FROM entry WHERE position = ?")
            .bind(signed(position))
            .fetch_optional(&pool)
            .await
    })
    .await
}

/// Whether one of the newest rows has this id. Ids are not indexed, so no more are looked at.
pub(super) async fn holds_lately(pool: &SqlitePool, id: Uuid) -> Result<bool, ReadError> {
    let pool = pool.clone();
    detached(async move {
        let sql = "SELECT EXISTS (
            SELECT 1 FROM (SELECT id FROM entry ORDER BY position DESC LIMIT ?1) AS newest WHERE newest.id = ?2)";
        sqlx::query_scalar(sql).bind(LATELY_ROWS_MAX).bind(id).fetch_one(&pool).await
    })
    .await
}

pub(super) async fn relayed_at_or_below(
    pool: &SqlitePool,
    incarnation: &str,
    sequence: u64,
) -> Result<Option<RelayedRow>, ReadError> {
    let pool = pool.clone();
    let incarnation = incarnation.to_owned();
    detached(async move {
        let row: Option<(i64, Uuid)> = sqlx::query_as(
            "SELECT r.sequence, e.id FROM relayed r JOIN entry e ON e.position = r.position
             WHERE r.stream = (SELECT id FROM stream WHERE incarnation = ?1) AND r.sequence <= ?2
             ORDER BY r.sequence DESC LIMIT 1",
        )
        .bind(incarnation)
        .bind(signed(sequence))
        .fetch_optional(&pool)
        .await?;
        Ok(row.map(|(sequence, id)| RelayedRow { sequence: sequence.unsigned_abs(), id }))
    })
    .await
}

pub(super) async fn stats(pool: &SqlitePool) -> Result<Stats, ReadError> {
    let pool = pool.clone();
    detached(async move {
        let (rows, bytes, relayed): (i64, i64, i64) =
            sqlx::query_as("SELECT entries, bytes, relayed FROM journal").fetch_one(&pool).await?;
        let oldest: Option<(i64, i64)> = sqlx::query_as(
            "SELECT position, received_at_ms FROM entry e
             WHERE position > (SELECT relay_floor FROM journal)
               AND NOT EXISTS (SELECT 1 FROM relayed r WHERE r.position = e.position)
             ORDER BY position LIMIT 1",
        )
        .fetch_optional(&pool)
        .await?;
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

async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, sqlx::Error>> + Send + 'static,
) -> Result<T, ReadError> {
    match tokio::spawn(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sqlx::Error::PoolClosed)) => Err(ReadError::Closed),
        Ok(Err(error)) => Err(ReadError::Journal(error)),
        // The work does not panic and nobody aborts it, so the runtime is going down.
        Err(_) => Err(ReadError::Closed),
    }
}
