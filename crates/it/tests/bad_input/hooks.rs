//! Faults that were measured in the webhooks of the service whose interface this one offers, each by its name.

use std::net::TcpListener;

use it::wire::{Request, send};
use serde_json::{Value, json};

use super::bodies::{FORM, JSON};
use super::named::ask;
use super::{Ground, judge, routes};

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_say_nothing_true() {
    let ground = Ground::new().await;
    let path = "/api/v1/voice/webhook";
    let form = |more: &str| format!("sessionId=ATVoice_00000000000f&{more}");
    for (what, media, body, field) in [
        ("seconds with a letter", FORM, form("duration=12s"), "duration"),
        ("seconds below nothing", FORM, form("duration=-5"), "duration"),
        ("seconds with a sign", FORM, form("duration=%2B5"), "duration"),
        ("half a second", FORM, form("duration=0.5"), "duration"),
        ("seconds in its own words", FORM, form("durationInSeconds=12s"), "durationInSeconds"),
        ("seconds in JSON", JSON, "{\"sessionId\":\"x\",\"duration\":-5}".to_owned(), "duration"),
        ("no session", FORM, "status=completed".to_owned(), "sessionId"),
        ("another provider's", JSON, MINIVOICE.to_owned(), "sessionId"),
        ("JSON called a form", FORM, "{\"sessionId\":\"x\"}".to_owned(), ""),
        ("a form called JSON", JSON, "sessionId=x".to_owned(), ""),
    ] {
        let answer = ask(&ground, "POST", path, media, &body).await;
        judge::refused(what, path, &answer, Some(field));
    }
    ground.end().await;
}

/// The shape of another provider's webhook: a call inside.
const MINIVOICE: &str = r#"{"event":"call.completed","created_at":"2026-05-29T12:00:00Z","data":{"call":{"id":"call_20260529T120000.000000000","status":"completed"}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_calls_nobody_knows_are_kept() {
    let ground = Ground::new().await;
    let body =
        "sessionId=ATVId_unknown&isActive=0&status=Success&durationInSeconds=33&callerNumber=%2B254700000071";
    // A signature nobody asked for proves nothing.
    let request =
        Request::new("POST", "/api/v1/voice/webhook").header("x-signature", "v1=forged").body(FORM, body);
    let answer = send(ground.world.address(), &request).await;
    assert_eq!((answer.status, &answer.json()["session_id"]), (200, &json!("ATVId_unknown")));
    ground.world.settle_folding().await;
    let call = ask(&ground, "GET", "/v1/calls/ATVId_unknown", "", "").await.json();
    assert_eq!((&call["status"], &call["duration_s"]), (&json!("completed"), &json!(33)), "{call}");
    let journey = ask(&ground, "GET", "/v1/calls/ATVId_unknown/journey", "", "").await.json();
    assert_eq!(journey["journey"][0]["authenticated"], false, "{journey}");
    ground.end().await;
}

/// An address in a webhook is not fetched from inside our own network, and nothing waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_are_not_fetched() {
    let ground = Ground::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let urls = [
        format!("http://127.0.0.1:{port}/needle"),
        format!("http://localhost:{port}/needle"),
        format!("http://[::ffff:127.0.0.1]:{port}/needle"),
        format!("http://0.0.0.0:{port}/needle"),
        format!("http://2130706433:{port}/needle"),
        "http://169.254.169.254/needle".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/needle".to_owned(),
        "needle".to_owned(),
        "http://".to_owned(),
    ];
    for (n, url) in urls.iter().enumerate() {
        let url: String = url.bytes().map(|b| format!("%{b:02x}")).collect();
        let body = format!("sessionId=ATVoice_00000000001{n}&status=completed&recordingUrl={url}");
        let answer = ask(&ground, "POST", "/api/v1/voice/webhook", FORM, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    ground.world.settle().await;
    let asked = listener.accept();
    assert!(
        asked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "an inside address was asked"
    );
    for n in 0..urls.len() {
        let recording =
            ask(&ground, "GET", &format!("/api/v1/recordings/ATVoice_00000000001{n}"), "", "").await;
        assert_eq!(
            (recording.status, &recording.json()["sha256"]),
            (200, &Value::Null),
            "{}",
            recording.text()
        );
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_the_keypad_is_answered_as_networks_want_it() {
    let ground = Ground::new().await;
    let path = ground.path(&routes::of("POST", "/ussd"));
    for text in ["", "1", "1*2", "1*free+text*with*stars", "%2A%2A"] {
        let body = format!("sessionId=ATUid_9&serviceCode=%2A384%23&phoneNumber=%2B254700000071&text={text}");
        let answer = ask(&ground, "POST", &path, FORM, &body).await;
        assert_eq!(answer.status, 200, "{text}");
        assert!(answer.header("content-type").starts_with("text/plain"), "{}", answer.header("content-type"));
        let shown = answer.text();
        assert!(shown.starts_with("END ") || shown.starts_with("CON "), "{shown}");
        assert!(shown.chars().count() <= 182 && shown.is_ascii(), "{shown}");
    }
    ground.end().await;
}
