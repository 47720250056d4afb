//! The whole story: agreed, forgotten, searched, verified, and gone on.

use carrier::Faults;
use contract::input::{Body, Webhook};
use contract::provider::{Provider, Via};
use it::logs::Logs;
use it::maize::{self, BROKER, BUYER, BUYER_NAME, SELLER, SELLER_NAME};
use it::mirror::Mirror;
use it::world::ORIGIN;
use it::{Setup, World};
use ledger::bundle::Bundle;
use ledger::checkpoint::LogVerifier;
use ledger::key::PublicKey;
use ledger::verify::{Pins, Status};
use serde_json::{Value, json};

use crate::places::{self, Needle};

pub async fn forgotten(setup: Setup) {
    let logs = Logs::keep();
    let mut world = World::start_seeded(setup, 7).await;
    world.carrier.set_faults(Faults::rough());
    let (conference_id, contract_id) = maize::agree(&world).await;
    let unnamed = loose_ends(&world).await;
    world.settle_messages().await;
    world.settle_signing().await;
    let kept = bundle(&world, &contract_id).await;
    let needles = needles();
    assert_everywhere(&world, logs, &needles).await;
    let known = export(&world, BUYER).await;
    assert_eq!(known["names"], json!([BUYER_NAME]));
    let recordings = known["recordings"].as_array().unwrap().len();
    assert!(recordings >= 1, "{known}");

    let erasure = erase(&world, "0700 000 011", "consent_withdrawn").await;
    assert!(erasure["values"].as_u64().unwrap() > 20, "{erasure}");
    assert_eq!(erasure["recordings"], recordings, "{erasure}");
    world.settle_messages().await;
    completed(&world, &erasure).await;
    assert_nowhere(&world, logs, &needles).await;
    assert_forgotten(&world, &contract_id, &conference_id).await;
    assert_verifies(&world, &contract_id, &unnamed, &kept).await;

    // Stopped and started, and asked a second time: nothing comes back, and there is nothing left to erase.
    world.halt().await;
    assert_nowhere(&world, logs, &needles).await;
    world.boot().await;
    let again = erase(&world, BUYER, "request").await;
    assert_eq!((&again["values"], &again["recordings"]), (&json!(0), &json!(0)), "{again}");

    // Who was forgotten may come back, and be forgotten again. The other is still known.
    maize::draft(&world, None).await;
    world.settle_messages().await;
    assert!(!places::holding(&places::all(&world, logs).await, &needles).is_empty());
    let second = erase(&world, BUYER, "request").await;
    completed(&world, &second).await;
    assert_nowhere(&world, logs, &needles).await;
    let other = export(&world, SELLER).await;
    assert_eq!(other["names"], json!([SELLER_NAME]));
    assert_eq!(Bundle::from_json(kept.as_bytes()).unwrap().verify(&pins(&world), &[]).exit_code(), 0);
    world.sound().await;
}

/// More places for a number: a contract that names no goods, so that messages quote what was said; a text of somebody
/// else about the person; a call of theirs; an input that nobody understood. Gives the contract.
async fn loose_ends(world: &World) -> String {
    let wanted = json!({
        "transcript": maize::TRANSCRIPT,
        "contract_type": "agricultural_supply",
        "parties": [
            { "phone": BUYER, "role": "buyer", "name": BUYER_NAME },
            { "phone": SELLER, "role": "seller", "name": SELLER_NAME },
        ],
        "terms": { "total_amount": "5000", "currency": "KES" },
    });
    let (status, drafted) = world.post_json("/api/v1/contracts/create", &wanted).await;
    assert_eq!(status, 200, "{drafted}");
    world.settle_messages().await;
    world.carrier.text_in(SELLER, &format!("Ask {BUYER_NAME}, 0700-000-011"));
    world.carrier.text_in(BUYER, "I buy ninety bags, hear me");
    world.carrier.call_in(BUYER);
    let (status, _) = world.get("/voice/invoke-call?phone=0700000011").await;
    assert_eq!(status, 200);
    let webhook = Webhook {
        provider: Provider::AfricasTalking,
        route: "voice/events".to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        headers: [].into(),
        raw: "who=%2B254700000011&words=I+buy+ninety+bags".to_owned(),
        raw_base64: false,
        facts: Vec::new(),
    };
    let door = world.system().door.as_ref().unwrap();
    door.take(Via::AfricasTalking, true, Body::Webhook(webhook)).await.unwrap();
    world.settle_folding().await;
    assert_eq!(world.system().store.quarantined(0, 10).await.unwrap().len(), 1);
    drafted["contract_id"].as_str().unwrap().to_owned()
}

fn needles() -> Vec<Needle> {
    ["700000011", "0700-000-011", BUYER_NAME, "Wanjiru", "I buy ninety bags", "Agreed, I bring them"]
        .map(Needle::of)
        .into()
}

/// Before, each is somewhere, or its absence afterwards would prove nothing.
async fn assert_everywhere(world: &World, logs: Logs, needles: &[Needle]) {
    let places = places::all(world, logs).await;
    let found = places::holding(&places, needles);
    for needle in needles {
        assert!(found.iter().any(|place| place.starts_with(&needle.name)), "{} is nowhere", needle.name);
    }
    let database = if world.config().database().starts_with("postgres") { "dump" } else { "ledger.db" };
    let mut kinds = vec![database, "journal.db"];
    kinds.extend(world.nats.as_ref().map(|_| "jetstream"));
    for kind in kinds {
        assert!(found.iter().any(|place| place.contains(kind)), "nothing is in {kind}: {found:?}");
    }
    let recordings = world.directory.path().join("data").join("recordings").join("recordings");
    assert!(std::fs::read_dir(recordings).unwrap().count() >= 1, "there is no recording");
}

/// Afterwards, none is anywhere. Overwriting goes on for a moment after it was recorded; the test fails if it does not
/// come to an end.
async fn assert_nowhere(world: &World, logs: Logs, needles: &[Needle]) {
    let mut found = Vec::new();
    for _ in 0..30 {
        found = places::holding(&places::all(world, logs).await, needles);
        if found.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(found.is_empty(), "left behind: {found:#?}");
    let recordings = world.directory.path().join("data").join("recordings").join("recordings");
    assert_eq!(std::fs::read_dir(recordings).unwrap().count(), 0, "a recording is left");
}

pub async fn erase(world: &World, phone: &str, ground: &str) -> Value {
    let body = json!({ "phone": phone, "ground": ground });
    let (status, answer) = world.post_json("/v1/parties/erase", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

pub async fn completed(world: &World, erasure: &Value) {
    let path = format!("/v1/erasures/{}", erasure["erasure"].as_str().unwrap());
    for _ in 0..3_000 {
        if world.json(&path).await["completed"] == true {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the erasure was not completed within 30 s");
}

async fn export(world: &World, phone: &str) -> Value {
    let (status, known) = world.post_json("/v1/parties/export", &json!({ "phone": phone })).await;
    assert_eq!(status, 200, "{known}");
    known
}

async fn assert_forgotten(world: &World, contract_id: &str, conference_id: &str) {
    let contract = world.json(&format!("/v1/contracts/{contract_id}")).await;
    assert_eq!(contract["status"], "confirmed", "that it was agreed is no secret");
    let parties = contract["parties"].as_array().unwrap();
    assert_eq!((&parties[0]["phone"], &parties[0]["name"]), (&json!("[erased]"), &json!("[erased]")));
    assert_eq!((&parties[1]["phone"], &parties[1]["name"]), (&json!(SELLER), &json!(SELLER_NAME)));
    assert_eq!(contract["terms"]["product"], maize::PRODUCT, "the terms are the other's evidence");
    assert_eq!(world.get(&format!("/v1/contracts/{contract_id}/document")).await.0, 200);
    assert_eq!(world.json("/v1/contracts?phone_number=254700000011").await["total"], 0);
    assert_eq!(world.json("/v1/contracts?phone_number=254700000012").await["total"], 2);
    let known = export(world, BUYER).await;
    assert_eq!((&known["records"], &known["recordings"]), (&json!([]), &json!([])), "{known}");
    let recording = world.json(&format!("/api/v1/voice/recordings/{conference_id}")).await;
    assert_eq!(recording["recording_url"], Value::Null, "{recording}");
    // Who was on the conference besides, and no party, keeps number and call.
    assert!(!export(world, BROKER).await["records"].as_array().unwrap().is_empty());
}

/// What the other party took home before is as good as it was, and so is what it gets now.
async fn assert_verifies(world: &World, contract_id: &str, unnamed: &str, kept: &str) {
    let pins = pins(world);
    assert_eq!(Bundle::from_json(kept.as_bytes()).unwrap().verify(&pins, &[]).exit_code(), 0);
    world.settle_signing().await;
    for id in [contract_id, unnamed] {
        let now = bundle(world, id).await;
        let report = Bundle::from_json(now.as_bytes()).unwrap().verify(&pins, &[]);
        assert_eq!(report.exit_code(), 0, "{report}");
        assert!(report.steps.iter().all(|step| step.status != Status::Fail), "{report}");
        assert!(now.contains(&contract_id[..4]), "a bundle of nothing proves nothing");
    }
}

async fn bundle(world: &World, contract_id: &str) -> String {
    let (status, bundle) = world.get(&format!("/v1/contracts/{contract_id}/bundle")).await;
    assert_eq!(status, 200, "{bundle}");
    bundle
}

pub fn pins(world: &World) -> Pins {
    let jwk = std::fs::read_to_string(world.config().keys_dir().join("root.pub.jwk")).unwrap();
    Pins {
        origin: Some(ORIGIN.to_owned()),
        root: Some(PublicKey::from_jwk(jwk.trim()).unwrap()),
        log_vkey: Some(LogVerifier::from_vkey(&Mirror::of(world).vkey).unwrap()),
    }
}
