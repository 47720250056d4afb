//! Which tiles there are, how they are named, and what is in them.

use ledger::hash::Hash;
use ledger::tile::{EntriesId, TileError, TileId, TileSet, edge_tiles, encode_tile, entries_for, tiles_for};
use proptest::prelude::*;

use super::oracle::{EDGE_SIZES, LOG, entry, leaf};

/// Our path with the tile height in it, which `tlog_tiles` names in front of the level.
fn path_with_height(tile: &TileId) -> String {
    tile.path().replacen("tile/", "tile/8/", 1)
}

#[test]
fn every_tile_of_every_size_is_listed_with_its_exact_width() {
    for size in (0..=1_030).chain(EDGE_SIZES) {
        let ours: Vec<TileId> = tiles_for(size).collect();
        let other = tlog_tiles::Tile::new_tiles(8, 0, size);
        let paths = |tiles: &[TileId]| tiles.iter().map(path_with_height).collect::<Vec<_>>();
        assert_eq!(paths(&ours), other.iter().map(tlog_tiles::Tile::path).collect::<Vec<_>>(), "size {size}");
        let partial: Vec<TileId> = ours.iter().copied().filter(|tile| !tile.is_full()).collect();
        assert_eq!(edge_tiles(size), partial, "size {size}");
        let level_0: Vec<TileId> = ours.iter().copied().filter(|tile| tile.level() == 0).collect();
        assert_eq!(
            entries_for(size).map(|entries| entries.tile()).collect::<Vec<_>>(),
            level_0,
            "size {size}"
        );
        assert_eq!(level_0.iter().map(|tile| u64::from(tile.width())).sum::<u64>(), size);
        for tile in &ours {
            assert_eq!(TileId::at(tile.level(), tile.index(), size), Some(*tile), "size {size}");
        }
    }
}

#[test]
fn tile_bytes_are_those_of_the_other_implementation() {
    for size in (1..=1_030).step_by(97).chain(EDGE_SIZES) {
        for (ours, other) in tiles_for(size).zip(tlog_tiles::Tile::new_tiles(8, 0, size)) {
            let bytes = encode_tile(&LOG.tile(&ours));
            assert_eq!(bytes, LOG.oracle_tile(&other), "{ours} of size {size}");
            let mut set = TileSet::new();
            set.insert_bytes(ours, &bytes).unwrap();
            assert_eq!(set.get(&ours), Some(LOG.tile(&ours).as_slice()));
        }
    }
}

#[test]
fn the_example_of_the_specification() {
    let tiles: Vec<TileId> = tiles_for(70_000).collect();
    let count = |level: u8, full: bool| {
        tiles.iter().filter(|tile| tile.level() == level && tile.is_full() == full).count()
    };
    assert_eq!((count(0, true), count(0, false)), (273, 1));
    assert_eq!((count(1, true), count(1, false)), (1, 1));
    assert_eq!((count(2, true), count(2, false)), (0, 1));
    let widths: Vec<u16> = edge_tiles(70_000).iter().map(TileId::width).collect();
    assert_eq!(widths, [112, 17, 1]);
    assert_eq!(tiles_for(256).map(|tile| tile.path()).collect::<Vec<_>>(), ["tile/0/000", "tile/1/000.p/1"]);
}

#[test]
fn tiles_outside_a_tree_are_none() {
    assert_eq!(TileId::at(0, 0, 0), None);
    assert_eq!(TileId::at(0, 1, 256), None);
    assert_eq!(TileId::at(1, 0, 255), None);
    assert_eq!(TileId::at(8, 0, u64::MAX), None);
    assert_eq!(TileId::at(63, 0, u64::MAX), None);
    assert_eq!(TileId::at(0, u64::MAX, u64::MAX), None);
    assert_eq!(EntriesId::at(1, 256), None);
    assert_eq!(TileId::at(7, 0, u64::MAX).map(|tile| tile.width()), Some(255));
    for (level, width) in [(64, 1), (0, 0), (0, 257)] {
        assert_eq!(TileId::new(level, 0, width), Err(TileError::Shape { level, width }));
    }
}

#[test]
fn paths_have_one_spelling() {
    let check = |path: &str, expected: Option<(u8, u64, u16)>| {
        let tile = TileId::parse(path).ok();
        assert_eq!(tile.map(|tile| (tile.level(), tile.index(), tile.width())), expected, "{path:?}");
        let entries = format!("tile/entries/{}", path.splitn(3, '/').nth(2).unwrap_or("-"));
        if path.starts_with("tile/0/") {
            let id = EntriesId::parse(&entries).ok();
            assert_eq!(id.map(|id| (0, id.index(), id.width())), expected, "{entries:?}");
        }
    };
    check("tile/0/000", Some((0, 0, 256)));
    check("tile/0/x001/067", Some((0, 1_067, 256)));
    check("tile/0/x001/x234/067", Some((0, 1_234_067, 256)));
    check("tile/0/x001/x234/067.p/8", Some((0, 1_234_067, 8)));
    check("tile/0/x018/x446/x744/x073/x709/x551/615", Some((0, u64::MAX, 256)));
    check("tile/63/255.p/255", Some((63, 255, 255)));
    let refused = [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile//000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/256/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/000/001",
        "tile/0/x001/x002",
        "tile/0/X001/067",
        "tile/0/x01/067",
        "tile/0/x0001/067",
        "tile/0/+00",
        "tile/0/ 00",
        "tile/0/00a",
        "tile/0/\u{0661}00",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/08",
        "tile/0/000.p/+8",
        "tile/0/000.p/-8",
        "tile/0/000.p/8/",
        "tile/0/000.p/8.p/8",
        "tile/0/.p/8",
        "tile/0/000.P/8",
        "tile/0/000?",
        "tile/0/../000",
        "tile/0/x001//067",
        "tile/x/000",
        "tile/data/000",
        "tile/entries/000",
    ];
    for path in refused {
        check(path, None);
    }
    for path in ["tile/0/000", "tile/entries", "tile/entries/", "tile/entries/0", "tile/Entries/000"] {
        assert_eq!(EntriesId::parse(path), Err(TileError::Path(path.to_owned())));
    }
}

proptest! {
    #[test]
    fn paths_round_trip(level in 0u8..64, index: u64, width in 1u16..=256) {
        let tile = TileId::new(level, index >> (index % 64), width).unwrap();
        prop_assert_eq!(TileId::parse(&tile.path()), Ok(tile));
        let other = tlog_tiles::Tile::new(8, level, tile.index(), u32::from(width), false);
        prop_assert_eq!(path_with_height(&tile), other.path());
        let entries = EntriesId::parse(&tile.path().replacen(&format!("/{level}/"), "/entries/", 1)).unwrap();
        prop_assert_eq!((entries.index(), entries.width()), (tile.index(), width));
        prop_assert_eq!(EntriesId::parse(&entries.path()), Ok(entries));
    }

    #[test]
    fn whatever_parses_is_spelled_the_same(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,3}x?[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = TileId::parse(&path) {
            prop_assert_eq!(tile.path(), path);
        }
    }

    #[test]
    fn bundles_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..=256)) {
        let id = EntriesId::at(0, entries.len() as u64).unwrap();
        let bytes = id.encode(&entries).unwrap();
        prop_assert_eq!(id.decode(&bytes).unwrap(), entries.clone());
        for cut in [1, 2, 3, bytes.len() / 2] {
            let cut = bytes.len().saturating_sub(cut);
            prop_assert!(id.decode(&bytes[..cut]).is_err(), "cut to {cut} of {}", bytes.len());
        }
        let more = [bytes.as_slice(), &[0, 0]].concat();
        let width = TileError::Width { expected: id.width(), actual: entries.len() + 1 };
        prop_assert_eq!(id.decode(&more), Err(width));
    }
}

#[test]
fn a_bundle_is_lengths_and_entries() {
    let id = EntriesId::at(0, 3).unwrap();
    let bytes = id.encode(&[b"ab".as_slice(), b"", &[7; 258]]).unwrap();
    assert_eq!(bytes[..8], [0, 2, b'a', b'b', 0, 0, 1, 2]);
    assert_eq!(bytes[8..], [7; 258]);
    let width = |actual| TileError::Width { expected: 3, actual };
    assert_eq!(id.encode(&[b"ab", b"cd"]), Err(width(2)));
    assert_eq!(id.decode(&[]), Err(width(0)));
    assert_eq!(id.decode(&[0]), Err(TileError::Truncated { item: 0 }));
    assert_eq!(id.decode(&[0, 1, b'a', 0, 2, b'a']), Err(TileError::Truncated { item: 1 }));
    let longest = vec![1; 65_535];
    let id = EntriesId::at(0, 1).unwrap();
    assert_eq!(id.decode(&id.encode(&[&longest]).unwrap()).unwrap(), [longest.as_slice()]);
    assert_eq!(id.encode(&[vec![1; 65_536]]), Err(TileError::EntryTooLong { bytes: 65_536 }));
}

#[test]
fn a_bundle_hashes_to_its_tile() {
    for id in entries_for(600) {
        let entries: Vec<Vec<u8>> = id.positions().map(entry).collect();
        let bytes = id.encode(&entries).unwrap();
        let leaves: Vec<Hash> = id.decode(&bytes).unwrap().into_iter().map(ledger::hash::leaf_hash).collect();
        assert_eq!(leaves, LOG.tile(&id.tile()));
        assert_eq!(leaves, id.positions().map(leaf).collect::<Vec<_>>());
    }
}

#[test]
fn a_tile_of_another_length_is_refused() {
    let tile = TileId::new(0, 0, 3).unwrap();
    let mut set = TileSet::new();
    assert_eq!(set.insert_bytes(tile, &[0; 64]), Err(TileError::Width { expected: 3, actual: 2 }));
    assert_eq!(set.insert_bytes(tile, &[0; 128]), Err(TileError::Width { expected: 3, actual: 4 }));
    assert_eq!(set.insert_bytes(tile, &[0; 95]), Err(TileError::Truncated { item: 2 }));
    assert_eq!(set.insert(tile, vec![leaf(0)]), Err(TileError::Width { expected: 3, actual: 1 }));
    assert_eq!(set.iter().count(), 0);
    assert_eq!(set.insert_bytes(tile, &[0; 96]), Ok(()));
    assert_eq!(set.get(&TileId::new(0, 0, 2).unwrap()), None);
}
