//! Transcribing, against a server that speaks OpenAI's interface.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use contract::entity::Entity;
use contract::report::{FailureReason, Report, TaskRef};
use effects::model::ModelSettings;
use effects::recording::{Audio, Blobs};
use effects::transcribe::Transcriber;

use crate::stage::{Stage, closed_port};

const ANSWER: &str = r#"{"task":"transcribe","language":"swahili","duration":2.0,"text":"Habari. Poa.","segments":[
    {"id":0,"start":0.0,"end":1.0,"text":" Habari."},{"id":1,"start":1.0,"end":2.0,"text":" Poa."}]}"#;

/// What a request held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    authorization: String,
    model: String,
    response_format: String,
    file_name: String,
    media_type: String,
    audio: Vec<u8>,
}

#[derive(Clone)]
struct Service {
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Answering,
}

#[derive(Clone, Copy)]
enum Answering {
    With(u16, &'static str),
    Never,
}

async fn transcriptions(State(service): State<Service>, headers: HeaderMap, mut form: Multipart) -> Response {
    let mut asked = Asked {
        authorization: headers.get("authorization").map_or("", |v| v.to_str().unwrap()).to_owned(),
        ..Asked::default()
    };
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.name().unwrap().to_owned();
        match name.as_str() {
            "model" => asked.model = field.text().await.unwrap(),
            "response_format" => asked.response_format = field.text().await.unwrap(),
            "file" => {
                asked.file_name = field.file_name().unwrap().to_owned();
                asked.media_type = field.content_type().unwrap().to_owned();
                asked.audio = field.bytes().await.unwrap().to_vec();
            }
            other => panic!("a field of the name {other}"),
        }
    }
    service.asked.lock().unwrap().push(asked);
    match service.answer {
        Answering::With(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Answering::Never => std::future::pending().await,
    }
}

/// A service on loopback, its address and what it was asked.
async fn service(answer: Answering) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let routes = Router::new()
        .route("/v1/audio/transcriptions", post(transcriptions))
        .layer(DefaultBodyLimit::disable())
        .with_state(Service { asked: asked.clone(), answer });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (format!("http://{address}"), asked)
}

fn task(attempt: u32) -> TaskRef {
    TaskRef { stream: "conference/ATVoice_1".to_owned(), task: 4, attempt }
}

/// A conference whose recording of that hash is to be transcribed.
fn asking(sha256: Option<&str>, attempts: u32, change: impl FnOnce(&mut serde_json::Value)) -> Entity {
    let at = "2026-03-02T08:00:00.000Z";
    let mut state = serde_json::json!({ "conference": {
        "recordings": { "a": { "task": 2, "available_at": at, "not_before": at, "fetched": {
            "sha256": sha256, "bytes": 1, "media_type": "audio/wav", "at": at,
        } } },
        "transcripts": { "4": { "recording": 2, "at": at, "not_before": at, "attempts": attempts } },
    } });
    change(&mut state["conference"]);
    Entity::from_json(&state.to_string()).unwrap()
}

struct Transcribing {
    stage: Stage,
    blobs: Blobs,
    transcriber: Transcriber,
}

impl Transcribing {
    async fn at(url: &str, key: Option<&str>) -> Transcribing {
        let stage = Stage::set().await;
        let blobs = Blobs::open(&stage.scratch.path().join("blobs")).await.unwrap();
        let settings = ModelSettings {
            url: url.to_owned(),
            model: "whisper-small".to_owned(),
            api_key: key.map(str::to_owned),
            total: Duration::from_millis(700),
        };
        let transcriber = Transcriber::new(stage.door.clone(), blobs.clone(), settings).unwrap();
        Transcribing { stage, blobs, transcriber }
    }

    async fn keep(&self, audio: &[u8]) -> String {
        let mut keeping = Audio::begin(&self.blobs, u64::MAX).await.unwrap();
        keeping.take(audio).await.unwrap();
        keeping.finish().await.unwrap().sha256
    }

    async fn attempt(&self, sha256: &str) -> Report {
        let state = asking(Some(sha256), 0, |_| {});
        assert!(self.transcriber.attempt(&task(1), &state).await.unwrap().is_some());
        self.stage.reports().await.pop().unwrap()
    }
}

fn failed(reason: FailureReason, again: bool) -> Report {
    Report::TranscriptFailed { task: task(1), reason, again }
}

#[tokio::test]
async fn a_recording_is_sent_whole_and_its_turns_come_back() {
    let (url, asked) = service(Answering::With(200, ANSWER)).await;
    let audio = carrier::audio::wav(7, "said", 2);
    for (base, key) in [(url.clone(), Some("a key")), (format!("{url}/v1/"), None)] {
        let transcribing = Transcribing::at(&base, key).await;
        let sha256 = transcribing.keep(&audio).await;
        let Report::Transcribed { task: of, turns } = transcribing.attempt(&sha256).await else {
            panic!("not transcribed")
        };
        assert_eq!((of, contract::transcript::text(&turns).as_str()), (task(1), "Habari.\nPoa."));
        assert_eq!(turns[1].start_ms, Some(1_000));
        assert_eq!(turns[0].language.as_deref(), Some("sw"));
        let expected = Asked {
            authorization: key.map(|key| format!("Bearer {key}")).unwrap_or_default(),
            model: "whisper-small".to_owned(),
            response_format: "verbose_json".to_owned(),
            file_name: "recording.wav".to_owned(),
            media_type: "audio/wav".to_owned(),
            audio: audio.clone(),
        };
        assert_eq!(asked.lock().unwrap().pop().unwrap(), expected);
    }
}

#[tokio::test]
async fn answers_that_are_no_transcript() {
    for (answer, reason, again) in [
        (Answering::With(401, ""), FailureReason::Unauthorized, true),
        (Answering::With(400, "{}"), FailureReason::WrongType, false),
        (Answering::With(413, ""), FailureReason::TooLarge, false),
        (Answering::With(302, ""), FailureReason::ProviderError, true),
        (Answering::With(503, ANSWER), FailureReason::ProviderError, true),
        (Answering::With(200, "<html>"), FailureReason::UnreadableAnswer, true),
        (Answering::With(200, r#"{"text":" "}"#), FailureReason::NotFound, false),
        (Answering::Never, FailureReason::TooSlow, true),
    ] {
        let (url, _) = service(answer).await;
        let transcribing = Transcribing::at(&url, None).await;
        let sha256 = transcribing.keep(&carrier::audio::wav(1, "x", 1)).await;
        assert_eq!(transcribing.attempt(&sha256).await, failed(reason, again));
    }
    let transcribing = Transcribing::at(&format!("http://127.0.0.1:{}", closed_port().await), None).await;
    let sha256 = transcribing.keep(&carrier::audio::wav(1, "x", 1)).await;
    assert_eq!(transcribing.attempt(&sha256).await, failed(FailureReason::Unreachable, true));
    assert_eq!(transcribing.attempt(&"0".repeat(64)).await, failed(FailureReason::StorageError, false));
}

#[tokio::test]
async fn what_is_there_given_up_or_erased_is_left_alone() {
    let (url, asked) = service(Answering::With(200, ANSWER)).await;
    let transcribing = Transcribing::at(&url, None).await;
    let sha256 = transcribing.keep(&carrier::audio::wav(1, "x", 1)).await;
    let of = |change: fn(&mut serde_json::Value)| asking(Some(&sha256), 0, change);
    for state in [
        asking(None, 0, |_| {}),
        asking(Some(&sha256), 1, |_| {}),
        of(|state| state["transcripts"]["4"]["origin"] = "posted".into()),
        of(|state| state["transcripts"]["4"]["given_up"] = true.into()),
        of(|state| state["transcripts"] = serde_json::json!({})),
        Entity::from_json(r#"{"contract":{}}"#).unwrap(),
    ] {
        assert_eq!(transcribing.transcriber.attempt(&task(1), &state).await.unwrap(), None);
    }
    assert_eq!(asked.lock().unwrap().len(), 0);
}
