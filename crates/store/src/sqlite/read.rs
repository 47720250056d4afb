//! Reads of many rows, and of several tables at one moment: prepared statements, run for one key after the other.

use std::collections::BTreeSet;
use std::ops::Range;

use ledger::hash::Hash;
use ledger::tile::{TileId, TileSet};
use rusqlite::{Connection, Row, ToSql, params};
use uuid::Uuid;

use super::Sqlite;
use crate::columns::{self, sql_int};
use crate::error::StoreError;
use crate::packed::{self, unpack_all};
use crate::plain::record_columns;
use crate::rows::{DisclosureRow, Loaded, Needs, RecordRow, SeenRow, SignedRow, StreamRow, Tip};
use crate::value::values;

/// From this many inputs on, a batch is loaded while the one before it is written: on another connection, then.
pub(crate) const BESIDE_INPUTS_MIN: usize = 16;

const STREAM: &str = "SELECT stream, version, head, recorded_at, state FROM stream_head WHERE stream = ?1";

impl Sqlite {
    pub(crate) async fn tip(&self) -> Result<Tip, StoreError> {
        // Level 7 has no level above; its count is far below 256.
        let sql = "
            WITH log AS MATERIALIZED (SELECT coalesce(max(position) + 1, 0) AS size FROM record),
                 edge (level, count) AS (
                     SELECT above.column1, log.size >> (8 * above.column1)
                     FROM log, (VALUES (1), (2), (3), (4), (5), (6), (7)) AS above
                 )
            SELECT 0, log.size, (SELECT recorded_at FROM record WHERE position = log.size - 1), NULL, NULL FROM log
            UNION ALL
            SELECT 1, 0, position, leaf, NULL
            FROM record
            WHERE position >= (SELECT (size >> 8) << 8 FROM log) AND position < (SELECT size FROM log)
            UNION ALL
            SELECT 1, edge.level, node.idx, node.hash, NULL
            FROM edge CROSS JOIN tree_node AS node
              ON node.level = edge.level AND node.idx >= (edge.count >> 8) << 8 AND node.idx < edge.count
            UNION ALL
            SELECT 2, position, NULL, NULL, source FROM source_position";
        columns::tip(self.rows(sql, values![]).await?)
    }

    pub(crate) async fn tiles(&self, tiles: Vec<TileId>) -> Result<TileSet, StoreError> {
        const LEAVES: &str =
            "SELECT leaf FROM record WHERE position >= ?2 AND position < ?3 ORDER BY position";
        const NODES: &str =
            "SELECT hash FROM tree_node WHERE level = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx";
        self.readers
            .read(move |connection| {
                let mut set = TileSet::new();
                for tile in tiles {
                    let sql = if tile.level() == 0 { LEAVES } else { NODES };
                    let mut statement = connection.prepare_cached(sql)?;
                    let places = tile.hashes();
                    let mut rows =
                        statement.query(params![tile.level(), sql_int(places.start), sql_int(places.end)])?;
                    let mut hashes: Vec<[u8; 32]> = Vec::with_capacity(tile.width().into());
                    while let Some(row) = rows.next()? {
                        hashes.push(row.get(0)?);
                    }
                    columns::tile(&mut set, tile, (&hashes, &[]))?;
                }
                Ok(set)
            })
            .await
    }

    pub(crate) async fn load(&self, needs: Needs) -> Result<Loaded, StoreError> {
        // Until it is dropped, the transaction reads as of one moment.
        let load = move |connection: &Connection, needs: Needs| {
            loaded(&*connection.unchecked_transaction()?, &needs)
        };
        if (1..BESIDE_INPUTS_MIN).contains(&needs.inputs.len()) {
            // It holds in memory what it wrote, and will write next to what it reads. A connection that reads begins anew behind
            // every commit.
            return self.writer.work(move |connection| load(connection, needs)).await;
        }
        self.readers.read(move |connection| load(connection, needs)).await
    }

    pub(crate) async fn quarantined_count(&self) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM inbox WHERE quarantined IS NOT NULL";
        columns::always(self.row(sql, values![]).await?).map(|(count,)| count)
    }

    pub(crate) async fn streams(&self, streams: Vec<String>) -> Result<Vec<StreamRow>, StoreError> {
        self.readers
            .read(move |connection| {
                let streams: BTreeSet<&String> = streams.iter().collect();
                let transaction = connection.unchecked_transaction()?;
                each(&transaction, STREAM, streams, |row| columns::stream(row.try_into()?))
            })
            .await
    }

    pub(crate) async fn linked(
        &self,
        keys: Vec<(String, String)>,
    ) -> Result<Vec<Vec<StreamRow>>, StoreError> {
        const LED: &str = "SELECT head.stream, head.version, head.head, head.recorded_at, head.state
                           FROM link CROSS JOIN stream_head AS head ON head.stream = link.stream
                           WHERE link.space = ?1 AND link.key = ?2 ORDER BY link.stream";
        self.readers
            .read(move |connection| {
                let transaction = connection.unchecked_transaction()?;
                let mut statement = transaction.prepare_cached(LED)?;
                let led = |(space, key): (String, String)| {
                    let mut rows = statement.query([space, key])?;
                    let mut found = Vec::new();
                    while let Some(row) = rows.next()? {
                        found.push(columns::stream(row.try_into()?)?);
                    }
                    Ok(found)
                };
                keys.into_iter().map(led).collect()
            })
            .await
    }

    pub(crate) async fn disclosures_before(&self, position: u64) -> Result<u64, StoreError> {
        let sql = "SELECT CAST(coalesce(sum(1 + octet_length(opened) - octet_length(replace(opened, char(10), ''))), 0) AS INTEGER)
                   FROM disclosure WHERE position < $1";
        let (count,) = columns::always(self.row(sql, values![position]).await?)?;
        columns::number(count)
    }

    pub(crate) async fn disclosures_of(&self, positions: Vec<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        const SQL: &str = "SELECT position, opened FROM disclosure WHERE position = ?1";
        self.readers
            .read(move |connection| {
                let positions: BTreeSet<i64> = positions.into_iter().map(sql_int).collect();
                let transaction = connection.unchecked_transaction()?;
                let rows: Vec<packed::Columns> =
                    each(&transaction, SQL, positions, |row| Ok(row.try_into()?))?;
                unpack_all(rows)
            })
            .await
    }

    pub(crate) async fn records(&self, from: u64, max: u32) -> Result<Vec<RecordRow>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            record_columns!(),
            " FROM record WHERE position >= ?1 ORDER BY position LIMIT ?2"
        );
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(SQL)?;
                let mut rows = statement.query(params![sql_int(from), max])?;
                let mut records = Vec::new();
                while let Some(row) = rows.next()? {
                    records.push(record(row)?);
                }
                Ok(records)
            })
            .await
    }

    pub(crate) async fn signed(&self, range: Range<u64>) -> Result<Vec<SignedRow>, StoreError> {
        let sql = "SELECT position, jws, (SELECT opened FROM disclosure WHERE disclosure.position = record.position)
                   FROM record WHERE position >= ?1 AND position < ?2 ORDER BY position";
        columns::all(self.rows(sql, values![range.start, range.end]).await?, packed::signed)
    }

    pub(crate) async fn disclosures(&self, range: Range<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        let sql = "SELECT position, opened FROM disclosure
                   WHERE position >= ?1 AND position < ?2 ORDER BY position";
        unpack_all(self.rows(sql, values![range.start, range.end]).await?)
    }
}

/// The rows a statement gives for each key.
fn each<K: ToSql, R>(
    connection: &Connection,
    sql: &str,
    keys: impl IntoIterator<Item = K>,
    row: impl Fn(&Row<'_>) -> Result<R, StoreError>,
) -> Result<Vec<R>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = Vec::new();
    for key in keys {
        let mut rows = statement.query([key])?;
        while let Some(next) = rows.next()? {
            found.push(row(next)?);
        }
    }
    Ok(found)
}

fn loaded(connection: &Connection, needs: &Needs) -> Result<Loaded, StoreError> {
    const INPUT: &str = "SELECT input FROM inbox WHERE input = ?1";
    const LINK: &str = "SELECT space, key, stream FROM link WHERE space = ?1 AND key = ?2";
    const SEEN: &str = "SELECT key, digest FROM seen WHERE key = ?1";
    const COUNTER: &str = "SELECT name, value FROM counter WHERE name = ?1";
    let inputs: BTreeSet<&Uuid> = needs.inputs.iter().collect();
    let seen: BTreeSet<&String> = needs.seen.iter().collect();
    let counters: BTreeSet<&String> = needs.counters.iter().collect();
    let mut links = Vec::new();
    {
        let mut statement = connection.prepare_cached(LINK)?;
        for (space, key) in needs.links.iter().collect::<BTreeSet<_>>() {
            let mut rows = statement.query([space, key])?;
            while let Some(row) = rows.next()? {
                links.push(row.try_into()?);
            }
        }
    }
    let led = links.iter().map(|(_, _, stream): &(String, String, String)| stream);
    let streams: BTreeSet<&String> = needs.streams.iter().chain(led).collect();
    Ok(Loaded {
        inputs: each(connection, INPUT, inputs, |row| Ok(row.get(0)?))?,
        streams: each(connection, STREAM, streams, |row| columns::stream(row.try_into()?))?,
        seen: each(connection, SEEN, seen, |row| {
            Ok(SeenRow { key: row.get(0)?, digest: columns::hash(row.get(1)?)? })
        })?,
        counters: each(connection, COUNTER, counters, |row| {
            Ok((row.get(0)?, columns::number(row.get(1)?)?))
        })?,
        links,
    })
}

/// As [`columns::record`], without a list of bytes for each hash: an audit reads millions.
fn record(row: &Row<'_>) -> Result<RecordRow, StoreError> {
    let hash = |index| row.get(index).map(Hash);
    let prev: Option<[u8; 32]> = row.get(6)?;
    Ok(RecordRow {
        position: columns::number(row.get(0)?)?,
        stream: row.get(1)?,
        version: columns::number(row.get(2)?)?,
        id: row.get(3)?,
        kind: row.get(4)?,
        recorded_at: columns::time(row.get(5)?)?,
        prev: prev.map(Hash),
        payload_sha256: hash(7)?,
        leaf: hash(8)?,
        jws: row.get(9)?,
    })
}
