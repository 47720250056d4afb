//! What was on its way when a person was forgotten, or is told of the same call later: it brings nothing back.

use contract::command::{AddTranscript, Command};
use contract::command::{ContractType, RequestTerms};
use contract::entity::conference_stream;
use contract::input::Body;
use contract::provider::Via;
use contract::reading::Claimed;
use contract::report::{Report, TaskRef};
use contract::transcript::Turn;
use effects::recording::{Audio, Blobs};
use it::logs::Logs;
use it::maize::{self, BUYER};
use it::{Setup, SourceKind, StoreKind, World};
use serde_json::json;

use crate::places::{self, Needle};
use crate::story::{completed, erase};

const WORDS: &str = "zebra quartz lantern, said only late";

async fn take(world: &World, via: Via, body: Body) {
    world.system().door.as_ref().unwrap().take(via, true, body).await.unwrap();
    world.settle_folding().await;
}

/// Puts a recording into the store, as a fetch does just before it reports.
async fn stored(world: &World, seed: u64) -> (String, u64) {
    let blobs = Blobs::open(&world.directory.path().join("data").join("recordings")).await.unwrap();
    let audio = carrier::audio::wav(seed, "late", 1);
    let mut keeping = Audio::begin(&blobs, u64::MAX).await.unwrap();
    keeping.take(&audio).await.unwrap();
    (keeping.finish().await.unwrap().sha256, audio.len() as u64)
}

/// What is under way on a conference: a recording that is to be fetched, and a transcript that is to be read.
struct Waiting {
    recording: u32,
    reading: u32,
}

/// A webhook that tells of a recording which nobody can fetch.
fn recorded(conference_id: &str, name: &str) -> serde_json::Value {
    json!({ "sessionId": conference_id, "status": "completed", "duration": "60",
        "recordingUrl": format!("http://127.0.0.1:9/{name}.wav") })
}

async fn under_way(world: &World, conference_id: &str, stream: &str) -> Waiting {
    for name in ["first", "second"] {
        assert_eq!(world.post_json("/api/v1/voice/webhook", &recorded(conference_id, name)).await.0, 200);
    }
    let turns = vec![Turn { text: "we spoke of maize".into(), ..Turn::default() }];
    let posted = AddTranscript { stream: stream.to_owned(), turns };
    take(world, Via::Api, Body::Command(Command::AddTranscript(posted))).await;
    let records = world.system().store.stream_records(stream, 1, 200).await.unwrap();
    let last = |kind: &str| {
        let newest = records.iter().rfind(|record| record.kind == kind).unwrap();
        u32::try_from(newest.version).unwrap()
    };
    let reading = u32::try_from(records.last().unwrap().version).unwrap() + 1;
    let request = RequestTerms {
        stream: stream.to_owned(),
        transcript: last("transcript.recorded"),
        contract_type: ContractType::default(),
        day: "2026-03-10".into(),
    };
    take(world, Via::Api, Body::Command(Command::RequestTerms(request))).await;
    Waiting { recording: last("recording.available"), reading }
}

/// What was under way comes in, and the provider and a client tell more.
async fn come_late(world: &World, conference_id: &str, stream: &str, waiting: &Waiting) {
    let task = |task: u32| TaskRef { stream: stream.to_owned(), task, attempt: 1 };
    let (sha256, bytes) = stored(world, 5).await;
    let fetched = Report::RecordingFetched {
        task: task(waiting.recording),
        sha256,
        bytes,
        media_type: "audio/wav".into(),
        duration_ms: None,
        transcribe: true,
        check_after_s: None,
    };
    take(world, Via::Effect, Body::Report(fetched)).await;
    let claims = vec![Claimed { field: "product".into(), value: "maize".into(), words: WORDS.into() }];
    let read = Report::TermsRead { task: task(waiting.reading), claims };
    take(world, Via::Effect, Body::Report(read)).await;
    let told = recorded(conference_id, "zebra-quartz-lantern");
    assert_eq!(world.post_json("/api/v1/voice/webhook", &told).await.0, 200);
    world.settle_folding().await;
    let posted = json!({ "transcript": format!("Buyer: {WORDS}") });
    let (status, refused) = world.post_json(&format!("/v1/calls/{conference_id}/transcript"), &posted).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused.to_string().contains("was forgotten"), "{refused}");
    world.settle_messages().await;
}

async fn assert_nothing_is_left(world: &World, logs: Logs) {
    let needles: Vec<Needle> =
        ["zebra quartz", "zebra-quartz", "700000011", "Wanjiru"].map(Needle::of).into();
    let mut found = Vec::new();
    let folder = world.directory.path().join("data").join("recordings").join("recordings");
    let mut left = 0;
    for _ in 0..100 {
        found = places::holding(&places::all(world, logs).await, &needles);
        left = std::fs::read_dir(&folder).unwrap().count();
        if found.is_empty() && left == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(found.is_empty(), "left behind: {found:#?}");
    assert_eq!(left, 0, "a recording is left");
}

pub async fn nothing_comes_back(setup: Setup) {
    let logs = Logs::keep();
    let world = World::start_seeded(setup, 11).await;
    let (conference_id, _) = maize::agree(&world).await;
    world.settle_messages().await;
    let stream = conference_stream(&conference_id);
    let waiting = under_way(&world, &conference_id, &stream).await;
    let erasure = erase(&world, BUYER, "request").await;
    world.settle_messages().await;
    completed(&world, &erasure).await;

    come_late(&world, &conference_id, &stream, &waiting).await;
    assert_nothing_is_left(&world, logs).await;
    let records = world.system().store.stream_records(&stream, 1, 300).await.unwrap();
    let late = ["recording.available", "recording.fetched", "terms.read", "transcript.recorded"];
    let erased_at = records.iter().position(|record| record.kind == "personal.erased").unwrap();
    let kinds: Vec<&str> = records[erased_at..].iter().map(|record| record.kind.as_str()).collect();
    assert!(kinds.iter().all(|kind| !late.contains(kind)), "{kinds:?}");
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_in_one_process() {
    nothing_comes_back(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_with_postgres_and_nats() {
    nothing_comes_back(Setup { store: StoreKind::Postgres, source: SourceKind::Nats }).await;
}
