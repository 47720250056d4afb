//! Reads that need SQLite's own SQL: lists are handed over as JSON.

use sqlx::{query_as, query_scalar};
use uuid::Uuid;

use super::Sqlite;
use crate::columns::{self, sql_int};
use crate::error::StoreError;
use crate::rows::{DisclosureRow, Loaded, Needs, StreamRow, Tip};

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
        let rows = query_as::<_, columns::TipColumns>(sql).fetch_all(&self.readers).await?;
        columns::tip(rows)
    }

    pub(crate) async fn load(&self, needs: Needs) -> Result<Loaded, StoreError> {
        let sql = "
            WITH led AS MATERIALIZED (
                SELECT DISTINCT link.space, link.key, link.stream
                FROM json_each($3) AS need CROSS JOIN link
                  ON link.space = need.value ->> 0 AND link.key = need.value ->> 1
            )
            SELECT 0, input, NULL, NULL, NULL, NULL, NULL, NULL
            FROM inbox WHERE input IN (SELECT unhex(value) FROM json_each($1))
            UNION ALL
            SELECT 1, NULL, stream, state, NULL, version, recorded_at, head
            FROM stream_head
            WHERE stream IN (SELECT value FROM json_each($2) UNION SELECT stream FROM led)
            UNION ALL
            SELECT 2, NULL, space, key, stream, NULL, NULL, NULL FROM led
            UNION ALL
            SELECT 3, NULL, key, NULL, NULL, NULL, NULL, digest
            FROM seen WHERE key IN (SELECT value FROM json_each($4))
            UNION ALL
            SELECT 4, NULL, name, NULL, NULL, value, NULL, NULL
            FROM counter WHERE name IN (SELECT value FROM json_each($5))";
        let inputs =
            json_list(needs.inputs.iter().map(|input: &Uuid| json_text(&input.simple().to_string())));
        let links =
            needs.links.iter().map(|(space, key)| format!("[{},{}]", json_text(space), json_text(key)));
        let query = query_as::<_, columns::LoadedColumns>(sql);
        let query = query.bind(inputs).bind(json_texts(&needs.streams)).bind(json_list(links));
        let query = query.bind(json_texts(&needs.seen)).bind(json_texts(&needs.counters));
        columns::loaded(query.fetch_all(&self.readers).await?)
    }

    pub(crate) async fn streams(&self, streams: Vec<String>) -> Result<Vec<StreamRow>, StoreError> {
        let sql = "SELECT stream, version, head, recorded_at, state FROM stream_head
                   WHERE stream IN (SELECT value FROM json_each($1)) ORDER BY stream";
        let query = query_as::<_, columns::StreamColumns>(sql).bind(json_texts(&streams));
        columns::all(query.fetch_all(&self.readers).await?, columns::stream)
    }

    pub(crate) async fn disclosures_before(&self, position: u64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM disclosure WHERE position < $1";
        let count: i64 = query_scalar(sql).bind(sql_int(position)).fetch_one(&self.readers).await?;
        columns::number(count)
    }

    pub(crate) async fn disclosures_of(&self, positions: Vec<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        let sql = "SELECT position, ordinal, scope, digest, encoded FROM disclosure
                   WHERE position IN (SELECT value FROM json_each($1)) ORDER BY position, ordinal";
        let positions = json_list(positions.into_iter().map(|position| sql_int(position).to_string()));
        let query = query_as::<_, columns::DisclosureColumns>(sql).bind(positions);
        columns::all(query.fetch_all(&self.readers).await?, columns::disclosure)
    }
}

fn json_list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn json_texts(texts: &[String]) -> String {
    json_list(texts.iter().map(|text| json_text(text)))
}

/// A JSON string (RFC 8259 section 7).
fn json_text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\u{0}'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}
