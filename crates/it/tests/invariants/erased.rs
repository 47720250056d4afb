//! 7, second half: what is erased stays erased, and everything still verifies but that somebody said so.

use std::time::Duration;

use it::mirror::Mirror;
use it::world::ORIGIN;
use it::{World, sound};
use ledger::bundle::Bundle;
use ledger::checkpoint::LogVerifier;
use ledger::key::PublicKey;
use ledger::tile::tiles_for;
use ledger::verify::{Auditor, Pins, Report, Status};
use projector::rebuild;
use serde_json::Value;
use store::Store;

/// Erases all that is personal about a contract and its calls. Ends the world.
pub async fn assert_breaks_nothing(
    mut world: World,
    conference_id: &str,
    contract_id: &str,
    sessions: Vec<String>,
) {
    let kept = world.get(&format!("/v1/contracts/{contract_id}/bundle")).await.1;
    let pins = pins(&world);
    let before = Mirror::of(&world).checkpoint().await.unwrap();
    assert_eq!(Bundle::from_json(kept.as_bytes()).unwrap().verify(&pins, &[]).exit_code(), 0);
    world.halt().await;

    let mut streams = vec![format!("contract/{contract_id}"), format!("conference/{conference_id}")];
    streams.extend(sessions.iter().map(|id| format!("call/africastalking/{id}")));
    let store = world.open_store().await;
    sound::assert_sound(&store, ORIGIN, pins.root.as_ref().unwrap(), &vkey(&world)).await;
    erase(&store, &streams).await;
    assert_all_but_the_record_of_it(&store, &pins, &vkey(&world)).await;
    store.close().await;

    world.boot().await;
    assert_forgotten(&world, contract_id).await;
    // What an auditor took home before is as good as it was, and the log has gone on from there.
    assert_eq!(Bundle::from_json(kept.as_bytes()).unwrap().verify(&pins, &[]).exit_code(), 0);
    let bundle = world.get(&format!("/v1/contracts/{contract_id}/bundle")).await.1;
    let report = Bundle::from_json(bundle.as_bytes()).unwrap().verify(&pins, &[]);
    assert!(report.steps.iter().all(|step| step.status != Status::Fail), "{report}");
    // The service goes on with what it no longer knows.
    it::maize::draft(&world, Some(conference_id)).await;
    world.settle_messages().await;
    world.settle_signing().await;
    let after = Mirror::of(&world).checkpoint().await.unwrap();
    let (tiles, _) = Mirror::of(&world).assert_served(&after).await;
    before.begins(&after, &tiles).unwrap();
    world.halt().await;
    let store = world.open_store().await;
    assert_all_but_the_record_of_it(&store, &pins, &vkey(&world)).await;
    store.close().await;
    world.end().await;
}

async fn erase(store: &Store, streams: &[String]) {
    let lease = store.acquire_lease("erasing", Duration::from_secs(60)).await.unwrap().unwrap();
    let mut positions = Vec::new();
    for stream in streams {
        let records = store.stream_records(stream, 1, 1_000).await.unwrap();
        assert!(!records.is_empty(), "{stream} has no records");
        positions.extend(records.into_iter().map(|row| row.position));
    }
    let rows = store.disclosures_of(&positions).await.unwrap();
    let all: Vec<(u64, String)> = rows.into_iter().map(|row| (row.position, row.digest())).collect();
    assert_eq!(store.erase_disclosures(&lease, &all).await.unwrap(), all.len() as u64);
    assert!(all.len() > 20, "only {} values were erased", all.len());
    assert!(store.disclosures_of(&positions).await.unwrap().is_empty());
    // Views hold opened values, so they are folded anew from what is left.
    assert!(store.release_lease(&lease).await.unwrap());
    rebuild::replace(store, "rebuilding", |_, _| {}).await.unwrap();
}

/// The whole log is sound to whoever is given it without what was erased. Whoever runs it has to answer one more
/// question, and cannot: no record says what was erased.
async fn assert_all_but_the_record_of_it(store: &Store, pins: &Pins, vkey: &str) {
    let public = audit_public(store, pins).await;
    assert_eq!(public.exit_code(), 0, "{public}");
    let whole = sound::audit(store, ORIGIN, pins.root.as_ref().unwrap(), vkey).await;
    let failed: Vec<&str> =
        whole.steps.iter().filter(|step| step.status == Status::Fail).map(|step| step.name).collect();
    assert_eq!(failed, ["erasure"], "{whole}");
    let differences = rebuild::compare(store, |_, _| {}).await.unwrap();
    assert!(differences.is_empty(), "views differ from a fresh fold: {differences:?}");
}

/// The audit of somebody who was given the log and the disclosures there are, and no promise that these are all.
async fn audit_public(store: &Store, pins: &Pins) -> Report {
    let mut auditor = Auditor::new(pins.clone());
    let mut scan = store.scan(0).await.unwrap();
    while let Some(page) = scan.next_page().await.unwrap() {
        for (row, disclosures) in page {
            let given: Vec<&str> = disclosures.iter().map(|d| d.encoded.as_str()).collect();
            auditor.push(row.position, &row.jws, &given);
        }
    }
    for id in tiles_for(scan.end()) {
        auditor.tile(id, &store.tile(id).await.unwrap().unwrap());
    }
    for checkpoint in store.checkpoints(0, 1_000).await.unwrap() {
        auditor.checkpoint(&checkpoint.note);
    }
    auditor.finish(Some(scan.end()))
}

async fn assert_forgotten(world: &World, contract_id: &str) {
    let contract = world.json(&format!("/v1/contracts/{contract_id}")).await;
    assert_eq!(contract["status"], "confirmed", "that it was agreed is no secret");
    for party in contract["parties"].as_array().unwrap() {
        assert_eq!((&party["phone"], &party["name"]), (&"[erased]".into(), &"[erased]".into()));
    }
    assert_eq!(contract["terms"], Value::Null);
    assert_eq!(world.get(&format!("/v1/contracts/{contract_id}/document")).await.0, 404);
    let found = world.json("/v1/contracts?phone_number=254700000011").await;
    assert_eq!(found["total"], 0, "a number that was erased leads nowhere");
}

fn vkey(world: &World) -> String {
    Mirror::of(world).vkey
}

fn pins(world: &World) -> Pins {
    let jwk = std::fs::read_to_string(world.config().keys_dir().join("root.pub.jwk")).unwrap();
    Pins {
        origin: Some(ORIGIN.to_owned()),
        root: Some(PublicKey::from_jwk(jwk.trim()).unwrap()),
        log_vkey: Some(LogVerifier::from_vkey(&vkey(world)).unwrap()),
    }
}
