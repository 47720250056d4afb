//! Legs that name the request they were placed for, before or without the provider's answer that names them.

use contract::call::Call;
use contract::command::{Command, ContractType, CreateConference};
use contract::conference::request_stream;
use contract::entity::{Entity, call_stream, conference_stream};
use contract::fact::{ConferenceStatus, Fact, Leg, Private, Subject, What};
use contract::input::Body;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, FailureReason, LegStatus, Report};
use ledger::time::Timestamp;

use crate::memory::{Shelf, input, webhook};

const ID: &str = "ATVoice_0123456789ab";
const LEGS: [&str; 2] = ["ATVId_1", "ATVId_2"];

fn requested() -> Body {
    Body::Command(Command::CreateConference(CreateConference {
        conference_id: ID.to_owned(),
        parties: ["+254700000001", "+254700000002"].map(|p| p.parse().unwrap()).to_vec(),
        contract_type: ContractType::default(),
        expected_duration_s: 600,
        provider: Some(Provider::AfricasTalking),
        room: None,
    }))
}

fn answered(call: &str) -> Body {
    let leg = Leg { request: Some(ID.to_owned()), ..Leg::default() };
    let subject = Subject::Call { provider: Provider::AfricasTalking, id: call.to_owned() };
    let (key, what) = (format!("{call}:answered"), What::CallAnswered(leg));
    webhook(call, vec![Fact { subject, key, occurred: None, what, private: Private::default() }])
}

fn placed() -> Body {
    let leg = |(party, call): (u32, &str)| DialledLeg {
        party,
        call_id: Some(call.to_owned()),
        status: LegStatus::Queued,
    };
    let legs = (0..).zip(LEGS).map(leg).collect();
    let provider = Provider::AfricasTalking;
    Body::Report(Report::Dialled { stream: conference_stream(ID), provider, legs, line: None })
}

fn lost() -> Body {
    Body::Report(Report::DialFailed { stream: conference_stream(ID), reason: FailureReason::UnknownOutcome })
}

fn folded(bodies: Vec<Body>) -> Shelf {
    let mut shelf = Shelf::default();
    for (n, body) in (1..).zip(bodies) {
        let at = Timestamp::from_millis(1_772_800_000_000 + i64::try_from(n).unwrap()).unwrap();
        shelf.fold(&[input(n, Via::Effect, true, at, body)]);
    }
    shelf
}

/// The legs the index joins to the conference, and how the conference stands with them.
#[track_caller]
fn check(bodies: Vec<Body>, expected: &[&str], status: ConferenceStatus) {
    let shelf = folded(bodies);
    let of = |space: &str, key: &str| -> Vec<String> {
        let links = shelf.links.iter().filter(|(s, k, _)| s == space && k == key);
        links.map(|(_, _, stream)| stream.clone()).collect()
    };
    let legs: Vec<String> = expected.iter().map(|id| call_stream(Provider::AfricasTalking, id)).collect();
    assert_eq!(of("leg", ID), legs);
    for leg in &legs {
        assert_eq!(of("call", leg), [conference_stream(ID)]);
    }
    let Some(Entity::Conference(conference)) = shelf.entity(&conference_stream(ID)) else { panic!() };
    let calls: Vec<Box<Call>> = legs
        .iter()
        .filter_map(|leg| match shelf.entity(leg)? {
            Entity::Call(call) => Some(call),
            _ => None,
        })
        .collect();
    let calls: Vec<&Call> = calls.iter().map(AsRef::as_ref).collect();
    assert_eq!(conference.status(&calls), status);
}

#[test]
fn a_callback_before_the_answer_joins_its_conference() {
    use ConferenceStatus::{Active, Failed};
    let [one, two] = LEGS;
    check(vec![requested(), answered(one), placed()], &LEGS, Active);
    check(vec![answered(one), requested(), placed(), answered(two)], &LEGS, Active);
    check(vec![requested(), placed(), answered(one), answered(two)], &LEGS, Active);
    check(vec![requested(), answered(two)], &[two], Active);
    check(vec![requested(), lost()], &[], Failed);
}

#[test]
fn a_callback_after_a_lost_answer_shows_that_people_were_rung() {
    check(vec![requested(), lost(), answered(LEGS[1])], &LEGS[1..], ConferenceStatus::Active);
    check(vec![requested(), answered(LEGS[0]), lost(), answered(LEGS[1])], &LEGS, ConferenceStatus::Active);
}

#[test]
fn only_ids_that_can_be_ours_are_taken() {
    for (id, stream) in [
        (ID, Some(format!("conference/{ID}"))),
        ("0123456789abcdef0123456789abcdef", Some("dial/0123456789abcdef0123456789abcdef".to_owned())),
        ("ATVoice_0123456789AB", None),
        ("ATVoice_0123456789abc", None),
        ("+254700000001", None),
        ("Wanjiku", None),
        ("", None),
    ] {
        assert_eq!(request_stream(id), stream, "{id}");
    }
}
