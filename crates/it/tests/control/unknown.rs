//! Providers that take a request and never answer: nobody is rung twice, and the ledger says that nobody knows.

use carrier::ApiMode;
use contract::world::space;
use serde_json::{Value, json};

use super::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_rung_twice_by_a_provider_that_hangs() {
    let stage = Stage::set().await;
    let hang = || [ApiMode::Hang { accepted: true }];
    stage.world.carrier.next_call_modes(hang());
    stage.tryvox.next_modes(hang());
    stage.minivoice.next_modes(hang());
    for provider in ["africastalking", "tryvox", "minivoice"] {
        let wanted = json!({ "to": "+254700000011", "provider": provider });
        let (status, answer) = stage.world.post_json("/v1/calls", &wanted).await;
        assert_eq!((status, &answer["error"]["code"]), (500, &"provider_failed".into()), "{provider}");
    }
    stage.world.settle().await;
    assert_eq!(stage.world.carrier.call_requests(), 1);
    assert_eq!(stage.tryvox.acts(), ["POST /calls"]);
    assert_eq!(stage.minivoice.requests(), ["POST /calls"]);
    let mut joined = 0;
    for dial in stage.streams("dial/").await {
        assert_eq!(stage.kinds(&dial).await, ["dial.requested", "dial.failed"]);
        assert_eq!(last(&stage, &dial).await["reason"], "unknown_outcome");
        // Africa's Talking sends our id back: so the ledger shows that somebody was rung all the same.
        joined += stage.links(space::LEG, dial.strip_prefix("dial/").unwrap()).await.len();
    }
    assert_eq!(joined, 1);
    stage.world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_nobody_knows_the_end_of_is_done_once() {
    let stage = Stage::set().await;
    let at = "2026-04-09T10:30:00Z";
    stage.tryvox.rooms(|rooms| rooms.join("support-room-1", "c-1", "+14155551234", at)).unwrap();
    stage.tryvox.next_modes([ApiMode::Hang { accepted: true }]);
    let speak = "/v1/voice/accounts/your_auth_id/conferences/support-room-1/speak";
    let (status, answer) = stage.world.post_json(speak, &json!({ "text": "Karibu" })).await;
    assert_eq!((status, &answer["error"]["code"]), (500, &"provider_failed".into()), "{answer}");
    assert_eq!(stage.tryvox.acts(), ["POST /conferences/support-room-1/speak"]);
    let conference = stage.links(space::ROOM, "support-room-1").await.remove(0);
    let expected = ["conference.found", "control.requested", "control.failed"];
    assert_eq!(stage.kinds(&conference).await, expected);
    assert_eq!(last(&stage, &conference).await["reason"], "unknown_outcome");
    stage.world.sound().await;
}

/// What stands in clear in the newest record of a stream.
async fn last(stage: &Stage, stream: &str) -> Value {
    let records = stage.world.system().store.stream_records(stream, 1, 100).await.unwrap();
    let record = ledger::record::open(&records.last().unwrap().jws).unwrap();
    let payload: Value = serde_json::from_slice(&record.payload).unwrap();
    payload["data"].clone()
}
