//! The views of calls and conferences depend on what was told, not on when or how often.

use std::collections::BTreeMap;

use contract::call::Call;
use contract::command::{Command, ContractType, CreateConference};
use contract::entity::{Entity, call_stream, conference_stream};
use contract::fact::{ConferenceStatus, Fact};
use contract::input::Body;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, LegStatus, Report};
use ledger::time::Timestamp;
use proptest::prelude::*;

use crate::memory::{Shelf, input, webhook};
use crate::telling::{self, CALLS, CONFERENCE, PHONES};

const START_MS: i64 = 1_772_800_000_000;

/// What must not depend on the order: all states, and the status of the conference.
fn seen(told: &[Vec<Fact>]) -> (BTreeMap<String, Entity>, ConferenceStatus) {
    let mut shelf = Shelf::default();
    let request = Body::Command(Command::CreateConference(CreateConference {
        conference_id: CONFERENCE.to_owned(),
        parties: PHONES[..2].iter().map(|p| p.parse().unwrap()).collect(),
        contract_type: ContractType::default(),
        expected_duration_s: 600,
        provider: None,
        room: None,
    }));
    let leg = |party: u32| DialledLeg {
        party,
        call_id: Some(CALLS[party as usize].to_owned()),
        status: LegStatus::Queued,
    };
    let dialled = Body::Report(Report::Dialled {
        stream: conference_stream(CONFERENCE),
        provider: Provider::AfricasTalking,
        legs: vec![leg(0), leg(1)],
        line: Some("+254700000000".to_owned()),
    });
    let told = told.iter().map(|facts| webhook("body", facts.clone()));
    let inputs: Vec<_> = (0..)
        .zip([request, dialled].into_iter().chain(told))
        .map(|(n, body)| {
            let at = Timestamp::from_millis(START_MS + i64::try_from(n).unwrap()).unwrap();
            input(n, Via::AfricasTalking, true, at, body)
        })
        .collect();
    shelf.fold(&inputs);
    let calls: Vec<Call> = CALLS[..2].iter().filter_map(|id| call(&shelf, id)).map(|call| *call).collect();
    let Some(Entity::Conference(conference)) = shelf.entity(&conference_stream(CONFERENCE)) else {
        panic!("the conference was requested")
    };
    let status = conference.status(&calls.iter().collect::<Vec<_>>());
    let states = shelf.entities().into_iter().map(|(stream, entity)| (stream, without_arrival(entity)));
    (states.collect(), status)
}

fn call(shelf: &Shelf, id: &str) -> Option<Box<Call>> {
    match shelf.entity(&call_stream(Provider::AfricasTalking, id))? {
        Entity::Call(call) => Some(call),
        _ => None,
    }
}

/// Leaves out what is about the arrival and not about the call: with which record a body is kept; under which version a
/// recording was first named (that is the number of the task to fetch it), when that was, and from when on it may
/// therefore be fetched.
fn without_arrival(mut entity: Entity) -> Entity {
    let (recordings, bodies) = match &mut entity {
        Entity::Call(call) => (&mut call.recordings, &mut call.bodies),
        Entity::Conference(conference) => (&mut conference.recordings, &mut conference.bodies),
        _ => return entity,
    };
    bodies.0.clear();
    for recording in recordings.0.values_mut() {
        recording.task = 0;
        recording.available_at = Timestamp::EPOCH;
        recording.not_before = Timestamp::EPOCH;
    }
    entity
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn order_and_repetition_of_webhooks_do_not_matter(
        (told, again) in proptest::collection::vec(telling::webhook(), 1..12).prop_flat_map(|told| {
            let picks = proptest::collection::vec(0..told.len(), 0..8);
            (Just(told), picks)
        }),
        shuffle in any::<u64>(),
    ) {
        let mut repeated: Vec<Vec<Fact>> = told.clone();
        repeated.extend(again.into_iter().map(|n| told[n].clone()));
        let mut random = proptest::test_runner::TestRng::from_seed(
            proptest::test_runner::RngAlgorithm::ChaCha,
            &ledger::hash::sha256(&shuffle.to_be_bytes()).0,
        );
        for n in (1..repeated.len()).rev() {
            repeated.swap(n, usize::try_from(random.next_u64()).unwrap() % (n + 1));
        }
        prop_assert_eq!(seen(&told), seen(&repeated));
    }
}
