//! The growing Merkle tree (RFC 6962 §2.1), kept as its right edge only.
//!
//! The tree is append-only, so everything left of the edge is settled. What a size leaves open is one perfect subtree
//! per set bit of the size, largest first; appending a leaf merges from the right as a binary counter carries:
//!
//! ```text
//! size 6 = 110₂        append        size 7 = 111₂        append        size 8 = 1000₂
//!     ●                                  ●                                    ●
//!    4 leaves   ●                       4 leaves   ●   ●                   8 leaves
//!            2 leaves                           2 leaves 1
//! ```
//!
//! Each time a merge completes a subtree of 256^n leaves, its root is one hash of a tile of level n: a [`Node`]. Leaf
//! hashes and nodes, both written once, are all that storing the log needs.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::hash::{Hash, node_hash, sha256};
use crate::tile::{TILE_HEIGHT, TREE_SIZE_MAX, TileError, TileId, TileSet, edge_tiles};

/// Stored hashes that do not make up the tree they are said to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A size above [`TREE_SIZE_MAX`].
    #[error("a tree of {0} leaves is larger than {TREE_SIZE_MAX}")]
    Size(u64),
    /// The edge has hashes on a level where the size leaves none, or too few levels.
    #[error("level {level} of the edge should hold {expected} hashes, not {actual}")]
    Edge {
        /// The level.
        level: usize,
        /// Hashes the size implies there.
        expected: u16,
        /// Hashes given.
        actual: usize,
    },
    /// A tile that was not given.
    #[error("tile {0} is missing")]
    MissingTile(TileId),
}

/// One hash of a tile of level 1 or above: the root of the full tile (`level - 1`, `index`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Level of the tile that holds this hash, from 1.
    pub level: u8,
    /// Place of this hash within its level, from 0.
    pub index: u64,
    /// Root of the 256^level leaves from `index * 256^level` on.
    pub hash: Hash,
}

/// A Merkle tree that can grow and knows its root. Holds at most 64 hashes, so a copy taken before a batch is a cheap
/// way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// Roots of the perfect subtrees the size decomposes into, largest and leftmost first: one per set bit.
    peaks: Vec<Hash>,
}

impl Tree {
    /// The tree without leaves.
    pub fn empty() -> Tree {
        Tree { size: 0, peaks: Vec::new() }
    }

    /// The tree of `size` leaves from the hashes of its partial tiles: `edge[level]` holds the last
    /// `(size >> 8*level) % 256` hashes of that level. Levels above the last with hashes may be left out.
    ///
    /// The hashes are taken as given: compare [`Tree::root`] with a signed checkpoint before going on from here.
    ///
    /// # Errors
    /// [`TreeError::Size`], [`TreeError::Edge`].
    pub fn from_edge(size: u64, edge: &[Vec<Hash>]) -> Result<Tree, TreeError> {
        check_size(size)?;
        let mut tiles = TileSet::new();
        let partial = edge_tiles(size);
        for tile in &partial {
            let level = usize::from(tile.level());
            let hashes = edge.get(level).cloned().unwrap_or_default();
            tiles.insert(*tile, hashes).map_err(|error| edge_error(level, tile.width(), &error))?;
        }
        for (level, hashes) in edge.iter().enumerate() {
            if !hashes.is_empty() && !partial.iter().any(|tile| usize::from(tile.level()) == level) {
                return Err(TreeError::Edge { level, expected: 0, actual: hashes.len() });
            }
        }
        Tree::from_tiles(size, &tiles)
    }

    /// The tree of `size` leaves from the tiles [`edge_tiles`] names. Its root is as good as the tiles are.
    ///
    /// # Errors
    /// [`TreeError::Size`], [`TreeError::MissingTile`].
    pub fn from_tiles(size: u64, tiles: &TileSet) -> Result<Tree, TreeError> {
        check_size(size)?;
        let mut roots = Roots::new(size, tiles);
        let peaks = Subtree::decompose(0..size).map(|subtree| roots.of(subtree)).collect::<Result<_, _>>();
        Ok(Tree { size, peaks: peaks.map_err(TreeError::MissingTile)? })
    }

    /// Number of leaves, which is also the position the next leaf gets.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash (RFC 6962 §2.1); of the empty tree, the SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        fold_right(&self.peaks).unwrap_or_else(|| sha256(b""))
    }

    /// Appends one leaf hash and returns the nodes this completed, lowest level first: none, but for every 256th leaf.
    pub fn append(&mut self, leaf: Hash) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.push(leaf, &mut nodes);
        nodes
    }

    /// Appends leaf hashes in order and returns the nodes they completed, in the order of completion.
    pub fn extend(&mut self, leaves: impl IntoIterator<Item = Hash>) -> Vec<Node> {
        let mut nodes = Vec::new();
        for leaf in leaves {
            self.push(leaf, &mut nodes);
        }
        nodes
    }

    fn push(&mut self, leaf: Hash, nodes: &mut Vec<Node>) {
        let mut hash = leaf;
        let mut level = 0u8;
        for height in 1..=self.size.trailing_ones() {
            let left = self.peaks.pop().expect("every set bit of the size has its peak");
            hash = node_hash(&left, &hash);
            if height % TILE_HEIGHT == 0 {
                level += 1;
                nodes.push(Node { level, index: self.size >> height, hash });
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }
}

fn check_size(size: u64) -> Result<(), TreeError> {
    if size <= TREE_SIZE_MAX { Ok(()) } else { Err(TreeError::Size(size)) }
}

fn edge_error(level: usize, expected: u16, error: &TileError) -> TreeError {
    let actual = if let TileError::Width { actual, .. } = error { *actual } else { 0 };
    TreeError::Edge { level, expected, actual }
}

/// Merges perfect subtrees, largest first, from the right (RFC 6962 §2.1); `None` when there are none.
fn fold_right(peaks: &[Hash]) -> Option<Hash> {
    let (last, larger) = peaks.split_last()?;
    Some(larger.iter().rfold(*last, |right, left| node_hash(left, &right)))
}

/// A perfect subtree of 2^height leaves, the `index`th of that height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subtree {
    height: u32,
    index: u64,
}

impl Subtree {
    /// The perfect subtrees a range of leaves is made of, largest first. The range must start where a subtree at least
    /// as large as itself may start, as every range in RFC 6962 §2.1 does.
    pub(crate) fn decompose(leaves: Range<u64>) -> impl Iterator<Item = Subtree> {
        let mut start = leaves.start;
        std::iter::from_fn(move || {
            let height = (leaves.end - start).checked_ilog2()?;
            let subtree = Subtree { height, index: start >> height };
            start += 1 << height;
            Some(subtree)
        })
    }

    /// The tile in a tree of `size` whose hashes lie under this subtree's root, and where in it they lie.
    fn place(self, size: u64) -> (TileId, Range<usize>) {
        let level = self.height / TILE_HEIGHT;
        let rest = self.height % TILE_HEIGHT;
        let first = self.index << rest;
        let tile = u8::try_from(level).ok().and_then(|level| TileId::at(level, first >> TILE_HEIGHT, size));
        let tile = tile.expect("a subtree of a tree lies in one of its tiles");
        let offset = usize::from(first.to_le_bytes()[0]);
        (tile, offset..offset + (1 << rest))
    }

    /// The one tile needed to compute this subtree's root in a tree of `size`.
    pub(crate) fn tile(self, size: u64) -> TileId {
        self.place(size).0
    }
}

/// The roots of perfect subtrees of a tree, from its tiles. What was computed is kept: proofs of neighbouring leaves share most
/// of it.
pub(crate) struct Roots<'a> {
    size: u64,
    tiles: &'a TileSet,
    /// Of each tile that was used, the rows of the tree above its hashes, lowest first.
    rows: BTreeMap<TileId, Vec<Vec<Hash>>>,
}

impl<'a> Roots<'a> {
    /// Of the tree of `size` leaves, whose tiles these are.
    pub(crate) fn new(size: u64, tiles: &'a TileSet) -> Roots<'a> {
        Roots { size, tiles, rows: BTreeMap::new() }
    }

    /// Root of a non-empty range of leaves (`MTH(D[a:b])`), or the first tile that is missing.
    pub(crate) fn of_range(&mut self, leaves: Range<u64>) -> Result<Hash, TileId> {
        let peaks: Vec<Hash> =
            Subtree::decompose(leaves).map(|subtree| self.of(subtree)).collect::<Result<_, _>>()?;
        Ok(fold_right(&peaks).expect("the range is not empty"))
    }

    /// Root of a subtree, or its tile when that is missing.
    fn of(&mut self, subtree: Subtree) -> Result<Hash, TileId> {
        let (tile, places) = subtree.place(self.size);
        let hashes = self.tiles.get(&tile).ok_or(tile)?;
        let Some(above) = places.len().ilog2().checked_sub(1) else { return Ok(hashes[places.start]) };
        let rows = self.rows.entry(tile).or_default();
        for row in rows.len()..=above as usize {
            let below = row.checked_sub(1).map_or(hashes, |below| &rows[below]);
            // A last hash without a neighbour is the root of no perfect subtree above it.
            let next = below.as_chunks().0.iter().map(|[left, right]| node_hash(left, right)).collect();
            rows.push(next);
        }
        Ok(rows[above as usize][places.start >> (above + 1)])
    }
}
