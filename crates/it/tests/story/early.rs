//! What comes late, again, or before the thing it speaks of.

use carrier::{Carrier, Config, RecordingMode, Report, Targets, UrlKind};
use contract::entity::{Entity, call_stream, conference_stream, contract_stream};
use contract::provider::Provider;
use it::load::webhook;
use it::maize::{BROKER, BUYER, SELLER};
use it::world::SECRET;
use it::{Setup, SourceKind, StoreKind, World, maize};
use store::rows::RecordRow;

const SETUPS: [Setup; 2] = [Setup::EMBEDDED, Setup { store: StoreKind::Postgres, source: SourceKind::Nats }];
/// Seed of both carriers: they draw the same ids.
const SEED: u64 = 21;

/// A second carrier that tells the same story ahead of the first: same ids, same addresses, same times.
async fn ahead_of(world: &World) -> Carrier {
    let hooks = world.url(&format!("/hooks/africastalking/{SECRET}"));
    let targets = Targets {
        voice_events: Some(format!("{hooks}/voice/events")),
        voice_instruct: Some(format!("{hooks}/voice/instruct")),
        sms_incoming: Some(format!("{hooks}/sms/incoming")),
        sms_delivery: Some(format!("{hooks}/sms/delivery")),
    };
    let public_url = Some(world.carrier.base_url().to_owned());
    let client = Some(world.http.clone());
    Carrier::start(Config { seed: SEED, targets, public_url, client, ..Config::default() }).await.unwrap()
}

/// A request to one of a carrier's interfaces, as our service makes it.
async fn request(world: &World, carrier: &Carrier, path: &str, fields: &[(&str, &str)]) {
    let url = format!("http://{}{path}", carrier.address());
    let mut form = vec![("username", "sandbox"), ("from", "+254700000000")];
    form.extend(fields);
    let answer = world.http.post(url).header("apiKey", "carrier-key").form(&form).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    carrier.idle().await;
}

async fn records(world: &World, stream: &str) -> Vec<RecordRow> {
    world.system().store.stream_records(stream, 1, 1_000).await.unwrap()
}

fn count(records: &[RecordRow], kind: &str) -> usize {
    records.iter().filter(|record| record.kind == kind).count()
}

/// Stream of the leg that carries the recording.
fn recorded_leg(world: &World) -> (String, String) {
    let recordings = world.carrier.recordings();
    let session = recordings[0].session_id.clone();
    (call_stream(Provider::AfricasTalking, &session), session)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_named_again_is_fetched_once() {
    for setup in SETUPS {
        let world = World::start_seeded(setup, SEED).await;
        let conference_id = maize::confer(&world).await;
        world.settle().await;
        let (stream, session) = recorded_leg(&world);
        let url = world.carrier.recordings()[0].url.clone();
        let last = world.carrier.deliveries().into_iter().rfind(|d| d.body.contains("recordingUrl")).unwrap();
        // The same once more, then with a word more, then in the shape of the other interface.
        world.deliver(vec![webhook(UrlKind::VoiceEvents, last.body.clone())], 1).await;
        let more = format!("{}&dialDurationInSeconds=45", last.body);
        world.deliver(vec![webhook(UrlKind::VoiceEvents, more)], 1).await;
        let body = serde_json::json!({ "sessionId": session, "recordingUrl": url, "status": "Completed" });
        let (status, _) = world.post_json(&format!("/hooks/voicepact/{SECRET}/voice/webhook"), &body).await;
        assert_eq!(status, 200);
        world.settle().await;
        let records = records(&world, &stream).await;
        assert!(count(&records, "recording.available") >= 2, "another telling of it is kept");
        assert_eq!(count(&records, "recording.fetched"), 1);
        assert_eq!(count(&records, "recording.altered") + count(&records, "recording.failed"), 0);
        assert_eq!(world.carrier.recordings()[0].requests, 1);
        crate::recorded::assert_recorded(&world, &conference_id).await;
        world.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_not_there_yet_is_fetched_later() {
    for setup in SETUPS {
        let world = World::start_seeded(setup, SEED).await;
        world.carrier.set_recording_mode(RecordingMode { not_found_first: 1, ..RecordingMode::default() });
        let conference_id = maize::confer(&world).await;
        world.settle().await;
        let (stream, _) = recorded_leg(&world);
        let records = records(&world, &stream).await;
        let kinds: Vec<&str> =
            records.iter().map(|r| r.kind.as_str()).filter(|kind| kind.starts_with("recording.")).collect();
        assert_eq!(kinds, ["recording.available", "recording.failed", "recording.fetched"]);
        assert_eq!(world.carrier.recordings()[0].requests, 2);
        let drafted = maize::draft(&world, Some(&conference_id)).await;
        let id = drafted["contract_id"].as_str().unwrap();
        let document = world.json(&format!("/v1/contracts/{id}/document")).await;
        assert_eq!(document["recordings"].as_array().unwrap().len(), 1);
        world.settle().await;
        world.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_report_before_its_message_was_accepted() {
    for setup in SETUPS {
        let world = World::start_seeded(setup, SEED).await;
        world.carrier.set_report(Report::Missing);
        let ahead = ahead_of(&world).await;
        for phone in [BUYER, SELLER] {
            let fields = [("to", phone), ("message", "told ahead")];
            request(&world, &ahead, "/sms/version1/messaging", &fields).await;
        }
        world.settle_folding().await;
        let drafted = maize::draft(&world, None).await;
        world.settle().await;
        let contract = contract_stream(drafted["contract_id"].as_str().unwrap());
        let of_contract = records(&world, &contract).await;
        let row = world.system().store.stream(&contract).await.unwrap().unwrap();
        let Entity::Contract(agreement) = Entity::from_json(&row.state).unwrap() else {
            panic!("a contract")
        };
        assert_eq!(agreement.messages.0.len(), 2);
        for message in agreement.messages.0.values() {
            let stream = message.message.as_ref().expect("the message was taken");
            let row = world.system().store.stream(stream).await.unwrap().expect("the report was kept");
            let Entity::Message(told) = Entity::from_json(&row.state).unwrap() else { panic!("a message") };
            assert_eq!(told.delivery(), Some(contract::fact::DeliveryStatus::Delivered));
            let reports = records(&world, stream).await;
            assert_eq!(count(&reports, "message.delivery"), 1);
            let accepted = of_contract.iter().find(|r| r.kind == "message.accepted").unwrap();
            assert!(reports[0].position < accepted.position, "the report came first");
        }
        ahead.stop().await;
        world.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_of_calls_that_nobody_has_been_told_of() {
    for setup in SETUPS {
        let world = World::start_seeded(setup, SEED).await;
        let ahead = ahead_of(&world).await;
        let to = [BUYER, SELLER, BROKER].join(",");
        request(&world, &ahead, "/voice/call", &[("to", &to)]).await;
        world.settle_folding().await;
        // Only now are they rung, and everything is told once more.
        let conference_id = maize::confer(&world).await;
        world.settle().await;
        let (stream, _) = recorded_leg(&world);
        let requests = world.carrier.recordings()[0].requests;
        assert_eq!(requests, 1, "before the call there was nothing to fetch, since then once");
        let view = world.json(&format!("/api/v1/voice/recordings/{conference_id}")).await;
        assert_eq!(view["status"], "completed", "{view}");
        assert!(view["sha256"].is_string(), "{view}");
        let of_conference = records(&world, &conference_stream(&conference_id)).await;
        let placed = of_conference.iter().find(|record| record.kind == "dial.placed").unwrap();
        for leg in &world.carrier.calls()[0].legs {
            let of_leg = records(&world, &call_stream(Provider::AfricasTalking, &leg.session_id)).await;
            let told: Vec<_> = of_leg.iter().filter(|r| r.kind.starts_with("call.")).collect();
            let (before, after): (Vec<_>, Vec<_>) =
                told.into_iter().partition(|record| record.position < placed.position);
            let answered = before.iter().filter(|record| record.kind == "call.answered").count();
            assert_eq!(answered, 1, "all was known before");
            // What comes again adds only whose request it was: nobody had asked for the calls before.
            for record in after {
                let (_, payload, _) = it::mirror::opened(record.jws.as_bytes());
                assert_eq!(payload["data"]["request"], conference_id.as_str(), "{payload}");
            }
        }
        let of_leg = records(&world, &stream).await;
        assert_eq!(count(&of_leg, "recording.fetched"), 1);
        ahead.stop().await;
        world.sound().await;
    }
}
