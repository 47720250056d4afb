//! Calls and conferences asked for and acted on through all three providers, against local servers that speak their REST.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "documents/curl.rs"]
mod curl;
#[path = "control/document.rs"]
mod document;
#[path = "control/minivoice.rs"]
mod minivoice_document;
#[path = "documents/shape.rs"]
mod shape;
#[path = "control/unknown.rs"]
mod unknown;

use std::collections::BTreeSet;

use carrier::minivoice::{self, MiniVoice};
use carrier::tryvox::{self, TryVox};
use contract::world::space;
use it::{Setup, World};
use serde_json::{Value, json};

/// A world with all three providers.
pub struct Stage {
    pub world: World,
    pub tryvox: TryVox,
    pub minivoice: MiniVoice,
}

impl Stage {
    pub async fn set() -> Stage {
        let tryvox = TryVox::start(tryvox::Config::default()).await.unwrap();
        let minivoice = MiniVoice::start(minivoice::Config::default()).await.unwrap();
        let flags = [
            "--public-url=http://127.0.0.1:9".to_owned(),
            "--tryvox-auth-id=your_auth_id".to_owned(),
            "--tryvox-auth-token=tvx_sk_test_0000".to_owned(),
            "--tryvox-number=+254700000001".to_owned(),
            format!("--tryvox-url={}", tryvox.url()),
            "--minivoice-api-key=minivoice-key".to_owned(),
            "--minivoice-number=+254700000002".to_owned(),
            format!("--minivoice-url={}", minivoice.url()),
            "--provider-seconds-max=2".to_owned(),
        ];
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let world = World::start_with(Setup::EMBEDDED, &flags).await;
        Stage { world, tryvox, minivoice }
    }

    /// The types of the records of a stream, in order.
    pub async fn kinds(&self, stream: &str) -> Vec<String> {
        self.world.settle_folding().await;
        let records = self.world.system().store.stream_records(stream, 1, 100).await.unwrap();
        records.into_iter().map(|record| record.kind).collect()
    }

    /// The streams a key of the index leads to.
    pub async fn links(&self, space: &str, key: &str) -> Vec<String> {
        self.world.settle_folding().await;
        self.world.system().store.links(space, key).await.unwrap()
    }

    /// The streams whose name begins so.
    pub async fn streams(&self, prefix: &str) -> Vec<String> {
        self.world.settle_folding().await;
        let records = self.world.system().store.records(0, 1_000).await.unwrap();
        let mut found: Vec<String> =
            records.into_iter().map(|record| record.stream).filter(|name| name.starts_with(prefix)).collect();
        found.dedup();
        found
    }
}

fn event(word: &str, id: &str, to: &str) -> Value {
    json!({
        "event": word, "created_at": "2026-05-29T12:00:05Z",
        "call": { "id": id, "status": "in_progress", "direction": "outbound", "from": "+254700000002", "to": to },
        "variables": {}, "data": {},
    })
}

/// MiniVoice tells of calls only, so its conference is told from the ledger, and nothing can be done to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_conference_of_calls_alone_is_told_and_cannot_be_acted_on() {
    let stage = Stage::set().await;
    let parties = ["+254700000011", "+254700000012"];
    let wanted = json!({ "parties": parties, "provider": "minivoice", "room": "Shamba-1" });
    let (status, created) = stage.world.post_json("/api/v1/voice/conference/create", &wanted).await;
    assert_eq!(status, 200, "{created}");
    // All are dialled at once, so they may come in any order.
    let mut calls = stage.minivoice.calls();
    calls.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(calls.iter().map(|call| call.to.as_str()).collect::<Vec<_>>(), parties);
    assert!(calls.iter().all(|call| call.metadata["request_id"] == created["conference_id"]));

    let base = "/v1/voice/accounts/your_auth_id/conferences";
    let (status, text) = stage.world.get(&format!("{base}/Shamba-1")).await;
    assert_eq!(status, 404, "nobody is in it yet: {text}");
    let hook = format!("/hooks/minivoice/{}", it::world::SECRET);
    for (call, to) in calls.iter().zip(parties) {
        stage.world.post_json(&hook, &event("call.answered", &call.id, to)).await;
    }
    stage.world.settle_folding().await;
    let (_, text) = stage.world.get(base).await;
    let row = r#"{"conferences":[{"name":"Shamba-1","status":"in-progress","members":2,"created_at":"2026-05-29T12:00:05Z"}]}"#;
    assert_eq!(text, row);
    let (_, text) = stage.world.get(&format!("{base}/Shamba-1")).await;
    let shown: Value = serde_json::from_str(&text).unwrap();
    let told = |name: &str| -> BTreeSet<String> {
        (0..2).filter_map(|n| shown["members"][n][name].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(told("member_id"), ["m1", "m2"].map(str::to_owned).into());
    assert_eq!(told("call_uuid"), calls.iter().map(|call| call.id.clone()).collect());
    assert_eq!(stage.world.get(&format!("{base}/shamba-1")).await.0, 404, "names are case-sensitive");

    let mute = format!("{base}/Shamba-1/members/m1/mute");
    let (status, refused) = stage.world.post_json(&mute, &json!({})).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &"conference_control_unsupported".into()));

    for (call, to) in calls.iter().zip(parties) {
        stage.world.post_json(&hook, &event("call.completed", &call.id, to)).await;
    }
    stage.world.settle_folding().await;
    assert_eq!(stage.world.get(&format!("{base}/Shamba-1")).await.0, 404, "all have left");
    assert_eq!(stage.world.get(base).await.1, r#"{"conferences":[]}"#);
    stage.world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_by_each_provider() {
    let stage = Stage::set().await;
    let place = async |provider: &str| {
        let wanted = json!({ "to": "+254700000011", "provider": provider });
        stage.world.post_json("/v1/calls", &wanted).await
    };
    for provider in ["africastalking", "tryvox", "minivoice"] {
        let (status, placed) = place(provider).await;
        assert_eq!(status, 201, "{provider}: {placed}");
        assert_eq!((&placed["status"], &placed["provider"]), (&"dialing".into(), &provider.into()));
        let dial = format!("dial/{}", placed["dial_id"].as_str().unwrap());
        assert_eq!(stage.kinds(&dial).await, ["dial.requested", "dial.placed"], "{provider}");
    }
    stage.minivoice.next_modes([carrier::ApiMode::Refuse("insufficient_balance".to_owned())]);
    let (status, refused) = place("minivoice").await;
    assert_eq!((status, &refused["error"]["code"]), (402, &"insufficient_balance".into()));

    let call = stage.minivoice.calls()[0].id.clone();
    let path = format!("/v1/calls/{call}/recordings");
    for (action, word) in [("start", "started"), ("stop", "stopped")] {
        let (status, answer) = stage.world.post_json(&path, &json!({ "action": action })).await;
        assert_eq!((status, &answer["data"]["recording"]["status"]), (200, &word.into()), "{answer}");
    }
    let (status, refused) =
        stage.world.post_json(&format!("/v1/calls/{call}/transfer"), &json!({ "to": "+254700000012" })).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &"call_control_unsupported".into()));

    let session = stage.world.carrier.calls()[0].legs[0].session_id.clone();
    let path = format!("/v1/calls/{session}/transfer");
    let (status, answer) = stage.world.post_json(&path, &json!({ "to": "+254700000012" })).await;
    assert_eq!((status, &answer["status"]), (200, &"transferring".into()), "{answer}");
    assert_eq!(stage.world.get("/v1/queues").await, (200, r#"{"queues":[]}"#.to_owned()));
    let file = json!({ "url": "https://files.example/notice.mp3" });
    assert_eq!(stage.world.post_json("/v1/media", &file).await.0, 201);
    let media = stage.streams("media/").await;
    assert_eq!(stage.kinds(&media[0]).await, ["control.requested", "control.done"]);
    let asked: Vec<String> = stage.world.carrier.acts().into_iter().map(|(what, _)| what).collect();
    assert_eq!(asked, ["callTransfer", "queueStatus", "mediaUpload"]);
    stage.world.settle().await;
    stage.world.sound().await;
}

/// The room stands in the address that TryVox asks at, and the leg it tells of there is joined to the conference.
#[tokio::test(flavor = "multi_thread")]
async fn a_conference_through_tryvox_joins_its_room() {
    let stage = Stage::set().await;
    let wanted = json!({ "parties": ["+254700000011", "+254700000012"], "provider": "tryvox" });
    let (status, created) = stage.world.post_json("/api/v1/voice/conference/create", &wanted).await;
    assert_eq!(status, 200, "{created}");
    let id = created["conference_id"].as_str().unwrap();
    let placed = stage.tryvox.calls();
    assert_eq!(placed.len(), 2);
    let asked = placed[0].answer_url.strip_prefix("http://127.0.0.1:9").unwrap();
    let question = json!({ "call_uuid": "c-early", "direction": "outbound", "to": "+254700000011" });
    let answer = stage.world.http.post(stage.world.url(asked)).json(&question).send().await.unwrap();
    let text = answer.text().await.unwrap();
    assert!(text.contains(&format!(">{id}<")), "{text}");
    let legs = stage.links(space::LEG, id).await;
    assert!(legs.contains(&"call/tryvox/c-early".to_owned()), "{legs:?}");
    stage.world.sound().await;
}
