//! Dialling: conferences and single calls, with a carrier that takes them, refuses them, or is not there.

use carrier::{ApiMode, Carrier};
use contract::input::Body;
use contract::report::Report;
use serde_json::{Value, json};

use crate::rig::{FORM, Rig, Setup, account};

const PARTIES: [&str; 2] = ["+254712345678", "+254787654321"];

async fn with_carrier(mode: ApiMode) -> (Rig, Carrier) {
    let config = carrier::Config { call_mode: mode, ..carrier::Config::default() };
    let carrier = Carrier::start(config).await.unwrap();
    let rig = Rig::new(Setup { projector: true, carrier: Some(account(&carrier)), ..Setup::default() }).await;
    (rig, carrier)
}

#[tokio::test]
async fn the_source_documents_conference() {
    let (rig, _carrier) = with_carrier(ApiMode::Normal).await;
    let body =
        json!({ "parties": PARTIES, "contract_type": "agricultural_supply", "expected_duration": 600 });
    let answer = rig.post_json("/api/v1/voice/conference/create", &body).await.expect(200).json();
    let id = answer["conference_id"].as_str().unwrap().to_owned();
    let hex = id.strip_prefix("ATVoice_").unwrap();
    assert!(hex.len() == 12 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()), "{id}");
    let expected = json!({ "conference_id": id, "recording_url": null, "status": "active",
        "webhook_url": "/api/v1/voice/webhook", "parties": PARTIES });
    assert_eq!(answer, expected);
    assert!(
        matches!(rig.inputs().await[1].body, Body::Report(Report::Dialled { .. })),
        "the result is on the ledger"
    );

    // A party picks up: the script is the conference's. Another caller hears the usual one.
    let picked_up = "sessionId=ATVId_x&isActive=1&direction=Outbound&callerNumber=%2B254712345678";
    let script = rig.post("/voice/instruct", FORM, picked_up).await.expect(200);
    assert!(script.text().contains("<Conference/>"), "{}", script.text());
    let stranger = "sessionId=ATVId_y&isActive=1&direction=Inbound&callerNumber=%2B254712345678";
    assert!(!rig.post("/voice/instruct", FORM, stranger).await.expect(200).text().contains("<Conference/>"));
}

#[tokio::test]
async fn a_recording_is_shown_and_never_lost_to_a_later_report() {
    let (rig, _carrier) = with_carrier(ApiMode::Normal).await;
    let body = json!({ "parties": PARTIES });
    let created = rig.post_json("/api/v1/voice/conference/create", &body).await.expect(200).json();
    let id = created["conference_id"].as_str().unwrap();
    let told =
        format!("sessionId={id}&status=completed&duration=420&recordingUrl=https%3A%2F%2Fr.example%2Fa.mp3");
    rig.post("/api/v1/voice/webhook", FORM, told).await.expect(200);
    let later = format!("sessionId={id}&status=ringing");
    rig.post("/api/v1/voice/webhook", FORM, later).await.expect(200);
    folded(&rig).await;
    for path in [format!("/api/v1/voice/recordings/{id}"), format!("/api/v1/recordings/{id}")] {
        let shown = rig.get(&path).await.expect(200).json();
        assert_eq!((&shown["recording_id"], &shown["status"]), (&json!(id), &json!("completed")));
        assert_eq!(shown["duration"], 420);
        assert_eq!(shown["recording_url"], "https://r.example/a.mp3");
        assert!(shown["created_at"].is_string() && shown["processed_at"].is_null());
    }
}

#[tokio::test]
async fn a_provider_that_refuses_is_a_500_in_the_documents_words() {
    for (mode, reason) in [
        (ApiMode::Unauthorized, "the voice service refused our key"),
        (
            ApiMode::Refuse("Insufficient balance".to_owned()),
            "the account at the voice service has no credit",
        ),
    ] {
        let (rig, _carrier) = with_carrier(mode).await;
        let answer = rig
            .post_json("/api/v1/voice/conference/create", &json!({ "parties": PARTIES }))
            .await
            .expect(500);
        assert_eq!(
            answer.json(),
            json!({ "detail": format!("Failed to create voice conference: {reason}") })
        );
        let call = rig.get("/voice/invoke-call?phone=254712345678").await.expect(500);
        assert_eq!(call.json()["code"], "provider_failed");
        let failed = rig
            .inputs()
            .await
            .iter()
            .filter(|i| matches!(i.body, Body::Report(Report::DialFailed { .. })))
            .count();
        assert_eq!(failed, 2, "both failures are on the ledger");
    }
}

#[tokio::test]
async fn without_a_provider_nobody_can_be_rung() {
    let rig = Rig::new(Setup::default()).await;
    let answer =
        rig.post_json("/api/v1/voice/conference/create", &json!({ "parties": PARTIES })).await.expect(500);
    let detail = "Failed to create voice conference: no voice provider is configured";
    assert_eq!(answer.json(), json!({ "detail": detail }));
}

#[tokio::test]
async fn nobody_is_rung_for_a_request_that_was_not_journaled() {
    let (rig, carrier) = with_carrier(ApiMode::Normal).await;
    rig.door.journal().close().await;
    rig.post_json("/api/v1/voice/conference/create", &json!({ "parties": PARTIES })).await.expect(503);
    rig.get("/voice/invoke-call?phone=254712345678").await.expect(503);
    assert!(carrier.calls().is_empty());
}

#[tokio::test]
async fn the_source_documents_call() {
    let (rig, _carrier) = with_carrier(ApiMode::Normal).await;
    assert_eq!(rig.get("/voice/").await.expect(200).json(), json!({ "service": "voice", "status": "ready" }));
    for spelling in ["254712345678", "+254712345678", "%2B254712345678", "0712345678"] {
        let answer = rig.get(&format!("/voice/invoke-call?phone={spelling}")).await.expect(200).json();
        assert_eq!(answer["message"], "Call initiated to +254712345678");
        let entry = &answer["response"]["entries"][0];
        assert_eq!((&entry["status"], &entry["phoneNumber"]), (&json!("Queued"), &json!("+254712345678")));
        assert!(entry["sessionId"].as_str().unwrap().starts_with("ATVId_"));
        assert_eq!(answer["response"]["errorMessage"], "None");
    }
}

#[tokio::test]
async fn a_call_and_its_journey() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let common = "callerNumber=%2B254712345678&destinationNumber=%2B254700000000&direction=Outbound";
    let ended = format!("sessionId=ATVId_1&isActive=0&status=Completed&durationInSeconds=45&{common}");
    // The end comes first, twice, then the late answer.
    for body in
        [ended.clone(), ended, format!("sessionId=ATVId_1&isActive=1&callSessionState=Answered&{common}")]
    {
        rig.post("/voice/events", FORM, body).await.expect(200);
    }
    folded(&rig).await;
    let call = rig.get("/v1/calls/ATVId_1").await.expect(200).json();
    assert_eq!(
        (&call["id"], &call["status"], &call["direction"]),
        (&json!("ATVId_1"), &json!("completed"), &json!("outbound"))
    );
    assert_eq!((&call["from"], &call["to"]), (&json!("+254700000000"), &json!("+254712345678")));
    let journey = rig.get("/v1/calls/ATVId_1/journey").await.expect(200).json();
    let steps: Vec<Value> = journey["journey"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| json!([step["type"], step["what"], step["late"], step["state"]["progress"]]))
        .collect();
    assert_eq!(
        steps,
        [
            json!(["call.ended", "first", false, "ended"]),
            json!(["call.ended", "duplicate", false, "ended"]),
            json!(["call.answered", "first", true, "ended"]),
        ]
    );
    assert_eq!(journey["journey"][0]["private"]["phone"], "+254712345678");
}

/// Waits until everything journaled is folded.
pub async fn folded(rig: &Rig) {
    let journal = rig.door.journal();
    loop {
        let read_to = rig.store.tip().await.unwrap().read_to;
        if read_to.iter().any(|p| p.source == journal.identity() && p.position >= journal.last_position()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
