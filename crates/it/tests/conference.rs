//! One conference, told by each of the three providers: two parties are rung, answer, are asked whether they may be
//! recorded, talk, and their recording is there long after. Whoever carried it and whatever went wrong with the webhooks,
//! the contract and the calls are the same in the end.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "conference/at_once.rs"]
mod at_once;
#[path = "conference/limit.rs"]
mod limit;
#[path = "conference/lost.rs"]
mod lost;
#[path = "conference/stage.rs"]
mod stage;

use carrier::Faults;
use it::{Setup, SourceKind, StoreKind};
use serde_json::Value;
use stage::{PROVIDERS, Stage};

const SEED: u64 = 41;
const SERVERS: Setup = Setup { store: StoreKind::Postgres, source: SourceKind::Nats };

/// A bad day on which everything is told in the end: copies, disorder, slow ones, some before the answer to the dialling.
fn bad_day() -> Faults {
    Faults { missing_field_percent: 0, reorder_window: 9, ..Faults::rough() }
}

/// What is left of a conference when everything that differs by clock and provider is taken away.
struct Told {
    contract: Value,
    calls: Vec<Value>,
    recording: Value,
}

impl Told {
    #[track_caller]
    fn assert_same(&self, other: &Told, when: &str) {
        assert_eq!(other.calls, self.calls, "{when}");
        assert_eq!(other.recording, self.recording, "{when}");
        assert_eq!(other.contract, self.contract, "{when}");
    }
}

async fn told(setup: Setup, provider: &str, faults: Faults) -> Told {
    let stage = Stage::set(setup, SEED).await;
    stage.set_faults(&faults);
    let conference = stage.confer(provider).await;
    stage.settle().await;
    if faults != Faults::default() {
        stage.assert_bad_day(provider);
    }
    stage.assert_consented(provider, &conference).await;
    let calls = stage.calls(provider, &conference).await;
    let recording = stage.recording(&conference).await;
    let contract = stage.agree(&conference).await;
    stage.sound().await;
    Told { contract, calls, recording }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_through_each_provider() {
    let mut first: Option<Told> = None;
    for setup in [Setup::EMBEDDED, SERVERS] {
        for provider in PROVIDERS {
            let now = told(setup, provider, bad_day()).await;
            assert_eq!(now.contract["status"], "confirmed", "{provider}");
            assert!(now.recording["sha256"].is_string(), "{provider}: {}", now.recording);
            match &first {
                None => first = Some(now),
                Some(first) => first.assert_same(&now, &format!("{provider} on {setup:?}")),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_in_any_order_and_however_often() {
    let days = [
        Faults { duplicate_percent: 100, duplicates_max: 3, ..Faults::default() },
        Faults { reorder_window: 2, concurrent_percent: 50, ..Faults::default() },
        Faults { callback_before_answer: true, slow_percent: 50, slow_ms_max: 40, ..bad_day() },
    ];
    for provider in PROVIDERS {
        let good = told(Setup::EMBEDDED, provider, Faults::default()).await;
        for faults in &days {
            let bad = told(Setup::EMBEDDED, provider, faults.clone()).await;
            good.assert_same(&bad, &format!("{provider}, {faults:?}"));
        }
    }
}
