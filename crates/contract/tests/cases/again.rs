//! Recordings that are fetched once more: after a while, and when somebody names them again.

use crate::memory::{Shelf, input, payload, webhook};
use contract::call::Call;
use contract::entity::Entity;
use contract::fact::{Fact, Private, Subject, What};
use contract::input::{Body, Input};
use contract::outcome::Outcome;
use contract::provider::{Provider, Via};
use contract::recording::{CHECKS_MAX, NAMED_AGAIN_MS, Recording};
use contract::report::{FailureReason, Report, TaskRef};
use ledger::time::Timestamp;

const STREAM: &str = "call/africastalking/ATVId_1";
const DAY_S: u32 = 86_400;
const URL: &str = "https://voice.example/recordings/1.wav";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_772_800_000_000 + ms).unwrap()
}

/// A webhook that names the recording; what else it says makes its bytes.
fn named(number: u64, ms: i64, body: &str) -> Input {
    let subject = Subject::Call { provider: Provider::AfricasTalking, id: "ATVId_1".into() };
    let private = Private { url: Some(URL.into()), ..Private::default() };
    let what = What::RecordingAvailable { duration_s: Some(45) };
    let fact = Fact { subject, key: "ATVId_1:recording:1".into(), occurred: None, what, private };
    input(number, Via::AfricasTalking, true, at(ms), webhook(body, vec![fact]))
}

fn task(attempt: u32) -> TaskRef {
    TaskRef { stream: STREAM.into(), task: 1, attempt }
}

fn fetched(number: u64, ms: i64, attempt: u32, bytes: &str, check_after_s: Option<u32>) -> Input {
    let report = Report::RecordingFetched {
        task: task(attempt),
        sha256: bytes.repeat(32),
        bytes: 81_920,
        media_type: "audio/wav".into(),
        duration_ms: Some(45_000),
        transcribe: false,
        check_after_s,
    };
    input(number, Via::Effect, true, at(ms), Body::Report(report))
}

fn failed(number: u64, ms: i64, attempt: u32, again: bool) -> Input {
    let report = Report::RecordingFailed { task: task(attempt), reason: FailureReason::NotFound, again };
    input(number, Via::Effect, true, at(ms), Body::Report(report))
}

fn recording(shelf: &Shelf) -> Recording {
    match shelf.entity(STREAM) {
        Some(Entity::Call(call)) => call.recordings.0.values().next().unwrap().clone(),
        other => panic!("{other:?}"),
    }
}

/// What is to be done next: which kind, the attempts so far, when.
fn due(shelf: &Shelf) -> Option<(&'static str, u32, Timestamp)> {
    let Some(Entity::Call(call)) = shelf.entity(STREAM) else { panic!("no call") };
    let call: Call = *call;
    let task = call.recordings.open_tasks().next()?;
    Some((task.kind, task.attempts, task.not_before))
}

fn kinds(shelf: &Shelf) -> Vec<String> {
    shelf.log.iter().map(|made| made.kind.clone()).collect()
}

fn taken(check_after_s: Option<u32>) -> Shelf {
    let mut shelf = Shelf::default();
    shelf.fold(&[named(1, 0, "first"), fetched(2, 10, 1, "a1", check_after_s)]);
    shelf
}

#[test]
fn other_bytes_later_are_an_alarm_and_the_first_stay() {
    let mut shelf = taken(Some(DAY_S));
    let later = 10 + i64::from(DAY_S) * 1_000;
    assert_eq!(due(&shelf), Some(("check", 0, at(later))));
    shelf.fold(&[fetched(3, later, 1, "b2", Some(DAY_S))]);
    let known = recording(&shelf);
    assert_eq!(known.fetched.as_ref().unwrap().sha256, Some("a1".repeat(32)));
    assert!(known.altered && known.altered_sha256.contains(&"b2".repeat(32)));
    assert_eq!((due(&shelf), kinds(&shelf).last().unwrap().as_str()), (None, "recording.altered"));
    // Told twice, by two processes that both looked: one alarm.
    shelf.fold(&[fetched(4, later, 1, "b2", None)]);
    assert!(matches!(shelf.outcomes.last().unwrap().1, Outcome::AlreadyApplied { .. }));
}

#[test]
fn the_same_bytes_are_noted_once() {
    let mut shelf = taken(Some(60));
    shelf.fold(&[fetched(3, 60_010, 1, "a1", Some(60))]);
    let check = recording(&shelf).check.unwrap();
    assert_eq!((check.attempts, check.same_at, due(&shelf)), (1, Some(at(60_010)), None));
    shelf.fold(&[fetched(4, 60_020, 1, "a1", None)]);
    assert!(matches!(shelf.outcomes.last().unwrap().1, Outcome::AlreadyApplied { .. }));
    assert_eq!(kinds(&shelf), ["recording.available", "recording.fetched", "recording.checked"]);
}

#[test]
fn without_a_time_set_only_naming_it_again_leads_to_another_look() {
    let mut shelf = taken(None);
    assert_eq!(due(&shelf), None);
    // The same bytes again are no news.
    shelf.fold(&[named(3, 20, "first")]);
    assert_eq!(due(&shelf), None);
    // In another body: within the hour it is the same telling, so it waits until the hour is over.
    shelf.fold(&[named(4, 30, "second")]);
    assert_eq!(due(&shelf), Some(("check", 0, at(10 + NAMED_AGAIN_MS))));
    let late = 3 * NAMED_AGAIN_MS;
    shelf.fold(&[fetched(5, late, 1, "a1", None), named(6, late + 2 * NAMED_AGAIN_MS, "third")]);
    assert_eq!(due(&shelf), Some(("check", 1, at(late + 2 * NAMED_AGAIN_MS))));
    let made = shelf.log.iter().filter(|made| made.kind == "webhook.repeated");
    assert!(made.clone().count() == 2 && made.clone().all(|m| payload(m).contains(r#""recordings":[1]"#)));
}

#[test]
fn a_look_that_fails_is_repeated_and_then_left() {
    let mut shelf = taken(Some(60));
    let mut ms = 60_010;
    for attempt in 1..=5 {
        assert_eq!(due(&shelf).map(|(kind, attempts, _)| (kind, attempts)), Some(("check", attempt - 1)));
        shelf.fold(&[failed(u64::from(attempt) + 2, ms, attempt, true)]);
        ms += NAMED_AGAIN_MS * i64::from(attempt);
    }
    assert_eq!(due(&shelf), None);
    let known = recording(&shelf);
    assert!(known.fetched.is_some() && !known.altered && !known.given_up, "what was fetched stays");
    assert_eq!(kinds(&shelf).iter().filter(|kind| *kind == "recording.check_failed").count(), 5);
    // Gone for good is not asked for again.
    let mut shelf = taken(Some(60));
    shelf.fold(&[failed(3, 60_010, 1, false)]);
    assert_eq!(due(&shelf), None);
}

#[test]
fn naming_it_again_and_again_has_an_end() {
    let mut shelf = taken(None);
    let mut number = 3;
    for round in 1..=i64::from(CHECKS_MAX) + 5 {
        let ms = round * 2 * NAMED_AGAIN_MS;
        shelf.fold(&[named(number, ms, &format!("body {round}"))]);
        if let Some((_, attempts, _)) = due(&shelf) {
            shelf.fold(&[fetched(number + 1, ms + 1, attempts + 1, "a1", None)]);
        }
        number += 2;
    }
    assert_eq!(recording(&shelf).check.unwrap().attempts, CHECKS_MAX);
}
