//! What an auditor makes of it, with the service and without.

use std::collections::BTreeMap;

use it::World;
use it::mirror::{Mirror, opened};
use it::world::ORIGIN;
use ledger::bundle::Bundle;
use ledger::checkpoint::LogVerifier;
use ledger::key::PublicKey;
use ledger::verify::Pins;
use serde_json::{Value, json};

use crate::agreed::Agreed;

/// Log, bundle, proofs and keys agree with each other, as other people's tools see them.
pub async fn assert_verifiable(world: &World, agreed: &Agreed) {
    world.settle_signing().await;
    let bundle = assert_bundle(world, agreed).await;
    let mirror = Mirror::of(world);
    let (status, vkey) = world.get("/log/vkey").await;
    assert_eq!((status, vkey.trim()), (200, mirror.vkey.as_str()));
    let signed = mirror.checkpoint().await.expect("a checkpoint");
    let (tiles, entries) = mirror.assert_served(&signed).await;
    assert_signed(world, &entries).await;
    assert_told_alike(agreed, &bundle, &entries);
    // The head that the bundle was made under is an earlier one of the same log.
    it::mirror::Signed::read(&bundle.checkpoint, &mirror.vkey).begins(&signed, &tiles).unwrap();
    for position in [0, entries.len() / 2, entries.len() - 1] {
        mirror.assert_proven(position as u64, &entries[position]).await;
    }
    assert_eq!(world.get("/log/tile/0/000.p/255").await.0, 404, "a tile that nothing implies");
    assert_eq!(world.get(&format!("/log/proof?index={}", signed.size)).await.0, 404);
}

/// What an auditor of this log has from elsewhere.
fn pins(world: &World) -> Pins {
    let read = |name: &str| std::fs::read_to_string(world.config().keys_dir().join(name)).unwrap();
    Pins {
        origin: Some(ORIGIN.to_owned()),
        root: Some(PublicKey::from_jwk(read("root.pub.jwk").trim()).unwrap()),
        log_vkey: Some(LogVerifier::from_vkey(read("log.vkey").trim()).unwrap()),
    }
}

/// The bundle verifies offline and at the service; one with another byte does not, nor under another root.
async fn assert_bundle(world: &World, agreed: &Agreed) -> Bundle {
    let (status, text) = world.get(&format!("/v1/contracts/{}/bundle", agreed.contract_id)).await;
    assert_eq!(status, 200, "{text}");
    let bundle = Bundle::from_json(text.as_bytes()).unwrap();
    assert_eq!(bundle.document.as_deref(), Some(agreed.document.as_str()));
    let pins = pins(world);
    let report = bundle.verify(&pins, &[]);
    assert_eq!(report.exit_code(), 0, "{report}");
    let url = world.url("/v1/verify");
    let answer = world.http.post(url).body(text).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!((&answer["result"], &answer["exit_code"]), (&json!("pass"), &json!(0)), "{answer}");
    let (_, by_hash) = world.post_json("/v1/verify", &json!({ "hash": agreed.hash })).await;
    assert_eq!(by_hash["result"], "pass", "{by_hash}");
    assert_eq!(by_hash["contract_id"], agreed.contract_id.as_str());

    let mut other = bundle.clone();
    other.document = Some(agreed.document.replace("288000.00", "288000.01"));
    assert_eq!(other.verify(&pins, &[]).exit_code(), 1, "another amount");
    let stranger = ledger::key::RootKey::from_seed(&[7; 32]).public().clone();
    let report = bundle.verify(&Pins { root: Some(stranger), ..pins }, &[]);
    assert_eq!(report.exit_code(), 1, "keys that another root has named: {report}");
    bundle
}

/// Every record verifies under the key of `jwks.json` that it names.
async fn assert_signed(world: &World, entries: &[Vec<u8>]) {
    let set = world.json("/.well-known/jwks.json").await;
    let keys: BTreeMap<String, PublicKey> = set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|jwk| {
            let bare = json!({ "crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"] });
            (jwk["kid"].as_str().unwrap().to_owned(), PublicKey::from_jwk(&bare.to_string()).unwrap())
        })
        .collect();
    for (kid, key) in &keys {
        assert_eq!(kid, key.kid(), "a key id is its thumbprint");
    }
    for entry in entries {
        let (header, payload, _) = opened(entry);
        let record = ledger::record::open(std::str::from_utf8(entry).unwrap()).unwrap();
        record.verify(&keys[header["kid"].as_str().unwrap()]).unwrap();
        assert_eq!(payload["log"], ORIGIN);
    }
}

/// Records as listed, records of the bundle and entries of the log are the same bytes; the bundle holds the streams of
/// contract, conference and calls from their first record on, and the contract's links lead to them.
fn assert_told_alike(agreed: &Agreed, bundle: &Bundle, entries: &[Vec<u8>]) {
    let place = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    for record in &agreed.records {
        assert_eq!(record["jws"].as_str().unwrap().as_bytes(), entries[place(&record["position"])]);
    }
    let mut streams: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut hashes: BTreeMap<(String, u64), String> = BTreeMap::new();
    for record in &bundle.records {
        let entry = &entries[usize::try_from(record.position).unwrap()];
        assert_eq!(record.jws.as_bytes(), entry);
        let (_, payload, bytes) = opened(entry);
        let stream = payload["stream"].as_str().unwrap().to_owned();
        let version = payload["version"].as_u64().unwrap();
        hashes.insert((stream.clone(), version), ledger::hash::sha256(&bytes).hex());
        streams.entry(stream).or_default().push(payload);
    }
    for (stream, records) in &streams {
        for (version, record) in (1..).zip(records) {
            assert_eq!(record["version"], version, "{stream}");
        }
    }
    let contract = &streams[&format!("contract/{}", agreed.contract_id)];
    assert_eq!(contract.len(), agreed.records.len());
    assert_eq!(streams.keys().filter(|s| s.starts_with("call/")).count(), 3);
    let conference = &streams[&format!("conference/{}", agreed.conference_id)];
    let kinds: Vec<&str> = conference.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["conference.requested", "dial.placed"]);
    for link in contract[0]["data"]["links"].as_array().unwrap() {
        let key = (link["stream"].as_str().unwrap().to_owned(), link["version"].as_u64().unwrap());
        assert_eq!(link["hash"], hashes[&key].as_str(), "the contract's link to {}", key.0);
    }
}
