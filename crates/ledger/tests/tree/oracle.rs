//! A log of numbered entries, built by the crate under test and by an independent implementation side by side.

use std::sync::LazyLock;

use ledger::hash::{Hash, leaf_hash};
use ledger::tile::{TileId, TileSet};
use ledger::tree::{Node, Tree};
use tlog_tiles::HashReader;

/// Entries in [`LOG`]: past 256^2, where tiles of level 2 begin.
pub const LOG_SIZE: u64 = 66_000;

/// Sizes around every change of shape a tree of this size goes through.
pub const EDGE_SIZES: [u64; 14] =
    [1, 2, 255, 256, 257, 511, 512, 513, 65_279, 65_280, 65_535, 65_536, 65_537, 66_000];

pub static LOG: LazyLock<Log> = LazyLock::new(|| Log::build(LOG_SIZE));

pub struct Log {
    /// Hashes by tile level, as the ledger stores them: leaves first, then the nodes the tree gave out.
    pub rows: Vec<Vec<Hash>>,
    /// What `tlog_tiles` stores for the same entries.
    stored: Vec<tlog_tiles::Hash>,
}

pub fn entry(position: u64) -> Vec<u8> {
    format!("entry {position}").into_bytes()
}

pub fn leaf(position: u64) -> Hash {
    leaf_hash(&entry(position))
}

impl Log {
    fn build(size: u64) -> Log {
        let mut log = Log { rows: vec![Vec::new()], stored: Vec::new() };
        let mut tree = Tree::empty();
        for position in 0..size {
            let hashes = tlog_tiles::stored_hashes(position, &entry(position), &log).unwrap();
            log.stored.extend(hashes);
            log.rows[0].push(leaf(position));
            for node in tree.append(leaf(position)) {
                log.put(node);
            }
        }
        log
    }

    fn put(&mut self, node: Node) {
        let level = usize::from(node.level);
        if self.rows.len() == level {
            self.rows.push(Vec::new());
        }
        assert_eq!(self.rows[level].len() as u64, node.index, "nodes of a level come in order, without gaps");
        self.rows[level].push(node.hash);
    }

    pub fn root(&self, size: u64) -> Hash {
        Hash(tlog_tiles::tree_hash(size, self).unwrap().0)
    }

    /// The hashes of a tile, from stored rows.
    pub fn tile(&self, tile: &TileId) -> Vec<Hash> {
        let places = tile.hashes();
        self.rows[usize::from(tile.level())][places.start as usize..places.end as usize].to_vec()
    }

    /// Exactly the tiles asked for.
    pub fn tiles(&self, tiles: &[TileId]) -> TileSet {
        let mut set = TileSet::new();
        for tile in tiles {
            set.insert(*tile, self.tile(tile)).unwrap();
        }
        set
    }

    /// The stored hashes a tree of `size` leaves open, per level.
    pub fn edge(&self, size: u64) -> Vec<Vec<Hash>> {
        let mut edge = Vec::new();
        for row in &self.rows {
            let hashes = size >> (8 * edge.len());
            edge.push(row[(hashes - hashes % 256) as usize..hashes as usize].to_vec());
        }
        edge
    }

    pub fn oracle_inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        tlog_tiles::prove_record(size, index, self).unwrap().into_iter().map(|hash| Hash(hash.0)).collect()
    }

    pub fn oracle_consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        tlog_tiles::prove_tree(new, old, self).unwrap().into_iter().map(|hash| Hash(hash.0)).collect()
    }

    pub fn oracle_tile(&self, tile: &tlog_tiles::Tile) -> Vec<u8> {
        tile.read_data(self).unwrap()
    }
}

impl HashReader for Log {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.stored[*index as usize]).collect())
    }
}

/// A fixed sequence of numbers without pattern (xorshift), for choosing cases.
pub struct Dice(pub u64);

impl Dice {
    /// A number in `0..below`.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
