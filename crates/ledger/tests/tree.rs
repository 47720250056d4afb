//! The tree, its tiles and its proofs against two independent implementations, `tlog_tiles` and `ct-merkle`.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::too_many_lines)]

#[path = "tree/oracle.rs"]
mod oracle;
#[path = "tree/proofs.rs"]
mod proofs;
#[path = "tree/tiles.rs"]
mod tiles;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger::hash::{Hash, sha256};
use ledger::tile::{TREE_SIZE_MAX, edge_tiles};
use ledger::tree::{Tree, TreeError};
use oracle::{EDGE_SIZES, LOG, LOG_SIZE, entry, leaf};
use sha2::Sha256;

#[test]
fn roots_agree_with_two_other_implementations() {
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut tree = Tree::empty();
    for size in 0..=LOG_SIZE {
        if size <= 1_030 || EDGE_SIZES.contains(&size) {
            assert_eq!(tree.size(), size);
            assert_eq!(tree.root(), LOG.root(size), "tlog_tiles, size {size}");
            assert_eq!(
                tree.root().0.as_slice(),
                other.root().as_bytes().as_slice(),
                "ct-merkle, size {size}"
            );
        }
        tree.append(leaf(size));
        other.push(entry(size));
    }
}

#[test]
fn empty_tree_hashes_to_the_hash_of_nothing() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Tree::empty().root().hex(), empty);
    assert_eq!(Tree::from_edge(0, &[]).unwrap(), Tree::empty());
}

#[test]
fn a_batch_is_its_leaves_one_by_one() {
    let mut one_by_one = Tree::empty();
    let mut nodes = Vec::new();
    for position in 0..LOG_SIZE {
        nodes.extend(one_by_one.append(leaf(position)));
    }
    let mut batches = Tree::empty();
    let mut batch_nodes = Vec::new();
    for start in (0..LOG_SIZE).step_by(700) {
        batch_nodes.extend(batches.extend((start..LOG_SIZE.min(start + 700)).map(leaf)));
    }
    assert_eq!(batches, one_by_one);
    assert_eq!(batch_nodes, nodes);
    assert_eq!(nodes.iter().filter(|node| node.level == 1).count(), 257);
    assert_eq!(nodes.iter().filter(|node| node.level == 2).count(), 1);
    assert_eq!(nodes.len(), 258);
}

#[test]
fn a_tree_goes_on_from_its_stored_edge() {
    for size in (0..=1_030).chain(EDGE_SIZES) {
        let mut tree = Tree::from_edge(size, &LOG.edge(size)).unwrap();
        assert_eq!(tree.root(), LOG.root(size), "size {size}");
        assert_eq!(tree, Tree::from_tiles(size, &LOG.tiles(&edge_tiles(size))).unwrap(), "size {size}");
        let grown = LOG_SIZE.min(size + 300);
        for node in tree.extend((size..grown).map(leaf)) {
            assert_eq!(
                node.hash,
                LOG.rows[usize::from(node.level)][node.index as usize],
                "after size {size}"
            );
        }
        assert_eq!(tree.root(), LOG.root(grown), "from {size} to {grown}");
    }
}

#[test]
fn an_edge_of_another_shape_is_refused() {
    let check = |size: u64, edge: &[Vec<Hash>], expected: TreeError| {
        assert_eq!(Tree::from_edge(size, edge), Err(expected), "size {size}");
    };
    let hashes = |count: usize| vec![sha256(b"any"); count];
    check(5, &[], TreeError::Edge { level: 0, expected: 5, actual: 0 });
    check(5, &[hashes(4)], TreeError::Edge { level: 0, expected: 5, actual: 4 });
    check(5, &[hashes(6)], TreeError::Edge { level: 0, expected: 5, actual: 6 });
    check(5, &[hashes(5), hashes(1)], TreeError::Edge { level: 1, expected: 0, actual: 1 });
    check(256, &[hashes(256), hashes(1)], TreeError::Edge { level: 0, expected: 0, actual: 256 });
    check(256, &[hashes(0)], TreeError::Edge { level: 1, expected: 1, actual: 0 });
    check(65_536, &[hashes(0), hashes(0), hashes(2)], TreeError::Edge { level: 2, expected: 1, actual: 2 });
    check(1 << 63, &[], TreeError::Size(1 << 63));
    check(u64::MAX, &[], TreeError::Size(u64::MAX));
    assert_eq!(Tree::from_tiles(1 << 63, &LOG.tiles(&[])), Err(TreeError::Size(1 << 63)));
    let older = LOG.tiles(&edge_tiles(300));
    assert_eq!(Tree::from_tiles(301, &older), Err(TreeError::MissingTile(edge_tiles(301)[0])));
}

#[test]
fn the_largest_tree_still_has_a_root() {
    let edge: Vec<Vec<Hash>> = edge_tiles(TREE_SIZE_MAX)
        .iter()
        .map(|tile| vec![sha256(b"any"); usize::from(tile.width())])
        .collect();
    assert_eq!(edge.iter().map(Vec::len).collect::<Vec<_>>(), [255, 255, 255, 255, 255, 255, 255, 127]);
    let mut tree = Tree::from_edge(TREE_SIZE_MAX, &edge).unwrap();
    let before = tree.root();
    assert_eq!(tree.append(sha256(b"one more")).len(), 7, "a node on every level from 1 to 7");
    assert_ne!(tree.root(), before);
}
