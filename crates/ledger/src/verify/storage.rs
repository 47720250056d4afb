//! L5: what is stored or published beside the entries, against what the entries give.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::log::{Known, Log, first_position};
use super::tally::{Check, Place, Tally};
use crate::hash::Hash;
use crate::record::Record;
use crate::tile::{TileId, tiles_for};

/// The columns a store keeps beside an entry so that it can find and chain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredColumns {
    /// Name of the stream.
    pub stream: String,
    /// Version in the stream.
    pub version: u64,
    /// SHA-256 of the payload.
    pub payload_sha256: Hash,
    /// Leaf of the log.
    pub leaf: Hash,
    /// SHA-256 of the payload before it in the stream.
    pub prev: Option<Hash>,
}

/// Comparisons with the store, made at once where the entries are known and kept for later where they are not.
#[derive(Debug, Clone, Default)]
pub(super) struct Storage {
    waiting_columns: BTreeMap<u64, StoredColumns>,
    waiting_hashes: Vec<(Check, String, u8, u64, Hash)>,
    /// The last entry, for columns that come right behind it.
    last: Option<(u64, StoredColumns)>,
    columns_given: bool,
    tiles: HashMap<(u8, u64), u16>,
    nodes: HashSet<(u8, u64)>,
    nodes_expected: bool,
}

impl Storage {
    pub(super) fn has_columns(&self) -> bool {
        self.columns_given
    }

    pub(super) fn has_tiles(&self) -> bool {
        !self.tiles.is_empty()
    }

    pub(super) fn expect_nodes(&mut self) {
        self.nodes_expected = true;
    }

    pub(super) fn columns(&mut self, position: u64, columns: StoredColumns, next: u64, tally: &mut Tally) {
        self.columns_given = true;
        match &self.last {
            Some((last, own)) if *last == position => {
                compare_columns(position, &Own::of(own), &columns, tally);
            }
            _ if position >= next => {
                if self.waiting_columns.insert(position, columns).is_some() {
                    let place = Place::at(position);
                    tally.fail(Check::Columns, place.note("position", "two stored rows for one position"));
                }
            }
            // The audit does not keep every record, and will not say of a row what it cannot know.
            _ => {
                let message = "stored columns were given too late to compare them";
                tally.skip(Check::Columns, Place::at(position).note("columns", message));
            }
        }
    }

    /// An entry has come.
    pub(super) fn entry(&mut self, position: u64, record: Option<&Record>, leaf: Hash, tally: &mut Tally) {
        let waiting = self.waiting_columns.remove(&position);
        self.last = None;
        match (record, waiting) {
            (Some(record), Some(stored)) => compare_columns(position, &Own::by(record, leaf), &stored, tally),
            // They may come right behind it.
            (Some(record), None) => self.last = Some((position, Own::by(record, leaf).kept())),
            (None, Some(stored)) if stored.leaf != leaf => {
                let message = "the stored leaf is not the entry's";
                tally.fail(Check::Columns, Place::at(position).finding("leaf", leaf, stored.leaf, message));
            }
            (None, _) => {}
        }
    }

    pub(super) fn tile(&mut self, tile: TileId, hashes: &[Hash], log: &Log, tally: &mut Tally) {
        let place = Place::at(first_position(tile.level(), tile.hashes().start));
        if hashes.len() != usize::from(tile.width()) {
            let message = "the tile does not have the number of hashes its name says";
            tally.fail(Check::Tiles, place.finding(tile.path(), tile.width(), hashes.len(), message));
        }
        let width = self.tiles.entry((tile.level(), tile.index())).or_default();
        *width = tile.width().max(*width);
        for (index, hash) in tile.hashes().zip(hashes) {
            self.hash(Check::Tiles, tile.path(), tile.level(), index, *hash, log, tally);
        }
    }

    pub(super) fn node(&mut self, level: u8, index: u64, hash: Hash, log: &Log, tally: &mut Tally) {
        if !self.nodes.insert((level, index)) {
            let place = Place::at(first_position(level, index));
            tally.fail(Check::Nodes, place.note(format!("node {level}/{index}"), "stored twice"));
        }
        self.hash(Check::Nodes, format!("node {level}/{index}"), level, index, hash, log, tally);
    }

    #[allow(clippy::too_many_arguments, reason = "one comparison, of which each part is told")]
    fn hash(
        &mut self,
        check: Check,
        field: String,
        level: u8,
        index: u64,
        given: Hash,
        log: &Log,
        tally: &mut Tally,
    ) {
        match log.hash(level, index) {
            Known::Hash(computed) => compare_hash(check, &field, level, index, computed, given, tally),
            Known::Missing => tally.skip(check, missing(&field, level, index)),
            Known::Dropped => tally.skip(check, late(&field, level, index)),
            Known::Beyond => self.waiting_hashes.push((check, field, level, index, given)),
        }
    }

    /// The log is at its end: whatever still waits has no entry. `size` is how long it has to be at least.
    pub(super) fn finish(&mut self, log: &Log, size: u64, tally: &mut Tally) {
        for (check, field, level, index, given) in std::mem::take(&mut self.waiting_hashes) {
            match log.hash(level, index) {
                Known::Hash(computed) => compare_hash(check, &field, level, index, computed, given, tally),
                Known::Missing => tally.skip(check, missing(&field, level, index)),
                Known::Dropped => tally.skip(check, late(&field, level, index)),
                Known::Beyond => {
                    let place = Place::at(first_position(level, index));
                    let message = "a hash for entries that are not in the log";
                    tally.fail(check, place.finding(field, "no hash", given, message));
                }
            }
        }
        if let Some(position) = self.waiting_columns.keys().next() {
            let message = "a stored row without an entry";
            tally.fail(Check::Columns, Place::at(*position).finding("position", "an entry", "none", message));
        }
        if self.has_tiles() {
            self.find_missing_tile(size, tally);
        }
        if self.nodes_expected || !self.nodes.is_empty() {
            self.find_missing_node(log, tally);
        }
    }

    fn find_missing_tile(&self, size: u64, tally: &mut Tally) {
        let given = |tile: &TileId| self.tiles.get(&(tile.level(), tile.index())).copied().unwrap_or(0);
        if let Some(tile) = tiles_for(size).find(|tile| given(tile) < tile.width()) {
            let place =
                Place::at(first_position(tile.level(), tile.hashes().start + u64::from(given(&tile))));
            let message = format!("a log of {size} entries implies this tile");
            tally.fail(Check::Tiles, place.finding(tile.path(), tile.width(), given(&tile), message));
        }
    }

    fn find_missing_node(&self, log: &Log, tally: &mut Tally) {
        let all = (1..8u8).flat_map(|level| (0..log.hashes_at(level)).map(move |index| (level, index)));
        if let Some((level, index)) = { all }.find(|node| !self.nodes.contains(node)) {
            let place = Place::at(first_position(level, index));
            let message = "the log is long enough for this node, and it is not stored";
            tally.fail(
                Check::Nodes,
                place.finding(format!("node {level}/{index}"), "a hash", "none", message),
            );
        }
    }
}

fn missing(field: &str, level: u8, index: u64) -> super::Finding {
    Place::at(first_position(level, index)).note(field, "cannot be recomputed, for an entry is missing")
}

fn late(field: &str, level: u8, index: u64) -> super::Finding {
    Place::at(first_position(level, index)).note(field, "given too early or too late to compare it")
}

fn compare_hash(
    check: Check,
    field: &str,
    level: u8,
    index: u64,
    computed: Hash,
    given: Hash,
    tally: &mut Tally,
) {
    if computed == given {
        tally.pass(check);
    } else {
        let place = Place::at(first_position(level, index));
        let message = "not the hash the entries give";
        tally.fail(check, place.finding(field, computed, given, message));
    }
}

/// What the columns beside an entry have to say.
#[derive(PartialEq)]
struct Own<'r> {
    stream: &'r str,
    version: u64,
    payload_sha256: Hash,
    leaf: Hash,
    prev: Option<Hash>,
}

impl<'r> Own<'r> {
    fn by(record: &'r Record, leaf: Hash) -> Own<'r> {
        let Record { stream, version, payload_sha256, prev, .. } = record;
        Own { stream: stream.as_str(), version: *version, payload_sha256: *payload_sha256, leaf, prev: *prev }
    }

    fn of(columns: &'r StoredColumns) -> Own<'r> {
        let StoredColumns { stream, version, payload_sha256, leaf, prev } = columns;
        Own { stream, version: *version, payload_sha256: *payload_sha256, leaf: *leaf, prev: *prev }
    }

    fn kept(self) -> StoredColumns {
        let Own { stream, version, payload_sha256, leaf, prev } = self;
        StoredColumns { stream: stream.to_owned(), version, payload_sha256, leaf, prev }
    }

    fn texts(&self) -> [(&'static str, String); 5] {
        [
            ("stream", self.stream.to_owned()),
            ("version", self.version.to_string()),
            ("payload_sha256", self.payload_sha256.hex()),
            ("leaf", self.leaf.hex()),
            ("prev", self.prev.map_or_else(|| "null".to_owned(), |hash| hash.hex())),
        ]
    }
}

fn compare_columns(position: u64, own: &Own<'_>, stored: &StoredColumns, tally: &mut Tally) {
    let stored = Own::of(stored);
    if *own == stored {
        return tally.pass(Check::Columns);
    }
    let pairs = own.texts().into_iter().zip(stored.texts());
    for ((field, expected), (_, actual)) in pairs.filter(|((_, ours), (_, theirs))| ours != theirs).take(1) {
        let message = "the stored column is not what the record says";
        tally.fail(Check::Columns, Place::at(position).finding(field, expected, actual, message));
    }
}
