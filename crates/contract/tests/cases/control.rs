//! Acts asked of providers, and their results.

use contract::command::Command;
use contract::control::{Action, ControlCall, ControlConference, Said};
use contract::entity::Entity;
use contract::input::{Body, Input};
use contract::outcome::{Outcome, QuarantineReason, Refusal};
use contract::provider::{Provider, Via};
use contract::report::{FailureReason, Report};
use ledger::time::Timestamp;

use crate::memory::{Shelf, input};

const FIRST_DAY: i64 = 1_772_800_000_000;
const SECOND_DAY: i64 = FIRST_DAY + 86_400_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

fn ask(number: u64, id: &str, begun: i64, action: Action) -> Input {
    let command = ControlConference {
        conference_id: id.to_owned(),
        provider: Provider::TryVox,
        room: "support-room-1".to_owned(),
        begun: Some(at(begun)),
        action,
        said: Said { member: Some("m2".to_owned()), ..Said::default() },
    };
    let received = at(SECOND_DAY + i64::try_from(number).unwrap());
    input(number, Via::Api, true, received, Body::Command(Command::ControlConference(command)))
}

fn told(number: u64, report: Report) -> Input {
    input(number, Via::Effect, true, at(SECOND_DAY + 60_000), Body::Report(report))
}

fn kinds(shelf: &Shelf) -> Vec<(&str, &str)> {
    shelf.log.iter().map(|made| (made.stream.as_str(), made.kind.as_str())).collect()
}

#[test]
fn a_room_used_again_is_another_conference() {
    let mut shelf = Shelf::default();
    let ids = ["ATVoice_00000000000a", "ATVoice_00000000000b", "ATVoice_00000000000c"];
    shelf.fold(&[ask(1, ids[0], FIRST_DAY, Action::Mute)]);
    // The same room of the same day under another id, in one batch with the room of the next day.
    shelf.fold(&[ask(2, ids[1], FIRST_DAY, Action::Kick), ask(3, ids[2], SECOND_DAY, Action::Mute)]);
    let [first, second] = ["conference/ATVoice_00000000000a", "conference/ATVoice_00000000000c"];
    let expected = [
        (first, "conference.found"),
        (first, "control.requested"),
        (first, "control.requested"),
        (second, "conference.found"),
        (second, "control.requested"),
    ];
    assert_eq!(kinds(&shelf), expected);
}

#[test]
fn an_act_has_one_result() {
    let mut shelf = Shelf::default();
    let asked = ask(1, "ATVoice_00000000000a", FIRST_DAY, Action::End);
    let stream = "conference/ATVoice_00000000000a".to_owned();
    shelf.fold(std::slice::from_ref(&asked));
    let failed =
        Report::ControlFailed { stream: stream.clone(), control: asked.id, reason: FailureReason::Other };
    let done = Report::Controlled { stream: stream.clone(), control: asked.id, reference: None };
    shelf.fold(&[told(2, done.clone())]);
    shelf.fold(&[told(3, failed), told(4, done.clone())]);
    let elsewhere = Report::Controlled {
        stream: "conference/ATVoice_ffffffffffff".into(),
        control: asked.id,
        reference: None,
    };
    shelf.fold(&[told(5, elsewhere)]);
    let outcomes: Vec<&Outcome> = shelf.outcomes.iter().map(|(_, outcome)| outcome).collect();
    assert!(matches!(outcomes[1], Outcome::Recorded { records, .. } if records[0].kind == "control.done"));
    let already = Outcome::AlreadyApplied { stream: stream.clone(), version: 3 };
    assert_eq!(outcomes[2..4], [&already, &already]);
    assert_eq!(outcomes[4], &Outcome::Quarantined { reason: QuarantineReason::UnknownTask });
    let Some(Entity::Conference(conference)) = shelf.entity(&stream) else { panic!() };
    assert!(conference.ended && conference.controls.open.is_empty());
}

#[test]
fn a_call_that_nobody_knows_cannot_be_acted_on() {
    let command = ControlCall {
        provider: Provider::AfricasTalking,
        call_id: "ATVId_1".to_owned(),
        action: Action::Transfer,
        said: Said::default(),
    };
    let mut shelf = Shelf::default();
    shelf.fold(&[input(1, Via::Api, true, at(FIRST_DAY), Body::Command(Command::ControlCall(command)))]);
    let refused = Outcome::Refused(Refusal::NotFound { what: "call".into() });
    assert_eq!(shelf.outcomes[0].1, refused);
    assert!(shelf.log.is_empty());
}
