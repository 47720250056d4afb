//! 6: nothing is signed that cannot be served. Each note, in the file beside the database before anybody else can have
//! it, and published, is followed by every tile and entry that it implies, while steps fail.

use std::collections::BTreeSet;
use std::time::Duration;

use it::mirror::{Mirror, Signed};
use it::{Setup, World, load};
use projector::faults::{Step, Way};

/// Webhooks for each step that fails.
const PART: usize = 60;
/// What fails between a record and what was signed over it.
const FAULTS: [(Step, Way); 6] = [
    (Step::Commit, Way::Before),
    (Step::Commit, Way::After),
    (Step::Swap, Way::Before),
    (Step::Swap, Way::After),
    (Step::InsertCheckpoint, Way::Before),
    (Step::InsertCheckpoint, Way::After),
];

pub async fn story(setup: Setup) {
    let world = World::start(setup).await;
    let mut seen = BTreeSet::new();
    let webhooks = load::webhooks(71, PART * FAULTS.len());
    for ((step, way), part) in FAULTS.into_iter().zip(webhooks.chunks(PART)) {
        let before = world.faults.fired();
        world.faults.fail(step, way, 1);
        let load = async {
            world.deliver(part.to_vec(), 8).await;
            world.settle_folding().await;
            world.settle_signing().await;
        };
        watch(&world, &mut seen, load).await;
        assert_eq!(world.faults.fired(), before + 1, "{step:?} {way:?}: the fault was met");
    }
    assert!(seen.len() >= FAULTS.len(), "only {} heads were seen", seen.len());
    let last = Mirror::of(&world).checkpoint().await.unwrap();
    assert!(last.size > 256, "only one tile");
    world.sound().await;
}

/// Looks at every new note, in the file and as published, for as long as something goes on.
async fn watch(world: &World, seen: &mut BTreeSet<u64>, work: impl Future<Output = ()>) {
    let mut work = std::pin::pin!(work);
    let mut done = false;
    while !done {
        tokio::select! {
            () = &mut work => done = true,
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
        let looked = look(world, seen);
        // The load goes on meanwhile.
        let mut looked = std::pin::pin!(looked);
        loop {
            tokio::select! {
                biased;
                () = &mut looked => break,
                () = &mut work, if !done => done = true,
            }
        }
    }
}

async fn look(world: &World, seen: &mut BTreeSet<u64>) {
    let mirror = Mirror::of(world);
    let file = std::fs::read_to_string(world.config().lock_file()).ok();
    let signed = file.map(|note| Signed::read(&note, &mirror.vkey));
    for head in signed.into_iter().chain(mirror.checkpoint().await) {
        if seen.insert(head.size) {
            mirror.assert_served(&head).await;
        }
    }
}
