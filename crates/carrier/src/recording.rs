//! Serving recordings, well and badly.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};

use crate::audio::wav;
use crate::config::{RecordingBody, RecordingMode};
use crate::random::hex_id;
use crate::server::Shared;

/// Pieces of a slow or huge recording.
const PIECE_BYTES: usize = 1_024;
/// Appended to the seed's purpose when a recording is served with other bytes.
const TAMPERED: &str = "tampered";

/// One recording the carrier made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The name in its URL, without `.wav`.
    pub id: String,
    /// The leg whose final callback names it.
    pub session_id: String,
    /// Where it is served.
    pub url: String,
    /// Length of the talk in seconds; the audio is cut at [`crate::audio::AUDIO_SECONDS_MAX`].
    pub seconds: u32,
    /// Requests for it so far, whatever came of them.
    pub requests: u32,
}

/// What is said on the nth call to a phone, as the id of its sound: the same seed gives the same talk, whichever provider
/// carries it. It is the id that Africa's Talking gives the recording.
pub(crate) fn talk(seed: u64, phone: &str, n: u32) -> String {
    let session = format!("ATVId_{}", hex_id(seed, "session", phone, n));
    hex_id(seed, "recording", &session, 0)
}

pub(crate) fn router() -> Router<Shared> {
    Router::new().route("/recordings/{file}", get(serve))
}

/// The bytes of a recording as first served.
pub(crate) fn original(shared: &Shared, recording: &Recording) -> Vec<u8> {
    wav(shared.seed, &recording.id, recording.seconds)
}

async fn serve(State(shared): State<Shared>, Path(file): Path<String>) -> Response {
    let mode = shared.behaviour().recording_mode.clone();
    let recording = file.strip_suffix(".wav").and_then(|id| {
        let mut log = shared.log();
        let recording = log.recordings.get_mut(id)?;
        recording.requests += 1;
        Some(recording.clone())
    });
    let id = recording.as_ref().map(|recording| recording.id.clone()).unwrap_or_default();
    response(&mode, shared.seed, &id, recording)
}

/// The answer to a request for a recording, counted already, whose sound is that of `talk`.
pub(crate) fn response(
    mode: &RecordingMode,
    seed: u64,
    talk: &str,
    recording: Option<Recording>,
) -> Response {
    let Some(recording) = recording.filter(|recording| recording.requests > mode.not_found_first) else {
        return (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain")], "Not Found").into_response();
    };
    let served = recording.requests - mode.not_found_first - 1;
    let bytes = if mode.tampered_after.is_some_and(|good| served >= good) {
        wav(seed, &format!("{talk}.{TAMPERED}"), recording.seconds)
    } else {
        wav(seed, talk, recording.seconds)
    };
    let (length, body) = body(&mode.body, bytes);
    let mut response = (StatusCode::OK, [(header::CONTENT_TYPE, "audio/wav")], body).into_response();
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

/// The body, and the length to state if it is not known from the body itself.
fn body(mode: &RecordingBody, bytes: Vec<u8>) -> (Option<usize>, Body) {
    let length = bytes.len();
    let half = Bytes::copy_from_slice(&bytes[..length / 2]);
    let start = stream::once(async { Ok(half) });
    match *mode {
        RecordingBody::Whole => (None, Body::from(bytes)),
        RecordingBody::Slow { pause } => {
            let pieces: Vec<Bytes> = bytes.chunks(PIECE_BYTES).map(Bytes::copy_from_slice).collect();
            let slow = stream::iter(pieces).then(move |piece| async move {
                tokio::time::sleep(pause).await;
                Ok::<_, std::io::Error>(piece)
            });
            (None, Body::from_stream(slow))
        }
        RecordingBody::Huge { bytes } => {
            let pieces = stream::unfold(bytes, |left| async move {
                let piece = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
                (piece > 0).then(|| {
                    (
                        Ok::<_, std::io::Error>(Bytes::from_static(&[0; PIECE_BYTES]).slice(..piece)),
                        left - piece as u64,
                    )
                })
            });
            (None, Body::from_stream(pieces))
        }
        RecordingBody::CutShort => {
            let broken = start
                .chain(stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe)) }));
            (Some(length), Body::from_stream(broken))
        }
        RecordingBody::Hang => {
            (Some(length), Body::from_stream(start.chain(stream::pending::<Result<Bytes, std::io::Error>>())))
        }
    }
}
