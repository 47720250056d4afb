//! One conference, told by each provider in its own words: in whatever order and however often its webhooks come, the
//! views are the same, and they are the same whoever tells.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "permuted/telling.rs"]
mod telling;

use std::collections::BTreeMap;

use contract::call::Call;
use contract::command::{Command, CreateConference};
use contract::decide::decide;
use contract::entity::{Entity, call_stream, conference_stream};
use contract::fact::ConferenceStatus;
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::outcome::Outcome;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, LegStatus, Report};
use contract::world::World;
use ledger::hash::sha256;
use ledger::time::Timestamp;
use proptest::prelude::*;
use telling::{Leg, conference, read, webhooks};
use uuid::Uuid;

const CONFERENCE: &str = "ATVoice_a1b2c3d4e5f6";
const PROVIDERS: [Provider; 3] = [Provider::AfricasTalking, Provider::TryVox, Provider::MiniVoice];

/// What is shown of a conference: its status and its calls, without what is about the arrival.
#[derive(Debug, PartialEq)]
struct View {
    status: ConferenceStatus,
    calls: BTreeMap<u32, Call>,
}

/// Folds the answer to the dialling as the n-th input, and the bodies around it.
fn view(provider: Provider, legs: &[Leg], bodies: &[String], dialled_at: usize) -> View {
    let mut world = World::new("ledger.example/permuted", None);
    let mut inputs = 0_u64;
    let mut take = |via: Via, body: Body| {
        inputs += 1;
        let at = Timestamp::from_millis(1_772_800_000_000 + i64::try_from(inputs).unwrap()).unwrap();
        let id = Uuid::from_u128(u128::from(inputs));
        let seed = Seed(sha256(&inputs.to_be_bytes()));
        let input = Input { v: INPUT_VERSION, id, via, received_at: at, authenticated: true, seed, body };
        let outcome = decide(&input, &mut world).unwrap();
        assert!(matches!(outcome, Outcome::Recorded { .. } | Outcome::AlreadyApplied { .. }), "{outcome:?}");
    };
    let phones: Vec<&str> = legs.iter().map(|leg| leg.phone.as_str()).collect();
    let request: CreateConference = serde_json::from_value(serde_json::json!({
        "conference_id": CONFERENCE, "parties": phones,
        "contract_type": "agricultural_supply", "expected_duration_s": 600,
    }))
    .unwrap();
    take(Via::Api, Body::Command(Command::CreateConference(request)));
    let placed = |party: u32| DialledLeg {
        party,
        call_id: Some(telling::id(provider, party)),
        status: LegStatus::Queued,
    };
    let count = u32::try_from(legs.len()).unwrap();
    let dialled = Report::Dialled {
        stream: conference_stream(CONFERENCE),
        provider,
        legs: (0..count).map(placed).collect(),
        line: None,
    };
    for (n, raw) in bodies.iter().enumerate() {
        if n == dialled_at {
            take(Via::Effect, Body::Report(dialled.clone()));
        }
        let webhook = Webhook {
            provider,
            route: "events".to_owned(),
            content_type: telling::content_type(provider).to_owned(),
            headers: BTreeMap::new(),
            raw: raw.clone(),
            raw_base64: false,
            facts: read(provider, raw),
        };
        take(Via::from(provider), Body::Webhook(webhook));
    }
    if dialled_at >= bodies.len() {
        take(Via::Effect, Body::Report(dialled));
    }
    let of = |party: u32| match world.entity(&call_stream(provider, &telling::id(provider, party))) {
        Some(Entity::Call(call)) => Some((party, without_arrival((**call).clone()))),
        _ => None,
    };
    let calls: BTreeMap<u32, Call> = (0..count).filter_map(of).collect();
    let Some(Entity::Conference(conference)) = world.entity(&conference_stream(CONFERENCE)) else {
        panic!("it was requested")
    };
    View { status: conference.status(&calls.values().collect::<Vec<_>>()), calls }
}

/// Leaves out when something was first named and with which record it is kept.
fn without_arrival(mut call: Call) -> Call {
    call.bodies.0.clear();
    for recording in call.recordings.0.values_mut() {
        recording.task = 0;
        recording.available_at = Timestamp::EPOCH;
        recording.not_before = Timestamp::EPOCH;
    }
    call
}

/// What every provider can tell: the rest (times, costs, our line) differs with the words it has.
fn common(view: &View) -> String {
    let line = |(party, call): (&u32, &Call)| {
        format!(
            "{party}: {:?} {:?} {} {:?} s {:?} {} recordings",
            call.progress,
            call.outcome,
            call.answered,
            call.duration_s,
            call.phone,
            call.recordings.0.len()
        )
    };
    let calls: Vec<String> = view.calls.iter().map(line).collect();
    format!("{:?}\n{}", view.status, calls.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn order_and_repetition_make_no_difference_whoever_tells(
        legs in conference(),
        again in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
        keys in proptest::collection::vec(any::<u64>(), 80),
        dialled_at in 0..12_usize,
    ) {
        for provider in PROVIDERS {
            let once = webhooks(provider, &legs);
            let expected = view(provider, &legs, &once, 0);
            let mut pile = once.clone();
            pile.extend(again.iter().map(|n| once[n.index(once.len())].clone()));
            let mut order: Vec<(u64, String)> = keys.iter().copied().cycle().zip(pile).collect();
            order.sort();
            let shuffled: Vec<String> = order.into_iter().map(|(_, body)| body).collect();
            prop_assert_eq!(&view(provider, &legs, &shuffled, dialled_at), &expected, "{:?}", provider);
        }
    }

    #[test]
    fn the_same_conference_is_the_same_whoever_tells_it(legs in conference()) {
        let told = PROVIDERS.map(|provider| common(&view(provider, &legs, &webhooks(provider, &legs), 0)));
        prop_assert_eq!(&told[1], &told[0]);
        prop_assert_eq!(&told[2], &told[0]);
    }
}
