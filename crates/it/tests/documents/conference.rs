//! Conferences: created, told of, recorded, shown.

use carrier::{ApiMode, Carrier};
use it::World;
use serde_json::{Value, json};

use super::curl::{curl, with};
use super::shape::{compact, fits};

const SAMPLE: &str = r#"curl --request POST \
  --url https://api.example.com/api/v1/voice/conference/create \
  --header 'Content-Type: application/json' \
  --data '
{
  "parties": [
    {}
  ],
  "contract_type": "<string>",
  "expected_duration": 123
}
'"#;
const CREATE: &str = r#"curl -X POST https://api.voicepact.com/api/v1/voice/conference/create \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -d '{
    "parties": ["+254712345678", "+254787654321"],
    "contract_type": "agricultural_supply",
    "expected_duration": 600
  }'"#;
const CREATE_ANSWER: &str = r#"{
  "conference_id": "ATVoice_a1b2c3d4e5f6",
  "recording_url": null,
  "status": "active",
  "webhook_url": "/api/v1/voice/webhook",
  "parties": ["+254712345678", "+254787654321"]
}"#;
const NOT_CREATED: &str = r#"{
  "detail": "Failed to create voice conference: Unable to connect to voice service"
}"#;
const TYPES: [&str; 3] = ["agricultural_supply", "service_agreement", "loan_agreement"];
/// Members of a recording as the source service shows them, then what it does not know.
const RECORDING: [&str; 11] = [
    "recording_id",
    "status",
    "duration",
    "recording_url",
    "created_at",
    "processed_at",
    "sha256",
    "media_type",
    "bytes",
    "altered",
    "checked_at",
];

/// Sends the document's line and gives the conference's id.
async fn created(world: &World, line: &str) -> String {
    let answer = curl(world, line).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    let shape = compact(CREATE_ANSWER).replace("a1b2c3d4e5f6", "<hex12>");
    format!("ATVoice_{}", fits(&answer.text(), &shape).remove(0))
}

/// A recording as it is shown at both addresses.
async fn shown(world: &World, id: &str) -> Value {
    world.settle_folding().await;
    let (status, text) = world.get(&format!("/api/v1/recordings/{id}")).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(world.get(&format!("/api/v1/voice/recordings/{id}")).await, (200, text.clone()));
    let places: Vec<usize> = RECORDING
        .iter()
        .map(|name| text.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name} in {text}")))
        .collect();
    assert!(places.is_sorted(), "in the order of the source service: {text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value.as_object().unwrap().len(), RECORDING.len(), "{text}");
    value
}

/// Created, dialled at once, talked, recorded, fetched.
pub async fn story(world: &mut World) {
    let id = created(world, CREATE).await;
    let calls = world.carrier.calls();
    assert_eq!(calls.len(), 1, "all parties are dialled with one request");
    let phones: Vec<&str> = calls[0].legs.iter().map(|leg| &*leg.phone).collect();
    assert_eq!(phones, ["+254712345678", "+254787654321"]);

    world.settle().await;
    let recording = shown(world, &id).await;
    assert_eq!((&recording["recording_id"], &recording["status"]), (&json!(id), &json!("completed")));
    assert!(recording["duration"].is_u64(), "{recording}");
    for time in ["created_at", "processed_at"] {
        let text = recording[time].as_str().unwrap_or_else(|| panic!("{time} of {recording}"));
        fits(text, "<second>");
    }
    let url = recording["recording_url"].as_str().unwrap();
    let made = world.carrier.recordings();
    assert_eq!(made.len(), 1);
    assert!(url.starts_with(&format!("http://{}/", world.carrier.address())), "{url}");
    let bytes = world.http.get(url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(recording["sha256"], ledger::hash::sha256(&bytes).hex());
    assert_eq!(
        (recording["bytes"].as_u64(), recording["altered"].as_bool()),
        (Some(bytes.len() as u64), Some(false))
    );

    let again = created(world, CREATE).await;
    assert_ne!(again, id, "a second conference of the same people is another one");
}

/// Without a carrier that calls back: active, until a webhook says otherwise.
pub async fn told(world: &mut World) {
    world.carrier.set_targets(carrier::Targets::default());
    let mut ids = Vec::new();
    for word in TYPES {
        ids.push(created(world, &with(CREATE, &[("agricultural_supply", word)])).await);
    }
    let id = &ids[0];
    let fresh = shown(world, id).await;
    assert_eq!((&fresh["status"], &fresh["recording_url"]), (&json!("active"), &Value::Null));
    assert_eq!((&fresh["duration"], &fresh["processed_at"]), (&Value::Null, &Value::Null));
    fits(fresh["created_at"].as_str().unwrap(), "<second>");

    let url = "https://voice.example/recordings/negotiation.mp3";
    let webhook = |more: &str| {
        format!(
            "curl -X POST http://localhost:5000/api/v1/voice/webhook -d \"sessionId={id}\" \
             -d \"phoneNumber=+254712345678\" {more}"
        )
    };
    let told = format!("-d \"recordingUrl={url}\" -d \"duration=420\" -d \"status=completed\"");
    // A later webhook that does not name the recording, and a late one of an earlier moment, take nothing back.
    for more in [&*told, "-d \"status=completed\"", "-d \"status=active\"", "-d \"recordingUrl=\""] {
        let answer = curl(world, &webhook(more)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        let expected = format!("{{\"status\":\"webhook_processed\",\"session_id\":\"{id}\"}}");
        assert_eq!(answer.text(), expected, "{more}");
        let now = shown(world, id).await;
        assert_eq!((&now["status"], &now["recording_url"]), (&json!("completed"), &json!(url)), "{more}");
        assert_eq!(now["duration"], 420, "{more}");
    }
    let json = format!(
        "curl -X POST http://localhost:5000/api/v1/voice/webhook -H \"Content-Type: application/json\" \
         -d '{{\"sessionId\": \"{}\", \"status\": \"failed\", \"duration\": 3}}'",
        ids[1]
    );
    assert_eq!(curl(world, &json).await.status, 200);
    assert_eq!(shown(world, &ids[1]).await["status"], "failed");

    let unknown = world.get("/api/v1/recordings/ATVoice_000000000000").await;
    assert_eq!(unknown, (404, "{\"detail\":\"Recording not found\"}".to_owned()));
}

pub async fn refused(world: &mut World) {
    let bad = |from: &str, to: &str| with(CREATE, &[(from, to)]);
    let lines = [
        (SAMPLE.to_owned(), "parties: at least 2"),
        (bad(", \"+254787654321\"", ""), "parties: at least 2"),
        (bad("[\"+254712345678\", \"+254787654321\"]", "[]"), "parties: at least 2"),
        (bad("\"parties\"", "\"people\""), "parties: is required"),
        (bad("agricultural_supply", "<string>"), "contract_type: must be one of"),
        (bad("600", "\"600\""), "expected_duration: must be a whole number"),
        (bad("+254787654321", "+254711XXXYYY"), "parties[1]: not a phone number"),
        (bad("600\n", "600,\n"), "not JSON"),
    ];
    for (line, expected) in lines {
        let answer = curl(world, &line).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (400, "application/json"),
            "{}",
            answer.text()
        );
        let body = answer.json();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["detail"]);
        assert!(body["detail"].as_str().unwrap().contains(expected), "{body} does not say {expected}");
    }
    assert_eq!(world.carrier.call_requests(), 0);

    world.carrier.next_call_modes([ApiMode::Refuse("Insufficient balance".to_owned()), ApiMode::ServerError]);
    for _ in 0..2 {
        let answer = curl(world, CREATE).await;
        assert_eq!((answer.status, answer.header("content-type")), (500, "application/json"));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("Failed to create voice conference: "), "{detail}");
        assert!(!detail.contains("2547"), "{detail}");
    }
    // The provider is not there.
    let elsewhere = Carrier::start(carrier::Config::default()).await.unwrap();
    std::mem::replace(&mut world.carrier, elsewhere).stop().await;
    let answer = curl(world, CREATE).await;
    assert_eq!((answer.status, answer.text()), (500, compact(NOT_CREATED)));
}
