//! Calls that are never said to end. No test waits for time to pass: the finder is told what time it is.

use contract::call::{Call, Progress};
use contract::entity::{Entity, call_stream};
use contract::event::SilentAnswer;
use contract::fact::{CallOutcome, Fact, Leg, Private, Subject, What};
use contract::input::{Body, Webhook};
use contract::outcome::Outcome;
use contract::phone::Country;
use contract::provider::{Provider, Via};
use effects::silence::{Askable, Asked, Finder};
use ledger::time::Timestamp;
use providers::tryvox;

use crate::canned::Canned;
use crate::stage::{client, closed_port};
use crate::working::World;

const SILENT_MS: i64 = 60 * 60_000;
const ID: &str = "c_1.a";

/// The time by the door, and so many minutes.
fn after(world: &World, minutes: i64) -> Timestamp {
    Timestamp::from_millis(world.stage.door.now().millis() + minutes * 60_000).unwrap()
}

async fn hears(world: &World, provider: Provider, word: &str, what: What) {
    let subject = Subject::Call { provider, id: ID.to_owned() };
    let key = format!("{ID}:{word}");
    let fact = Fact { subject, key, occurred: None, what, private: Private::default() };
    let webhook = Webhook {
        provider,
        route: "events".to_owned(),
        content_type: "application/json".to_owned(),
        headers: Default::default(),
        raw: word.to_owned(),
        raw_base64: false,
        facts: vec![fact],
    };
    let input = world.stage.door.take(Via::from(provider), true, Body::Webhook(webhook)).await.unwrap();
    world.outcome(input.id).await;
}

async fn call(world: &World, provider: Provider) -> Call {
    match world.state(&call_stream(provider, ID)).await {
        Entity::Call(call) => *call,
        other => panic!("{other:?}"),
    }
}

fn finder(world: &World, askable: Askable) -> Finder {
    Finder::new(world.stage.door.clone(), client(), askable, Country::KENYA, SILENT_MS)
}

/// One pass at that time; what each report led to.
async fn look(world: &World, finder: &Finder, asked: &mut Asked, now: Timestamp) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for report in finder.look(&world.reader, now, asked).await.unwrap() {
        outcomes.push(world.outcome(report).await);
    }
    outcomes
}

fn minivoice(url: String) -> Askable {
    Askable { minivoice: Some(("key".to_owned(), Some(url))), ..Askable::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_can_be_asked_about_is_flagged_once() {
    let world = World::begin().await;
    let projecting = world.project();
    let provider = Provider::AfricasTalking;
    hears(&world, provider, "answered", What::CallAnswered(Leg::default())).await;
    let (finder, mut asked) = (finder(&world, Askable::default()), Asked::default());
    assert_eq!(look(&world, &finder, &mut asked, after(&world, 59)).await, [], "not silent for long enough");
    assert_eq!(look(&world, &finder, &mut asked, after(&world, 61)).await.len(), 1);
    let silence = call(&world, provider).await.silence.unwrap();
    assert_eq!((silence.answer, silence.given_up), (SilentAnswer::CannotAsk, true));
    assert_eq!(look(&world, &finder, &mut Asked::default(), after(&world, 10_000)).await, [], "once");
    // The end, should it come after all, counts.
    let leg = Leg { outcome: Some(CallOutcome::Completed), ..Leg::default() };
    hears(&world, provider, "ended", What::CallEnded(leg)).await;
    assert_eq!(call(&world, provider).await.progress, Progress::Ended);
    assert_eq!(look(&world, &finder, &mut Asked::default(), after(&world, 10_000)).await, []);
    projecting.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_lost_is_fetched_from_minivoice() {
    let world = World::begin().await;
    let projecting = world.project();
    let provider = Provider::MiniVoice;
    hears(&world, provider, "started", What::CallStarted(Leg::default())).await;
    let answer = r#"{"id":"c_1.a","status":"completed","direction":"outbound","from":"+254700000000","to":"+254700000011"}"#;
    let server = Canned::answering("200 OK", "application/json", answer).await;
    let finder = finder(&world, minivoice(server.url()));
    look(&world, &finder, &mut Asked::default(), after(&world, 61)).await;
    let found = call(&world, provider).await;
    assert_eq!((found.progress, found.silence), (Progress::Ended, None));
    assert_eq!(found.phone.as_deref(), Some("+254700000011"));
    let records = world.reader.stream_records(&call_stream(provider, ID), 1, 10).await.unwrap();
    let last = ledger::record::open(&records.last().unwrap().jws).unwrap();
    assert_eq!((last.kind.as_str(), last.source.via.as_str()), ("call.ended", "effect"));
    let kept = world.reader.disclosures_of(&[records.last().unwrap().position]).await.unwrap();
    let raw = kept.iter().any(|row| {
        let (_, name, value) = ledger::disclosure::Disclosure::parse(&row.encoded).unwrap();
        name == "raw" && value.as_str() == Some(answer)
    });
    assert!(raw, "the answer is kept as it came");
    assert_eq!(server.connections(), 1);
    projecting.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_lost_is_fetched_from_tryvox_with_its_recordings() {
    let world = World::begin().await;
    let projecting = world.project();
    let provider = Provider::TryVox;
    hears(&world, provider, "ringing", What::CallRinging(Leg::default())).await;
    let answer = r#"{"call_uuid":"c_1.a","from":"+254700000000","to":"+254700000011","direction":"outbound",
        "status":"completed","duration":42,"start_time":"2026-04-09T10:30:00Z","answer_time":"2026-04-09T10:30:05Z",
        "end_time":"2026-04-09T10:30:47Z","end_reason":"callee-hangup","price":"0.0130","price_unit":"USD",
        "recording_urls":["https://recordings.example/1.mp3","https://recordings.example/2.mp3"]}"#;
    let server = Canned::answering("200 OK", "application/json", answer).await;
    let account = tryvox::rest::Account { auth_id: "a".to_owned(), api_key: "k".to_owned() };
    let askable = Askable { tryvox: Some((account, Some(server.url()))), ..Askable::default() };
    look(&world, &finder(&world, askable), &mut Asked::default(), after(&world, 61)).await;
    let found = call(&world, provider).await;
    assert_eq!((found.progress, found.duration_s, found.recordings.0.len()), (Progress::Ended, Some(42), 2));
    assert_eq!(found.answered_at.unwrap().to_string(), "2026-04-09T10:30:05.000Z");
    projecting.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_on_or_cannot_be_asked_about_now_is_looked_for_again() {
    let world = World::begin().await;
    let projecting = world.project();
    let provider = Provider::MiniVoice;
    hears(&world, provider, "answered", What::CallAnswered(Leg::default())).await;
    let nobody = format!("http://127.0.0.1:{}", closed_port().await);
    let mut asked = Asked::default();
    look(&world, &finder(&world, minivoice(nobody)), &mut asked, after(&world, 61)).await;
    let silence = call(&world, provider).await.silence.unwrap();
    assert_eq!((silence.answer, silence.attempts, silence.given_up), (SilentAnswer::Failed, 1, false));

    let goes_on = r#"{"id":"c_1.a","status":"in_progress"}"#;
    let server = Canned::answering("200 OK", "application/json", goes_on).await;
    look(&world, &finder(&world, minivoice(server.url())), &mut asked, after(&world, 125)).await;
    let silence = call(&world, provider).await.silence.unwrap();
    assert_eq!((silence.answer, silence.attempts), (SilentAnswer::GoesOn, 2));

    let unknown = r#"{"error":{"code":"call_not_found","message":"no such call"}}"#;
    let server = Canned::answering("404 Not Found", "application/json", unknown).await;
    look(&world, &finder(&world, minivoice(server.url())), &mut asked, after(&world, 190)).await;
    let silence = call(&world, provider).await.silence.unwrap();
    assert_eq!((silence.answer, silence.given_up), (SilentAnswer::Unknown, true));
    projecting.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_ledger_stands_still_a_call_is_asked_about_once() {
    let world = World::begin().await;
    let projecting = world.project();
    hears(&world, Provider::MiniVoice, "answered", What::CallAnswered(Leg::default())).await;
    projecting.end().await;
    let server = Canned::answering("500 Oh", "application/json", "{}").await;
    let (finder, mut asked) = (finder(&world, minivoice(server.url())), Asked::default());
    for _ in 0..3 {
        finder.look(&world.reader, after(&world, 61), &mut asked).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
}
