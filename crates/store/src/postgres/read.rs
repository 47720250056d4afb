//! Reads that need Postgres's own SQL.

use std::ops::Range;

use ledger::tile::{TileId, TileSet};
use sqlx::{AssertSqlSafe, query_as, query_scalar};

use super::{Postgres, seen_key};
use crate::columns::{self, sql_int};
use crate::error::StoreError;
use crate::packed::{self, unpack_all};
use crate::plain::record_columns;
use crate::rows::{DisclosureRow, Loaded, Needs, RecordRow, SignedRow, StreamRow, Tip};

/// Links are looked up key by key, and so is what was seen (OFFSET holds the planner to it). As long as a table was not analysed
/// it takes each key for a common one; afterwards it does where one key is, such as the number of one co-operative. It would
/// read all of the table then, each time.
const LED: &str = "WITH led AS MATERIALIZED (
    SELECT DISTINCT found.space, found.key, found.stream
    FROM unnest($3::text[], $4::text[]) AS need (space, key)
    CROSS JOIN LATERAL (
        SELECT space, key, stream FROM link WHERE link.space = need.space AND link.key = need.key OFFSET 0
    ) AS found
) ";

/// The statement that loads what these needs name: $1 inputs, $2 streams, $3 and $4 links, $5 what was seen, $6 counters. What
/// is not needed is left out, for each part takes the server time to start; so there are a few statements, each planned once.
fn load_sql(needs: &Needs) -> String {
    let mut parts = vec![
        "SELECT 0::bigint, input, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::bigint, NULL::bytea
         FROM inbox WHERE input = ANY ($1)",
    ];
    if needs.links.is_empty() {
        parts.push(
            "SELECT 1, NULL, head.stream, head.state, NULL, head.version, head.recorded_at, head.head
             FROM stream_head AS head WHERE head.stream = ANY ($2)",
        );
    } else {
        parts.push(
            "SELECT 1, NULL, head.stream, head.state, NULL, head.version, head.recorded_at, head.head
             FROM (SELECT unnest($2::text[]) AS stream UNION SELECT stream FROM led) AS need
             JOIN stream_head AS head ON head.stream = need.stream",
        );
        parts.push("SELECT 2, NULL, space, key, stream, NULL, NULL, NULL FROM led");
    }
    if !needs.seen.is_empty() {
        parts.push(
            "SELECT 3, NULL, NULL, NULL, NULL, need.place, NULL, found.digest
             FROM unnest($5::bytea[]) WITH ORDINALITY AS need (key, place)
             CROSS JOIN LATERAL (SELECT digest FROM seen WHERE seen.key = need.key OFFSET 0) AS found",
        );
    }
    if !needs.counters.is_empty() {
        parts.push("SELECT 4, NULL, name, NULL, NULL, value, NULL, NULL FROM counter WHERE name = ANY ($6)");
    }
    let led = if needs.links.is_empty() { "" } else { LED };
    format!("{led}{}", parts.join(" UNION ALL "))
}

impl Postgres {
    pub(crate) async fn tip(&self) -> Result<Tip, StoreError> {
        // Both ends of the ranges are given: with one end only, the planner takes a third of the table for likely.
        let sql = "
            WITH log AS MATERIALIZED (SELECT coalesce(max(position) + 1, 0) AS size FROM record)
            SELECT 0::bigint, log.size, (SELECT recorded_at FROM record WHERE position = log.size - 1), NULL, NULL
            FROM log
            UNION ALL
            SELECT 1, 0, position, leaf, NULL
            FROM record
            WHERE position >= (SELECT (size >> 8) << 8 FROM log) AND position < (SELECT size FROM log)
            UNION ALL
            SELECT 1, edge.level, node.idx, node.hash, NULL
            FROM (
                SELECT above.level, log.size >> (8 * above.level) AS count
                FROM log, (VALUES (1), (2), (3), (4), (5), (6), (7)) AS above (level)
            ) AS edge
            JOIN tree_node AS node
              ON node.level = edge.level AND node.idx >= (edge.count >> 8) << 8 AND node.idx < edge.count
            UNION ALL
            SELECT 2, position, NULL, NULL, source FROM source_position";
        let rows = self.readers.fetch_all(query_as::<_, columns::TipColumns>(sql)).await?;
        columns::tip(rows)
    }

    pub(crate) async fn tiles(&self, tiles: Vec<TileId>) -> Result<TileSet, StoreError> {
        // One row for a tile: a row for each hash would cost more than the hash.
        let sql = "
            SELECT CASE WHEN need.level = 0 THEN (
                SELECT string_agg(leaf, ''::bytea ORDER BY position) FROM record
                WHERE position >= need.first AND position < need.behind
            ) ELSE (
                SELECT string_agg(hash, ''::bytea ORDER BY idx) FROM tree_node
                WHERE level = need.level AND idx >= need.first AND idx < need.behind
            ) END
            FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS need (level, first, behind, place)
            ORDER BY place";
        let levels: Vec<i16> = tiles.iter().map(|tile| tile.level().into()).collect();
        let firsts: Vec<i64> = tiles.iter().map(|tile| sql_int(tile.hashes().start)).collect();
        let behind: Vec<i64> = tiles.iter().map(|tile| sql_int(tile.hashes().end)).collect();
        let query = query_as(sql).bind(levels).bind(firsts).bind(behind);
        let found: Vec<(Option<Vec<u8>>,)> = self.finders.fetch_all(query).await?;
        let mut set = TileSet::new();
        for (tile, (hashes,)) in tiles.into_iter().zip(found) {
            columns::tile(&mut set, tile, hashes.unwrap_or_default().as_chunks())?;
        }
        Ok(set)
    }

    pub(crate) async fn load(&self, needs: Needs) -> Result<Loaded, StoreError> {
        let (spaces, keys): (Vec<&str>, Vec<&str>) =
            needs.links.iter().map(|(space, key)| (space.as_str(), key.as_str())).unzip();
        let query = query_as::<_, columns::LoadedColumns>(AssertSqlSafe(load_sql(&needs)));
        let query = query.bind(&needs.inputs).bind(&needs.streams).bind(spaces).bind(keys);
        let seen: Vec<_> = needs.seen.iter().map(|key| seen_key(key)).collect();
        let query = query.bind(seen).bind(&needs.counters);
        // Through a connection whose statements are planned once: planning this one takes longer than running it.
        let rows = self.writer.fetch_all(query).await?;
        columns::loaded(rows, &needs.seen)
    }

    pub(crate) async fn quarantined_count(&self) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM inbox WHERE quarantined IS NOT NULL";
        // Through a connection that goes by indexes. As long as the table was not analysed the planner takes nearly all rows for
        // quarantined, and would read them from end to end.
        let (count,) = self.writer.fetch_one(query_as(sql)).await?;
        Ok(count)
    }

    pub(crate) async fn streams(&self, streams: Vec<String>) -> Result<Vec<StreamRow>, StoreError> {
        let sql = "SELECT stream, version, head, recorded_at, state FROM stream_head
                   WHERE stream = ANY ($1) ORDER BY stream";
        let query = query_as::<_, columns::StreamColumns>(sql).bind(streams);
        columns::all(self.finders.fetch_all(query).await?, columns::stream)
    }

    /// Of one statement. Callers ask [`Postgres::linked`].
    pub(super) async fn linked_now(
        &self,
        keys: Vec<(String, String)>,
    ) -> Result<Vec<Vec<StreamRow>>, StoreError> {
        // Key by key, and so are the streams: see LED. In their order the streams of a key come from the index.
        let sql = "
            SELECT need.place, head.stream, head.version, head.head, head.recorded_at, head.state
            FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS need (space, key, place)
            CROSS JOIN LATERAL (
                SELECT stream FROM link WHERE link.space = need.space AND link.key = need.key ORDER BY stream OFFSET 0
            ) AS led
            CROSS JOIN LATERAL (
                SELECT stream, version, head, recorded_at, state FROM stream_head
                WHERE stream_head.stream = led.stream OFFSET 0
            ) AS head
            ORDER BY need.place, head.stream";
        let mut found: Vec<Vec<StreamRow>> = keys.iter().map(|_| Vec::new()).collect();
        let (spaces, keys): (Vec<String>, Vec<String>) = keys.into_iter().unzip();
        let query = query_as::<_, columns::LinkedColumns>(sql).bind(spaces).bind(keys);
        for (place, stream, version, head, recorded_at, state) in self.finders.fetch_all(query).await? {
            // Places are counted from 1.
            if let Some(led) = usize::try_from(place - 1).ok().and_then(|place| found.get_mut(place)) {
                led.push(columns::stream((stream, version, head, recorded_at, state))?);
            }
        }
        Ok(found)
    }

    pub(crate) async fn disclosures_of(&self, positions: Vec<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        let sql = "SELECT position, opened FROM disclosure WHERE position = ANY ($1) ORDER BY position";
        let positions: Vec<i64> = positions.into_iter().map(sql_int).collect();
        unpack_all(self.finders.fetch_all(query_as(sql).bind(positions)).await?)
    }

    pub(crate) async fn records(&self, from: u64, max: u32) -> Result<Vec<RecordRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            record_columns!(),
            " FROM record WHERE position >= $1 ORDER BY position LIMIT $2"
        );
        let query = query_as::<_, columns::RecordColumns>(sql).bind(sql_int(from)).bind(i64::from(max));
        columns::all(self.finders.fetch_all(query).await?, columns::record)
    }

    pub(crate) async fn signed(&self, range: Range<u64>) -> Result<Vec<SignedRow>, StoreError> {
        // The range is said of both tables, so that whatever plan is made reads no more of either. Arrays of all records would take
        // the server twice as long.
        let sql = "SELECT record.position, jws, opened FROM record
                   LEFT JOIN disclosure ON disclosure.position = record.position
                        AND disclosure.position >= $1 AND disclosure.position < $2
                   WHERE record.position >= $1 AND record.position < $2 ORDER BY record.position";
        let query = query_as(sql).bind(sql_int(range.start)).bind(sql_int(range.end));
        columns::all(self.readers.fetch_all(query).await?, packed::signed)
    }

    pub(crate) async fn disclosures(&self, range: Range<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        let sql = "SELECT position, opened FROM disclosure
                   WHERE position >= $1 AND position < $2 ORDER BY position";
        let query = query_as(sql).bind(sql_int(range.start)).bind(sql_int(range.end));
        unpack_all(self.finders.fetch_all(query).await?)
    }

    pub(crate) async fn disclosures_before(&self, position: u64) -> Result<u64, StoreError> {
        let sql = "SELECT CAST(coalesce(sum(1 + octet_length(opened) - octet_length(replace(opened, E'\\n', ''))), 0) AS BIGINT)
                   FROM disclosure WHERE position < $1";
        let (count,) = self.readers.fetch_one(query_as(sql).bind(sql_int(position))).await?;
        columns::number(count)
    }

    /// Size of the log as the owner sees it.
    pub(super) async fn size(connection: &mut sqlx::PgConnection) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(position) + 1, 0) FROM record";
        columns::number(query_scalar(sql).fetch_one(connection).await?)
    }
}
