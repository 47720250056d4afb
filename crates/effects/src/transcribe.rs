//! Transcribing recordings: by any service that speaks OpenAI's `POST /v1/audio/transcriptions`, which most Whisper
//! servers do.
//!
//! The audio goes to the address the operator named and nowhere else; nothing is transcribed where none is named. What
//! comes back is a claim about the recording, kept as a private value. Asking changes nothing outside, so unlike a
//! message it is not journaled before.

mod answer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::entity::Entity;
use contract::recording::Recordings;
use contract::report::{FailureReason, Report, TaskRef};
use contract::transcript::{Transcripts, Turn};
use futures_util::stream::{self, StreamExt};
use ledger::hash::Hash;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, RequestBuilder};
use store::Reader;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::client::ClientError;
use crate::door::{Door, DoorError};
use crate::model::{ModelClient, ModelError, ModelSettings};
use crate::recording::{BlobError, Blobs};
use crate::worker::Worker;

/// Recordings transcribed at once: the service is the narrow place, and mostly a single machine.
const AT_ONCE: usize = 2;
/// Longest answer, in bytes: ten hours of talk in segments with their times.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Stands between the parts of the form. Audio that held it would only be cut, and its transcript be short.
const BOUNDARY: &str = "ahadi-7b1c9f0e52d84a36a1d3";

/// How long a transcript may take in all: a slow machine needs as long as was talked.
pub const TOTAL: Duration = Duration::from_secs(1_800);

/// Transcribes what streams ask for. Cheap to clone.
#[derive(Clone)]
pub struct Transcriber {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    blobs: Blobs,
    model: ModelClient,
}

impl fmt::Debug for Transcriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transcriber({:?})", self.inner.model.settings)
    }
}

/// Why there is no transcript. No text holds an address or a word that was said.
#[derive(Debug, thiserror::Error)]
enum TranscribeError {
    /// The recording is not in the store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The service, or its answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Nothing was said, as far as the service heard.
    #[error("nothing was said")]
    Silent,
}

impl TranscribeError {
    /// The word for the ledger, and whether to try again: not where the same question gets the same answer.
    fn judged(&self) -> (FailureReason, bool) {
        match self {
            TranscribeError::Blob(BlobError::NotFound) => (FailureReason::StorageError, false),
            TranscribeError::Blob(_) => (FailureReason::StorageError, true),
            TranscribeError::Model(error) => error.judged(),
            TranscribeError::Silent => (FailureReason::NotFound, false),
        }
    }
}

impl Transcriber {
    /// A transcriber of the recordings in `blobs`. It knows no proxy and follows no redirect: voices go to the address that
    /// was named.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Panics
    /// When the process has installed no cryptography for TLS.
    pub fn new(door: Door, blobs: Blobs, settings: ModelSettings) -> Result<Transcriber, ClientError> {
        let model = ModelClient::new(settings, "/audio/transcriptions")?;
        Ok(Transcriber { inner: Arc::new(Inner { door, blobs, model }) })
    }

    /// Transcribes what is due until told to stop; what was begun then is given up, and begun anew next time.
    pub async fn run(&self, reader: Reader, stop: CancellationToken) {
        let worker = Worker { kind: "transcript", at_once: AT_ONCE, reader, door: self.inner.door.clone() };
        let attempt = |task: TaskRef, state: Entity| {
            let (transcriber, stop) = (self.clone(), stop.clone());
            async move { stop.run_until_cancelled(transcriber.attempt(&task, &state)).await.unwrap_or(Ok(None)) }
        };
        worker.run(stop.clone(), attempt).await;
    }

    /// Makes one attempt at a transcript that the stream in `state` asks for, and journals the result. Gives the id of the
    /// report; none where the state says that it is there, given up, erased or already further.
    ///
    /// # Errors
    /// [`DoorError`] when the result could not be journaled; then nothing happened.
    pub async fn attempt(&self, task: &TaskRef, state: &Entity) -> Result<Option<Uuid>, DoorError> {
        let Some((recordings, transcripts)) = said(state) else { return Ok(None) };
        let asked = transcripts.0.get(&task.task).filter(|one| one.is_open());
        let Some(asked) = asked.filter(|one| one.attempts + 1 == task.attempt) else { return Ok(None) };
        let recording = recordings.0.values().find(|one| Some(one.task) == asked.recording);
        let fetched = recording.and_then(|one| one.fetched.as_ref());
        let Some((sha256, kind)) =
            fetched.and_then(|f| Some((f.sha256.as_ref()?.parse().ok()?, &f.media_type)))
        else {
            return Ok(None);
        };
        let report = self.report(task, &sha256, kind).await;
        Ok(Some(self.inner.door.report(report).await?.id))
    }

    async fn report(&self, task: &TaskRef, sha256: &Hash, media_type: &str) -> Report {
        let (stream, number, attempt) = (&task.stream, task.task, task.attempt);
        match self.transcribe(sha256, media_type).await {
            Ok(turns) => {
                tracing::info!(stream, task = number, attempt, turns = turns.len(), "recording transcribed");
                Report::Transcribed { task: task.clone(), turns }
            }
            Err(error) => {
                let (reason, again) = error.judged();
                tracing::warn!(stream, task = number, attempt, ?reason, again, %error, "recording not transcribed");
                Report::TranscriptFailed { task: task.clone(), reason, again }
            }
        }
    }

    async fn transcribe(&self, sha256: &Hash, media_type: &str) -> Result<Vec<Turn>, TranscribeError> {
        let Inner { blobs, model, .. } = &*self.inner;
        let (bytes, audio) = blobs.read(sha256).await?;
        let (before, after) = frame(&model.settings.model, media_type);
        let length = before.len() as u64 + bytes + after.len() as u64;
        let whole = stream::iter([Ok(before)]).chain(audio).chain(stream::iter([Ok(after)]));
        let form = |asking: RequestBuilder| {
            asking
                .header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
                .header(CONTENT_LENGTH, length)
        };
        answer::turns(&model.ask(Body::wrap_stream(whole), form, ANSWER_BYTES_MAX).await?)
    }
}

/// What stands before and behind the audio in the form.
fn frame(model: &str, media_type: &str) -> (Bytes, Bytes) {
    let field = |name: &str, value: &str| {
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    // Services tell the format by the name of the file.
    let extension = match media_type {
        "audio/wav" => "wav",
        "audio/ogg" => "ogg",
        "audio/mp4" => "m4a",
        "audio/webm" => "webm",
        "audio/amr" | "audio/amr-wb" => "amr",
        _ => "mp3",
    };
    let file = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"recording.{extension}\"\r\n\
         content-type: {media_type}\r\n\r\n"
    );
    let before = field("model", model) + &field("response_format", "verbose_json") + &file;
    (before.into(), format!("\r\n--{BOUNDARY}--\r\n").into())
}

fn said(state: &Entity) -> Option<(&Recordings, &Transcripts)> {
    match state {
        Entity::Call(call) => Some((&call.recordings, &call.transcripts)),
        Entity::Conference(conference) => Some((&conference.recordings, &conference.transcripts)),
        _ => None,
    }
}
