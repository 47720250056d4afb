//! Recordings: none, one or many, early or late.

use contract::call::Progress;
use contract::fact::What;
use contract::provider::Provider;

use crate::desk::{Desk, fact, facts};

const FINAL: &str = "africastalking/voice_recording_final.form";

fn addresses(path: &str) -> Vec<String> {
    let told = facts(path).into_iter().filter(|fact| matches!(fact.what, What::RecordingAvailable { .. }));
    told.map(|fact| fact.private.url.unwrap()).collect()
}

/// 13: an empty address is none; plain http, a bare address and no seconds are taken as told. Whether such an address may
/// be fetched is decided where it is fetched (`effects`, tests/effects/refused.rs).
#[test]
fn oddity_13_an_empty_address_is_none_and_an_odd_one_is_kept() {
    assert_eq!(addresses("africastalking/voice_recording_empty.form"), [""; 0]);
    assert_eq!(addresses("minivoice/webhook_recording_completed_empty.json"), [""; 0]);
    assert_eq!(addresses("tryvox/webhook_recording_empty.json"), [""; 0]);
    assert_eq!(
        addresses("africastalking/voice_recording_plain_http.form"),
        ["http://203.0.113.9:8080/a1.mp3"]
    );
    assert_eq!(addresses("africastalking/voice_recording_zero_seconds.form").len(), 1);
    let mut desk = Desk::new();
    desk.take("africastalking/voice_recording_empty.form");
    assert!(desk.leg(FINAL).recordings.0.is_empty());
}

/// 14: several recordings in one call, each a fact of its own.
#[test]
fn oddity_14_each_recording_of_a_call_is_kept() {
    let mut desk = Desk::new();
    assert_eq!(desk.take("africastalking/voice_recording_partial.form"), ["recording.available"]);
    assert_eq!(desk.take(FINAL), ["call.ended", "recording.available"]);
    assert_eq!(
        desk.take("africastalking/voice_recording_final_again_other_file.form"),
        ["recording.available"]
    );
    assert_eq!(desk.take(FINAL), [""; 0], "told before");
    let call = desk.leg(FINAL);
    assert_eq!(call.recordings.0.len(), 3);
    assert!(call.disputed.is_empty(), "another recording is no contradiction");
    assert_eq!(addresses("tryvox/webhook_ended_with_recordings.json").len(), 2);
    let mut desk = Desk::new();
    desk.take("minivoice/webhook_recording_completed.json");
    desk.take("minivoice/webhook_recording_completed_second.json");
    let id = fact("minivoice/webhook_recording_completed.json").subject.id().to_owned();
    assert_eq!(desk.call(Provider::MiniVoice, &id).recordings.0.len(), 2);
}

/// 15: a recording after the end of its call. That it is not there at first is met by trying again (`effects`,
/// tests/effects/recordings.rs).
#[test]
fn oddity_15_a_recording_after_the_end_is_taken() {
    let mut desk = Desk::new();
    assert_eq!(desk.take("africastalking/voice_ended.form"), ["call.ended"]);
    assert_eq!(desk.take(FINAL), ["recording.available"]);
    let call = desk.leg(FINAL);
    assert_eq!((call.progress, call.recordings.0.len()), (Progress::Ended, 1));
    assert_eq!(call.recordings.open_tasks().count(), 1, "and is to be fetched");
    let mut desk = Desk::new();
    desk.take("minivoice/webhook_completed.json");
    desk.take("minivoice/webhook_recording_completed.json");
    let id = fact("minivoice/webhook_recording_completed.json").subject.id().to_owned();
    let call = desk.call(Provider::MiniVoice, &id);
    assert_eq!((call.recordings.0.len(), call.recordings.open_tasks().count()), (1, 1));
}
