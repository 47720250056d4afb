//! What erasing means for backups and for folding again.

use std::path::Path;

use it::{Setup, World, maize};
use serde_json::json;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("ledger.db{suffix}");
        let _ = std::fs::remove_file(to.join(&name));
        if from.join(&name).exists() {
            std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

/// A backup made before the erasure holds the values again. The request is still in the journal, since it names nobody;
/// so folding what came after the backup erases them again, with the same records.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_is_erased_again() {
    let mut world = World::start(Setup::EMBEDDED).await;
    let (_, contract_id) = maize::agree(&world).await;
    world.settle().await;
    world.halt().await;
    let (data, backup) = (world.directory.path().join("data"), world.directory.path().join("backup"));
    copy(&data, &backup);
    world.boot().await;
    let body = json!({ "phone": maize::BUYER, "ground": "request" });
    let (status, answer) = world.post_json("/v1/parties/erase", &body).await;
    assert_eq!(status, 200, "{answer}");
    world.settle().await;
    world.settle_signing().await;
    let size = world.system().store.tip().await.unwrap().size;
    world.halt().await;

    copy(&backup, &data);
    world.set_flags(&["--recover"]);
    world.boot().await;
    world.settle().await;
    assert!(world.system().store.tip().await.unwrap().size >= size);
    let contract = world.json(&format!("/v1/contracts/{contract_id}")).await;
    assert_eq!(contract["parties"][0]["phone"], "[erased]");
    // Signs only if the log is the one that was signed.
    world.settle_signing().await;
    world.sound().await;
}

/// What a source still holds can be folded any number of times; the erasure is not undone, nor made twice.
#[tokio::test(flavor = "multi_thread")]
async fn folding_again_brings_nothing_back() {
    let mut world = World::start(Setup::EMBEDDED).await;
    maize::agree(&world).await;
    // A report that is still to come would be new.
    world.settle().await;
    let body = json!({ "phone": maize::BUYER, "ground": "request" });
    let (status, answer) = world.post_json("/v1/parties/erase", &body).await;
    assert_eq!(status, 200, "{answer}");
    world.settle().await;
    let before = world.system().store.tip().await.unwrap().size;
    world.halt().await;
    let store = world.open_store().await;
    let index = cli::system::index(&world.config(), false).unwrap().unwrap();
    projector::rebuild::replace(&store, "again", |_, _| {}).await.unwrap();
    let lease = store.acquire_lease("again", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    projector::person::make(&store, &lease, &index).await.unwrap();
    assert_eq!(store.person(index.token(&maize::BUYER.parse().unwrap())).await.unwrap(), Vec::<u64>::new());
    assert!(!store.person(index.token(&maize::SELLER.parse().unwrap())).await.unwrap().is_empty());
    assert!(store.release_lease(&lease).await.unwrap());
    assert_eq!(store.tip().await.unwrap().size, before);
    store.close().await;
    world.sound().await;
}
