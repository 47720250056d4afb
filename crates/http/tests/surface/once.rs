//! `Idempotency-Key` on commands that ring somebody, fetch something or read what was said: once for each key.

use axum::body::Body;
use axum::http::Request;
use carrier::{ApiMode, Carrier};
use contract::command::Command;
use contract::input::Body as InputBody;
use contract::report::Report;
use http_surface::Tools;
use serde_json::{Value, json};

use crate::rig::{Answer, JSON, Rig, Setup, account};

const PARTIES: [&str; 2] = ["+254712345678", "+254787654321"];
const SAID: &str = "Buyer: I take maize, 500 kg at 50 shillings per kg.\nSeller: Agreed, 500 kg at 50.";
const CREATE: &str = "/api/v1/voice/conference/create";
const PROCESS: &str = "/api/v1/voice/process";

async fn with_carrier(mode: ApiMode) -> (Rig, Carrier) {
    let config = carrier::Config { call_mode: mode, ..carrier::Config::default() };
    let carrier = Carrier::start(config).await.unwrap();
    let rig = Rig::new(Setup { projector: true, carrier: Some(account(&carrier)), ..Setup::default() }).await;
    (rig, carrier)
}

async fn folding() -> Rig {
    Rig::new(Setup { projector: true, ..Setup::default() }).await
}

async fn send(rig: &Rig, method: &str, path: &str, key: &str, body: Option<&Value>) -> Answer {
    let request = Request::builder().method(method).uri(path).header("idempotency-key", key);
    let request = match body {
        Some(body) => request.header("content-type", JSON).body(Body::from(body.to_string())),
        None => request.body(Body::empty()),
    };
    rig.send(request.unwrap()).await
}

/// Sends a request twice under one key, then another under it: the same answer, and a refusal.
async fn check(
    rig: &Rig,
    method: &str,
    path: &str,
    body: Option<&Value>,
    other: (&str, Option<&Value>),
) -> Answer {
    let first = send(rig, method, path, "a key", body).await;
    let again = send(rig, method, path, "\"a key\"", body).await;
    assert_eq!((again.status, again.text()), (first.status, first.text()), "{method} {path}");
    let reused = send(rig, method, other.0, "a key", other.1).await;
    assert_eq!(reused.status.as_u16(), 422, "{}", reused.text());
    assert!(reused.text().contains("used for another request"), "{}", reused.text());
    first
}

/// How many inputs are commands of that kind, with a key or without.
async fn commands(rig: &Rig, wanted: impl Fn(&Command) -> bool) -> usize {
    let inputs = rig.inputs().await;
    let is = |body: &InputBody| match body {
        InputBody::Command(Command::Once(keyed)) => wanted(&keyed.inner),
        InputBody::Command(command) => wanted(command),
        _ => false,
    };
    inputs.iter().filter(|input| is(&input.body)).count()
}

#[tokio::test]
async fn a_conference_is_dialled_once() {
    let (rig, carrier) = with_carrier(ApiMode::Normal).await;
    let (body, other) =
        (json!({ "parties": PARTIES }), json!({ "parties": PARTIES, "expected_duration": 60 }));
    let first = check(&rig, "POST", CREATE, Some(&body), (CREATE, Some(&other))).await.expect(200).json();
    assert!(first["conference_id"].as_str().unwrap().starts_with("ATVoice_"));
    assert_eq!((&first["status"], &first["parties"]), (&json!("active"), &json!(PARTIES)));
    assert_eq!(carrier.call_requests(), 1, "one request rings all parties");

    let second = send(&rig, "POST", CREATE, "another key", Some(&body)).await.expect(200).json();
    assert_ne!(second["conference_id"], first["conference_id"]);
    assert_eq!(carrier.call_requests(), 2);
    // What is wrong in itself leaves the key unused.
    send(&rig, "POST", CREATE, "third", Some(&json!({ "parties": [] }))).await.expect(400);
    send(&rig, "POST", CREATE, "third", Some(&body)).await.expect(200);
}

#[tokio::test]
async fn a_single_call_is_placed_once() {
    let (rig, carrier) = with_carrier(ApiMode::Normal).await;
    let path = "/voice/invoke-call?phone=254712345678";
    let first = check(&rig, "GET", path, None, ("/voice/invoke-call?phone=254787654321", None)).await;
    let first = first.expect(200).json();
    assert_eq!(first["message"], "Call initiated to +254712345678");
    let entry = &first["response"]["entries"][0];
    assert_eq!((&entry["status"], &entry["phoneNumber"]), (&json!("Queued"), &json!("+254712345678")));
    assert!(entry["sessionId"].as_str().unwrap().starts_with("ATVId_"));
    // The same number in another spelling is the same request.
    let spelled = send(&rig, "GET", "/voice/invoke-call?phone=0712345678", "a key", None).await.expect(200);
    assert_eq!(spelled.json(), first);
    assert_eq!(carrier.call_requests(), 1);

    let (body, other) = (json!({ "to": PARTIES[0] }), json!({ "to": PARTIES[1] }));
    let placed = send(&rig, "POST", "/v1/calls", "b", Some(&body)).await.expect(201);
    let again = send(&rig, "POST", "/v1/calls", "b", Some(&body)).await.expect(201);
    assert_eq!(again.text(), placed.text());
    send(&rig, "POST", "/v1/calls", "b", Some(&other)).await.expect(422);
    assert_eq!(carrier.call_requests(), 2);

    // Acts on a call that is there.
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/calls/{id}/transfer");
    let (body, other) = (json!({ "to": PARTIES[1] }), json!({ "to": "+254700000013" }));
    let moved = send(&rig, "POST", &path, "c", Some(&body)).await;
    let again = send(&rig, "POST", &path, "c", Some(&body)).await;
    assert_eq!((again.status, again.text()), (moved.status, moved.text()));
    send(&rig, "POST", &path, "c", Some(&other)).await.expect(422);
    assert_eq!(carrier.acts().iter().filter(|(path, _)| path.contains("ransfer")).count(), 1);
}

#[tokio::test]
async fn a_failure_is_answered_again_and_nobody_is_rung_for_it() {
    let (rig, carrier) = with_carrier(ApiMode::Refuse("Insufficient balance".to_owned())).await;
    let body = json!({ "parties": PARTIES });
    let first = send(&rig, "POST", CREATE, "a", Some(&body)).await.expect(500);
    assert!(first.text().contains("has no credit"), "{}", first.text());
    carrier.set_call_mode(ApiMode::Normal);
    let again = send(&rig, "POST", CREATE, "a", Some(&body)).await.expect(500);
    assert_eq!(again.text(), first.text());
    assert_eq!(carrier.call_requests(), 1);
    assert!(carrier.calls().is_empty());
}

#[tokio::test]
async fn two_at_once_ring_once() {
    let (rig, carrier) = with_carrier(ApiMode::Normal).await;
    // The provider takes its time: the first waits for its answer, the second comes meanwhile.
    carrier.next_call_modes([ApiMode::Hang { accepted: true }]);
    let body = json!({ "parties": PARTIES });
    let second = async {
        while carrier.call_requests() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        send(&rig, "POST", CREATE, "a", Some(&body)).await
    };
    let (first, second) = tokio::join!(send(&rig, "POST", CREATE, "a", Some(&body)), second);
    assert_eq!(second.status.as_u16(), 409, "{}", second.text());
    assert_eq!(second.header("retry-after"), "1");
    first.expect(500);
    // Nobody knows whether they were rung; the same key does not ring them again.
    send(&rig, "POST", CREATE, "a", Some(&body)).await.expect(500);
    assert_eq!(carrier.call_requests(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_is_told_when_it_asks_again() {
    let (rig, carrier) = with_carrier(ApiMode::Normal).await;
    let body = json!({ "parties": PARTIES });
    let left = tokio::time::timeout(
        std::time::Duration::from_millis(1),
        send(&rig, "POST", CREATE, "a", Some(&body)),
    );
    drop(left.await);
    let mut answer = send(&rig, "POST", CREATE, "a", Some(&body)).await;
    while answer.status.as_u16() == 409 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = send(&rig, "POST", CREATE, "a", Some(&body)).await;
    }
    answer.expect(200);
    assert_eq!(carrier.call_requests(), 1);
}

#[tokio::test]
async fn of_two_processes_one_rings() {
    let (rig, carrier) = with_carrier(ApiMode::Normal).await;
    let body = json!({ "parties": PARTIES });
    send(&rig, "POST", CREATE, "a", Some(&body)).await.expect(200);
    let keyed = rig.inputs().await.remove(0);
    // The same request as another process journals it: with an id drawn from another seed.
    let stamp = effects::door::Stamp { id: keyed.id, ..rig.door.stamp().unwrap() };
    rig.door.take_stamped(stamp, keyed.via, true, keyed.body.clone()).await.unwrap();
    rig.folded().await;
    let outcome = rig.store.outcome(keyed.id).await.unwrap().unwrap();
    let outcome: Value = serde_json::from_str(&outcome).unwrap();
    assert_eq!(outcome["turn"], contract::outcome::turn(&keyed.seed), "the first one's turn");
    assert_eq!(carrier.call_requests(), 1);
}

#[tokio::test]
async fn a_contract_is_drafted_once() {
    let rig = folding().await;
    let body = json!({ "transcript": SAID, "parties": PARTIES });
    let other = json!({ "transcript": SAID, "parties": PARTIES, "language": "sw" });
    let first = check(&rig, "POST", PROCESS, Some(&body), (PROCESS, Some(&other))).await.expect(200).json();
    assert_eq!(
        (&first["processing_status"], &first["terms"]["quantity"]),
        (&json!("completed"), &json!("500"))
    );
    assert_eq!(rig.get("/api/v1/contracts").await.expect(200).json()["total"], 1);
    assert_eq!(commands(&rig, |command| matches!(command, Command::CreateContract(_))).await, 1);
}

#[tokio::test]
async fn an_address_is_kept_once() {
    let rig = folding().await;
    let body = json!({ "audio_url": "https://recordings.example/a.wav", "parties": PARTIES });
    // Nobody transcribes here: the answer names the conference under which the recording is kept.
    let first = send(&rig, "POST", PROCESS, "a", Some(&body)).await.expect(503);
    let again = send(&rig, "POST", PROCESS, "a", Some(&body)).await.expect(503);
    assert_eq!(again.text(), first.text());
    assert_eq!(commands(&rig, |command| matches!(command, Command::AddRecording(_))).await, 1);
    let other = json!({ "audio_url": "https://recordings.example/b.wav", "parties": PARTIES });
    send(&rig, "POST", PROCESS, "a", Some(&other)).await.expect(422);
}

#[tokio::test]
async fn an_upload_is_kept_once() {
    let scratch = tempfile::TempDir::new().unwrap();
    let blobs = effects::recording::Blobs::open(&scratch.path().join("recordings")).await.unwrap();
    let tools = Tools { blobs: Some(blobs), ..Tools::default() };
    let rig = Rig::new(Setup { projector: true, tools, ..Setup::default() }).await;
    let upload = async |seed: u64| {
        let head = "--x\r\ncontent-disposition: form-data; name=\"audio\"; filename=\"a.wav\"\r\n\r\n";
        let body = [head.as_bytes(), &carrier::audio::wav(seed, "upload", 1), b"\r\n--x--\r\n"].concat();
        let request = Request::post("/api/v1/voice/upload")
            .header("content-type", "multipart/form-data; boundary=x")
            .header("idempotency-key", "a");
        rig.send(request.body(Body::from(body)).unwrap()).await
    };
    let first = upload(1).await.expect(503);
    assert_eq!(upload(1).await.expect(503).text(), first.text());
    assert_eq!(commands(&rig, |command| matches!(command, Command::AddRecording(_))).await, 1);
    upload(2).await.expect(422);
}

#[tokio::test]
async fn a_transcript_is_posted_once() {
    let (rig, _carrier) = with_carrier(ApiMode::Normal).await;
    let created =
        send(&rig, "POST", CREATE, "c", Some(&json!({ "parties": PARTIES }))).await.expect(200).json();
    let path = format!("/v1/calls/{}/transcript", created["conference_id"].as_str().unwrap());
    let (body, other) = (json!({ "transcript": SAID }), json!({ "transcript": "Buyer: no." }));
    let first =
        check(&rig, "POST", &path, Some(&body), (path.as_str(), Some(&other))).await.expect(200).json();
    assert_eq!((&first["already"], first["version"].is_u64()), (&json!(false), true));
    // Without the key it is the same transcript all the same, and said to be there.
    assert_eq!(rig.post_json(&path, &body).await.expect(200).json()["already"], true);
}

#[tokio::test]
async fn an_erasure_is_answered_as_it_was_recorded() {
    let rig = folding().await;
    let body = json!({ "transcript": SAID, "parties": PARTIES });
    rig.post_json(PROCESS, &body).await.expect(200);
    let path = "/v1/parties/erase";
    let (body, other) = (
        json!({ "phone": PARTIES[0], "ground": "request" }),
        json!({ "phone": PARTIES[0], "ground": "objection" }),
    );
    let first = check(&rig, "POST", path, Some(&body), (path, Some(&other))).await.expect(200).json();
    assert_eq!((&first["completed"], first["values"].as_u64().unwrap() > 0), (&json!(false), true));
    assert_eq!(commands(&rig, |command| matches!(command, Command::ErasePerson(_))).await, 1);
}

#[tokio::test]
async fn a_contract_of_a_conference_is_drafted_once_unless_another_is_asked_for() {
    let (rig, _carrier) = with_carrier(ApiMode::Normal).await;
    let created =
        send(&rig, "POST", CREATE, "c", Some(&json!({ "parties": PARTIES }))).await.expect(200).json();
    let id = created["conference_id"].as_str().unwrap();
    let body = json!({ "conference_id": id, "transcript": SAID });
    let first = rig.post_json(PROCESS, &body).await.expect(200).json();
    assert_eq!(first["processing_status"], "completed");
    let second = rig.post_json(PROCESS, &json!({ "conference_id": id })).await.expect(200).json();
    assert_eq!(second["processing_status"], "already_drafted");
    for same in ["contract_id", "contract_hash", "terms", "transcript", "term_spans", "created_at"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    // Two at once are one as well.
    let body = json!({ "conference_id": id });
    let (a, b) = tokio::join!(rig.post_json(PROCESS, &body), rig.post_json(PROCESS, &body));
    assert_eq!(
        (&a.json()["contract_id"], &b.json()["contract_id"]),
        (&first["contract_id"], &first["contract_id"])
    );
    assert_eq!(rig.get("/api/v1/contracts").await.expect(200).json()["total"], 1);

    let again = json!({ "conference_id": id, "again": true });
    let third = rig.post_json(PROCESS, &again).await.expect(200).json();
    assert_eq!(third["processing_status"], "completed");
    assert_ne!(third["contract_id"], first["contract_id"]);
    // From now on that one is the newest.
    let newest = rig.post_json(PROCESS, &json!({ "conference_id": id })).await.expect(200).json();
    assert_eq!(newest["contract_id"], third["contract_id"]);
    let reports = rig.inputs().await;
    let dialled =
        reports.iter().filter(|input| matches!(input.body, InputBody::Report(Report::Dialled { .. })));
    assert_eq!(dialled.count(), 1);
}
