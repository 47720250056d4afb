//! The tree as the entries give it, so that whatever is stored or published can be compared, at any size and in any order; or,
//! where memory is to stay bounded, as the log comes by it.

use std::collections::BTreeMap;

use crate::hash::Hash;
use crate::tile::TILE_WIDTH;
use crate::tree::Tree;

/// Leaves that are kept at least where memory is to stay bounded: those of the last full tile and of one that grows.
const LEAVES_KEPT: usize = 2 * TILE_WIDTH as usize;

/// What is known of one hash of the log.
pub(super) enum Known {
    /// Computed from the entries.
    Hash(Hash),
    /// Cannot be computed, for an entry is missing.
    Missing,
    /// Was known, and was not kept.
    Dropped,
    /// The log is not that long (yet).
    Beyond,
}

/// Recomputed hashes: 32 bytes per entry, or an eighth of a byte.
#[derive(Debug, Clone)]
pub(super) struct Log {
    tree: Tree,
    /// Leaves at the bottom from `dropped` on, roots of full tiles above.
    levels: Vec<Vec<Hash>>,
    /// Leaves in front that are not kept any more, a multiple of the width of a tile.
    dropped: u64,
    /// Leaves behind the first gap.
    stray: BTreeMap<u64, Hash>,
    /// Where the next entry belongs.
    next: u64,
    bounded: bool,
}

impl Log {
    pub(super) fn new() -> Log {
        let levels = vec![Vec::new()];
        Log { tree: Tree::empty(), levels, dropped: 0, stray: BTreeMap::new(), next: 0, bounded: false }
    }

    /// From here on only the last leaves are kept.
    pub(super) fn keep_few(&mut self) {
        self.bounded = true;
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
        if self.bounded {
            self.drop_old();
        }
        self.next = position.saturating_add(1);
    }

    fn drop_old(&mut self) {
        if self.levels[0].len() >= 2 * LEAVES_KEPT {
            self.levels[0].drain(..LEAVES_KEPT);
            self.dropped += LEAVES_KEPT as u64;
        }
        if self.stray.len() > LEAVES_KEPT {
            self.stray.pop_first();
        }
    }

    /// Hash number `index` of a level: a leaf, or the root of a full tile of the level below.
    pub(super) fn hash(&self, level: u8, index: u64) -> Known {
        if level == 0 && index < self.dropped {
            return Known::Dropped;
        }
        let first = if level == 0 { self.dropped } else { 0 };
        let known = self.levels.get(usize::from(level));
        if let Some(hash) = known.and_then(|hashes| hashes.get(usize::try_from(index - first).ok()?)) {
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

    /// The root over the first `size` entries.
    pub(super) fn root(&self, size: u64) -> Known {
        if size > self.next {
            return Known::Beyond;
        }
        if size > self.tree.size() {
            return Known::Missing;
        }
        if size == self.tree.size() {
            return Known::Hash(self.tree.root());
        }
        let width = u64::from(TILE_WIDTH);
        if size - size % width < self.dropped && !size.is_multiple_of(width) {
            return Known::Dropped;
        }
        let edge = self.levels.iter().enumerate().map(|(level, hashes)| {
            let end = size >> (8 * level);
            let start = end - end % width;
            let first = if level == 0 { self.dropped } else { 0 };
            let as_index =
                |at: u64| usize::try_from(at - first).expect("not longer than the hashes held in memory");
            if start == end { Vec::new() } else { hashes[as_index(start)..as_index(end)].to_vec() }
        });
        let tree = Tree::from_edge(size, &edge.collect::<Vec<_>>()).expect("cut to that size");
        Known::Hash(tree.root())
    }
}

/// The first position below hash number `index` of a level.
pub(super) fn first_position(level: u8, index: u64) -> u64 {
    1u64.checked_shl(8 * u32::from(level)).map_or(u64::MAX, |leaves| leaves.saturating_mul(index))
}
