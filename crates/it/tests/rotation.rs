//! The record key is changed while the service runs: nothing is lost, nothing is signed by a key that may not, and the
//! same inputs lead to the same bytes again.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "rotation/ended.rs"]
mod ended;
#[path = "rotation/load.rs"]
mod load;
#[path = "rotation/missing.rs"]
mod missing;
#[path = "rotation/refused.rs"]
mod refused;

use std::path::PathBuf;

use cli::rotation::{self, Rotation};
use it::World;
use it::world::ORIGIN;
use ledger::record;
use projector::signer;
use serde_json::{Value, json};

pub fn keys(world: &World) -> PathBuf {
    world.directory.path().join("data/keys")
}

/// What `ahadi keys rotate` does.
pub async fn begin(world: &World, compromised: bool) -> Rotation {
    let directory = keys(world);
    let root = cli::keyfiles::root(&directory).unwrap();
    let ring = signer::ring(&world.system().store, ORIGIN, Some(root)).await.unwrap();
    let now = cli::system::now();
    rotation::begin(&directory, &ring, &directory.join("root.pem"), compromised, now).unwrap()
}

pub fn statements(rotation: &Rotation) -> Value {
    serde_json::from_str(&std::fs::read_to_string(&rotation.statements_file).unwrap()).unwrap()
}

/// A whole rotation; gives the kid of the new key.
pub async fn rotate(world: &World, compromised: bool) -> String {
    let rotation = begin(world, compromised).await;
    let (status, answer) = world.post_json("/v1/keys/statements", &statements(&rotation)).await;
    assert_eq!(status, 200, "{answer}");
    let taken = answer["statements"].as_array().unwrap();
    assert_eq!(taken.len(), 1 + rotation.ended.len(), "{answer}");
    assert!(taken.iter().all(|one| one["already"] == json!(false)), "{answer}");
    rotation.kid
}

pub async fn draft(world: &World) {
    let body = json!({
        "transcript": "Agreement to supply 500 kg of maize",
        "parties": [{"phone": "+254700000011", "role": "buyer"}, {"phone": "+254700000012", "role": "seller"}],
    });
    let (status, answer) = world.post_json("/api/v1/contracts/create", &body).await;
    assert_eq!(status, 200, "{answer}");
}

/// Every record as it was signed.
pub async fn log(world: &World) -> Vec<String> {
    let store = &world.system().store;
    store.records(0, u32::MAX).await.unwrap().into_iter().map(|row| row.jws).collect()
}

/// By whom each record was signed, and what it is.
pub fn signed(log: &[String]) -> Vec<(String, String)> {
    log.iter().map(|jws| record::open(jws).unwrap()).map(|record| (record.kid, record.kind)).collect()
}
