//! Merkle proofs: that an entry is in a tree, and that one tree is the beginning of another.
//!
//! Proofs are made without I/O in two steps: `*_tiles` names the tiles a proof needs, the caller brings them from
//! wherever they are, and the proof is computed from that [`TileSet`]. Every tile has the width the size implies, so a
//! tile of an older or newer tree is never used by mistake.
//!
//! The `verify_*` functions trust nothing but the roots they are given. They are the algorithms of RFC 9162 §2.1.3.2 and
//! §2.1.4.2, under which a path of any other than the exact length fails.

use std::ops::Range;

use crate::checkpoint::CheckpointError;
use crate::hash::{Hash, node_hash, sha256};
use crate::tile::{TileId, TileSet};
use crate::tree::{Roots, Subtree};

mod text;

pub use text::TlogProof;

/// A proof that cannot be made, read or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No such leaf in a tree of this size.
    #[error("a tree of {size} leaves has no leaf {index}")]
    IndexOutOfRange {
        /// Position asked for.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer.
    #[error("a tree of {old} leaves cannot be the beginning of one of {new}")]
    SizeOrder {
        /// Leaves in the older tree.
        old: u64,
        /// Leaves in the newer tree.
        new: u64,
    },
    /// A tile the proof needs was not given.
    #[error("tile {0} is missing")]
    MissingTile(TileId),
    /// The path has fewer hashes than the index and sizes call for.
    #[error("the path is too short")]
    PathTooShort,
    /// The path has more hashes than the index and sizes call for.
    #[error("the path is too long")]
    PathTooLong,
    /// The path leads to another root than the one given for this size.
    #[error("the path leads to root {actual} at size {size}, not to {expected}")]
    RootMismatch {
        /// Size of the tree whose root does not match.
        size: u64,
        /// The root given.
        expected: Hash,
        /// The root computed.
        actual: Hash,
    },
    /// A proof text that is not in the form of C2SP tlog-proof.
    #[error("line {line} of the proof is not {expected}")]
    Text {
        /// Line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The checkpoint of a proof text is not a checkpoint of the expected log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// The tiles [`inclusion`] needs, without duplicates.
///
/// # Errors
/// [`ProofError::IndexOutOfRange`].
pub fn inclusion_tiles(index: u64, size: u64) -> Result<Vec<TileId>, ProofError> {
    Ok(tiles_of(&inclusion_ranges(index, size)?, size))
}

/// The audit path of leaf `index` in the tree of `size` leaves, from the leaf's sibling up (RFC 6962 §2.1.1). What
/// follows from wrong tiles is a wrong path, which [`verify_inclusion`] refuses.
///
/// # Errors
/// [`ProofError::IndexOutOfRange`], [`ProofError::MissingTile`].
pub fn inclusion(index: u64, size: u64, tiles: &TileSet) -> Result<Vec<Hash>, ProofError> {
    roots_of(inclusion_ranges(index, size)?, &mut Roots::new(size, tiles))
}

/// The tiles [`inclusions`] needs, without duplicates: leaves that lie together need little more than one of them.
///
/// # Errors
/// [`ProofError::IndexOutOfRange`].
pub fn inclusions_tiles(indices: &[u64], size: u64) -> Result<Vec<TileId>, ProofError> {
    let mut ranges = Vec::new();
    for index in indices {
        ranges.append(&mut inclusion_ranges(*index, size)?);
    }
    Ok(tiles_of(&ranges, size))
}

/// The audit paths of several leaves of one tree, in the order of `indices`, each as from [`inclusion`]. What they share is
/// computed once.
///
/// # Errors
/// [`ProofError::IndexOutOfRange`], [`ProofError::MissingTile`].
pub fn inclusions(indices: &[u64], size: u64, tiles: &TileSet) -> Result<Vec<Vec<Hash>>, ProofError> {
    let mut roots = Roots::new(size, tiles);
    indices.iter().map(|index| roots_of(inclusion_ranges(*index, size)?, &mut roots)).collect()
}

/// Checks that `leaf` is leaf `index` of the tree with `size` leaves and this `root` (RFC 9162 §2.1.3.2). The leaf hash
/// must have been computed from the entry by the caller.
///
/// # Errors
/// [`ProofError::IndexOutOfRange`], [`ProofError::PathTooShort`], [`ProofError::PathTooLong`],
/// [`ProofError::RootMismatch`].
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfRange { index, size });
    }
    let mut climb = Climb { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in path {
        hash = match climb.step()? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.finish()?;
    check_root(size, root, &hash)
}

/// The tiles [`consistency`] needs, all of the newer tree, without duplicates.
///
/// # Errors
/// [`ProofError::SizeOrder`].
pub fn consistency_tiles(old: u64, new: u64) -> Result<Vec<TileId>, ProofError> {
    Ok(tiles_of(&consistency_ranges(old, new)?, new))
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves (RFC 6962 §2.1.2); empty when
/// the sizes are equal or `old` is 0.
///
/// # Errors
/// [`ProofError::SizeOrder`], [`ProofError::MissingTile`].
pub fn consistency(old: u64, new: u64, tiles: &TileSet) -> Result<Vec<Hash>, ProofError> {
    roots_of(consistency_ranges(old, new)?, &mut Roots::new(new, tiles))
}

/// Checks that the tree of `old_size` leaves and `old_root` is the beginning of the tree of `new_size` leaves and
/// `new_root` (RFC 9162 §2.1.4.2). Two cases outside that algorithm need an empty path: equal sizes must have equal
/// roots, and the tree of size 0, whose root must be the hash of nothing, is the beginning of every tree.
///
/// # Errors
/// [`ProofError::SizeOrder`], [`ProofError::PathTooShort`], [`ProofError::PathTooLong`], [`ProofError::RootMismatch`].
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: &Hash,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::SizeOrder { old: old_size, new: new_size });
    }
    if old_size == 0 || old_size == new_size {
        if !path.is_empty() {
            return Err(ProofError::PathTooLong);
        }
        if old_size == 0 {
            check_root(0, &sha256(b""), old_root)?;
        }
        return if old_size == new_size { check_root(new_size, old_root, new_root) } else { Ok(()) };
    }
    // The largest subtree the old tree ends in; where it is the whole old tree, its root is not repeated in the path.
    let skipped = old_size.trailing_zeros();
    let mut climb = Climb { node: (old_size - 1) >> skipped, last: (new_size - 1) >> skipped };
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, path)
    } else {
        path.split_first().ok_or(ProofError::PathTooShort)?
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        match climb.step()? {
            Side::Left => {
                old_hash = node_hash(sibling, &old_hash);
                new_hash = node_hash(sibling, &new_hash);
            }
            Side::Right => new_hash = node_hash(&new_hash, sibling),
        }
    }
    climb.finish()?;
    check_root(old_size, old_root, &old_hash)?;
    check_root(new_size, new_root, &new_hash)
}

/// The way from a leaf to the root: `fn` and `sn` of RFC 9162 §2.1.3.2 and §2.1.4.2.
struct Climb {
    /// Place of the node stood on, within its height.
    node: u64,
    /// Place of the last node of that height.
    last: u64,
}

/// On which side the next hash of the path stands.
enum Side {
    Left,
    Right,
}

impl Climb {
    /// Takes one hash of the path.
    fn step(&mut self) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::PathTooLong);
        }
        let side = if self.node & 1 == 1 || self.node == self.last { Side::Left } else { Side::Right };
        if self.node == self.last {
            // The last node of a row has no right sibling until it is itself one: rows in between are not in the path.
            let lonely = self.node.trailing_zeros();
            self.node >>= lonely;
            self.last >>= lonely;
        }
        self.node >>= 1;
        self.last >>= 1;
        Ok(side)
    }

    fn finish(self) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::PathTooShort) }
    }
}

fn check_root(size: u64, expected: &Hash, actual: &Hash) -> Result<(), ProofError> {
    if expected == actual {
        return Ok(());
    }
    Err(ProofError::RootMismatch { size, expected: *expected, actual: *actual })
}

/// Where RFC 6962 §2.1 splits a range of at least two leaves: after the largest power of two smaller than its length.
fn split(range: &Range<u64>) -> u64 {
    range.start + (1 << (range.end - range.start - 1).ilog2())
}

/// Ranges of leaves whose roots are the audit path, in its order (`PATH` of RFC 6962 §2.1.1).
fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfRange { index, size });
    }
    let mut siblings = Vec::new();
    let mut range = 0..size;
    while range.end - range.start > 1 {
        let middle = split(&range);
        if index < middle {
            siblings.push(middle..range.end);
            range.end = middle;
        } else {
            siblings.push(range.start..middle);
            range.start = middle;
        }
    }
    siblings.reverse();
    Ok(siblings)
}

/// Ranges of leaves whose roots are the consistency proof, in its order (`SUBPROOF` of RFC 6962 §2.1.2).
fn consistency_ranges(old: u64, new: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if old > new {
        return Err(ProofError::SizeOrder { old, new });
    }
    let mut siblings = Vec::new();
    if old == 0 {
        return Ok(siblings);
    }
    let mut range = 0..new;
    while range.end != old {
        let middle = split(&range);
        if old <= middle {
            siblings.push(middle..range.end);
            range.end = middle;
        } else {
            siblings.push(range.start..middle);
            range.start = middle;
        }
    }
    // A range from 0 is the old tree itself, whose root the verifier has.
    if range.start > 0 {
        siblings.push(range);
    }
    siblings.reverse();
    Ok(siblings)
}

fn tiles_of(ranges: &[Range<u64>], size: u64) -> Vec<TileId> {
    let mut tiles: Vec<TileId> = ranges
        .iter()
        .flat_map(|range| Subtree::decompose(range.clone()))
        .map(|subtree| subtree.tile(size))
        .collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

fn roots_of(ranges: Vec<Range<u64>>, roots: &mut Roots<'_>) -> Result<Vec<Hash>, ProofError> {
    ranges.into_iter().map(|range| roots.of_range(range).map_err(ProofError::MissingTile)).collect()
}
