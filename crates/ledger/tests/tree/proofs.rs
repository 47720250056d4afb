//! Proofs: made from no more tiles than named, equal to those of others, and refused when anything in them is changed.

use std::fmt::Debug;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger::hash::{Hash, sha256};
use ledger::proof::{
    ProofError, consistency, consistency_tiles, inclusion, inclusion_tiles, inclusions, inclusions_tiles,
    verify_consistency, verify_inclusion,
};
use ledger::tile::{TileId, TileSet, tiles_for};
use sha2::Sha256;

use super::oracle::{Dice, EDGE_SIZES, LOG, LOG_SIZE, entry, leaf};

/// Makes and verifies one inclusion proof, from exactly the tiles named.
fn check_inclusion(index: u64, size: u64) -> Vec<Hash> {
    let tiles = inclusion_tiles(index, size).unwrap();
    let path = inclusion(index, size, &LOG.tiles(&tiles)).unwrap();
    assert_eq!(path, LOG.oracle_inclusion(index, size), "leaf {index} of {size}");
    assert_eq!(
        verify_inclusion(&leaf(index), index, size, &LOG.root(size), &path),
        Ok(()),
        "leaf {index} of {size}"
    );
    path
}

/// Makes and verifies one consistency proof, from exactly the tiles named.
fn check_consistency(old: u64, new: u64) -> Vec<Hash> {
    let tiles = consistency_tiles(old, new).unwrap();
    let path = consistency(old, new, &LOG.tiles(&tiles)).unwrap();
    if old > 0 {
        assert_eq!(path, LOG.oracle_consistency(old, new), "{old} to {new}");
    }
    assert_eq!(verify_consistency(old, new, &LOG.root(old), &LOG.root(new), &path), Ok(()), "{old} to {new}");
    path
}

#[test]
fn inclusion_proofs_agree() {
    let mut dice = Dice(1);
    for size in 1..=1_030 {
        for index in [0, size - 1, size / 2, dice.roll(size), dice.roll(size)] {
            check_inclusion(index, size);
        }
    }
    for size in (1..=40).chain([255, 256, 257, 1_030]) {
        for index in 0..size {
            check_inclusion(index, size);
        }
    }
    for size in EDGE_SIZES {
        for index in [0, 255, 256, 65_279, 65_280, 65_535, 65_536, size - 1].into_iter().filter(|i| *i < size)
        {
            check_inclusion(index, size);
        }
    }
    for _ in 0..500 {
        let size = 1 + dice.roll(LOG_SIZE);
        check_inclusion(dice.roll(size), size);
    }
}

#[test]
fn consistency_proofs_agree() {
    let mut dice = Dice(2);
    for new in 0..=130 {
        for old in 0..=new {
            check_consistency(old, new);
        }
    }
    for new in 131u64..=1_030 {
        for old in [0, 1, new - 1, new, 1 << new.ilog2(), dice.roll(new), dice.roll(new)] {
            check_consistency(old, new);
        }
    }
    for new in EDGE_SIZES {
        for old in EDGE_SIZES.into_iter().filter(|old| *old <= new) {
            check_consistency(old, new);
        }
    }
    for _ in 0..500 {
        let new = 1 + dice.roll(LOG_SIZE);
        check_consistency(dice.roll(new + 1), new);
    }
}

#[test]
fn proofs_agree_with_a_third_implementation() {
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut dice = Dice(3);
    for size in 1..=1_030u64 {
        other.push(entry(size - 1));
        for index in [0, size - 1, dice.roll(size)] {
            let ours: Vec<u8> = check_inclusion(index, size).iter().flat_map(|hash| hash.0).collect();
            assert_eq!(ours, other.prove_inclusion(index as usize).as_bytes(), "leaf {index} of {size}");
        }
        for old in [1, 1 + dice.roll(size)].into_iter().filter(|old| *old < size) {
            let ours: Vec<u8> = check_consistency(old, size).iter().flat_map(|hash| hash.0).collect();
            assert_eq!(ours, other.prove_consistency((size - old) as usize).as_bytes(), "{old} to {size}");
        }
    }
}

/// Every listed tile is needed, is a tile of that size, and is not replaced by one of another width.
fn check_tiles<T: Debug + PartialEq>(
    tiles: &[TileId],
    size: u64,
    prove: impl Fn(&TileSet) -> Result<T, ProofError>,
) {
    let listed: Vec<TileId> = tiles_for(size).collect();
    let all = LOG.tiles(tiles);
    assert_eq!(all.iter().count(), tiles.len(), "a tile of size {size} is named twice");
    for missing in tiles {
        assert!(listed.contains(missing), "{missing} of size {size}");
        let mut without = TileSet::new();
        for (tile, hashes) in all.iter().filter(|(tile, _)| *tile != missing) {
            without.insert(*tile, hashes.to_vec()).unwrap();
        }
        assert_eq!(prove(&without), Err(ProofError::MissingTile(*missing)));
        for width in [missing.width() - 1, missing.width() + 1] {
            if let Ok(other) = TileId::new(missing.level(), missing.index(), width) {
                without.insert(other, vec![sha256(b"any"); usize::from(width)]).unwrap();
            }
        }
        assert_eq!(prove(&without), Err(ProofError::MissingTile(*missing)));
    }
}

#[test]
fn a_proof_needs_each_tile_it_names_at_its_width() {
    for size in EDGE_SIZES {
        for index in [0, size / 3, size - 1] {
            check_tiles(&inclusion_tiles(index, size).unwrap(), size, |tiles| inclusion(index, size, tiles));
        }
        for old in [1, size / 3, size - 1, size] {
            check_tiles(&consistency_tiles(old, size).unwrap(), size, |tiles| consistency(old, size, tiles));
        }
    }
}

#[test]
fn proofs_made_together_are_those_made_one_by_one() {
    let mut dice = Dice(7);
    for size in EDGE_SIZES.into_iter().chain([1, 2, 300, 1_030]) {
        let near = dice.roll(size);
        let mut indices: Vec<u64> = (near..size).take(12).chain([0, size - 1]).collect();
        indices.extend((0..6).map(|_| dice.roll(size)));
        let named = inclusions_tiles(&indices, size).unwrap();
        let tiles = LOG.tiles(&named);
        let alone: Vec<_> = indices.iter().map(|index| check_inclusion(*index, size)).collect();
        assert_eq!(inclusions(&indices, size, &tiles), Ok(alone), "{indices:?} of {size}");
        check_tiles(&named, size, |tiles| inclusions(&indices, size, tiles));
    }
    assert_eq!(inclusions(&[], 7, &TileSet::new()), Ok(Vec::new()));
    let out_of_range = ProofError::IndexOutOfRange { index: 7, size: 7 };
    assert_eq!(inclusions_tiles(&[0, 7], 7), Err(out_of_range.clone()));
    assert_eq!(inclusions(&[7], 7, &TileSet::new()), Err(out_of_range));
}

fn flip(hash: &Hash, bit: usize) -> Hash {
    let mut flipped = *hash;
    flipped.0[bit / 8] ^= 1 << (bit % 8);
    flipped
}

/// Every path that differs from `path` in one bit, and every one with a hash left out, put in or two swapped.
fn changed_paths(path: &[Hash]) -> Vec<Vec<Hash>> {
    let mut changed = Vec::new();
    for place in 0..path.len() {
        for bit in (0..256).step_by(if path.len() > 4 { 31 } else { 1 }) {
            let mut flipped = path.to_vec();
            flipped[place] = flip(&path[place], bit);
            changed.push(flipped);
        }
        let mut shorter = path.to_vec();
        shorter.remove(place);
        changed.push(shorter);
        if place > 0 {
            let mut swapped = path.to_vec();
            swapped.swap(place - 1, place);
            changed.push(swapped);
        }
    }
    for place in 0..=path.len() {
        for extra in [sha256(b""), path.last().copied().unwrap_or(sha256(b"any"))] {
            let mut longer = path.to_vec();
            longer.insert(place, extra);
            changed.push(longer);
        }
    }
    changed
}

#[test]
fn a_changed_inclusion_proof_is_refused() {
    for (index, size) in
        [(0, 1), (0, 2), (1, 2), (2, 3), (4, 7), (6, 7), (5, 8), (255, 257), (256, 257), (65_536, 66_000)]
    {
        let (leaf_hash, root) = (leaf(index), LOG.root(size));
        let path = check_inclusion(index, size);
        let accepts = |leaf: &Hash, index, size, root: &Hash, path: &[Hash]| {
            verify_inclusion(leaf, index, size, root, path).is_ok()
        };
        for changed in changed_paths(&path) {
            assert!(!accepts(&leaf_hash, index, size, &root, &changed), "leaf {index} of {size}");
        }
        for bit in 0..256 {
            assert!(!accepts(&flip(&leaf_hash, bit), index, size, &root, &path), "leaf {index} of {size}");
            assert!(!accepts(&leaf_hash, index, size, &flip(&root, bit), &path), "leaf {index} of {size}");
        }
        for other in (0..size.min(600)).chain([size, size + 1, u64::MAX]).filter(|other| *other != index) {
            assert!(
                !accepts(&leaf_hash, other, size, &root, &path),
                "leaf {index} of {size} as leaf {other}"
            );
        }
        // A wrong size comes with the root of that size: the two stand together in a checkpoint.
        for other in (0..=size + 40).filter(|other| *other != size && *other <= LOG_SIZE) {
            assert!(
                !accepts(&leaf_hash, index, other, &LOG.root(other), &path),
                "leaf {index} of {size} in {other}"
            );
        }
    }
}

#[test]
fn a_changed_consistency_proof_is_refused() {
    for (old, new) in
        [(1, 2), (1, 3), (2, 3), (3, 4), (4, 7), (6, 7), (3, 8), (256, 257), (255, 513), (65_535, 66_000)]
    {
        let (old_root, new_root) = (LOG.root(old), LOG.root(new));
        let path = check_consistency(old, new);
        let accepts = |old, new, old_root: &Hash, new_root: &Hash, path: &[Hash]| {
            verify_consistency(old, new, old_root, new_root, path).is_ok()
        };
        for changed in changed_paths(&path) {
            assert!(!accepts(old, new, &old_root, &new_root, &changed), "{old} to {new}");
        }
        for bit in 0..256 {
            assert!(!accepts(old, new, &flip(&old_root, bit), &new_root, &path), "{old} to {new}");
            assert!(!accepts(old, new, &old_root, &flip(&new_root, bit), &path), "{old} to {new}");
        }
        for other in (0..=(new + 40).min(600)).filter(|other| *other != old) {
            assert!(!accepts(other, new, &LOG.root(other), &new_root, &path), "{old} to {new} from {other}");
        }
        for other in (0..=(new + 40).min(600)).filter(|other| *other != new) {
            assert!(!accepts(old, other, &old_root, &LOG.root(other), &path), "{old} to {new} up to {other}");
        }
        assert!(!accepts(new, old, &new_root, &old_root, &path), "{new} to {old}");
    }
}

#[test]
fn refusals_name_their_cause() {
    let (root_7, root_8) = (LOG.root(7), LOG.root(8));
    let path = check_inclusion(4, 7);
    let inclusion_of_4 = |path: &[Hash]| verify_inclusion(&leaf(4), 4, 7, &root_7, path);
    assert_eq!(inclusion_of_4(&path[..2]), Err(ProofError::PathTooShort));
    assert_eq!(inclusion_of_4(&[path.as_slice(), &path[..1]].concat()), Err(ProofError::PathTooLong));
    let mismatch = ProofError::RootMismatch { size: 7, expected: root_8, actual: root_7 };
    assert_eq!(verify_inclusion(&leaf(4), 4, 7, &root_8, &path), Err(mismatch));
    let out_of_range = ProofError::IndexOutOfRange { index: 7, size: 7 };
    assert_eq!(verify_inclusion(&leaf(4), 7, 7, &root_7, &path), Err(out_of_range.clone()));
    assert_eq!(inclusion_tiles(7, 7), Err(out_of_range.clone()));
    assert_eq!(inclusion(7, 7, &TileSet::new()), Err(out_of_range));
    assert_eq!(inclusion_tiles(0, 0), Err(ProofError::IndexOutOfRange { index: 0, size: 0 }));

    let order = ProofError::SizeOrder { old: 8, new: 7 };
    assert_eq!(consistency_tiles(8, 7), Err(order.clone()));
    assert_eq!(consistency(8, 7, &TileSet::new()), Err(order.clone()));
    assert_eq!(verify_consistency(8, 7, &root_8, &root_7, &[]), Err(order));
    assert_eq!(verify_consistency(7, 8, &root_7, &root_8, &[]), Err(ProofError::PathTooShort));
    assert_eq!(verify_consistency(4, 8, &LOG.root(4), &root_8, &[]), Err(ProofError::PathTooShort));
    assert_eq!(verify_consistency(7, 7, &root_7, &root_7, &path), Err(ProofError::PathTooLong));
    let fork = ProofError::RootMismatch { size: 7, expected: root_7, actual: root_8 };
    assert_eq!(verify_consistency(7, 7, &root_7, &root_8, &[]), Err(fork));
    let empty = sha256(b"");
    assert_eq!(verify_consistency(0, 7, &empty, &root_7, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 7, &empty, &root_7, &path), Err(ProofError::PathTooLong));
    let not_empty = ProofError::RootMismatch { size: 0, expected: empty, actual: root_7 };
    assert_eq!(verify_consistency(0, 7, &root_7, &root_7, &[]), Err(not_empty.clone()));
    assert_eq!(verify_consistency(0, 0, &root_7, &root_7, &[]), Err(not_empty));
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    for size in [u64::MAX, 1 << 63, (1 << 63) - 1] {
        for index in [0, size / 2, size - 1] {
            assert!(inclusion_tiles(index, size).unwrap().iter().all(|tile| tile.level() <= 7));
            assert!(verify_inclusion(&leaf(0), index, size, &leaf(1), &[leaf(2); 64]).is_err());
        }
        for old in [1, size / 2, size - 1, size] {
            assert!(consistency_tiles(old, size).unwrap().iter().all(|tile| tile.level() <= 7));
            assert!(verify_consistency(old, size, &leaf(0), &leaf(1), &[leaf(2); 65]).is_err());
        }
    }
}
