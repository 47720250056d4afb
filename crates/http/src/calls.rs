//! Calls of any provider: `GET /v1/calls/{id}` and the journey of one.

mod journey;

use std::collections::BTreeSet;

use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use contract::call::{Call, Progress};
use contract::entity::{Entity, call_stream, conference_stream};
use contract::fact::{CallOutcome, Cause, Direction};
use contract::provider::Provider;
use ledger::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use store::Reader;
use store::rows::StreamRow;

use crate::auth::{Allowed, CallsControl, Gate, Scope};
use crate::body::field::Faults;
use crate::id::Id;
use crate::problem::{Kind, Problem};
use crate::query::Query;

/// State of these routes.
#[derive(Clone)]
pub struct Calls {
    gate: Gate,
    reader: Reader,
}

impl Calls {
    /// From this store.
    pub fn new(gate: Gate, reader: Reader) -> Calls {
        Calls { gate, reader }
    }
}

impl FromRef<Calls> for Gate {
    fn from_ref(state: &Calls) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Calls) -> Router {
    Router::new()
        .route("/v1/calls/{id}", get(show))
        .route("/v1/calls/{id}/journey", get(show_journey))
        .with_state(state)
}

async fn show(
    State(state): State<Calls>,
    allowed: Allowed<CallsControl>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let (provider, row) = find(&state.reader, &id).await?.ok_or_else(unknown)?;
    let Entity::Call(call) = Entity::from_json(&row.state).map_err(Problem::internal)? else {
        return Err(unknown());
    };
    let personal = allowed.caller.may(Scope::PersonalRead);
    Ok(Json(view(provider, &row.stream, &call, personal)).into_response())
}

async fn show_journey(
    State(state): State<Calls>,
    allowed: Allowed<CallsControl>,
    Id(id): Id,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let faults = Faults::new();
    let from = query.whole_number("from_version", 1, 1 << 53, 1_u64, &faults);
    faults.refuse(Kind::Invalid, Some(()))?;
    let personal = allowed.caller.may(Scope::PersonalRead);
    let (stream, provider) = match find(&state.reader, &id).await? {
        Some((provider, row)) => (row.stream, Some(provider.as_str())),
        // A conference of ours has a journey too: that of all its legs.
        None => {
            let stream = conference_stream(&id);
            state.reader.stream(&stream).await?.ok_or_else(unknown)?;
            (stream, None)
        }
    };
    let journey = journey::read(&state.reader, &stream, from, personal).await?;
    let mut answer = json!({ "id": id, "provider": provider, "stream": stream });
    let told = serde_json::to_value(journey).map_err(Problem::internal)?;
    if let (Value::Object(answer), Value::Object(told)) = (&mut answer, told) {
        answer.extend(told);
    }
    Ok(Json(answer))
}

/// A call by the id that some provider gave it: of the first of them, should several have given the same.
pub(crate) async fn find(reader: &Reader, id: &str) -> Result<Option<(Provider, StreamRow)>, Problem> {
    let names = Provider::ALL.map(|provider| call_stream(provider, id));
    let mut found = reader.streams(&names).await?;
    Ok(Provider::ALL.into_iter().zip(&names).find_map(|(provider, name)| {
        let place = found.iter().position(|row| row.stream == *name)?;
        Some((provider, found.swap_remove(place)))
    }))
}

fn unknown() -> Problem {
    Problem::not_found("There is no such call.")
}

/// A call as it is answered: the five members of the source document first, in its order.
#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    status: &'static str,
    direction: Option<Direction>,
    from: Option<String>,
    to: Option<String>,
    provider: &'static str,
    progress: &'static str,
    outcome: Option<CallOutcome>,
    cause: Option<Cause>,
    duration_s: Option<u32>,
    started_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    recordings: usize,
    disputed: &'a BTreeSet<String>,
}

fn view<'a>(provider: Provider, stream: &'a str, call: &'a Call, personal: bool) -> View<'a> {
    let shown = |number: &Option<String>| match number {
        Some(number) if !personal => {
            number.parse::<contract::phone::Phone>().ok().map(|phone| phone.masked())
        }
        other => other.clone(),
    };
    let (from, to) = match call.direction {
        Some(Direction::Inbound) => (shown(&call.phone), shown(&call.line)),
        Some(Direction::Outbound) => (shown(&call.line), shown(&call.phone)),
        None => (None, None),
    };
    View {
        id: stream.rsplit('/').next().unwrap_or_default(),
        status: status(call),
        direction: call.direction,
        from,
        to,
        provider: provider.as_str(),
        progress: call.progress.as_str(),
        outcome: call.outcome,
        cause: call.cause,
        duration_s: call.duration_s,
        started_at: call.started_at,
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        recordings: call.recordings.0.len(),
        disputed: &call.disputed,
    }
}

/// The four words of the source document.
fn status(call: &Call) -> &'static str {
    match (call.progress, call.outcome) {
        (
            Progress::Ended,
            Some(CallOutcome::Completed | CallOutcome::EndedWithoutTalk | CallOutcome::Ended),
        ) => "completed",
        (Progress::Ended, None) if call.answered => "completed",
        (Progress::Ended, _) => "failed",
        (Progress::Answered | Progress::Transferred, _) => "in_progress",
        _ => "dialing",
    }
}
