//! `POST /v1/calls/{id}/transcript`: what was said on a call or a conference, written down by somebody else than us.

use axum::extract::{FromRef, State};
use axum::routing::post;
use axum::{Json, Router};
use contract::command::{AddTranscript, Command, TRANSCRIPT_BYTES_MAX};
use contract::entity::conference_stream;
use contract::transcript::{self, SPEAKER_BYTES_MAX, TURNS_MAX, Turn};
use serde::Serialize;
use store::Reader;

use crate::auth::{Allowed, ContractsWrite, Gate};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Field, Object};
use crate::calls;
use crate::contracts::steps::what;
use crate::id::Id;
use crate::intake::Intake;
use crate::once::Once;
use crate::problem::{Kind, Problem};

/// Longest language code.
const LANGUAGE_BYTES_MAX: usize = 16;

/// State of this route.
#[derive(Clone)]
pub struct Transcripts {
    gate: Gate,
    intake: Intake,
    reader: Reader,
}

impl Transcripts {
    /// Into this ledger.
    pub fn new(gate: Gate, intake: Intake, reader: Reader) -> Transcripts {
        Transcripts { gate, intake, reader }
    }
}

impl FromRef<Transcripts> for Gate {
    fn from_ref(state: &Transcripts) -> Gate {
        state.gate.clone()
    }
}

/// Its route.
pub fn router(state: Transcripts) -> Router {
    Router::new().route("/v1/calls/{id}/transcript", post(add)).with_state(state)
}

#[derive(Serialize)]
struct Added {
    id: String,
    stream: String,
    /// Of the record; none where the same transcript was there.
    version: Option<u64>,
    turns: usize,
    languages: Vec<String>,
    already: bool,
}

async fn add(
    State(state): State<Transcripts>,
    allowed: Allowed<ContractsWrite>,
    Id(id): Id,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Added>, Problem> {
    let faults = Faults::new();
    let turns = Object::body(&body, &faults).and_then(|body| match turns(&body) {
        Some(Some(turns)) => Some(turns),
        Some(None) => {
            body.fault("transcript", "is required, as a string or as a list of turns");
            None
        }
        None => None,
    });
    let turns = faults.refuse(Kind::Invalid, turns)?;
    let stream = stream(&state.reader, &id).await?;
    let languages = transcript::languages(&turns);
    let count = turns.len();
    let command = Command::AddTranscript(AddTranscript { stream: stream.clone(), turns });
    let asked = once.asked(&allowed.caller, &what(&command));
    let done = state.intake.run_once(command, asked).await?;
    let version = done.records.first().map(|record| record.version);
    Ok(Json(Added { id, stream, version, turns: count, languages, already: done.already }))
}

/// The stream of a conference of ours, or of a leg by its provider's id.
async fn stream(reader: &Reader, id: &str) -> Result<String, Problem> {
    let conference = conference_stream(id);
    if reader.stream(&conference).await?.is_some() {
        return Ok(conference);
    }
    match calls::find(reader, id).await? {
        Some((_, row)) => Ok(row.stream),
        None => Err(Problem::not_found("There is no such call or conference.")),
    }
}

/// The member `transcript`: one text whose lines are turns, or a list of turns. `Some(None)` where it is left out.
pub(crate) fn turns(body: &Object<'_>) -> Option<Option<Vec<Turn>>> {
    let Some(field) = body.get("transcript") else { return Some(None) };
    let turns = if field.is_list() { listed(&field)? } else { written(&field)? };
    if turns.len() > TURNS_MAX {
        return field.fault(format!("has more than {TURNS_MAX} turns"));
    }
    if transcript::text(&turns).len() > TRANSCRIPT_BYTES_MAX {
        return field.fault(format!("is longer than {TRANSCRIPT_BYTES_MAX} bytes"));
    }
    if transcript::text(&turns).is_empty() { field.fault("is empty") } else { Some(Some(turns)) }
}

fn written(field: &Field<'_>) -> Option<Vec<Turn>> {
    Some(transcript::turns(&field.text(TRANSCRIPT_BYTES_MAX)?))
}

fn listed(field: &Field<'_>) -> Option<Vec<Turn>> {
    let read: Vec<Option<Turn>> = field.list()?.iter().map(turn).collect();
    read.into_iter().collect()
}

fn turn(item: &Field<'_>) -> Option<Turn> {
    let object = item.object()?;
    let text = object.required("text").and_then(|field| field.text(TRANSCRIPT_BYTES_MAX));
    let speaker = optional(&object, "speaker", |field| field.text(SPEAKER_BYTES_MAX));
    let language = optional(&object, "language", |field| {
        let code = field.text(LANGUAGE_BYTES_MAX)?;
        if transcript::is_code(&code) { Some(code) } else { field.fault("must be an ISO 639 code like sw") }
    });
    let moment = |name: &str| optional(&object, name, |field| field.whole_number(0, u32::MAX).map(u64::from));
    let (start_ms, end_ms) = (moment("start_ms"), moment("end_ms"));
    Some(Turn { speaker: speaker?, language: language?, start_ms: start_ms?, end_ms: end_ms?, text: text? })
}

/// `Some(None)` where it is left out, none where it is wrong.
pub(crate) fn optional<T>(
    body: &Object<'_>,
    name: &str,
    read: impl FnOnce(&Field<'_>) -> Option<T>,
) -> Option<Option<T>> {
    match body.get(name) {
        Some(field) => read(&field).map(Some),
        None => Some(None),
    }
}
