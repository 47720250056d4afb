//! Views are folded anew and put in place while the service runs: nothing waits for long, nothing is lost.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::time::Duration;

use it::load::{Poster, webhooks};
use it::{Setup, SourceKind, StoreKind, World};
use projector::rebuild;
use serde_json::json;
use store::Store;

const POSTGRES: Setup = Setup { store: StoreKind::Postgres, source: SourceKind::Journal };
const WEBHOOKS: usize = 700;
const AT_ONCE: usize = 12;
const REBUILDS_MIN: usize = 3;

async fn draft(world: &World) {
    let body = json!({
        "transcript": "Agreement to supply 500 kg of maize",
        "parties": [{"phone": "+254700000011", "role": "buyer"}, {"phone": "+254700000012", "role": "seller"}],
    });
    let (status, answer) = world.post_json("/api/v1/contracts/create", &body).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_projector_under_load_on_sqlite() {
    under_load(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_projector_under_load_on_postgres() {
    under_load(POSTGRES).await;
}

async fn under_load(setup: Setup) {
    let world = World::start(setup).await;
    draft(&world).await;
    let sender = Poster::to(&world);
    let load = tokio::spawn(async move { sender.post_all(webhooks(11, WEBHOOKS), AT_ONCE).await });
    // Connections of its own, as the command has them.
    let store = world.open_store().await;
    let mut rebuilds = 0;
    while rebuilds < REBUILDS_MIN || !load.is_finished() {
        rebuild::replace(&store, &format!("rebuild {rebuilds}"), |_, _| {}).await.unwrap();
        // A command is recorded in between: the projector came back.
        draft(&world).await;
        rebuilds += 1;
    }
    let (_, refused) = load.await.unwrap();
    assert!(refused.is_empty(), "{} webhooks were not taken", refused.len());
    store.close().await;
    world.settle_folding().await;
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_meanwhile_does_not_come_back_on_sqlite() {
    erased_meanwhile(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_meanwhile_does_not_come_back_on_postgres() {
    erased_meanwhile(POSTGRES).await;
}

/// Values are erased after they were folded, and before what was folded is put in place.
async fn erased_meanwhile(setup: Setup) {
    let mut world = World::start(setup).await;
    draft(&world).await;
    world.settle().await;
    world.halt().await;
    let store = world.open_store().await;
    let mut erased = 0;
    let progress = |_, _| {
        if erased == 0 {
            let erase = async { erase_all(&store).await };
            erased = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(erase));
        }
    };
    rebuild::replace(&store, "rebuild", progress).await.unwrap();
    assert!(erased > 5, "only {erased} values were erased");
    let size = store.tip().await.unwrap().size;
    assert_eq!(store.disclosures_before(size).await.unwrap(), 0);
    let differences = rebuild::compare(&store, |_, _| {}).await.unwrap();
    assert!(differences.is_empty(), "views hold what was erased: {differences:?}");
    store.close().await;
    world.end().await;
}

async fn erase_all(store: &Store) -> u64 {
    let lease = store.seize_lease("erasing", Duration::from_secs(60)).await.unwrap();
    let positions: Vec<u64> = (0..store.tip().await.unwrap().size).collect();
    let rows = store.disclosures_of(&positions).await.unwrap();
    let all: Vec<(u64, String)> = rows.into_iter().map(|row| (row.position, row.digest())).collect();
    store.erase_disclosures(&lease, &all).await.unwrap()
}
