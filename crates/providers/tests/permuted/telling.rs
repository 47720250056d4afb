//! A conference as it went, and the webhooks each provider sends about it.

use contract::fact::Fact;
use contract::phone::Country;
use contract::provider::Provider;
use proptest::prelude::*;
use providers::africastalking::time::Zone;
use providers::{africastalking, minivoice, tryvox};
use serde_json::{Value, json};

const LINE: &str = "+254700000000";

/// How one party fared.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Talked { seconds: u32 },
    Busy,
    NoAnswer,
}

/// One leg of the conference.
#[derive(Clone, Debug)]
pub struct Leg {
    pub phone: String,
    pub fate: Fate,
    pub recordings: usize,
}

/// A conference of two to four parties.
pub fn conference() -> impl Strategy<Value = Vec<Leg>> {
    let fate = prop_oneof![
        3 => (1..600_u32).prop_map(|seconds| Fate::Talked { seconds }),
        1 => Just(Fate::Busy),
        1 => Just(Fate::NoAnswer),
    ];
    proptest::collection::vec((fate, 0..3_usize), 2..5).prop_map(|legs| {
        let leg = |(n, (fate, recordings)): (usize, (Fate, usize))| Leg {
            phone: format!("+2547000000{:02}", n + 11),
            fate,
            recordings: if matches!(fate, Fate::Talked { .. }) { recordings } else { 0 },
        };
        legs.into_iter().enumerate().map(leg).collect()
    })
}

/// The provider's id of a leg.
pub fn id(provider: Provider, party: u32) -> String {
    match provider {
        Provider::AfricasTalking => format!("ATVId_{party:032}"),
        Provider::TryVox => format!("650e8400-e29b-41d4-a716-{party:012}"),
        Provider::MiniVoice => format!("call_20260306T120000.{party:09}"),
    }
}

pub fn content_type(provider: Provider) -> &'static str {
    match provider {
        Provider::AfricasTalking => "application/x-www-form-urlencoded",
        Provider::TryVox | Provider::MiniVoice => "application/json",
    }
}

/// What the service reads in a body.
pub fn read(provider: Provider, body: &str) -> Vec<Fact> {
    let (bytes, media) = (body.as_bytes(), content_type(provider));
    let reading = match provider {
        Provider::AfricasTalking => africastalking::voice::read(bytes, media, Country::KENYA, &Zone::NAIROBI),
        Provider::TryVox => tryvox::webhook::read(bytes, media, Country::KENYA),
        Provider::MiniVoice => minivoice::webhook::read(bytes, media, Country::KENYA),
    };
    reading.unwrap_or_else(|error| panic!("{error}: {body}")).facts
}

/// Every webhook of the conference, in the order in which things happened.
pub fn webhooks(provider: Provider, legs: &[Leg]) -> Vec<String> {
    let mut all = Vec::new();
    for (party, leg) in (0..).zip(legs) {
        all.extend(match provider {
            Provider::AfricasTalking => by_africastalking(party, leg),
            Provider::TryVox => by_tryvox(party, leg),
            Provider::MiniVoice => by_minivoice(party, leg),
        });
    }
    all
}

fn address(party: u32, recording: usize) -> String {
    format!("https://recordings.example.com/{party}-{recording}.mp3")
}

fn by_africastalking(party: u32, leg: &Leg) -> Vec<String> {
    let body = |more: &[(&str, &str)]| {
        let session = id(Provider::AfricasTalking, party);
        let common = [
            ("sessionId", session.as_str()),
            ("direction", "Outbound"),
            ("callerNumber", leg.phone.as_str()),
            ("destinationNumber", LINE),
        ];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(common).extend_pairs(more).finish()
    };
    let (status, cause, seconds) = match leg.fate {
        Fate::Talked { seconds } => ("Success", "NORMAL_CLEARING", seconds),
        Fate::Busy => ("Failed", "USER_BUSY", 0),
        Fate::NoAnswer => ("NotAnswered", "NO_ANSWER", 0),
    };
    let seconds = seconds.to_string();
    let end =
        [("isActive", "0"), ("status", status), ("hangupCause", cause), ("durationInSeconds", &seconds)];
    let mut all = vec![body(&[("isActive", "1"), ("callSessionState", "Ringing")])];
    if matches!(leg.fate, Fate::Talked { .. }) {
        all.push(body(&[("isActive", "1"), ("callSessionState", "Answered")]));
    }
    all.push(body(&end));
    // The final comes again with each further file.
    for recording in 0..leg.recordings {
        let url = address(party, recording);
        all.push(body(&[end.as_slice(), &[("recordingUrl", url.as_str())]].concat()));
    }
    all
}

fn by_tryvox(party: u32, leg: &Leg) -> Vec<String> {
    let body = |more: Value| {
        let mut body = json!({
            "call_uuid": id(Provider::TryVox, party), "account_id": "acc_1", "direction": "outbound",
            "from": LINE, "to": leg.phone,
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let at = |second: u32| format!("2026-03-06T12:{:02}:{:02}.123Z", second / 60, second % 60);
    let mut all = vec![body(json!({ "event": "call.ringing", "status": "ringing", "timestamp": at(1) }))];
    let (status, seconds) = match leg.fate {
        Fate::Talked { seconds } => {
            all.push(body(json!({ "event": "call.answered", "status": "answered", "timestamp": at(5) })));
            ("completed", seconds)
        }
        Fate::Busy => ("busy", 0),
        Fate::NoAnswer => ("no-answer", 0),
    };
    let timestamp = at(5 + seconds);
    all.push(body(
        json!({ "event": "call.ended", "status": status, "duration": seconds, "timestamp": timestamp }),
    ));
    all.extend((0..leg.recordings).map(|n| body(json!({ "recording_url": address(party, n) }))));
    all
}

fn by_minivoice(party: u32, leg: &Leg) -> Vec<String> {
    let body = |event: &str, status: &str, second: u32, data: Value| {
        json!({
            "event": event, "created_at": format!("2026-03-06T12:{:02}:{:02}Z", second / 60, second % 60),
            "call": {
                "id": id(Provider::MiniVoice, party), "customer_id": "cust_1", "application_id": "app_1",
                "status": status, "direction": "outbound", "from": LINE, "to": leg.phone,
            },
            "variables": {}, "data": data,
        })
        .to_string()
    };
    let mut all = vec![
        body("call.created", "in_progress", 0, json!({})),
        body("call.ringing", "ringing", 1, json!({})),
    ];
    match leg.fate {
        Fate::Talked { seconds } => {
            all.push(body("call.answered", "in_progress", 5, json!({})));
            all.push(body(
                "call.completed",
                "completed",
                5 + seconds,
                json!({ "duration_seconds": seconds }),
            ));
        }
        Fate::Busy => all.push(body("call.failed", "busy", 4, json!({ "duration_seconds": 0 }))),
        Fate::NoAnswer => all.push(body("call.failed", "no_answer", 30, json!({ "duration_seconds": 0 }))),
    }
    let recorded = |n| {
        let data = json!({ "recording": { "id": "rec_1", "file_url": address(party, n) } });
        body("recording.completed", "completed", 700, data)
    };
    all.extend((0..leg.recordings).map(recorded));
    all
}
