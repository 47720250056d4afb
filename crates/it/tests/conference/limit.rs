//! How many can be in one room: those who are rung count, and those who dial in.

use it::Setup;
use it::maize::{BUYER, SELLER};
use serde_json::json;

use super::stage::Stage;

const ROOM: &str = "Shamba-1";

/// Somebody who calls, asked what to do with the call at an address that names the room. Gives the answer.
async fn dial_in(stage: &Stage, provider: &str, call: &str, phone: &str) -> String {
    let question = match provider {
        "tryvox" => {
            json!({ "call_uuid": call, "direction": "inbound", "from": phone, "to": "+254700000001" })
        }
        _ => json!({ "event": "call.created", "call": {
            "id": call, "direction": "inbound", "from": phone, "to": "+254700000002",
        } }),
    };
    let path = format!("/answer/{provider}/{}?room={ROOM}", it::world::SECRET);
    let answer = stage.world.http.post(stage.world.url(&path)).json(&question).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

async fn stage() -> Stage {
    let stage = Stage::set_with(Setup::EMBEDDED, 1, &["--conference-parties-max=3"]).await;
    // The calls stay as they are: nobody hangs up.
    stage.tryvox.set_reach("http://127.0.0.1:1");
    stage.minivoice.set_reach("http://127.0.0.1:1");
    stage
}

fn joins(answer: &str) -> bool {
    let lower = answer.to_lowercase();
    assert!(lower.contains("conference"), "{answer}");
    lower.contains(&ROOM.to_lowercase())
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_dial_in_and_those_who_are_rung_share_the_places() {
    let stage = stage().await;
    stage.tryvox.rooms(|rooms| rooms.join(ROOM, "c-1", "+254700000021", "2026-04-09T10:30:00Z").unwrap());
    assert!(joins(&dial_in(&stage, "tryvox", "c-2", "+254700000022").await), "one of three places is taken");
    stage.tryvox.rooms(|rooms| rooms.join(ROOM, "c-2", "+254700000022", "2026-04-09T10:30:01Z").unwrap());
    let wanted = json!({ "parties": [BUYER, SELLER], "provider": "tryvox", "room": ROOM });
    let (status, refused) = stage.world.post_json("/api/v1/voice/conference/create", &wanted).await;
    assert_eq!(status, 400, "{refused}");
    assert!(refused.to_string().contains("2 of at most 3 are in the room"), "{refused}");
    assert!(stage.tryvox.calls().is_empty(), "nobody was rung");
    stage.tryvox.rooms(|rooms| rooms.join(ROOM, "c-3", "+254700000023", "2026-04-09T10:30:02Z").unwrap());
    assert!(!joins(&dial_in(&stage, "tryvox", "c-4", "+254700000024").await), "all places are taken");
    assert!(joins(&dial_in(&stage, "tryvox", "c-3", "+254700000023").await), "who is in it may ask again");
    let wanted = json!({ "to": BUYER, "provider": "tryvox", "room": ROOM });
    let (status, refused) = stage.world.post_json("/v1/calls", &wanted).await;
    assert_eq!(status, 422, "{refused}");
    stage.sound().await;
}

/// MiniVoice tells nothing of its rooms: there only those count who were rung.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_rung_has_a_place() {
    for provider in ["tryvox", "minivoice"] {
        let stage = stage().await;
        let parties = [BUYER, SELLER, "+254700000013"];
        let wanted = json!({ "parties": parties, "provider": provider, "room": ROOM });
        let (status, created) = stage.world.post_json("/api/v1/voice/conference/create", &wanted).await;
        assert_eq!(status, 200, "{created}");
        assert!(
            !joins(&dial_in(&stage, provider, "c-4", "+254700000024").await),
            "{provider}: rung, so taken"
        );
        let calls: Vec<(String, String)> = match provider {
            "tryvox" => stage.tryvox.calls().into_iter().map(|call| (call.call_uuid, call.to)).collect(),
            _ => stage.minivoice.calls().into_iter().map(|call| (call.id, call.to)).collect(),
        };
        let ended = match provider {
            "tryvox" => json!({ "call_uuid": calls[0].0, "event": "call.ended", "direction": "outbound",
                "from": "+254700000001", "to": calls[0].1 }),
            _ => json!({ "event": "call.completed", "call": { "id": calls[0].0, "direction": "outbound",
                "from": "+254700000002", "to": calls[0].1 } }),
        };
        told(&stage, provider, &ended).await;
        let answer = dial_in(&stage, provider, "c-4", "+254700000024").await;
        assert!(joins(&answer), "{provider}: one has left");
        stage.sound().await;
    }
}

async fn told(stage: &Stage, provider: &str, event: &serde_json::Value) {
    let path = format!("/hooks/{provider}/{}", it::world::SECRET);
    let body = event.to_string();
    let mut request =
        stage.world.http.post(stage.world.url(&path)).header("content-type", "application/json");
    if provider == "minivoice" {
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let signing = super::stage::SIGNING.as_bytes();
        let signature = providers::minivoice::signature::sign(signing, &now, body.as_bytes());
        request = request.header("X-MiniVoice-Timestamp", now).header("X-MiniVoice-Signature", signature);
    }
    assert_eq!(request.body(body).send().await.unwrap().status(), 200);
    stage.world.settle_folding().await;
}
