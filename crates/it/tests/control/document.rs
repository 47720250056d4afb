//! TryVox's conference document, line by line.

use contract::world::space;
use serde_json::json;

use super::Stage;
use super::curl::{curl, with};

const LINE: &str = r#"curl -X GET https://api.tryvox.io/v1/voice/accounts/your_auth_id/conferences/support-room-1 \
-H "Authorization: Bearer tvx_sk_live_...""#;
const SPEAK: &str = r#"curl -X POST https://api.tryvox.io/v1/voice/accounts/your_auth_id/conferences/support-room-1/speak \
-H "Authorization: Bearer tvx_sk_live_..." \
-H "Content-Type: application/json" \
-d '{
"text": "This call is being recorded for quality assurance.",
"voice": "en-US-Neural-Jenny"
}'"#;
const PLAY: &str = r#"curl -X POST https://api.tryvox.io/v1/voice/accounts/your_auth_id/conferences/support-room-1/play \
-H "Authorization: Bearer tvx_sk_live_..." \
-H "Content-Type: application/json" \
-d '{
"url": "https://example.com/announcement.mp3"
}'"#;

const LISTED: &str = r#"{"conferences":[{"name":"support-room-1","status":"in-progress","members":3,"created_at":"2026-04-09T10:30:00Z"},{"name":"sales-call-abc123","status":"in-progress","members":2,"created_at":"2026-04-09T11:15:00Z"}]}"#;
const SHOWN: &str = r#"{"name":"support-room-1","status":"in-progress","created_at":"2026-04-09T10:30:00Z","members":[{"member_id":"m1","call_uuid":"650e8400-e29b-41d4-a716-446655440000","number":"+14155551234","muted":false,"hold":false,"joined_at":"2026-04-09T10:30:00Z"},{"member_id":"m2","call_uuid":"750e8400-e29b-41d4-a716-446655440001","number":"+14155556789","muted":true,"hold":false,"joined_at":"2026-04-09T10:31:15Z"},{"member_id":"m3","call_uuid":"850e8400-e29b-41d4-a716-446655440002","number":"+14155559999","muted":false,"hold":false,"joined_at":"2026-04-09T10:32:30Z"}]}"#;
const SPEAKING: &str = r#"{"speak_uuid":"d50e8400-e29b-41d4-a716-446655440000","status":"speaking","text":"This call is being recorded for quality assurance."}"#;
const PLAYING: &str = r#"{"play_uuid":"e50e8400-e29b-41d4-a716-446655440000","status":"playing","url":"https://example.com/announcement.mp3"}"#;

/// The rooms of the document.
fn open(stage: &Stage) {
    stage.tryvox.rooms(|rooms| {
        for (uuid, number, at) in [
            ("650e8400-e29b-41d4-a716-446655440000", "+14155551234", "2026-04-09T10:30:00Z"),
            ("750e8400-e29b-41d4-a716-446655440001", "+14155556789", "2026-04-09T10:31:15Z"),
            ("850e8400-e29b-41d4-a716-446655440002", "+14155559999", "2026-04-09T10:32:30Z"),
        ] {
            rooms.join("support-room-1", uuid, number, at).unwrap();
        }
        for uuid in ["950e8400-e29b-41d4-a716-446655440000", "950e8400-e29b-41d4-a716-446655440001"] {
            rooms.join("sales-call-abc123", uuid, "+14155550000", "2026-04-09T11:15:00Z").unwrap();
        }
        assert!(rooms.mute("support-room-1", "m2", true));
    });
}

fn act(line: &str) -> String {
    with(LINE, &[("-X GET", "-X POST"), ("support-room-1", &format!("support-room-1/{line}"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_answers_as_the_document_has_it() {
    let stage = Stage::set().await;
    open(&stage);
    for (line, status, expected) in [
        (with(LINE, &[("/support-room-1", "")]), 200, LISTED),
        (LINE.to_owned(), 200, SHOWN),
        (act("members/m2/mute"), 200, r#"{"member_id":"m2","muted":true}"#),
        (act("members/m2/unmute"), 200, r#"{"member_id":"m2","muted":false}"#),
        (act("members/m3/kick"), 200, r#"{"member_id":"m3","status":"kicked"}"#),
        (SPEAK.to_owned(), 200, SPEAKING),
        (PLAY.to_owned(), 200, PLAYING),
    ] {
        let answer = curl(&stage.world, &line).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, expected), "{line}");
    }
    // What is played interrupted what was spoken; who was taken out comes back as somebody else.
    stage.tryvox.rooms(|rooms| {
        assert_eq!(rooms.get("support-room-1").unwrap().heard.as_ref().unwrap().status, "playing");
        let back = rooms.join("support-room-1", "a-new-call", "+14155559999", "2026-04-09T10:40:00Z");
        assert_eq!(back.as_deref(), Ok("m4"));
    });
    let answer = curl(&stage.world, &act("members/m3/mute")).await;
    assert_eq!(answer.status, 404, "{}", answer.text());
    let answer = curl(&stage.world, &with(LINE, &[("-X GET", "-X DELETE")])).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    for gone in [with(LINE, &[("-X GET", "-X DELETE")]), LINE.to_owned(), SPEAK.to_owned()] {
        assert_eq!(curl(&stage.world, &gone).await.status, 404, "{gone}");
    }
    let other = with(LINE, &[("your_auth_id", "somebody_else")]);
    assert_eq!(curl(&stage.world, &other).await.status, 404);

    let rooms = stage.links(space::ROOM, "support-room-1").await;
    assert_eq!(rooms.len(), 1, "one conference, however many acts: {rooms:?}");
    let mut expected = vec!["conference.found"];
    expected.extend(["control.requested", "control.done"].repeat(6));
    assert_eq!(stage.kinds(&rooms[0]).await, expected);
    stage.world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_used_again_is_another_conference() {
    let stage = Stage::set().await;
    let mute = "/v1/voice/accounts/your_auth_id/conferences/support-room-1/members/m1/mute";
    for day in ["2026-04-09T10:30:00Z", "2026-04-10T10:30:00Z"] {
        stage.tryvox.rooms(|rooms| rooms.join("support-room-1", day, "+14155551234", day)).unwrap();
        for _ in 0..2 {
            assert_eq!(stage.world.post_json(mute, &json!({})).await.0, 200);
        }
        assert!(stage.tryvox.rooms(|rooms| rooms.leave("support-room-1", "m1")));
        assert_eq!(stage.world.post_json(mute, &json!({})).await.0, 404, "all have left");
    }
    assert_eq!(stage.links(space::ROOM, "support-room-1").await.len(), 2);
    stage.world.sound().await;
}

/// `Creating a Conference`: what the answer URL gives.
const JOINING: &str = "<Response>
<Conference>support-room-1</Conference>
</Response>";
const CONTROLLED: &str = "<Response>
<Conference
muted=\"false\"
startConferenceOnEnter=\"true\"
endConferenceOnExit=\"false\">
support-room-1
</Conference>
</Response>";
const CONTROLLED_SCRIPT: &str = r#"
[[script]]
name = "more-control"
provider = "tryvox_xml"
rooms = ["support-room-1"]
action = [{ type = "conference", room = "support-room-1", muted = false, start_on_enter = true, end_on_exit = false }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn both_answers_of_the_document_join_the_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scripts.toml");
    std::fs::write(&file, CONTROLLED_SCRIPT).unwrap();
    let scripts = format!("--scripts={}", file.display());
    for (flags, expected) in [(vec![], JOINING), (vec![scripts.as_str()], CONTROLLED)] {
        let world = it::World::start_with(it::Setup::EMBEDDED, &flags).await;
        let path = format!("/answer/tryvox/{}?room=support-room-1", it::world::SECRET);
        let question = json!({ "call_uuid": "650e8400-e29b-41d4-a716-446655440000", "direction": "inbound" });
        let answer = world.http.post(world.url(&path)).json(&question).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), expected);
        world.sound().await;
    }
}
