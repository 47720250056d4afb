//! 7: nothing personal in a record, a subject, a downstream event or a line of the service's log; and what is erased
//! breaks no verification but the one that asks for the record of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_nats::{Message, Subscriber};
use carrier::{ApiMode, Faults};
use futures_util::StreamExt;
use it::logs::Logs;
use it::maize::{BROKER, BUYER, BUYER_NAME, PLACE, PRODUCT, SELLER, SELLER_NAME, TRANSCRIPT};
use it::mirror::opened;
use it::world::SECRET;
use it::{Setup, World, maize};
use ledger::disclosure::Disclosure;
use ledger::hash::sha256;
use projector::faults::{Step, Way};
use serde_json::json;

use crate::erased;

/// Somebody who is no party, in what is refused.
const STRANGER: &str = "+254700000099";
/// What a party writes besides its answer.
const REMARK: &str = "Habari, nitafika kesho na lori la Barasa";

/// Everything that was sent over the bus, as far as anybody may listen to it.
type Heard = Arc<Mutex<Vec<Message>>>;

pub async fn story(setup: Setup) {
    let logs = Logs::keep();
    let mut world = World::start_seeded(setup, 5).await;
    let heard = listen(&world).await;
    world.carrier.set_faults(Faults::rough());
    let (conference_id, contract_id) = maize::agree(&world).await;
    let calls: Vec<_> = world.carrier.calls().into_iter().flat_map(|call| call.legs).collect();
    mishaps(&mut world, &contract_id).await;
    world.settle_messages().await;
    world.settle_signing().await;

    let needles = needles(&world).await;
    assert_in_log(&world, &needles).await;
    assert_in_database_keys(&world, &needles).await;
    assert_on_bus(&world, &heard, &needles).await;
    let said = logs.text();
    for target in ["effects::dial: ", "effects::recording: ", "projector::writer: ", "http_surface::"] {
        assert!(said.contains(target), "{target} said nothing, so nothing is tested");
    }
    assert_none("a line of the log", &said, &needles);
    assert_none("a line of the log", &said, &[SECRET.to_owned(), "carrier-key".to_owned()]);
    for path in ["/metrics", "/readyz", "/log/checkpoint", "/.well-known/jwks.json"] {
        assert_none(path, &world.get(path).await.1, &needles);
    }
    let sessions = calls.iter().map(|leg| leg.session_id.clone()).collect();
    erased::assert_breaks_nothing(world, &conference_id, &contract_id, sessions).await;
}

/// What goes wrong, and is logged, and must not be logged with what it was about.
async fn mishaps(world: &mut World, contract_id: &str) {
    world.faults.fail(Step::Commit, Way::After, 1);
    world.carrier.text_in(BUYER, REMARK);
    world.carrier.text_in(STRANGER, &format!("YES 1234 {contract_id}"));
    world.carrier.call_in(STRANGER);
    let (status, _) = world
        .post_json(
            "/api/v1/voice/conference/create",
            &json!({ "parties": [STRANGER, format!("{STRANGER}0000000")] }),
        )
        .await;
    assert_eq!(status, 400);
    for mode in [
        ApiMode::Refuse("Insufficient balance".into()),
        ApiMode::ServerError,
        ApiMode::Drop { accepted: false },
    ] {
        world.carrier.next_call_modes([mode]);
        let (status, _) = world.get(&format!("/voice/invoke-call?phone={}", &STRANGER[1..])).await;
        assert_eq!(status, 500);
    }
    let body = json!({ "phone_number": SELLER, "code": "0000", "name": SELLER_NAME });
    world.post_json(&format!("/api/v1/contracts/{contract_id}/confirm"), &body).await;
    assert_eq!(world.get(&format!("/api/v1/contracts/?phone_number=%2B{}", &BUYER[1..])).await.0, 200);
    assert_eq!(world.get(&format!("/v1/contracts?phone_number={}&limit=no", &BUYER[1..])).await.0, 422);
    let broken = format!("sessionId=a&sessionId=b&callerNumber=%2B{}&text={BUYER_NAME}", &STRANGER[1..]);
    let hook = format!("/hooks/africastalking/{SECRET}/voice/events");
    assert!(world.post_form(&hook, &broken).await.0 >= 400);
    assert_eq!(world.get(&format!("/{STRANGER}/{SELLER_NAME}")).await.0, 404);
    let unsent = format!("{{\"transcript\":\"{TRANSCRIPT}\",\"parties\":[{{\"phone\":\"{STRANGER}\"");
    let request =
        world.http.post(world.url("/api/v1/contracts/create")).header("content-type", "application/json");
    assert_eq!(request.body(unsent).send().await.unwrap().status().as_u16(), 400);
    if let Some(nats) = &mut world.nats {
        nats.kill();
        nats.restart();
    }
}

/// What must be nowhere; each of it is in what is kept beside the log, or was handed in.
async fn needles(world: &World) -> Vec<String> {
    // Nine digits find a number however it is written.
    let mut needles: BTreeSet<String> =
        [BUYER, SELLER, BROKER, STRANGER].map(|phone| phone[4..].to_owned()).into();
    let words = [
        BUYER_NAME,
        SELLER_NAME,
        "Wanjiru",
        "Odhiambo",
        "ninety bags",
        PRODUCT,
        "white maize",
        PLACE,
        "288000",
    ];
    needles.extend(words.map(str::to_owned));
    needles.extend([REMARK, "Barasa", "Reply YES", "YES 1234", "/recordings/"].map(str::to_owned));
    needles.insert(sha256(TRANSCRIPT.as_bytes()).hex());
    for recording in world.carrier.recordings() {
        needles.insert(recording.id.clone());
        needles.insert(sha256(&world.carrier.recording_bytes(&recording.id).unwrap()).hex());
    }
    for phone in [BUYER, SELLER] {
        needles.insert(format!("YES {}", maize::code(world, phone)));
    }
    let kept = disclosed(world).await;
    for known in
        [&BUYER[4..], SELLER_NAME, "ninety bags", PRODUCT, PLACE, "Barasa", "Reply YES", "/recordings/"]
    {
        assert!(
            kept.iter().any(|(_, text)| text.contains(known)),
            "{known} is nowhere, so nothing is tested"
        );
    }
    needles.extend(kept.into_iter().map(|(encoded, _)| encoded));
    needles.into_iter().collect()
}

/// Disclosures as they stand beside the log, and opened.
async fn disclosed(world: &World) -> Vec<(String, String)> {
    let rows = world.system().store.disclosures(0..1 << 40).await.unwrap();
    let open = |encoded: String| {
        let (_, _, value) = Disclosure::parse(&encoded).unwrap();
        (encoded, value.as_str().unwrap().to_owned())
    };
    rows.into_iter().map(|row| open(row.encoded)).collect()
}

#[track_caller]
fn assert_none(place: &str, text: &str, needles: &[String]) {
    for needle in needles {
        if let Some(at) = text.find(needle.as_str()) {
            let from = text[..at].rfind('\n').map_or(0, |n| n + 1);
            let to = text[at..].find('\n').map_or(text.len(), |n| at + n);
            panic!("{needle:.60} stands in {place}: {:.600}", &text[from..to]);
        }
    }
}

#[test]
#[should_panic(expected = "700000011 stands in a line: tel=0700000011")]
fn a_number_is_found_however_it_is_written() {
    assert_none("a line", "one\ntel=0700000011\nthree", &[BUYER[4..].to_owned()]);
}

/// Records: every entry of the log as anybody can read it.
async fn assert_in_log(world: &World, needles: &[String]) {
    let mirror = it::mirror::Mirror::of(world);
    let size = mirror.checkpoint().await.unwrap().size;
    for entry in mirror.entries(size).await {
        assert_readable_part(&entry, needles);
    }
}

fn assert_readable_part(entry: &[u8], needles: &[String]) {
    let (header, _, payload) = opened(entry);
    assert_none("a record's header", &header.to_string(), needles);
    assert_none("a record", &String::from_utf8(payload).unwrap(), needles);
    assert_none("an entry", std::str::from_utf8(entry).unwrap(), needles);
}

/// Names of streams, outcomes: what is kept for ever and stands in subjects and log lines.
async fn assert_in_database_keys(world: &World, needles: &[String]) {
    let journal = world.system().door.as_ref().unwrap().journal();
    let batch = journal.read(0, 10_000, 64 * 1024 * 1024).await.unwrap();
    for positioned in batch.entries {
        let entry = positioned.entry;
        assert_none("the key of an input", &entry.key, needles);
        let outcome = world.system().store.outcome(entry.id).await.unwrap().unwrap();
        assert_none("an outcome", &outcome, needles);
    }
}

/// Hears everything that goes over the bus from now on.
async fn listen(world: &World) -> Heard {
    let heard = Heard::default();
    if let Some(nats) = &world.nats {
        let client = async_nats::connect(nats.url()).await.unwrap();
        let everything: Subscriber = client.subscribe(">").await.unwrap();
        client.flush().await.unwrap();
        let kept = Arc::clone(&heard);
        // Ends with the connection, which ends with the server.
        tokio::spawn(everything.for_each(move |message| {
            kept.lock().unwrap().push(message);
            std::future::ready(())
        }));
    }
    heard
}

/// Subjects and headers of everything, and the bodies of what subscribers get.
async fn assert_on_bus(world: &World, heard: &Heard, needles: &[String]) {
    if world.nats.is_none() {
        return;
    }
    let messages = heard.lock().unwrap().clone();
    let mut events = 0;
    for message in &messages {
        assert_none("a subject", message.subject.as_str(), needles);
        for (name, values) in message.headers.iter().flat_map(|headers| headers.iter()) {
            for value in values {
                assert_none(&format!("the header {name}"), value.as_str(), needles);
            }
        }
        if message.subject.starts_with("ahadi.events.") {
            events += 1;
            assert_readable_part(&message.payload, needles);
        }
    }
    let of_contract = messages.iter().filter(|message| message.subject.contains(".contract.")).count();
    assert!(events > 20 && of_contract > 0, "{events} events were heard");
}
