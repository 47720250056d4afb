//! TryVox and MiniVoice tell of their calls, ask what to do, and do it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use carrier::minivoice::{self, MiniVoice};
use carrier::tryvox::{self, TryVox};
use carrier::{Faults, Outcome, Script, Story};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::receiver::client;

const PHONE: &str = "+254700000011";

/// One request as it came in.
#[derive(Clone)]
struct Came {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Came {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A service that answers questions with `answer`, keys with `after`, and anything else with a status.
#[derive(Clone)]
struct Service {
    came: Arc<Mutex<Vec<Came>>>,
    answer: &'static str,
    after: &'static str,
    refusals: Arc<Mutex<u32>>,
    url: String,
}

async fn take(
    State(service): State<Service>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let (path, body) = (uri.path().to_owned(), String::from_utf8(body.to_vec()).unwrap());
    service.came.lock().unwrap().push(Came { path: path.clone(), headers, body });
    match path.as_str() {
        "/answer" => (StatusCode::OK, service.answer),
        "/keys" => (StatusCode::OK, service.after),
        _ => {
            let mut left = service.refusals.lock().unwrap();
            let refused = *left > 0;
            *left = left.saturating_sub(1);
            (if refused { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }, "OK")
        }
    }
}

async fn service(answer: &'static str, after: &'static str) -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = Service { came: Arc::default(), answer, after, refusals: Arc::default(), url };
    let router = Router::new().fallback(take).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    service
}

impl Service {
    fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    fn story(&self, seed: u64, faults: Faults) -> Story {
        let script = Script::default().presses(PHONE, &["1"]);
        Story { reach: Some(self.url.clone()), seed, faults, script, ..Story::default() }
    }
}

const ASK: &str = r#"{"voxml_version":"1.0","instructions":[{"verb":"Gather","action_url":"http://service.test/keys","say":{"text":"?"}},{"verb":"Hangup"}]}"#;
const JOIN: &str =
    r#"{"voxml_version":"1.0","instructions":[{"verb":"Conference","name":"room-1","record":true}]}"#;

async fn by_tryvox(service: &Service, seed: u64, faults: Faults, script: Option<Script>) -> TryVox {
    let mut story = service.story(seed, faults);
    story.script = script.unwrap_or(story.script);
    let status_url = Some("http://service.test/status".to_owned());
    let tryvox =
        TryVox::start(tryvox::Config { status_url, story, ..tryvox::Config::default() }).await.unwrap();
    let order = json!({
        "from": "+254700000001", "to": PHONE, "answer_url": "http://service.test/answer",
        "ring_url": "http://service.test/ring", "hangup_url": "http://service.test/hangup",
    });
    let url = format!("{}/accounts/your_auth_id/calls", tryvox.url());
    let answer = client().post(url).bearer_auth("tvx_sk_test_0000").json(&order).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    tryvox.idle().await;
    tryvox
}

#[tokio::test]
async fn a_call_at_tryvox_is_followed_into_its_room() {
    let service = service(ASK, JOIN).await;
    let tryvox = by_tryvox(&service, 1, Faults::default(), None).await;
    let came = service.came();
    let paths: Vec<&str> = came.iter().map(|came| came.path.as_str()).collect();
    let expected =
        ["/status", "/status", "/ring", "/answer", "/keys", "/status", "/hangup", "/status", "/status"];
    assert_eq!(paths, expected);
    assert_eq!(came[4].json()["digits"], "1");
    let events: Vec<String> =
        came.iter().filter_map(|came| came.json()["event"].as_str().map(str::to_owned)).collect();
    assert_eq!(events, ["call.queued", "call.ringing", "call.answered", "call.ended"]);
    let over = came[6].json();
    assert_eq!((&over["status"], &over["duration"]), (&json!("completed"), &json!(45)));
    let recording = came[8].json();
    assert_eq!(recording["recording_url"], tryvox.recordings()[0].url);
    let bytes = client().get(&tryvox.recordings()[0].url).send().await.unwrap().bytes().await.unwrap();
    assert!(bytes.starts_with(b"RIFF"));
    let url = format!("{}/accounts/your_auth_id/calls/{}", tryvox.url(), over["call_uuid"].as_str().unwrap());
    let told = client().get(url).bearer_auth("tvx_sk_test_0000").send().await.unwrap();
    let told: Value = told.json().await.unwrap();
    assert_eq!(
        (&told["status"], &told["recording_urls"][0]),
        (&json!("completed"), &recording["recording_url"])
    );
    assert!(tryvox.rooms(|rooms| rooms.get("room-1").is_none()), "all have left");
}

#[tokio::test]
async fn a_seed_repeats_the_story_of_every_dialect() {
    let rough = || Faults { never_sent_percent: 20, ..Faults::rough() };
    let mut plans = Vec::new();
    for seed in [5, 5, 6] {
        let service = service(ASK, JOIN).await;
        let tryvox = by_tryvox(&service, seed, rough(), None).await;
        let minivoice = by_minivoice(&service, seed, rough()).await;
        let bodies = |plan: Vec<carrier::Planned>| {
            let told = plan.into_iter().filter(|planned| !planned.body.contains("recording"));
            told.map(|planned| (planned.due_ms, planned.body)).collect::<Vec<_>>()
        };
        plans.push((bodies(tryvox.plan()), bodies(minivoice.plan())));
    }
    assert_eq!(plans[0], plans[1]);
    assert_ne!(plans[0].0, plans[2].0);
    assert_ne!(plans[0].1, plans[2].1);
}

#[tokio::test]
async fn nobody_is_asked_for_who_does_not_pick_up() {
    for (outcome, status) in
        [(Outcome::Busy, "busy"), (Outcome::NoAnswer, "no-answer"), (Outcome::Unreachable, "failed")]
    {
        let service = service(ASK, JOIN).await;
        let script = Script::default().leg(PHONE, outcome);
        by_tryvox(&service, 1, Faults::default(), Some(script)).await;
        let came = service.came();
        assert!(came.iter().all(|came| came.path != "/answer"), "{status}");
        let over = came.iter().find(|came| came.path == "/hangup").unwrap().json();
        assert_eq!(over["status"], status);
    }
}

const ACTIONS: &str =
    r#"{"actions":[{"type":"gather","prompt":"Press 1"},{"conference":{"room":"room-1"}}]}"#;

async fn by_minivoice(service: &Service, seed: u64, faults: Faults) -> MiniVoice {
    let config = minivoice::Config {
        webhook_url: Some("http://service.test/hook".to_owned()),
        webhook_secret: Some("a-signing-secret".to_owned()),
        answer_url: Some("http://service.test/answer".to_owned()),
        story: service.story(seed, faults),
        ..minivoice::Config::default()
    };
    let minivoice = MiniVoice::start(config).await.unwrap();
    let order = json!({ "from": "+254700000002", "to": PHONE, "record": true });
    let url = format!("{}/calls", minivoice.url());
    let answer = client().post(url).bearer_auth("minivoice-key").json(&order).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    minivoice.idle().await;
    minivoice
}

#[tokio::test]
async fn a_call_at_minivoice_is_told_signed_and_again_where_it_was_refused() {
    let service = service(ACTIONS, "").await;
    *service.refusals.lock().unwrap() = 1;
    let minivoice = by_minivoice(&service, 1, Faults::default()).await;
    let came = service.came();
    let told: Vec<String> = came
        .iter()
        .filter(|came| came.path == "/hook")
        .map(|came| came.json()["event"].as_str().unwrap().to_owned())
        .collect();
    let expected = [
        "call.created",
        "call.created",
        "call.answered",
        "call.gathered",
        "recording.started",
        "call.completed",
        "recording.completed",
    ];
    assert_eq!(told, expected);
    for came in came.iter().filter(|came| came.path == "/hook") {
        let signature = came.headers["x-minivoice-signature"].to_str().unwrap();
        assert!(signature.len() == 67 && signature.starts_with("v1="), "{signature}");
        assert!(came.headers["x-minivoice-timestamp"].to_str().unwrap().parse::<u64>().is_ok());
    }
    let last = came.last().unwrap().json();
    assert_eq!(last["data"]["recording"]["file_url"], minivoice.recordings()[0].url);
    assert_eq!(minivoice.calls()[0].status, "completed");
}

#[tokio::test]
async fn an_end_that_is_lost_is_known_to_who_asks() {
    let service = service(ACTIONS, "").await;
    let lost = Faults { lost_end_percent: 100, ..Faults::default() };
    let minivoice = by_minivoice(&service, 1, lost).await;
    assert!(service.came().iter().all(|came| came.json()["event"] != "call.completed"));
    let url = format!("{}/calls/{}", minivoice.url(), minivoice.calls()[0].id);
    let told = client().get(url).bearer_auth("minivoice-key").send().await.unwrap();
    assert_eq!(told.json::<Value>().await.unwrap()["status"], "completed");
}
