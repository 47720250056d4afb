//! `GET /voice/recordings/{conference_id}` and the source document's shorter `/recordings/{conference_id}`.

use axum::extract::{FromRef, State};
use axum::routing::get;
use axum::{Json, Router};
use contract::call::Call;
use contract::conference::Conference;
use contract::entity::{Entity, conference_stream};
use contract::fact::ConferenceStatus;
use serde::Serialize;
use store::Reader;

use super::seconds;
use crate::auth::{Allowed, ContractsRead, Gate, Scope};
use crate::id::Id;
use crate::legs;
use crate::problem::Problem;

/// Stands for a value that the key may not see.
const HIDDEN: &str = "[hidden]";

/// State of these routes.
#[derive(Clone)]
pub struct Recordings {
    gate: Gate,
    reader: Reader,
}

impl Recordings {
    /// From this store.
    pub fn new(gate: Gate, reader: Reader) -> Recordings {
        Recordings { gate, reader }
    }
}

impl FromRef<Recordings> for Gate {
    fn from_ref(state: &Recordings) -> Gate {
        state.gate.clone()
    }
}

/// The answer of the source service, its members in that order, and what it does not know.
#[derive(Serialize)]
struct Shown {
    recording_id: String,
    status: &'static str,
    duration: Option<u32>,
    recording_url: Option<String>,
    created_at: Option<String>,
    processed_at: Option<String>,
    sha256: Option<String>,
    media_type: Option<String>,
    bytes: Option<u64>,
    altered: bool,
    checked_at: Option<String>,
}

/// Its routes.
pub fn router(state: Recordings) -> Router {
    Router::new()
        .route("/api/v1/voice/recordings/{conference_id}", get(show))
        .route("/api/v1/recordings/{conference_id}", get(show))
        .with_state(state)
}

async fn show(
    State(state): State<Recordings>,
    allowed: Allowed<ContractsRead>,
    Id(conference_id): Id,
) -> Result<Json<Shown>, Problem> {
    let row = state.reader.stream(&conference_stream(&conference_id)).await?;
    let row = row.ok_or_else(|| Problem::not_found("Recording not found"))?;
    let Entity::Conference(conference) = Entity::from_json(&row.state).map_err(Problem::internal)? else {
        return Err(Problem::not_found("Recording not found"));
    };
    let legs = legs::of(&state.reader, &conference_id, &conference).await?;
    let calls: Vec<&Call> = legs.iter().map(|(_, call)| call).collect();
    let personal = allowed.caller.may(Scope::PersonalRead);
    Ok(Json(view(conference_id, &conference, &calls, personal)))
}

fn view(recording_id: String, conference: &Conference, legs: &[&Call], personal: bool) -> Shown {
    let recording = conference.all_recordings(legs).into_iter().next();
    let fetched = recording.and_then(|recording| recording.fetched.as_ref());
    let talked = legs.iter().filter_map(|call| call.duration_s).max();
    let url = recording.and_then(|recording| recording.url.clone());
    let created_at = conference.requested_at.or(recording.map(|recording| recording.available_at));
    Shown {
        recording_id,
        status: status_word(conference.status(legs)),
        duration: recording.and_then(|recording| recording.duration_s).or(conference.duration_s).or(talked),
        recording_url: if personal { url } else { url.map(|_| HIDDEN.to_owned()) },
        created_at: created_at.map(seconds),
        processed_at: fetched.map(|fetched| seconds(fetched.at)),
        sha256: fetched.and_then(|fetched| fetched.sha256.clone()),
        media_type: fetched.map(|fetched| fetched.media_type.clone()),
        bytes: fetched.map(|fetched| fetched.bytes),
        altered: recording.is_some_and(|recording| recording.altered),
        checked_at: recording.and_then(|recording| recording.check.as_ref()?.same_at).map(seconds),
    }
}

fn status_word(status: ConferenceStatus) -> &'static str {
    match status {
        ConferenceStatus::Active => "active",
        ConferenceStatus::Failed => "failed",
        ConferenceStatus::Completed => "completed",
    }
}
