//! Somebody who has the old key, and the database, goes on with it.

use std::sync::Arc;
use std::time::Duration;

use contract::command::{Command, InvokeCall};
use contract::input::{Body, INPUT_VERSION, Input, Seed};
use contract::provider::Via;
use it::world::ORIGIN;
use it::{Setup, SourceKind, StoreKind, World, sound};
use ledger::hash::sha256;
use ledger::tree::Tree;
use projector::plan::{self, Read, Tail};
use projector::signer;

use crate::{draft, keys, rotate};

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_is_found_on_sqlite() {
    an_old_key_is_found(Setup::EMBEDDED, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_found_on_postgres() {
    an_old_key_is_found(Setup { store: StoreKind::Postgres, source: SourceKind::Journal }, true).await;
}

async fn an_old_key_is_found(setup: Setup, compromised: bool) {
    let mut world = World::start(setup).await;
    draft(&world).await;
    rotate(&world, compromised).await;
    draft(&world).await;
    world.settle().await;
    world.settle_signing().await;
    let (root, vkey) = cli::keyfiles::public(&keys(&world)).unwrap();
    world.halt().await;

    let store = world.open_store().await;
    let report = sound::audit(&store, ORIGIN, &root, &vkey.vkey()).await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let tip = store.tip().await.unwrap();
    let ring = Arc::new(signer::ring(&store, ORIGIN, Some(root.clone())).await.unwrap());
    let tree = Tree::from_edge(tip.size, &tip.edge).unwrap();
    let tail = Tail { tree, last_recorded_at: tip.last_recorded_at, ring };
    let (_, old) = cli::keyfiles::record_keys(&keys(&world)).unwrap().swap_remove(0);
    let reads = [Read::Input(Box::new(input()))];
    let loaded = store.load(&plan::load(&reads)).await.unwrap();
    let planned = plan::plan(reads, loaded, &tail, ORIGIN, &old, None).unwrap();
    let lease = store.acquire_lease("thief", Duration::from_secs(60)).await.unwrap().unwrap();
    store.commit(&lease, planned.commit).await.unwrap();

    let report = sound::audit(&store, ORIGIN, &root, &vkey.vkey()).await;
    assert_eq!(report.exit_code(), 1, "{report}");
    let told = report.to_string();
    assert!(told.contains("the key counts only before position"), "{told}");
    assert!(told.contains(&tip.size.to_string()), "{told}");
    store.close().await;
    world.end().await;
}

fn input() -> Input {
    let seed = sha256(b"a forged input");
    Input {
        v: INPUT_VERSION,
        id: uuid::Uuid::now_v7(),
        via: Via::Api,
        received_at: cli::system::now(),
        authenticated: true,
        seed: Seed(seed),
        body: Body::Command(Command::InvokeCall(InvokeCall {
            dial_id: "dial_forged".to_owned(),
            phone: "+254700000031".parse().unwrap(),
            provider: None,
        })),
    }
}
