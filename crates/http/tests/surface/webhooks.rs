//! Webhooks: what is journaled, what is answered, what is refused.

use axum::body::Body;
use axum::http::Request;
use contract::fact::What;
use contract::provider::Via;
use serde_json::json;

use crate::rig::{FORM, JSON, Rig, SECRET, Setup};

const EVENT: &str = "sessionId=ATVId_abc123&eventType=SessionEnded&callerNumber=%2B254712345678\
    &destinationNumber=%2B254700000000&hangupCause=NORMAL_CLEARING&direction=outbound\
    &callStartTime=2025-09-29+10%3A30%3A00&durationInSeconds=45&currencyCode=KES&amount=5.00";
const INSTRUCT: &str = "sessionId=ATVId_abc123&callerNumber=+254712345678&destinationNumber=+254700000000";
const SCRIPT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  \
    <Say>Welcome to the service. This is a demo voice application. Goodbye.</Say>\n</Response>";

/// Bare route, its secret twin, and a body it takes.
const ROUTES: [(&str, &str, &str); 9] = [
    ("/voice/events", "/hooks/africastalking/{}/voice/events", EVENT),
    ("/voice/instruct", "/hooks/africastalking/{}/voice/instruct", INSTRUCT),
    (
        "/sms/incoming",
        "/hooks/africastalking/{}/sms/incoming",
        "from=%2B254712345678&to=12345&text=YES+4821&id=m-1",
    ),
    (
        "/sms/delivery",
        "/hooks/africastalking/{}/sms/delivery",
        "id=ATXid_1&status=Success&phoneNumber=%2B254712345678",
    ),
    (
        "/ussd",
        "/hooks/africastalking/{}/ussd",
        "sessionId=ATUid_1&serviceCode=*483%23&phoneNumber=%2B254712345678&text=",
    ),
    ("/sms/opt-out", "/hooks/africastalking/{}/sms/opt-out", "senderId=AHADI&phoneNumber=%2B254712345678"),
    (
        "/api/v1/sms/webhook",
        "/hooks/voicepact/{}/sms/webhook",
        "from=%2B254712345678&to=12345&text=YES+4821&id=m-1",
    ),
    (
        "/api/v1/ussd/",
        "/hooks/voicepact/{}/ussd",
        "sessionId=ATUid_1&serviceCode=*483%23&phoneNumber=%2B254712345678&text=",
    ),
    (
        "/api/v1/voice/webhook",
        "/hooks/voicepact/{}/voice/webhook",
        "sessionId=ATVoice_a1b2c3d4e5f6&phoneNumber=%2B254712345678&duration=420&status=completed",
    ),
];

#[tokio::test]
async fn the_source_documents_exchanges() {
    let rig = Rig::new(Setup::default()).await;
    let answer = rig.post("/voice/events", FORM, EVENT).await.expect(200);
    assert_eq!(answer.text(), "OK");
    let (input, webhook) = rig.webhook().await;
    assert_eq!((input.via, input.authenticated), (Via::AfricasTalking, false));
    assert_eq!((webhook.route.as_str(), webhook.raw.as_str()), ("voice/events", EVENT));
    assert!(matches!(webhook.facts[0].what, What::CallEnded(_)), "{:?}", webhook.facts);

    let rig = Rig::new(Setup::default()).await;
    let answer = rig.post("/voice/instruct", FORM, INSTRUCT).await.expect(200);
    assert_eq!((answer.text(), answer.header("content-type")), (SCRIPT, "text/plain; charset=utf-8"));
    let (_, webhook) = rig.webhook().await;
    assert_eq!(webhook.facts[0].private.phone.as_deref(), Some("+254712345678"), "the lost plus is back");

    let rig = Rig::new(Setup::default()).await;
    let body = json!({ "sessionId": "ATVoice_a1b2c3d4e5f6", "phoneNumber": "+254712345678", "duration": 420,
        "recordingUrl": "https://recordings.example/a1.mp3", "status": "completed" });
    let answer = rig.post_json("/api/v1/voice/webhook", &body).await.expect(200);
    assert_eq!(answer.json(), json!({ "status": "webhook_processed", "session_id": "ATVoice_a1b2c3d4e5f6" }));
    let (_, webhook) = rig.webhook().await;
    assert_eq!((webhook.facts.len(), webhook.content_type.as_str()), (2, JSON));
}

#[tokio::test]
async fn a_secret_path_proves_the_sender_and_a_bare_one_does_not() {
    for (bare, secret, body) in ROUTES {
        let rig = Rig::new(Setup::default()).await;
        rig.post(bare, FORM, body).await.expect(200);
        rig.post(&secret.replace("{}", SECRET), FORM, body).await.expect(200);
        let proved: Vec<bool> = rig.inputs().await.iter().map(|input| input.authenticated).collect();
        assert_eq!(proved, [false, true], "{bare}");
        for input in rig.inputs().await {
            assert!(
                !String::from_utf8(input.to_bytes()).unwrap().contains(SECRET),
                "the secret is not journaled"
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_secret_and_a_closed_bare_path_answer_like_an_unknown_path() {
    let rig = Rig::new(Setup { open_api: false, loopback: false, ..Setup::default() }).await;
    for (bare, secret, body) in ROUTES {
        let like = |path: &str| {
            if path.contains("voicepact") || path.starts_with("/api") {
                "/api/v1/nothing"
            } else {
                "/nothing"
            }
        };
        let wrong = secret.replace("{}", "another-secret-of-22-characters");
        let odd = secret.replace("{}", "%ff");
        for path in [bare, &wrong, &odd] {
            let answer = rig.post(path, FORM, body).await.expect(404);
            assert_eq!(answer.bytes, rig.get(like(path)).await.bytes, "{path}");
        }
        // Looked at before the body: too large a body of a stranger is still only not found.
        rig.post(&wrong, FORM, vec![b'x'; 70_000]).await.expect(404);
        rig.post(&secret.replace("{}", SECRET), FORM, body).await.expect(200);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_the_name_of_the_field() {
    let rig = Rig::new(Setup::default()).await;
    for (path, media, body, status, expected) in [
        ("/voice/events", FORM, "callerNumber=1", 400, "sessionId"),
        ("/voice/events", FORM, "", 400, "sessionId"),
        ("/voice/events", FORM, "sessionId=a&sessionId=b", 400, "sessionId"),
        ("/voice/events", FORM, "sessionId=a%00b", 400, "sessionId"),
        ("/voice/events", FORM, "sessionId=%zz", 400, "sessionId"),
        ("/voice/events", FORM, "sessionId=%ff", 400, "sessionId"),
        ("/voice/events", FORM, "sessionId=a/b", 422, "sessionId"),
        ("/voice/events", FORM, "{\"sessionId\":\"a\"}", 400, "looks like JSON"),
        ("/voice/events", JSON, "{\"sessionId\":\"a\"}", 415, "application/x-www-form-urlencoded"),
        ("/voice/instruct", FORM, "isActive=1", 400, "sessionId"),
        ("/voice/instruct", "text/plain", "sessionId=a", 415, "content type"),
        ("/sms/incoming", FORM, "text=YES", 400, "from"),
        ("/sms/delivery", FORM, "status=Success", 400, "id"),
        ("/ussd", FORM, "text=1", 400, "sessionId"),
        (
            "/api/v1/voice/webhook",
            JSON,
            "{\"sessionId\":\"ATVoice_1\",\"duration\":\"12s\"}",
            422,
            "duration",
        ),
        ("/api/v1/voice/webhook", JSON, "{\"sessionId\":\"ATVoice_1\",\"duration\":-5}", 422, "duration"),
        ("/api/v1/voice/webhook", JSON, "{\"status\":\"completed\"}", 400, "sessionId"),
        ("/api/v1/voice/webhook", JSON, "[1]", 400, "JSON object"),
        ("/api/v1/voice/webhook", JSON, "sessionId=a", 400, "JSON"),
        ("/api/v1/voice/webhook", "text/xml", "<a/>", 415, "application/json"),
    ] {
        let answer = rig.post(path, media, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.text());
        assert!(answer.text().contains(expected), "{path} {body}: {}", answer.text());
    }
    assert_eq!(rig.inputs().await.len(), 0);
}

#[tokio::test]
async fn notices_nobody_needs_are_acknowledged_and_bytes_that_are_no_text_are_kept() {
    let rig = Rig::new(Setup::default()).await;
    rig.post(
        "/sms/incoming",
        FORM,
        "phoneNumber=%2B254712345678&shortCode=12345&keyword=x&updateType=addition",
    )
    .await
    .expect(200);
    assert_eq!(rig.inputs().await.len(), 0);
    // A form may hold raw bytes in a value nobody reads? No: it is refused, and nothing is guessed.
    rig.post("/voice/events", FORM, &b"sessionId=a&note=\xff"[..]).await.expect(400);
}

#[tokio::test]
async fn unknown_kinds_are_kept() {
    let rig = Rig::new(Setup::default()).await;
    rig.post("/voice/events", FORM, "sessionId=ATVId_1&isActive=1&eventType=SessionLevitated")
        .await
        .expect(200);
    rig.post("/api/v1/voice/webhook", FORM, "sessionId=ATVoice_1&status=levitating").await.expect(200);
    let inputs = rig.inputs().await;
    assert_eq!(inputs.len(), 2, "authentic, so kept, also where it says nothing we understand");
}

#[tokio::test]
async fn what_is_not_on_disk_is_not_acknowledged_and_a_caller_is_not_hung_up_on() {
    let rig = Rig::new(Setup::default()).await;
    rig.door.journal().close().await;
    for (bare, _, body) in ROUTES {
        let answer = rig.post(bare, FORM, body).await;
        match bare {
            "/voice/instruct" => {
                assert_eq!(answer.status.as_u16(), 200);
                assert!(answer.text().contains("<Say>We are sorry"), "{}", answer.text());
                assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
                carrier::read_script(answer.text()).unwrap();
            }
            _ => {
                assert_eq!(answer.status.as_u16(), 503, "{bare}: {}", answer.text());
                assert_eq!(answer.header("retry-after"), "1");
                assert!(!answer.text().contains("journal is closed"), "the cause is for the log only");
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_does_not_undo_what_it_sent() {
    let rig = Rig::new(Setup::default()).await;
    let request =
        Request::post("/voice/events").header("content-type", FORM).body(Body::from(EVENT)).unwrap();
    let router = rig.router.clone();
    let sent = tokio::spawn(tower::ServiceExt::oneshot(router, request));
    // Left at some point on the way: whatever was handed in by then is whole, and the next one works.
    tokio::task::yield_now().await;
    sent.abort();
    let _ = sent.await;
    rig.post("/voice/events", FORM, EVENT).await.expect(200);
    let inputs = rig.inputs().await;
    assert!((1..=2).contains(&inputs.len()));
}
