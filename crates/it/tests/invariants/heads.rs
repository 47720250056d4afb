//! 4: every checkpoint that was ever published is the beginning of every later one, as tiles alone prove; and leaf i is
//! record i.

use std::collections::BTreeMap;

use it::mirror::{Mirror, Signed, opened};
use it::{Setup, World, load};
use tlog_tiles::Hash;

/// Webhooks between two restarts; together they make more than one tile.
const PART: usize = 150;
const PARTS: usize = 3;
/// Checkpoints there have to be to call it a history.
const HEADS_MIN: usize = 5;

pub async fn story(setup: Setup) {
    let mut world = World::start(setup).await;
    let mut heads: BTreeMap<u64, Signed> = BTreeMap::new();
    let webhooks = load::webhooks(61, PART * PARTS);
    for part in webhooks.chunks(PART) {
        // In pieces, so that there is a checkpoint between them.
        for piece in part.chunks(PART / 2) {
            collect(&world, &mut heads, world.deliver(piece.to_vec(), 8)).await;
            world.settle_folding().await;
            collect(&world, &mut heads, world.settle_signing()).await;
        }
        world.halt().await;
        world.boot().await;
    }
    world.settle_signing().await;
    // What a poller could have missed was published all the same.
    for row in world.system().store.checkpoints(0, 1_000).await.unwrap() {
        add(&mut heads, &Signed::read(&row.note, &Mirror::of(&world).vkey));
    }
    assert!(heads.len() >= HEADS_MIN, "only {} checkpoints", heads.len());
    assert!(heads.keys().max() > Some(&256), "only one tile");
    assert_consistent(&Mirror::of(&world), &heads).await;
    assert_leaves(&world, &heads).await;
    world.sound().await;
}

/// Asks for the checkpoint again and again while something goes on.
async fn collect(world: &World, heads: &mut BTreeMap<u64, Signed>, work: impl Future<Output = ()>) {
    let mirror = Mirror::of(world);
    let mut work = std::pin::pin!(work);
    loop {
        let seen = tokio::select! { biased; seen = mirror.checkpoint() => seen, () = &mut work => break };
        if let Some(signed) = seen {
            add(heads, &signed);
        }
        tokio::select! {
            () = &mut work => break,
            () = tokio::time::sleep(std::time::Duration::from_millis(20)) => {}
        }
    }
}

/// Two of one size have to be the same.
fn add(heads: &mut BTreeMap<u64, Signed>, signed: &Signed) {
    let known = heads.entry(signed.size).or_insert_with(|| signed.clone());
    assert_eq!(known.root, signed.root, "two heads of size {}", signed.size);
}

async fn assert_consistent(mirror: &Mirror<'_>, heads: &BTreeMap<u64, Signed>) {
    for (size, newer) in heads {
        let tiles = mirror.tiles(*size).await;
        for older in heads.range(..*size).map(|(_, older)| older) {
            older.begins(newer, &tiles).unwrap();
            let forged = Signed { root: Hash([7; 32]), ..older.clone() };
            assert!(forged.begins(newer, &tiles).is_err(), "another root of size {}", older.size);
        }
    }
}

/// Leaf i is the record that says it stands at i, as far as the database knows.
async fn assert_leaves(world: &World, heads: &BTreeMap<u64, Signed>) {
    let newest = heads.values().next_back().unwrap();
    let (_, entries) = Mirror::of(world).assert_served(newest).await;
    // The log goes on meanwhile: recordings of the load are looked for.
    let size = u32::try_from(newest.size).unwrap();
    let rows = world.system().store.records(0, size).await.unwrap();
    assert_eq!(rows.len(), entries.len());
    for (position, (entry, row)) in (0..).zip(entries.iter().zip(&rows)) {
        assert_eq!((row.position, row.jws.as_bytes()), (position, entry.as_slice()));
        let (_, payload, _) = opened(entry);
        assert_eq!(
            (&payload["stream"], &payload["version"]),
            (&row.stream.as_str().into(), &row.version.into())
        );
    }
}
