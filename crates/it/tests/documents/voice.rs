//! The Africa's Talking voice service: status, one call, call flow, events.

use carrier::ApiMode;
use contract::input::{Body, Input, Webhook};
use it::World;

use super::curl::{curl, with};
use super::shape::{compact, fits};

const STATUS: &str = "curl -X GET http://localhost:5000/voice/";
const STATUS_ANSWER: &str = r#"{
  "service": "voice",
  "status": "ready"
}"#;

const INVOKE: &str = r#"curl -X GET "http://localhost:5000/voice/invoke-call?phone=254711XXXYYY""#;
const INVOKE_ANSWER: &str = r#"{
  "message": "Call initiated to +254711XXXYYY",
  "response": {
    "entries": [
      {
        "status": "Queued",
        "phoneNumber": "+254711XXXYYY",
        "sessionId": "ATVId_abc123"
      }
    ],
    "errorMessage": "None"
  }
}"#;

const INSTRUCT: &str = r#"curl -X POST http://localhost:5000/voice/instruct \
  -d "sessionId=ATVId_abc123" \
  -d "callerNumber=+254711XXXYYY" \
  -d "destinationNumber=+254700000000""#;
const INSTRUCT_ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>Welcome to the service. This is a demo voice application. Goodbye.</Say>
</Response>"#;

const EVENTS: &str = r#"curl -X POST http://localhost:5000/voice/events \
  -d "sessionId=ATVId_abc123" \
  -d "eventType=SessionEnded" \
  -d "callerNumber=+254711XXXYYY" \
  -d "destinationNumber=+254700000000" \
  -d "hangupCause=NORMAL_CLEARING" \
  -d "direction=outbound" \
  -d "callStartTime=2025-09-29 10:30:00" \
  -d "durationInSeconds=45" \
  -d "currencyCode=KES" \
  -d "amount=5.00""#;
const EVENTS_BODY: &str = "sessionId=ATVId_abc123&eventType=SessionEnded&callerNumber=+254711XXXYYY\
    &destinationNumber=+254700000000&hangupCause=NORMAL_CLEARING&direction=outbound\
    &callStartTime=2025-09-29 10:30:00&durationInSeconds=45&currencyCode=KES&amount=5.00";

const EVENT_TYPES: [&str; 7] = [
    "SessionStarted",
    "SessionRinging",
    "SessionAnswered",
    "SessionEnded",
    "SessionFailed",
    "SessionTransferred",
    "SessionQueued",
];
const HANGUP_CAUSES: [&str; 6] =
    ["NORMAL_CLEARING", "USER_BUSY", "NO_ANSWER", "CALL_REJECTED", "INVALID_NUMBER", "NETWORK_ERROR"];

pub async fn story(world: &mut World) {
    status(world).await;
    one_call(world).await;
    call_flow(world).await;
    event(world).await;
    every_event(world).await;
}

async fn status(world: &World) {
    let answer = curl(world, STATUS).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.text(), compact(STATUS_ANSWER));
}

async fn one_call(world: &World) {
    // The document's number is none: nobody is rung, and the refusal says which parameter to mend.
    let placeholder = curl(world, INVOKE).await;
    assert_eq!((placeholder.status, placeholder.header("content-type")), (400, "application/problem+json"));
    let problem = placeholder.json();
    assert_eq!((&problem["status"], &problem["errors"][0]["field"]), (&400.into(), &"phone".into()));
    assert!(!placeholder.text().contains("711"), "{}", placeholder.text());

    let missing = curl(world, &with(INVOKE, &[("?phone=254711XXXYYY", "")])).await;
    assert_eq!(missing.status, 400);
    assert!(missing.text().contains("phone: is required"), "{}", missing.text());
    let empty = curl(world, &with(INVOKE, &[("=254711XXXYYY", "=")])).await;
    assert_eq!(empty.status, 400, "{}", empty.text());
    assert_eq!(world.carrier.call_requests(), 0);

    let shape =
        compact(INVOKE_ANSWER).replace("711XXXYYY", "711000111").replace("ATVId_abc123", "ATVId_<id>");
    for spelling in ["254711000111", "+254711000111", "%2B254711000111", "0711000111"] {
        let answer = curl(world, &with(INVOKE, &[("254711XXXYYY", spelling)])).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{spelling}");
        let session = fits(&answer.text(), &shape).remove(0);
        let calls = world.carrier.calls();
        let leg = &calls.last().unwrap().legs[0];
        assert_eq!((&*leg.phone, &*leg.session_id), ("+254711000111", &*format!("ATVId_{session}")));
    }
    assert_eq!(world.carrier.call_requests(), 4);
}

async fn call_flow(world: &World) {
    let answer = curl(world, INSTRUCT).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/plain"), "{}", answer.header("content-type"));
    assert_eq!(answer.text(), INSTRUCT_ANSWER);
    for part in ["sessionId=ATVId_abc123", "sessionId="] {
        let line = with(INSTRUCT, &[(&format!("-d \"{part}"), "-d \"x")]);
        let refused = curl(world, &line).await;
        assert_eq!(refused.status / 100, 4, "{part}: {}", refused.text());
        assert!(refused.text().contains("sessionId"), "{part}: {}", refused.text());
    }
}

/// The event of the document, with raw `+` and raw blanks in the body: kept as it came, and read right.
async fn event(world: &World) {
    let answer = curl(world, EVENTS).await;
    assert_eq!((answer.status, &*answer.body), (200, &b"OK"[..]));
    assert!(answer.header("content-type").starts_with("text/plain"), "{}", answer.header("content-type"));
    world.settle_folding().await;

    let kept = webhooks(world).await.into_iter().rfind(|webhook| webhook.raw.contains("eventType")).unwrap();
    assert_eq!((&*kept.raw, kept.raw_base64, &*kept.route), (EVENTS_BODY, false, "voice/events"));

    let (status, call) = world.get("/v1/calls/ATVId_abc123").await;
    assert_eq!(status, 200, "{call}");
    let call: serde_json::Value = serde_json::from_str(&call).unwrap();
    for (name, expected) in [
        ("id", "ATVId_abc123"),
        ("status", "completed"),
        ("direction", "outbound"),
        ("from", "+254700000000"),
        ("to", "+254711XXXYYY"),
        ("cause", "normal_clearing"),
        ("started_at", "2025-09-29T07:30:00.000Z"),
    ] {
        assert_eq!(call[name], expected, "{name} of {call}");
    }
    assert_eq!(call["duration_s"], 45);

    let firsts =
        async || world.get("/v1/calls/ATVId_abc123/journey").await.1.matches("\"what\":\"first\"").count();
    let before = firsts().await;
    let again = curl(world, EVENTS).await;
    assert_eq!((again.status, &*again.body), (200, &b"OK"[..]), "the same event again is taken again");
    world.settle_folding().await;
    assert!(before > 0 && firsts().await == before, "and is one event");
}

async fn every_event(world: &World) {
    for word in EVENT_TYPES {
        let line = with(EVENTS, &[("SessionEnded", word), ("ATVId_abc123", "ATVId_of_types")]);
        assert_eq!(curl(world, &line).await.text(), "OK", "{word}");
    }
    for cause in HANGUP_CAUSES {
        let id = format!("ATVId_{cause}");
        let line = with(EVENTS, &[("NORMAL_CLEARING", cause), ("ATVId_abc123", &id)]);
        assert_eq!(curl(world, &line).await.text(), "OK", "{cause}");
    }
    world.settle_folding().await;
    for cause in HANGUP_CAUSES {
        let (_, call) = world.get(&format!("/v1/calls/ATVId_{cause}")).await;
        assert!(call.contains(&format!("\"cause\":\"{}\"", cause.to_ascii_lowercase())), "{call}");
    }
}

/// Every webhook in the journal, in the order they came.
pub async fn webhooks(world: &World) -> Vec<Webhook> {
    let journal = world.system().door.as_ref().unwrap().journal();
    let batch = journal.read(0, 10_000, 64 * 1024 * 1024).await.unwrap();
    let inputs = batch.entries.iter().map(|one| Input::from_bytes(&one.entry.payload).unwrap());
    let webhook = |input: Input| match input.body {
        Body::Webhook(webhook) => Some(webhook),
        _ => None,
    };
    inputs.filter_map(webhook).collect()
}

/// "500 - Internal server error or Africa's Talking API error."
pub async fn refused(world: &mut World) {
    let line = with(INVOKE, &[("254711XXXYYY", "254711000111")]);
    let modes = [
        ApiMode::Refuse("Insufficient balance".to_owned()),
        ApiMode::Unauthorized,
        ApiMode::ServerError,
        ApiMode::Drop { accepted: false },
    ];
    for mode in modes {
        world.carrier.next_call_modes([mode.clone()]);
        let answer = curl(world, &line).await;
        assert_eq!((answer.status, answer.header("content-type")), (500, "application/problem+json"));
        let problem = answer.json();
        assert_eq!(problem["code"], "provider_failed", "{mode:?}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("Failed to initiate the call: "), "{mode:?}: {detail}");
        assert!(!detail.contains("711") && !detail.contains("http"), "{mode:?}: {detail}");
    }
    assert_eq!(curl(world, &line).await.status, 200, "and then it goes on");
}
