//! Taking an audio file: streamed into the store of recordings, within a size and a time.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use contract::command::{ContractType, RecordingSource};
use effects::recording::{Audio, AudioError, Blobs, Stored};
use serde_json::value::RawValue;

use super::{Processing, answer, read_terms};
use crate::auth::{Allowed, ContractsWrite};
use crate::once::Once;
use crate::problem::{Kind, Problem};

/// Largest upload, in bytes: what the documents of the source service promise; two hours of telephone speech as WAV.
pub const UPLOAD_BYTES_MAX: u64 = 100 * 1024 * 1024;
/// How long an upload may take as a whole: 100 MiB at 2.8 Mbit/s.
const UPLOAD_SECONDS_MAX: u64 = 300;
/// How long nothing may come.
const IDLE_SECONDS_MAX: u64 = 20;
/// Longest value of a field that is no file, in bytes.
const FIELD_BYTES_MAX: usize = 64;
/// Names under which the file may come.
const FILE_FIELDS: [&str; 3] = ["audio", "file", "audio_file"];

/// What an upload held.
struct Upload {
    stored: Stored,
    contract_type: Option<ContractType>,
}

pub(super) async fn take(
    State(state): State<Processing>,
    allowed: Allowed<ContractsWrite>,
    once: Once,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Box<RawValue>>, Problem> {
    let form = form.map_err(|_| {
        Problem::new(Kind::UnsupportedMedia, "Send the audio as multipart/form-data, in a field named audio.")
    })?;
    let Some(blobs) = &state.tools.blobs else {
        return Err(Problem::new(Kind::Unavailable, "This process keeps no recordings."));
    };
    let limit = Duration::from_secs(UPLOAD_SECONDS_MAX);
    let upload = tokio::time::timeout(limit, receive(form, blobs)).await.map_err(|_| late())??;
    let Stored { sha256, bytes, media_type, duration_ms } = upload.stored;
    let kind = upload.contract_type.map(ContractType::as_str).unwrap_or_default();
    let asked = once.asked(&allowed.caller, format!("{sha256} {kind}").as_bytes());
    let _flight = state.intake.hold(asked.as_ref())?;
    let media_type = media_type.to_owned();
    let source = RecordingSource::Stored { sha256, bytes, media_type, duration_ms };
    let id = state.add_recording(source, asked.as_ref()).await?;
    let conversation = state.said_on(&id).await?;
    let conversation = state.second(conversation, upload.contract_type).await?;
    let draft = read_terms(&conversation, upload.contract_type.unwrap_or_default());
    Ok(Json(answer::uploaded(&conversation, &draft)))
}

async fn receive(mut form: Multipart, blobs: &Blobs) -> Result<Upload, Problem> {
    let (mut stored, mut contract_type) = (None, None);
    while let Some(mut field) = idle(form.next_field()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if FILE_FIELDS.contains(&name.as_str()) && stored.is_none() {
            stored = Some(file(field, blobs).await?);
        } else if name == "contract_type" {
            contract_type = Some(word(&mut field).await?);
        } else {
            // Others are read over, as the source service does.
            while idle(field.chunk()).await?.is_some() {}
        }
    }
    match stored {
        Some(stored) => Ok(Upload { stored, contract_type }),
        None => Err(Problem::field(Kind::BadRequest, "audio", "is required: a file in a field of that name")),
    }
}

async fn file(mut field: Field<'_>, blobs: &Blobs) -> Result<Stored, Problem> {
    let mut audio = Audio::begin(blobs, UPLOAD_BYTES_MAX).await.map_err(refused)?;
    while let Some(piece) = idle(field.chunk()).await? {
        audio.take(&piece).await.map_err(refused)?;
    }
    audio.finish().await.map_err(refused)
}

async fn word(field: &mut Field<'_>) -> Result<ContractType, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = idle(field.chunk()).await? {
        text.extend_from_slice(&piece);
        if text.len() > FIELD_BYTES_MAX {
            break;
        }
    }
    let word = std::str::from_utf8(&text).unwrap_or_default().trim();
    ContractType::from_word(word).ok_or_else(|| {
        let known = ContractType::ALL.map(ContractType::as_str).join(", ");
        Problem::field(Kind::BadRequest, "contract_type", format!("must be one of {known}"))
    })
}

/// Waits for the next part of the body, not for ever.
async fn idle<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match tokio::time::timeout(Duration::from_secs(IDLE_SECONDS_MAX), next).await {
        Ok(Ok(part)) => Ok(part),
        Ok(Err(_)) => Err(Problem::new(Kind::Malformed, "The multipart body broke off or cannot be read.")),
        Err(_) => Err(late()),
    }
}

fn late() -> Problem {
    Problem::new(Kind::Timeout, "The upload did not arrive in time.")
}

fn refused(error: AudioError) -> Problem {
    match error {
        AudioError::TooLarge => {
            Problem::new(Kind::TooLarge, format!("The audio has more than {UPLOAD_BYTES_MAX} bytes."))
        }
        AudioError::WrongType => Problem::new(
            Kind::UnsupportedMedia,
            "The file is no audio that is taken: WAV, MP3, Ogg, M4A, WebM or AMR.",
        ),
        AudioError::Empty => Problem::field(Kind::BadRequest, "audio", "is empty"),
        AudioError::Storage(error) => {
            Problem::caused(Kind::NotJournaled, "The audio could not be stored. Send it again.", error)
        }
    }
}
