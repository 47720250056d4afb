//! TryVox: its webhooks, and its requests for VoxML in both forms.

use contract::fact::What;
use contract::input::Body as InputBody;
use contract::provider::{Provider, Via};
use providers::script::Dialect;
use serde_json::json;

use crate::rig::{FORM, JSON, Rig, SECRET, Setup};

const XML: &str = "<Response>\n<Conference>support-room-1</Conference>\n</Response>";
const VOXML: &str =
    r#"{"voxml_version":"1.0","instructions":[{"verb":"Conference","name":"support-room-1"}]}"#;
/// The documented request of a redirect.
const QUESTION: &str = r#"{"call_uuid":"call_abc123","account_id":"AC123456","from":"+254700000011","to":"+254700000001","call_status":"in-progress","direction":"inbound"}"#;
const ANSWERED: &str = r#"{"event":"call.answered","call_uuid":"c7a34e6f-9d1b-4c8e-a5f2-3b9d7e8c1a4f","account_id":"AC123456","from":"+254700000001","to":"+254700000011","direction":"outbound","status":"answered","timestamp":"2026-04-09T10:30:45.123Z"}"#;

fn hook() -> String {
    format!("/hooks/tryvox/{SECRET}")
}

fn question() -> String {
    format!("/answer/tryvox/{SECRET}")
}

#[tokio::test]
async fn a_call_is_answered_in_the_form_that_is_set() {
    for (voxml, answer, empty, media) in [
        (Dialect::TryVoxXml, XML, "<Response>\n</Response>", "application/xml"),
        (Dialect::TryVoxJson, VOXML, r#"{"voxml_version":"1.0","instructions":[]}"#, JSON),
    ] {
        let rig = Rig::new(Setup { voxml, ..Setup::default() }).await;
        let told = rig.post(&question(), JSON, QUESTION).await.expect(200);
        assert_eq!((told.text(), told.header("content-type")), (answer, media));
        for body in ["{}", "not json", ""] {
            assert_eq!(rig.post(&question(), JSON, body).await.expect(200).text(), answer, "{body}");
        }
        let over = rig.post(&question(), JSON, QUESTION.replace("in-progress", "completed")).await;
        assert_eq!(over.expect(200).text(), empty, "the call is over");
        let facts: Vec<usize> = rig
            .inputs()
            .await
            .iter()
            .map(|input| match &input.body {
                InputBody::Webhook(webhook) => webhook.facts.len(),
                _ => panic!("not a webhook"),
            })
            .collect();
        assert_eq!(facts, [1, 0, 0, 1], "all but the empty one are kept");
    }
}

#[tokio::test]
async fn the_documented_webhook() {
    let rig = Rig::new(Setup::default()).await;
    assert_eq!(rig.post(&hook(), JSON, ANSWERED).await.expect(200).text(), "OK");
    let (input, webhook) = rig.webhook().await;
    assert_eq!((input.via, input.authenticated), (Via::TryVox, true));
    assert_eq!((webhook.provider, webhook.route.as_str()), (Provider::TryVox, "events"));
    assert!(matches!(webhook.facts[0].what, What::CallAnswered(_)), "{:?}", webhook.facts);
    assert_eq!(webhook.facts[0].private.phone.as_deref(), Some("+254700000011"));
    assert!(!String::from_utf8(input.to_bytes()).unwrap().contains(SECRET), "the secret is not journaled");
}

#[tokio::test]
async fn a_call_and_its_journey() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let ended = ANSWERED.replace("call.answered", "call.ended").replace("\"answered\"", "\"completed\"");
    for body in [ended.as_str(), ANSWERED, &ended] {
        rig.post(&hook(), JSON, body.to_owned()).await.expect(200);
    }
    crate::voice::folded(&rig).await;
    let call = rig.get("/v1/calls/c7a34e6f-9d1b-4c8e-a5f2-3b9d7e8c1a4f").await.expect(200).json();
    assert_eq!(
        (&call["status"], &call["from"], &call["to"], &call["provider"]),
        (&json!("completed"), &json!("+254700000001"), &json!("+254700000011"), &json!("tryvox"))
    );
    assert_eq!(call["answered_at"], "2026-04-09T10:30:45.123Z");
}

#[tokio::test]
async fn a_wrong_secret_answers_like_an_unknown_path() {
    let rig = Rig::new(Setup::default()).await;
    let unknown = rig.get("/hooks/tryvox/nothing/here").await.expect(404);
    for path in [
        "/hooks/tryvox/another-secret-of-22-characters",
        "/answer/tryvox/another-secret-of-22-characters",
        "/hooks/tryvox/%ff",
        "/hooks/tryvox",
        "/answer/tryvox",
    ] {
        for body in [ANSWERED.to_owned(), "x".repeat(70_000)] {
            let answer = rig.post(path, JSON, body).await.expect(404);
            if path.matches('/').count() == 3 {
                assert_eq!(answer.bytes, unknown.bytes, "{path}");
            }
        }
    }
    assert_eq!(rig.inputs().await.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_what_is_not_known_is_kept() {
    let rig = Rig::new(Setup::default()).await;
    for (media, body, status, expected) in [
        (JSON, r#"{"status":"completed"}"#, 400, "call_uuid"),
        (JSON, r#"{"call_uuid":"a b"}"#, 422, "call_uuid"),
        (JSON, "call_uuid=a", 400, "JSON object"),
        (FORM, r#"{"call_uuid":"a"}"#, 400, "looks like JSON"),
        ("text/plain", "call_uuid=a", 415, "application/json"),
    ] {
        let answer = rig.post(&hook(), media, body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(expected), "{}", answer.text());
    }
    assert_eq!(rig.inputs().await.len(), 0);
    rig.post(&hook(), FORM, "call_uuid=a&status=busy").await.expect(200);
    rig.post(&hook(), JSON, r#"{"event":"conference.started","conference_name":"support-room-1"}"#)
        .await
        .expect(200);
    assert_eq!(rig.inputs().await.len(), 2);
}

#[tokio::test]
async fn what_is_not_on_disk_is_not_acknowledged() {
    for (voxml, closing) in
        [(Dialect::TryVoxXml, "<Response>\n</Response>"), (Dialect::TryVoxJson, "We are sorry")]
    {
        let rig = Rig::new(Setup { voxml, ..Setup::default() }).await;
        rig.door.journal().close().await;
        let answer = rig.post(&hook(), JSON, ANSWERED).await.expect(503);
        assert_eq!(answer.json()["error"]["code"], "not_accepted");
        let answer = rig.post(&question(), JSON, QUESTION).await.expect(200);
        assert!(answer.text().contains(closing), "{}", answer.text());
    }
}
