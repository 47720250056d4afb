//! What comes when, how often, and about whom.

use contract::call::Progress;
use contract::fact::{CallOutcome, What};
use contract::provider::Provider;

use crate::desk::{Desk, fact, facts, try_fixture};

const ENDED: &str = "africastalking/voice_ended.form";
const ANSWERED: &str = "africastalking/voice_answered.form";

/// 1: the final callback is the first and only one.
#[test]
fn oddity_01_a_final_callback_alone_makes_the_call() {
    let path = "africastalking/voice_final_is_the_only_callback.form";
    let mut desk = Desk::new();
    assert_eq!(desk.take(path), ["call.ended"]);
    let call = desk.leg(path);
    assert_eq!((call.progress, call.outcome), (Progress::Ended, Some(CallOutcome::NoAnswer)));
    assert!(!call.answered);
}

/// 6: the number of the person is `callerNumber`, also where we called the person.
#[test]
fn oddity_06_the_person_is_the_caller_in_both_directions() {
    for path in ["africastalking/voice_caller_is_the_called_person.form", ANSWERED] {
        let private = fact(path).private;
        assert_eq!(private.phone.as_deref(), Some("+254700000011"), "{path}");
        assert_eq!(private.line.as_deref(), Some("+254700000001"), "{path}");
    }
}

/// 7: one rejected call was told six times.
#[test]
fn oddity_07_however_often_it_is_told_it_is_one_event() {
    let path = "africastalking/voice_rejected.form";
    let mut desk = Desk::new();
    assert_eq!(desk.take(path), ["call.ended"]);
    let once = desk.leg(path);
    for _ in 0..5 {
        assert_eq!(desk.take(path), [""; 0], "nothing new");
    }
    assert_eq!(desk.leg(path), once);
    // The same in another spelling is the same event too, but its bytes are kept.
    let mut desk = Desk::new();
    desk.take(ANSWERED);
    assert_eq!(desk.take("africastalking/voice_repeated_other_spelling.form"), ["webhook.repeated"]);
    assert_eq!(desk.take("africastalking/voice_repeated_other_spelling.form"), [""; 0]);
}

/// 8: the end before the start.
#[test]
fn oddity_08_out_of_order_gives_the_same_call() {
    let mut desks = [Desk::new(), Desk::new()];
    let forward = ["africastalking/voice_ringing.form", ANSWERED, ENDED];
    forward.iter().for_each(|path| drop(desks[0].take(path)));
    forward.iter().rev().for_each(|path| drop(desks[1].take(path)));
    let [mut one, mut other] = desks.map(|desk| desk.leg(ENDED));
    // With which record a body is kept is about the arrival, not about the call.
    one.bodies.0.clear();
    other.bodies.0.clear();
    assert_eq!(one, other);
    assert_eq!((one.progress, one.answered), (Progress::Ended, true));
    let lone = "africastalking/voice_end_without_start.form";
    let mut desk = Desk::new();
    desk.take(lone);
    assert_eq!(desk.leg(lone).progress, Progress::Ended);
}

/// 9: `isActive=1` again after the dialled phone hung up: whoever answers with a dial again dials for ever.
#[test]
fn oddity_09_a_call_that_was_dialled_on_says_so() {
    let dialled = |path: &str| try_fixture(path).unwrap().echo.dialled;
    assert!(!dialled(ANSWERED));
    assert!(dialled("africastalking/voice_dial_picked_up.form"));
    assert!(dialled("africastalking/voice_dial_over.form"));
}

/// 10: fields come and go; unknown ones change nothing.
#[test]
fn oddity_10_the_meaning_does_not_hang_on_a_field_that_may_be_absent() {
    let without = fact("africastalking/voice_answered_without_state.form");
    assert_eq!(without.what.kind(), "call.answered");
    assert_eq!(fact("africastalking/voice_final_without_is_active.form").what.kind(), "call.ended");
    assert_eq!(fact("africastalking/voice_final_only_fields.form").what.kind(), "call.ended");
    assert_eq!(facts("africastalking/voice_extra_fields.form"), facts(ANSWERED));
}

/// 16: a later callback lacks what an earlier one had.
#[test]
fn oddity_16_what_is_not_repeated_is_not_cleared() {
    let mut desk = Desk::new();
    desk.take("africastalking/voice_recording_final.form");
    let before = desk.leg(ENDED);
    desk.take("africastalking/voice_recording_not_repeated.form");
    let after = desk.leg(ENDED);
    assert_eq!((after.recordings, after.disputed), (before.recordings, before.disputed));
    // The same at the address where this was seen to lose a recording.
    let mut desk = Desk::new();
    desk.take("voicepact/webhook_document.form");
    desk.take("voicepact/webhook_without_recording.form");
    let conference = desk.conference("ATVoice_a1b2c3d4e5f6");
    assert_eq!(conference.recordings.0.len(), 1);
}

/// 20: one conference is many sessions, and no callback names it.
#[test]
fn oddity_20_a_conference_is_ours_and_its_members_are_derived() {
    for path in [ANSWERED, "minivoice/webhook_answered.json"] {
        let reading = try_fixture(path).unwrap();
        assert!(
            reading.facts.iter().all(|fact| !matches!(fact.what, What::ConferenceReported { .. })),
            "{path}"
        );
        assert_eq!(reading.echo.client_request_id, None, "{path}");
    }
    // What we gave along when we placed the call comes back, where the provider has a place for it.
    let echoed = |path: &str| try_fixture(path).unwrap().echo.client_request_id;
    assert!(echoed("africastalking/voice_client_request_id.form").is_some());
    assert!(echoed("minivoice/webhook_conference_id.json").is_some());
    assert_eq!(echoed("minivoice/webhook_conference_id_foreign.json"), None, "only an id of ours counts");
    let mut desk = Desk::new();
    desk.take("minivoice/webhook_answered.json");
    let id = fact("minivoice/webhook_answered.json").subject.id().to_owned();
    assert_eq!(desk.call(Provider::MiniVoice, &id).progress, Progress::Answered);
}
