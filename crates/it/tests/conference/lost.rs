//! Webhooks that are never sent: a call whose end nobody tells is found by looking for it.

use carrier::{ApiMode, Faults};
use contract::phone::Country;
use effects::client::{Client, ClientLimits};
use effects::silence::{Asked, Finder};
use it::Setup;
use it::maize::{BUYER, SELLER};
use ledger::time::Timestamp;
use serde_json::{Value, json};

use super::SERVERS;
use super::stage::{PROVIDERS, Stage};

const SILENT_MS: i64 = 60 * 60_000;

/// One look for calls without an end, with the accounts of the service, two hours from now. Gives how many were found.
async fn look(stage: &Stage) -> usize {
    let accounts = cli::accounts::accounts(&stage.world.config()).unwrap();
    let seconds = std::time::Duration::from_secs(5);
    let client = Client::new(ClientLimits { connect: seconds, total: seconds }).unwrap();
    let system = stage.world.system();
    let door = system.door.clone().unwrap();
    let later = Timestamp::from_millis(door.now().millis() + 2 * SILENT_MS).unwrap();
    let finder = Finder::new(door, client, (&accounts).into(), Country::KENYA, SILENT_MS);
    let found = finder.look(&system.store.reader(), later, &mut Asked::default()).await.unwrap();
    stage.world.settle_folding().await;
    found.len()
}

async fn shown(stage: &Stage, provider: &str, conference: &str, member: &str) -> Vec<Value> {
    let calls = stage.calls(provider, conference).await;
    assert_eq!(calls.len(), 2, "{provider}");
    calls.into_iter().map(|call| call[member].clone()).collect()
}

async fn kinds(stage: &Stage, conference: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for leg in stage.legs(conference).await {
        let records = stage.world.system().store.stream_records(&leg, 1, 100).await.unwrap();
        all.push(records.into_iter().map(|record| record.kind).collect());
    }
    all
}

/// Says what became of the legs: fetched, or flagged where the provider has no request that asks about a call.
async fn assert_found(stage: &Stage, provider: &str, conference: &str) {
    assert_eq!(look(stage).await, 2, "{provider}: both legs are silent");
    let flagged = |kinds: &Vec<String>| kinds.iter().any(|kind| kind == "call.silent");
    let told = kinds(stage, conference).await;
    if provider == "africastalking" {
        assert!(told.iter().all(flagged), "{told:?}");
        assert!(shown(stage, provider, conference, "progress").await.iter().all(|p| p != "ended"));
        let journey = stage.world.json(&format!("/v1/calls/{conference}/journey")).await;
        assert!(journey.to_string().contains(r#""silent":true"#), "{journey}");
    } else {
        assert!(!told.iter().any(flagged), "{told:?}");
        assert_eq!(shown(stage, provider, conference, "status").await, ["completed", "completed"]);
    }
    assert_eq!(look(stage).await, 0, "{provider}: nothing is left to look for");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_is_never_told_is_found() {
    for setup in [Setup::EMBEDDED, SERVERS] {
        for provider in PROVIDERS {
            let stage = Stage::set(setup, 3).await;
            stage.set_faults(&Faults { lost_end_percent: 100, ..Faults::default() });
            let conference = stage.confer(provider).await;
            stage.settle().await;
            let expected = ["in_progress", "in_progress"];
            assert_eq!(shown(&stage, provider, &conference, "status").await, expected, "{provider}");
            assert_found(&stage, provider, &conference).await;
            stage.settle().await;
            stage.sound().await;
        }
    }
}

/// The answer to the dialling is lost, so no leg is known by it: those that name the conference belong to it all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_of_legs_that_only_name_their_conference_is_shown() {
    for provider in ["africastalking", "tryvox"] {
        let stage = Stage::set(Setup::EMBEDDED, 3).await;
        let lost = || ApiMode::Drop { accepted: true };
        stage.world.carrier.next_call_modes([lost()]);
        stage.tryvox.next_modes([lost(), lost()]);
        let wanted = json!({ "parties": [BUYER, SELLER], "provider": provider });
        let (status, answer) = stage.world.post_json("/api/v1/voice/conference/create", &wanted).await;
        assert_eq!(status, 500, "{answer}");
        stage.settle().await;
        let records = stage.world.system().store.records(0, 1_000).await.unwrap();
        let asked = records.iter().find(|record| record.kind == "conference.requested").unwrap();
        let conference = asked.stream.strip_prefix("conference/").unwrap();
        assert!(records.iter().all(|record| record.kind != "dial.placed"), "no leg is known by the answer");
        let shown = stage.recording(conference).await;
        assert_eq!(shown["status"], "completed", "{provider}: {shown}");
        assert!(shown["sha256"].is_string(), "{provider}: {shown}");
        assert_eq!(shown["duration"], 45, "{provider}: {shown}");
        stage.sound().await;
    }
}

/// The service is away for as long as the call takes: nothing of it ever comes in but the answer to the dialling.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_which_nothing_is_ever_told_is_found() {
    for provider in PROVIDERS {
        let stage = Stage::set(Setup::EMBEDDED, 3).await;
        stage.set_faults(&Faults { never_sent_percent: 100, ..Faults::default() });
        // A port that nobody listens on.
        stage.tryvox.set_reach("http://127.0.0.1:1");
        stage.minivoice.set_reach("http://127.0.0.1:1");
        let conference = stage.confer(provider).await;
        stage.settle().await;
        let expected = ["dialing", "dialing"];
        assert_eq!(shown(&stage, provider, &conference, "status").await, expected, "{provider}");
        assert_found(&stage, provider, &conference).await;
        stage.sound().await;
    }
}
