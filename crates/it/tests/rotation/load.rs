//! Under load, on both stores, from the journal and from NATS; then all of it again from an old backup.

use it::load::{Poster, webhooks};
use it::{Setup, SourceKind, StoreKind, World};

use crate::{draft, log, rotate, signed};

const BEFORE: usize = 60;
const DURING: usize = 900;
const AT_ONCE: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_from_the_journal() {
    under_load(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_from_the_journal() {
    under_load(Setup { store: StoreKind::Postgres, source: SourceKind::Journal }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_from_nats() {
    under_load(Setup { store: StoreKind::Sqlite, source: SourceKind::Nats }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_from_nats() {
    under_load(Setup { store: StoreKind::Postgres, source: SourceKind::Nats }).await;
}

async fn under_load(setup: Setup) {
    let mut world = World::start(setup).await;
    let mut all = webhooks(7, BEFORE + DURING);
    let during = all.split_off(BEFORE);
    world.deliver(all, AT_ONCE).await;
    world.settle_folding().await;
    world.halt().await;
    let backup = world.back_up().await;
    world.boot().await;

    let poster = Poster::to(&world);
    let load = tokio::spawn(async move { poster.post_all(during, AT_ONCE).await });
    let second = rotate(&world, false).await;
    let third = rotate(&world, true).await;
    let (_, refused) = load.await.unwrap();
    assert!(refused.is_empty(), "{} webhooks were not taken", refused.len());
    draft(&world).await;
    world.settle_folding().await;
    let whole = log(&world).await;
    check(&signed(&whole), [&second, &third]);

    world.settle_signing().await;
    world.halt().await;
    world.restore(backup).await;
    world.extra.push("--recover".to_owned());
    world.boot().await;
    world.settle_folding().await;
    world.settle_signing().await;
    // What was being done outside meanwhile may be reported behind it.
    assert!(log(&world).await.starts_with(&whole), "folding the same inputs again signed other bytes");
    world.extra.clear();
    world.sound().await;
}

/// Each key signs from behind the record that adds it up to the record that adds the next one.
fn check(signed: &[(String, String)], kids: [&str; 2]) {
    let added: Vec<usize> = (2..signed.len()).filter(|at| signed[*at].1 == "key.added").collect();
    assert_eq!(added.len(), kids.len());
    let mut expected = signed[0].0.as_str();
    for (at, (kid, _)) in signed.iter().enumerate() {
        assert_eq!(kid, expected, "position {at}");
        if let Some(n) = added.iter().position(|position| *position == at) {
            expected = kids[n];
        }
    }
    let ended: Vec<&str> = signed
        .iter()
        .map(|(_, kind)| kind.as_str())
        .filter(|k| matches!(*k, "key.retired" | "key.revoked"))
        .collect();
    assert_eq!(ended, ["key.retired", "key.revoked"]);
    assert!(added[0] > 2 && *added.last().unwrap() + 1 < signed.len());
}
