//! A recording whose address gives other bytes later: an alarm on the ledger, and the first bytes stay the evidence.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use carrier::RecordingMode;
use it::{Setup, SourceKind, StoreKind, World, maize};
use ledger::hash::sha256;
use serde_json::Value;

/// Waits until the conference's recording is as `is` says.
async fn until(world: &World, conference_id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let place = format!("/api/v1/voice/recordings/{conference_id}");
    for _ in 0..3_000 {
        // The answer to the request comes before it is folded.
        let (status, text) = world.get(&place).await;
        let view: Value = serde_json::from_str(&text).unwrap();
        if status == 200 && is(&view) {
            return view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not within 30 s: {}", world.json(&place).await);
}

async fn kinds(world: &World, session_id: &str) -> Vec<String> {
    let journey = world.json(&format!("/v1/calls/{session_id}/journey")).await;
    let find = |value: &Value| value.as_array().cloned();
    let records = journey.as_object().unwrap().values().find_map(find).expect("records");
    records.iter().map(|record| record["type"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A conference whose recording was fetched and, a second later, fetched once more.
async fn twice(setup: Setup, tampered_after: Option<u32>) {
    let world = World::start_with(setup, &["--recording-check-seconds=1"]).await;
    world.carrier.set_recording_mode(RecordingMode { tampered_after, ..RecordingMode::default() });
    let conference_id = maize::confer(&world).await;
    let altered = tampered_after.is_some();
    let view = until(&world, &conference_id, |view| {
        if altered { view["altered"] == true } else { view["checked_at"].is_string() }
    })
    .await;
    world.settle().await;
    let [recording] = &world.carrier.recordings()[..] else { panic!("one recording") };
    assert_eq!(recording.requests, 2, "fetched, and looked at once more");
    let first = world.carrier.recording_bytes(&recording.id).unwrap();
    assert_eq!(view["sha256"], sha256(&first).hex(), "the first bytes stay the evidence");
    assert_eq!((&view["bytes"], &view["altered"]), (&first.len().into(), &altered.into()));
    let kinds = kinds(&world, &recording.session_id).await;
    let count = |kind: &str| kinds.iter().filter(|made| *made == kind).count();
    let (alarms, checks) = if altered { (1, 0) } else { (0, 1) };
    assert_eq!(
        (count("recording.fetched"), count("recording.altered"), count("recording.checked")),
        (1, alarms, checks),
        "{kinds:?}"
    );
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_later_raise_an_alarm() {
    twice(Setup::EMBEDDED, Some(1)).await;
    twice(Setup { store: StoreKind::Postgres, source: SourceKind::Nats }, Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_later_raise_none() {
    twice(Setup::EMBEDDED, None).await;
}
