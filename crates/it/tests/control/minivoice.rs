//! MiniVoice's document of a conference room, example by example.

use serde_json::{Value, json};

use super::Stage;
use super::curl::curl;
use super::shape::compact;

const ACTIONS: &str = r#"{
"actions": [
{
"type": "conference",
"room": "daily_support_room",
"mute": false,
"end_on_exit": false
}
]
}"#;
const REQUEST: &str = r#"curl -sS https://api.minivoice.eu/v1/calls/call_123 \
-H 'Authorization: Bearer $MINIVOICE_API_KEY'"#;
const RESPONSE: &str = r#"{
"id": "call_123",
"status": "completed",
"direction": "outbound",
"from": "+15551230001",
"to": "+15551230002"
}"#;
const WEBHOOK: &str = r#"{
"event": "call.completed",
"created_at": "2026-05-29T12:10:00Z",
"call": {
"id": "call_123",
"customer_id": "cust_123",
"application_id": "app_123",
"status": "completed",
"direction": "inbound",
"from": "+15551230001",
"to": "+15551230002"
},
"variables": {},
"data": {}
}"#;
const FAILURE: &str = r#"{
"error": {
"code": "conference_unavailable",
"message": "conference room could not be joined"
}
}"#;

/// Posts a body as the document prints it.
async fn post(stage: &Stage, path: &str, body: &str) -> (u16, String) {
    let url = stage.world.url(&format!("/{path}/minivoice/{}", it::world::SECRET));
    let request = stage.world.http.post(url).header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_conference_room() {
    let stage = Stage::set().await;
    // The answer URL, for each participant; then what the document says is told of each: answered and completed. Its
    // request shows a call as outbound that its webhook shows as inbound: one of the two is told as each.
    for (id, direction) in [("call_123", "outbound"), ("call_124", "inbound")] {
        let completed = WEBHOOK.replace("call_123", id).replace("inbound", direction);
        let answered =
            completed.replace("call.completed", "call.answered").replace("\"completed\"", "\"in_progress\"");
        assert_eq!(post(&stage, "answer", &answered).await, (200, compact(ACTIONS)));
        assert_eq!(post(&stage, "hooks", &answered).await.0, 200);
        assert_eq!(post(&stage, "hooks", &completed).await.0, 200);
    }
    stage.world.settle_folding().await;
    for (id, direction) in [("call_123", "outbound"), ("call_124", "inbound")] {
        let answer = curl(&stage.world, &REQUEST.replace("call_123", id)).await;
        let shown = compact(RESPONSE).replace("call_123", id).replace("outbound", direction);
        assert_eq!(answer.status, 200);
        assert!(answer.text().starts_with(shown.trim_end_matches('}')), "{}", answer.text());
    }
    // The journey by call id, as the document asks to keep it.
    let journey = stage.world.json("/v1/calls/call_124/journey").await;
    let kinds: Vec<&Value> =
        journey["journey"].as_array().unwrap().iter().map(|step| &step["type"]).collect();
    assert_eq!(kinds.first(), Some(&&json!("call.started")), "the request for actions: {journey}");
    assert!(kinds.contains(&&json!("call.answered")) && kinds.contains(&&json!("call.ended")), "{journey}");
    stage.world.sound().await;
}

/// The document's failure, from the provider to our own answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_joined() {
    let stage = Stage::set().await;
    stage.minivoice.next_modes([carrier::ApiMode::Refuse("conference_unavailable".to_owned())]);
    let wanted = json!({ "to": "+254700000011", "provider": "minivoice", "room": "daily_support_room" });
    let (status, answer) = stage.world.post_json("/v1/calls", &wanted).await;
    let documented: Value = serde_json::from_str(FAILURE).unwrap();
    assert_eq!((status, &answer["error"]["code"]), (409, &documented["error"]["code"]), "{answer}");
    assert!(answer["error"]["message"].is_string());
    assert_eq!(answer.as_object().unwrap().len(), 1, "the shape of the document: {answer}");
    stage.world.sound().await;
}
