//! MiniVoice: its webhooks with and without a signature, its requests for instructions, and the call afterwards.

use axum::body::Body;
use axum::http::Request;
use contract::fact::What;
use contract::input::{Body as InputBody, Webhook};
use contract::provider::{Provider, Via};
use providers::minivoice::signature::sign;
use serde_json::{Value, json};

use crate::rig::{Answer, JSON, Rig, SECRET, Setup};

const SIGNING: &str = "a-signing-secret-of-ours";
const NEXT: &str = "the-next-signing-secret";
const RETIRED: &str = "a-retired-signing-secret";
/// The source document's own webhook.
const EVENT: &str = r#"{"event":"call.completed","created_at":"2026-05-29T12:10:00Z","call":{"id":"call_123","customer_id":"cust_123","application_id":"app_123","status":"completed","direction":"inbound","from":"+15551230001","to":"+15551230002"},"variables":{},"data":{}}"#;
/// The answer of the source document.
const ANSWER: &str =
    r#"{"actions":[{"type":"conference","room":"daily_support_room","mute":false,"end_on_exit":false}]}"#;

fn hook() -> String {
    format!("/hooks/minivoice/{SECRET}")
}

fn question() -> String {
    format!("/answer/minivoice/{SECRET}")
}

async fn signing() -> Rig {
    Rig::new(Setup { signing: vec![SIGNING, NEXT], ..Setup::default() }).await
}

/// The door's time, moved by so many seconds, as the provider writes it.
fn at(rig: &Rig, offset_s: i64) -> String {
    (rig.door.now().millis() / 1_000 + offset_s).to_string()
}

async fn post(rig: &Rig, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut request = Request::post(path).header("content-type", JSON);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    rig.send(request.body(Body::from(body.to_vec())).unwrap()).await
}

/// Posts with a signature made with that secret at that time.
async fn post_signed(rig: &Rig, path: &str, secret: &str, at: &str, body: &[u8]) -> Answer {
    let signature = sign(secret.as_bytes(), at, body);
    post(rig, path, &[("x-minivoice-signature", &signature), ("x-minivoice-timestamp", at)], body).await
}

fn webhook(body: &InputBody) -> &Webhook {
    let InputBody::Webhook(webhook) = body else { panic!("not a webhook") };
    webhook
}

fn verdict(webhook: &Webhook) -> Option<&str> {
    webhook.headers.get("signature-verdict").map(String::as_str)
}

#[tokio::test]
async fn the_source_documents_exchange() {
    let rig = Rig::new(Setup::default()).await;
    let answer = rig.post(&question(), JSON, EVENT.replace("completed", "answered")).await.expect(200);
    assert_eq!((answer.text(), answer.header("content-type")), (ANSWER, JSON));
    rig.post(&hook(), JSON, EVENT).await.expect(200);

    let inputs = rig.inputs().await;
    let (asked, told) = (webhook(&inputs[0].body), webhook(&inputs[1].body));
    for input in &inputs {
        assert_eq!((input.via, input.authenticated), (Via::MiniVoice, true));
    }
    assert_eq!((asked.route.as_str(), told.route.as_str()), ("answer", "events"));
    assert_eq!((told.provider, told.raw.as_str()), (Provider::MiniVoice, EVENT));
    assert!(matches!(asked.facts[0].what, What::CallStarted(_)), "{:?}", asked.facts);
    assert!(matches!(told.facts[0].what, What::CallEnded(_)), "{:?}", told.facts);
    assert_eq!(verdict(told), None, "nothing was to be signed");
}

#[tokio::test]
async fn a_call_as_the_source_document_has_it() {
    let rig = Rig::new(Setup { projector: true, ..Setup::default() }).await;
    let outbound = EVENT.replace("inbound", "outbound");
    // The end comes first, then the answer, then the end again.
    for body in [outbound.clone(), outbound.replace("completed", "answered"), outbound] {
        rig.post(&hook(), JSON, body).await.expect(200);
    }
    crate::voice::folded(&rig).await;
    let answer = rig.get("/v1/calls/call_123").await.expect(200);
    let document = concat!(
        r#"{"id":"call_123","status":"completed","direction":"outbound","#,
        r#""from":"+15551230001","to":"+15551230002","#
    );
    assert!(answer.text().starts_with(document), "{}", answer.text());
    let journey = rig.get("/v1/calls/call_123/journey").await.expect(200).json();
    let steps = journey["journey"].as_array().unwrap();
    let kinds: Vec<Value> = steps.iter().map(|step| json!([step["type"], step["what"]])).collect();
    assert_eq!(
        kinds,
        [
            json!(["call.ended", "first"]),
            json!(["call.answered", "first"]),
            json!(["call.ended", "duplicate"])
        ]
    );
    assert_eq!(
        (&steps[0]["occurred_at"], &steps[0]["authenticated"], &steps[0]["source"]),
        (&json!("2026-05-29T12:10:00.000Z"), &json!(true), &json!("minivoice"))
    );

    let unknown = rig.get("/v1/calls/call_124").await.expect(404);
    assert_eq!(
        unknown.json(),
        json!({ "error": { "code": "not_found", "message": "There is no such call." } })
    );
}

#[tokio::test]
async fn signed_webhooks_are_kept_and_their_age_is_marked() {
    let rig = signing().await;
    let expected = [
        (SIGNING, 0, "fresh"),
        (NEXT, 0, "fresh"),
        (SIGNING, -240, "fresh"),
        (SIGNING, -3_600, "stale"),
        (NEXT, 3_600, "stale"),
    ];
    for (secret, offset_s, _) in expected {
        post_signed(&rig, &hook(), secret, &at(&rig, offset_s), EVENT.as_bytes()).await.expect(200);
    }
    let inputs = rig.inputs().await;
    assert_eq!(inputs.len(), expected.len());
    for (input, (secret, offset_s, word)) in inputs.iter().zip(expected) {
        let kept = webhook(&input.body);
        assert!(input.authenticated, "{secret} {offset_s}");
        assert_eq!(verdict(kept), Some(word), "{secret} {offset_s}");
        assert!(kept.headers["x-minivoice-signature"].starts_with("v1="));
        assert!(kept.headers.contains_key("x-minivoice-timestamp"));
        assert_eq!(kept.facts, webhook(&inputs[0].body).facts, "the same event, so no second record");
    }
}

#[tokio::test]
async fn what_is_not_signed_is_never_kept() {
    let rig = signing().await;
    let (now, body) = (at(&rig, 0), EVENT.as_bytes());
    let right = sign(SIGNING.as_bytes(), &now, body);
    let retired = sign(RETIRED.as_bytes(), &now, body);
    let (s, t) = ("x-minivoice-signature", "x-minivoice-timestamp");
    let (later, twice) = (at(&rig, 1), format!("{right},{right}"));
    let padded = format!("{now}.{}", &EVENT[..5]);
    let bare = right.trim_start_matches("v1=");
    for headers in [
        &[][..],
        &[(t, &*now)],
        &[(s, &*right)],
        &[(s, ""), (t, &*now)],
        &[(s, bare), (t, &*now)],
        &[(s, &*retired), (t, &*now)],
        &[(s, &*right), (t, &*later)],
        &[(s, &*right), (t, &*padded)],
        &[(s, &*twice), (t, &*now)],
        &[(s, &*right), (s, &*right), (t, &*now)],
        &[(s, &*retired), (s, &*right), (t, &*now)],
        &[(s, &*right), (t, &*now), (t, &*later)],
        // What the service itself would write is not taken from a request.
        &[("signature-verdict", "fresh")],
    ] {
        let answer = post(&rig, &hook(), headers, body).await;
        assert_eq!(answer.status.as_u16(), 403, "{headers:?}: {}", answer.text());
        let refused = json!({ "error": { "code": "invalid_signature", "message": "The signature is missing or wrong." } });
        assert_eq!(answer.json(), refused);
    }
    // The path alone proves nothing, and neither does the signature.
    for path in
        ["/hooks/minivoice/another-secret-of-22-characters", "/answer/minivoice/x", "/hooks/minivoice/%ff"]
    {
        let answer = post_signed(&rig, path, SIGNING, &now, body).await.expect(404);
        let unknown = rig.get("/hooks/minivoice/nothing/here").await.expect(404);
        assert_eq!(answer.bytes, unknown.bytes, "like an unknown path");
    }
    assert_eq!(rig.inputs().await.len(), 0);
}

#[tokio::test]
async fn no_flipped_bit_is_authentic() {
    let rig = signing().await;
    let (now, body) = (at(&rig, 0), EVENT.as_bytes());
    let signature = sign(SIGNING.as_bytes(), &now, body);
    for bit in (0..body.len() * 8).step_by(7) {
        let mut flipped = body.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let headers = [("x-minivoice-signature", &*signature), ("x-minivoice-timestamp", &*now)];
        for path in [hook(), question()] {
            post(&rig, &path, &headers, &flipped).await.expect(403);
        }
    }
    let digits = signature.len() - 3;
    for at in 0..digits {
        let mut other = signature.clone().into_bytes();
        other[3 + at] = if other[3 + at] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        let headers = [("x-minivoice-signature", &*other), ("x-minivoice-timestamp", &*now)];
        post(&rig, &hook(), &headers, body).await.expect(403);
    }
    assert_eq!(rig.inputs().await.len(), 0);
}

/// No signature is documented for requests for instructions, so one without is answered; but it is not authentic.
#[tokio::test]
async fn a_question_is_answered_and_only_a_signature_makes_it_authentic() {
    let rig = signing().await;
    assert_eq!(
        rig.post(&question(), JSON, EVENT.replace("completed", "created")).await.expect(200).text(),
        ANSWER
    );
    let now = at(&rig, 0);
    post_signed(&rig, &question(), SIGNING, &now, EVENT.as_bytes()).await.expect(200);
    post_signed(&rig, &question(), RETIRED, &now, EVENT.as_bytes()).await.expect(403);
    let authenticated: Vec<bool> = rig.inputs().await.iter().map(|input| input.authenticated).collect();
    assert_eq!(authenticated, [false, true]);
}

#[tokio::test]
async fn somebody_on_the_phone_is_answered_whatever_is_asked() {
    let rig = Rig::new(Setup::default()).await;
    for (media, body) in
        [(JSON, "{}"), (JSON, "not json"), ("text/plain", "call=1"), (JSON, r#"{"call":{"id":"a/b"}}"#)]
    {
        assert_eq!(rig.post(&question(), media, body).await.expect(200).text(), ANSWER, "{body}");
    }
    let inputs = rig.inputs().await;
    assert_eq!(inputs.len(), 4, "kept, though nothing could be read");
    assert!(inputs.iter().all(|input| webhook(&input.body).facts.is_empty()));
    rig.post(&question(), JSON, "").await.expect(200);
    assert_eq!(rig.inputs().await.len(), 4, "nothing is there to be kept");
    let over = rig.post(&question(), JSON, EVENT).await.expect(200);
    assert_eq!(over.text(), r#"{"actions":[]}"#, "the call is over");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_the_name_of_the_field() {
    let rig = Rig::new(Setup::default()).await;
    for (media, body, status, expected) in [
        (JSON, r#"{"event":"call.answered"}"#, 400, "call.id"),
        (JSON, r#"{"call":{"id":"call_1"}}"#, 400, "event"),
        (JSON, r#"{"event":"x","call":{"id":"a/b"}}"#, 422, "call.id"),
        (JSON, r#"{"event":"x","call":{"id":"a","id":"b"}}"#, 400, "call.id"),
        (JSON, "[]", 400, "JSON object"),
        ("application/x-www-form-urlencoded", "event=x", 415, "application/json"),
    ] {
        let answer = rig.post(&hook(), media, body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains(expected), "{}", answer.text());
    }
    rig.post(&hook(), JSON, vec![b' '; 70_000]).await.expect(413);
    assert_eq!(rig.inputs().await.len(), 0);
}

#[tokio::test]
async fn what_is_not_on_disk_is_not_acknowledged_and_a_caller_hears_a_word() {
    let rig = Rig::new(Setup::default()).await;
    rig.door.journal().close().await;
    let answer = rig.post(&hook(), JSON, EVENT).await.expect(503);
    assert_eq!(answer.json()["error"]["code"], "not_accepted");
    let answer = rig.post(&question(), JSON, EVENT.replace("completed", "created")).await.expect(200);
    assert_eq!(answer.json()["actions"][0]["type"], "say");
    assert!(answer.text().contains("We are sorry"), "{}", answer.text());
}
