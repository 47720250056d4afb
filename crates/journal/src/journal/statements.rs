//! What the writer says to SQLite, inside its transactions.

use sqlx::{Sqlite, SqliteConnection};

use super::writer::Totals;
use crate::entry::Entry;
use crate::jetstream::StreamExtent;

/// Row counts of the prepared INSERTs. Few, so that every one stays in the statement cache.
const INSERT_ROWS: [usize; 4] = [128, 16, 4, 1];

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    rows: &[(u64, &Entry)],
    totals: &Totals,
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    for size in INSERT_ROWS {
        while rest.len() >= size {
            let (chunk, tail) = rest.split_at(size);
            insert_chunk(connection, chunk).await?;
            rest = tail;
        }
    }
    sqlx::query("UPDATE journal SET entries = ?, bytes = ?")
        .bind(signed(totals.rows))
        .bind(signed(totals.bytes))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_chunk(connection: &mut SqliteConnection, chunk: &[(u64, &Entry)]) -> Result<(), sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<Sqlite>::new(
        "INSERT INTO entry (position, id, source, kind, key, received_at_ms, payload) ",
    );
    query.push_values(chunk, |mut row, (position, entry)| {
        row.push_bind(signed(*position))
            .push_bind(entry.id)
            .push_bind(&*entry.source)
            .push_bind(&*entry.kind)
            .push_bind(&*entry.key)
            .push_bind(entry.received_at_ms)
            .push_bind(&*entry.payload);
    });
    query.build().execute(connection).await?;
    Ok(())
}

/// The floor after marking: just below the first row not relayed, else the last position ever given.
const RAISE_FLOOR: &str = "
    UPDATE journal SET
        relayed = relayed + ?1,
        relay_floor = coalesce(
            (SELECT e.position - 1 FROM entry e
             WHERE e.position > (SELECT relay_floor FROM journal)
               AND NOT EXISTS (SELECT 1 FROM relayed r WHERE r.position = e.position)
             ORDER BY e.position LIMIT 1),
            (SELECT seq FROM sqlite_sequence WHERE name = 'entry'),
            relay_floor)";

pub(super) async fn mark(
    connection: &mut SqliteConnection,
    incarnation: &str,
    acks: &[(u64, u64)],
) -> Result<(), sqlx::Error> {
    let stream = stream_id(connection, incarnation).await?;
    let pairs = serde_json::to_string(acks).map_err(|error| sqlx::Error::Encode(error.into()))?;
    // A row pruned meanwhile is not marked; one marked before moves to its new place.
    let removed = sqlx::query("DELETE FROM relayed WHERE position IN (SELECT value ->> 0 FROM json_each(?))")
        .bind(&pairs)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let added = sqlx::query(
        "INSERT INTO relayed (position, stream, sequence)
         SELECT value ->> 0, ?2, value ->> 1 FROM json_each(?1)
         WHERE EXISTS (SELECT 1 FROM entry WHERE position = value ->> 0)",
    )
    .bind(&pairs)
    .bind(stream)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::query(RAISE_FLOOR).bind(signed(added) - signed(removed)).execute(connection).await?;
    Ok(())
}

async fn stream_id(connection: &mut SqliteConnection, incarnation: &str) -> Result<i64, sqlx::Error> {
    sqlx::query("INSERT INTO stream (incarnation) VALUES (?) ON CONFLICT DO NOTHING")
        .bind(incarnation)
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar("SELECT id FROM stream WHERE incarnation = ?")
        .bind(incarnation)
        .fetch_one(connection)
        .await
}

pub(super) async fn reset(
    connection: &mut SqliteConnection,
    now: &StreamExtent,
    covered: u64,
) -> Result<u64, sqlx::Error> {
    const LOST: &str = "stream < ?1 OR stream > ?1 OR (stream = ?1 AND sequence > ?2)
                        OR (stream = ?1 AND sequence > ?3 AND sequence < ?4)";
    let stream = stream_id(connection, &now.incarnation).await?;
    let [last, covered, first] = [now.last, covered, now.first].map(signed);
    // The plus keeps SQLite from looking for the lowest by walking all rows in order, finding none in the usual case.
    let lowest = format!("SELECT min(+position) FROM relayed WHERE {LOST}");
    let lowest: Option<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(lowest))
        .bind(stream)
        .bind(last)
        .bind(covered)
        .bind(first)
        .fetch_one(&mut *connection)
        .await?;
    let Some(lowest) = lowest else { return Ok(0) };
    let forgotten = sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM relayed WHERE {LOST}")))
        .bind(stream)
        .bind(last)
        .bind(covered)
        .bind(first)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    sqlx::query("UPDATE journal SET relayed = relayed - ?1, relay_floor = min(relay_floor, ?2)")
        .bind(signed(forgotten))
        .bind(lowest - 1)
        .execute(connection)
        .await?;
    Ok(forgotten)
}

/// SQLite's integers are signed; no count or position here comes near 2^63.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
