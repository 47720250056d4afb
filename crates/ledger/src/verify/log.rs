//! The tree as the entries give it: every hash of it, so that whatever is stored or published can be compared, at any
//! size and in any order.

use std::collections::BTreeMap;

use crate::hash::Hash;
use crate::tile::TILE_WIDTH;
use crate::tree::Tree;

/// What is known of one hash of the log.
pub(super) enum Known {
    /// Computed from the entries.
    Hash(Hash),
    /// Cannot be computed, for an entry is missing.
    Missing,
    /// The log is not that long (yet).
    Beyond,
}

/// Recomputed hashes, 32 bytes per entry.
#[derive(Debug, Clone)]
pub(super) struct Log {
    tree: Tree,
    /// Leaves at the bottom, roots of full tiles above.
    levels: Vec<Vec<Hash>>,
    /// Leaves behind the first gap.
    stray: BTreeMap<u64, Hash>,
    /// Where the next entry belongs.
    next: u64,
}

impl Log {
    pub(super) fn new() -> Log {
        Log { tree: Tree::empty(), levels: vec![Vec::new()], stray: BTreeMap::new(), next: 0 }
    }

    /// Position of the next entry, if none is missing or repeated.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The first missing position, if entries follow it.
    pub(super) fn gap(&self) -> Option<u64> {
        (self.tree.size() < self.next).then(|| self.tree.size())
    }

    /// Takes the leaf of an entry at or behind [`Log::next`].
    pub(super) fn push(&mut self, position: u64, leaf: Hash) {
        if position != self.tree.size() {
            self.stray.insert(position, leaf);
        } else {
            self.levels[0].push(leaf);
            for node in self.tree.append(leaf) {
                let level = usize::from(node.level);
                if self.levels.len() <= level {
                    self.levels.resize_with(level + 1, Vec::new);
                }
                self.levels[level].push(node.hash);
            }
        }
        self.next = position.saturating_add(1);
    }

    /// Hash number `index` of a level: a leaf, or the root of a full tile of the level below.
    pub(super) fn hash(&self, level: u8, index: u64) -> Known {
        let known =
            self.levels.get(usize::from(level)).and_then(|hashes| hashes.get(usize::try_from(index).ok()?));
        if let Some(hash) = known {
            return Known::Hash(*hash);
        }
        if level == 0
            && let Some(hash) = self.stray.get(&index)
        {
            return Known::Hash(*hash);
        }
        if index < self.hashes_at(level) { Known::Missing } else { Known::Beyond }
    }

    /// How many hashes the level has at the present length, missing entries counted.
    pub(super) fn hashes_at(&self, level: u8) -> u64 {
        self.next.checked_shr(8 * u32::from(level)).unwrap_or(0)
    }

    /// The root over the first `size` entries, if they are all there.
    pub(super) fn root(&self, size: u64) -> Option<Hash> {
        if size > self.tree.size() {
            return None;
        }
        let width = u64::from(TILE_WIDTH);
        let edge = self.levels.iter().enumerate().map(|(level, hashes)| {
            let end = size >> (8 * level);
            let start = end - end % width;
            let as_index = |at: u64| usize::try_from(at).expect("not longer than the entries held in memory");
            hashes[as_index(start)..as_index(end)].to_vec()
        });
        Some(Tree::from_edge(size, &edge.collect::<Vec<_>>()).expect("cut to that size").root())
    }
}

/// The first position below hash number `index` of a level.
pub(super) fn first_position(level: u8, index: u64) -> u64 {
    1u64.checked_shl(8 * u32::from(level)).map_or(u64::MAX, |leaves| leaves.saturating_mul(index))
}
