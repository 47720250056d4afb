//! What the writer says to SQLite, inside its transactions.

use std::sync::LazyLock;

use rusqlite::{Connection, ToSql};

use super::writer::Totals;
use crate::entry::Entry;
use crate::jetstream::StreamExtent;

/// Row counts of the prepared INSERTs: what is done once for each statement is shared, and all stay prepared.
const INSERT_ROWS: [usize; 3] = [32, 8, 1];
/// Columns of a row.
const COLUMNS: usize = 7;
static INSERTS: LazyLock<[String; 3]> = LazyLock::new(|| {
    INSERT_ROWS.map(|size| {
        let values = vec!["(?, ?, ?, ?, ?, ?, ?)"; size].join(", ");
        format!(
            "INSERT INTO entry (position, id, source, kind, key, received_at_ms, payload) VALUES {values}"
        )
    })
});

pub(super) fn insert(
    connection: &Connection,
    rows: &[(u64, &Entry)],
    totals: &Totals,
) -> Result<(), rusqlite::Error> {
    let mut rest = rows;
    for (size, sql) in INSERT_ROWS.into_iter().zip(&*INSERTS) {
        if rest.len() < size {
            continue;
        }
        let mut statement = connection.prepare_cached(sql)?;
        while rest.len() >= size {
            let (chunk, tail) = rest.split_at(size);
            for ((position, entry), first) in chunk.iter().zip((1..).step_by(COLUMNS)) {
                let columns: [&dyn ToSql; COLUMNS] = [
                    &signed(*position),
                    &entry.id.as_bytes(),
                    &entry.source,
                    &entry.kind,
                    &entry.key,
                    &entry.received_at_ms,
                    &entry.payload,
                ];
                for (column, place) in columns.into_iter().zip(first..) {
                    statement.raw_bind_parameter(place, column)?;
                }
            }
            statement.raw_execute()?;
            rest = tail;
        }
    }
    let mut update = connection.prepare_cached("UPDATE journal SET entries = ?, bytes = ?")?;
    update.execute((signed(totals.rows), signed(totals.bytes)))?;
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

/// Rows that are in a stream now: their positions, each with its sequence there.
pub(super) struct Marks {
    pub incarnation: String,
    pub acks: Vec<(u64, u64)>,
}

/// Marks rows. Those at or below `deleted` may be gone, as those above `last` are.
pub(super) fn mark(
    connection: &Connection,
    marks: &Marks,
    deleted: u64,
    last: u64,
) -> Result<(), rusqlite::Error> {
    const HIGHEST: &str = "SELECT coalesce((SELECT max(position) FROM relayed), 0), relay_floor FROM journal";
    let stream = stream_id(connection, &marks.incarnation)?;
    let (highest, floor): (i64, i64) =
        connection.prepare_cached(HIGHEST)?.query_row((), |row| row.try_into())?;
    let mut exists = connection.prepare_cached("SELECT 1 FROM entry WHERE position = ?")?;
    let mut remove = connection.prepare_cached("DELETE FROM relayed WHERE position = ?")?;
    let mut add =
        connection.prepare_cached("INSERT INTO relayed (position, stream, sequence) VALUES (?, ?, ?)")?;
    let (mut change, mut through) = (0, floor);
    for (position, sequence) in &marks.acks {
        let at = signed(*position);
        // A row pruned meanwhile is not marked; one marked before moves to its new place.
        if *position > last || (*position <= deleted && !exists.exists([at])?) {
            continue;
        }
        if at <= highest {
            change -= signed(remove.execute([at])? as u64);
        }
        add.execute((at, stream, signed(*sequence)))?;
        change += 1;
        through = if at == through + 1 { at } else { through };
    }
    if through == signed(marks.acks.last().map_or(0, |(position, _)| *position)) {
        // The usual case: rows are marked in order, without a hole.
        let mut raise =
            connection.prepare_cached("UPDATE journal SET relayed = relayed + ?, relay_floor = ?")?;
        raise.execute((change, through))?;
    } else {
        connection.prepare_cached(RAISE_FLOOR)?.execute([change])?;
    }
    Ok(())
}

fn stream_id(connection: &Connection, incarnation: &str) -> Result<i64, rusqlite::Error> {
    const ADD: &str = "INSERT INTO stream (incarnation) VALUES (?) ON CONFLICT DO NOTHING";
    connection.prepare_cached(ADD)?.execute([incarnation])?;
    let mut find = connection.prepare_cached("SELECT id FROM stream WHERE incarnation = ?")?;
    find.query_row([incarnation], |row| row.get(0))
}

pub(super) fn reset(
    connection: &Connection,
    now: &StreamExtent,
    covered: u64,
) -> Result<u64, rusqlite::Error> {
    const LOST: &str = "stream < ?1 OR stream > ?1 OR (stream = ?1 AND sequence > ?2)
                        OR (stream = ?1 AND sequence > ?3 AND sequence < ?4)";
    let stream = stream_id(connection, &now.incarnation)?;
    let [last, covered, first] = [now.last, covered, now.first].map(signed);
    let extent = (stream, last, covered, first);
    // The plus keeps SQLite from looking for the lowest by walking all rows in order, finding none in the usual case.
    let lowest = format!("SELECT min(+position) FROM relayed WHERE {LOST}");
    let lowest: Option<i64> = connection.query_row(&lowest, extent, |row| row.get(0))?;
    let Some(lowest) = lowest else { return Ok(0) };
    let forgotten = connection.execute(&format!("DELETE FROM relayed WHERE {LOST}"), extent)? as u64;
    connection.execute(
        "UPDATE journal SET relayed = relayed - ?1, relay_floor = min(relay_floor, ?2)",
        (signed(forgotten), lowest - 1),
    )?;
    Ok(forgotten)
}

/// SQLite's integers are signed; no count or position here comes near 2^63.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
