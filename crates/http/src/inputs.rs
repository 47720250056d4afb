//! `GET /v1/inputs/{id}`: what became of a request whose outcome was not known in time.

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use contract::outcome::REQUEST_MEMBER;
use effects::door::Door;
use serde_json::{Value, json};
use store::Reader;
use uuid::Uuid;

use crate::auth::{Allowed, ContractsRead, Gate};
use crate::id::Id;
use crate::problem::Problem;

/// State of this route.
#[derive(Clone)]
pub struct Inputs {
    gate: Gate,
    door: Door,
    reader: Reader,
}

impl Inputs {
    /// From this store, for inputs taken at this door.
    pub fn new(gate: Gate, door: Door, reader: Reader) -> Inputs {
        Inputs { gate, door, reader }
    }
}

impl FromRef<Inputs> for Gate {
    fn from_ref(state: &Inputs) -> Gate {
        state.gate.clone()
    }
}

/// Its route.
pub fn router(state: Inputs) -> Router {
    Router::new().route("/v1/inputs/{id}", get(show)).with_state(state)
}

async fn show(
    State(state): State<Inputs>,
    _: Allowed<ContractsRead>,
    Id(id): Id,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let unknown =
        || Problem::not_found("This input is not known, or was taken elsewhere and is not folded yet.");
    let input: Uuid = id.parse().map_err(|_| unknown())?;
    if let Some(outcome) = state.reader.outcome(input).await? {
        let mut outcome: Value = serde_json::from_str(&outcome).map_err(Problem::internal)?;
        if let Some(members) = outcome.as_object_mut() {
            // Compared with what comes in under the same key; nobody else's business.
            members.remove(REQUEST_MEMBER);
        }
        return Ok((StatusCode::OK, Json(json!({ "input": input, "result": outcome }))));
    }
    // Other doors have journals of their own.
    match state.door.journal().holds_lately(input).await.map_err(Problem::internal)? {
        true => Ok((StatusCode::ACCEPTED, Json(json!({ "input": input, "state": "waiting" })))),
        false => Err(unknown()),
    }
}
