//! 2: one event of a provider gives one set of records, however often, in whatever order and how many at once it is
//! delivered, and across a restart.

use std::collections::{BTreeMap, BTreeSet};

use carrier::{UrlKind, Webhook};
use it::chance::Chance;
use it::load::{Poster, webhook};
use it::maize::{BUYER, SELLER};
use it::{Setup, World, maize};
use serde_json::{Value, json};

/// Webhooks of many calls and messages.
const WEBHOOKS: usize = 60;
/// How often each of them is delivered.
const TIMES: usize = 5;
const AT_ONCE: usize = 16;
const SEED: u64 = 41;

/// What the log says because of webhooks: the facts of each stream, without their order.
type Told = BTreeMap<String, Vec<(String, Value)>>;

pub async fn story(setup: Setup) {
    let once: BTreeSet<(UrlKind, String)> =
        carrier::webhooks(SEED).take(WEBHOOKS).map(|webhook| (webhook.path_kind, webhook.body)).collect();
    let once: Vec<Webhook> = once.into_iter().map(|(kind, body)| webhook(kind, body)).collect();
    let expected = quiet(&once).await;

    let mut world = World::start(setup).await;
    let mut pile: Vec<Webhook> = (0..TIMES).flat_map(|_| once.clone()).collect();
    let mut chance = Chance::new(SEED);
    for at in (1..pile.len()).rev() {
        pile.swap(at, usize::try_from(chance.below(at as u64 + 1)).unwrap());
    }
    let rest = pile.split_off(pile.len() / 2);
    world.deliver(pile, AT_ONCE).await;
    world.halt().await;
    world.boot().await;
    world.deliver(rest, AT_ONCE).await;
    world.settle_folding().await;
    let found = (told(&world).await, calls(&world).await);
    assert_eq!(found.0.keys().collect::<Vec<_>>(), expected.0.keys().collect::<Vec<_>>());
    for (stream, facts) in &found.0 {
        assert_eq!(facts, &expected.0[stream], "{stream}");
    }
    assert_eq!(found.1, expected.1, "a call shows the same in whatever order it was told of");
    answers(&mut world).await;
    world.sound().await;
}

/// What is told when everything comes once and in its order.
async fn quiet(once: &[Webhook]) -> (Told, Vec<Value>) {
    let world = World::start(Setup::EMBEDDED).await;
    world.deliver(once.to_vec(), 1).await;
    world.settle_folding().await;
    let found = (told(&world).await, calls(&world).await);
    world.sound().await;
    found
}

async fn told(world: &World) -> Told {
    let mut told = Told::new();
    let mut scan = world.system().store.scan(0).await.unwrap();
    while let Some(page) = scan.next_page().await.unwrap() {
        for (row, _) in page {
            let (_, payload, _) = it::mirror::opened(row.jws.as_bytes());
            if row.stream == "ledger/keys" || payload["source"]["via"] == "effect" {
                continue;
            }
            let mut data = payload["data"].clone();
            // Of two that contradict each other the later one is marked, whichever that is.
            data.as_object_mut().unwrap().remove("conflict");
            data["occurred_at"] = payload["occurred_at"].clone();
            told.entry(row.stream).or_default().push((row.kind, data));
        }
    }
    for facts in told.values_mut() {
        facts.sort_by_key(|(kind, data)| (kind.clone(), data.to_string()));
    }
    told
}

/// Calls as the interface shows them.
async fn calls(world: &World) -> Vec<Value> {
    let mut calls = Vec::new();
    for stream in told(world).await.keys() {
        if let Some(id) = stream.strip_prefix("call/africastalking/") {
            calls.push(world.json(&format!("/v1/calls/{id}")).await);
        }
    }
    assert!(calls.len() > 10, "the mix has calls");
    calls
}

/// A party's text that comes again and again, and a party's answer by the interface that is given again and again.
async fn answers(world: &mut World) {
    let drafted = maize::draft(world, None).await;
    let id = drafted["contract_id"].as_str().unwrap().to_owned();
    world.settle_messages().await;
    let text =
        format!("from={BUYER}&to=%2B254700000000&text=Yes+{}&id=ATUid_again", maize::code(world, BUYER))
            .replace("=+254", "=%2B254");
    let texts: Vec<Webhook> = (0..TIMES).map(|_| webhook(UrlKind::SmsIncoming, text.clone())).collect();
    let code = maize::code(world, SELLER);
    let confirm = format!("/v1/contracts/{id}/confirm");
    for _ in 0..2 {
        let body = json!({ "phone_number": SELLER, "code": code });
        let poster = Poster::to(world);
        let (answers, (taken, _)) = tokio::join!(
            futures_util::future::join_all((0..TIMES).map(|_| world.post_json(&confirm, &body))),
            poster.post_all(texts.clone(), TIMES),
        );
        assert_eq!(taken.len(), TIMES);
        for (status, answer) in &answers {
            assert_eq!(*status, 200, "{answer}");
        }
        let new = answers.iter().filter(|(_, answer)| answer["already"] == false).count();
        assert!(new <= 1, "said once, however often");
        world.halt().await;
        world.boot().await;
    }
    world.settle_folding().await;
    let listed = world.json(&format!("/v1/contracts/{id}/records")).await;
    let kinds = listed["records"].as_array().unwrap().iter().map(|record| record["type"].as_str().unwrap());
    let kinds: Vec<&str> = kinds.filter(|kind| kind.starts_with("contract.")).collect();
    assert_eq!(kinds, ["contract.drafted", "contract.confirmed", "contract.confirmed"]);
    let contract = world.json(&format!("/v1/contracts/{id}")).await;
    assert_eq!(contract["status"], "confirmed");
    let received = world.system().store.stream_records("message/africastalking/ATUid_again", 1, 100).await;
    assert_eq!(received.unwrap().len(), 1);
}
