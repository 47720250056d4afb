//! Faults repeat with the seed and lose or invent nothing they should not.

use std::collections::BTreeSet;

use carrier::{Carrier, Config, Faults, Outcome, Pace, Planned, Script};

use crate::receiver::{Api, Received, Receiver};

const PHONES: &str = "+254700000001,+254700000002,+254700000003";

struct Run {
    plan: Vec<Planned>,
    received: Vec<Received>,
}

async fn run(seed: u64, faults: Faults, pace: Pace) -> Run {
    let receiver = Receiver::start().await;
    let script = Script::default().leg("+254700000002", Outcome::NoAnswer);
    let config = Config { seed, faults, pace, script, ..receiver.config() };
    let carrier = Carrier::start(config).await.unwrap();
    let response = Api::of(&carrier).call(PHONES, Some("conference")).await.unwrap();
    assert_eq!(response.status(), 200);
    carrier.idle().await;
    let run = Run { plan: carrier.plan(), received: receiver.received() };
    assert_eq!(carrier.deliveries().len(), run.received.len());
    carrier.stop().await;
    run
}

fn sent(plan: &[Planned]) -> Vec<Received> {
    plan.iter()
        .flat_map(|planned| {
            let received = Received { kind: planned.url_kind, body: planned.body.clone() };
            std::iter::repeat_n(received, usize::from(planned.at_once))
        })
        .collect()
}

fn distinct(received: &[Received]) -> BTreeSet<Received> {
    received.iter().cloned().collect()
}

#[tokio::test]
async fn a_seed_repeats_its_story() {
    for seed in [1, 2, 3] {
        let first = run(seed, Faults::rough(), Pace::Fast).await;
        let second = run(seed, Faults::rough(), Pace::Fast).await;
        assert_eq!(first.plan, second.plan);
        assert_eq!(first.received, second.received);
        assert_eq!(first.received, sent(&first.plan), "what arrives is what was planned, in that order");
    }
    let one = run(1, Faults::rough(), Pace::Fast).await;
    let other = run(2, Faults::rough(), Pace::Fast).await;
    assert_ne!(distinct(&one.received), distinct(&other.received));
}

#[tokio::test]
async fn copies_and_disorder_change_no_fact() {
    let clean = run(7, Faults::default(), Pace::Fast).await;
    let messy = Faults { missing_field_percent: 0, ..Faults::rough() };
    let rough = run(7, messy, Pace::Fast).await;
    assert_eq!(distinct(&rough.received), distinct(&clean.received));
    assert!(rough.received.len() > clean.received.len());
    let order = |received: &[Received]| {
        let mut seen = BTreeSet::new();
        received.iter().filter(|it| seen.insert((*it).clone())).cloned().collect::<Vec<_>>()
    };
    assert_ne!(order(&rough.received), order(&clean.received));
}

#[tokio::test]
async fn the_pace_changes_no_fact() {
    let fast = run(9, Faults::rough(), Pace::Fast).await;
    let paced = run(9, Faults::rough(), Pace::Times(2_000)).await;
    let mut sorted = paced.received.clone();
    sorted.sort();
    let mut expected = sent(&paced.plan);
    expected.sort();
    assert_eq!(sorted, expected);
    // Bodies differ in the time of the call only, which a fast story draws.
    let shape = |run: &Run| {
        run.plan.iter().map(|it| (it.due_ms, it.url_kind, it.subject.clone())).collect::<Vec<_>>()
    };
    assert_eq!(shape(&fast), shape(&paced));
}

#[tokio::test]
async fn a_callback_may_come_before_the_answer_that_names_its_session() {
    let receiver = Receiver::start().await;
    let faults = Faults { callback_before_answer: true, ..Faults::default() };
    let carrier = Carrier::start(Config { faults, ..receiver.config() }).await.unwrap();
    Api::of(&carrier).call(PHONES, None).await.unwrap();
    assert!(!receiver.received().is_empty());
    carrier.idle().await;
    carrier.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_where_everything_is_lost() {
    let lost = run(5, Faults { never_sent_percent: 100, ..Faults::rough() }, Pace::Fast).await;
    assert!(lost.plan.is_empty() && lost.received.is_empty());
}
