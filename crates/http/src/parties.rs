//! People and what is known about them: to be given out, and to be forgotten.
//!
//! | route | scope |
//! |---|---|
//! | `POST /v1/parties/erase` | `personal:erase` |
//! | `GET /v1/erasures/{id}` | `personal:erase` |
//! | `POST /v1/parties/export` | `personal:read` |
//!
//! Numbers come in bodies: addresses end up in the logs of every proxy on the way.

mod export;

use axum::extract::{FromRef, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use contract::command::{Command, ErasePerson};
use contract::entity::Entity;
use contract::erasure::{Erasure, Ground};
use contract::person::Index;
use contract::phone::{Country, Phone};
use ledger::hash::Hash;
use serde_json::{Value, json};
use store::Reader;

use crate::auth::{Allowed, Gate, PersonalErase, PersonalRead};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Object};
use crate::contracts::steps::what;
use crate::id::Id;
use crate::intake::Intake;
use crate::once::Once;
use crate::past::folded_at;
use crate::problem::{Kind, Problem};

/// State of these routes.
#[derive(Clone)]
pub struct Parties {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    country: Country,
    index: Option<Index>,
}

impl Parties {
    /// `country` reads local numbers; without `index` nobody is found, and every request says so.
    pub fn new(
        gate: Gate,
        intake: Intake,
        reader: Reader,
        country: Country,
        index: Option<Index>,
    ) -> Parties {
        Parties { gate, intake, reader, country, index }
    }

    /// The index, if it is the one the ledger was written with. Another would find nothing, and nothing would be erased.
    async fn index(&self) -> Result<&Index, Problem> {
        let index = self.index.as_ref().ok_or_else(|| {
            let detail =
                "This process has no key of the index of persons: copy keys/index.key of the projector.";
            Problem::new(Kind::Unavailable, detail)
        })?;
        if self.reader.person_key().await? == Some(index.check()) {
            return Ok(index);
        }
        let detail = "The index of persons was made with another key, or is being made. If this does not pass, copy \
                      keys/index.key of the projector.";
        Err(Problem::new(Kind::Unavailable, detail))
    }

    async fn token(&self, phone: &Phone) -> Result<Hash, Problem> {
        Ok(self.index().await?.token(phone))
    }
}

impl FromRef<Parties> for Gate {
    fn from_ref(state: &Parties) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Parties) -> Router {
    Router::new()
        .route("/v1/parties/erase", post(erase))
        .route("/v1/parties/export", post(export))
        .route("/v1/erasures/{id}", get(show))
        .with_state(state)
}

async fn erase(
    State(state): State<Parties>,
    allowed: Allowed<PersonalErase>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Problem> {
    let faults = Faults::new();
    let wanted = Object::body(&body, &faults).and_then(|body| {
        let phone = body.required("phone").and_then(|field| field.phone(state.country));
        let ground =
            body.required("ground").and_then(|field| field.word(&Ground::ALL.map(|g| (g.as_str(), g))));
        Some((phone?, ground?))
    });
    let (phone, ground) = faults.refuse(Kind::Invalid, wanted)?;
    let token = state.token(&phone).await?;
    let command = Command::ErasePerson(ErasePerson { token, ground });
    let asked = once.asked(&allowed.caller, &what(&command));
    let done = state.intake.run_once(command, asked).await?;
    let id = done.stream.strip_prefix("erasure/").unwrap_or_default();
    // As it was recorded: what is done since is told by its own address.
    match folded_at(&state.reader, &done.stream, done.version).await? {
        (_, Entity::Erasure(erasure)) => Ok(Json(shown(id, &erasure))),
        _ => Err(Problem::not_found(UNKNOWN)),
    }
}

/// What is said of an erasure that is not there.
const UNKNOWN: &str = "There is no such erasure.";

async fn show(
    State(state): State<Parties>,
    _: Allowed<PersonalErase>,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    find(&state.reader, &id).await.map(Json)
}

async fn find(reader: &Reader, id: &str) -> Result<Value, Problem> {
    let unknown = || Problem::not_found(UNKNOWN);
    let row = reader.stream(&format!("erasure/{id}")).await?.ok_or_else(unknown)?;
    let Entity::Erasure(erasure) = Entity::from_json(&row.state).map_err(Problem::internal)? else {
        return Err(unknown());
    };
    Ok(shown(id, &erasure))
}

fn shown(id: &str, erasure: &Erasure) -> Value {
    json!({
        "erasure": id,
        "requested_at": erasure.requested_at,
        "values": erasure.values,
        "recordings": erasure.recordings,
        "completed": erasure.completed_at.is_some(),
        "completed_at": erasure.completed_at,
    })
}

async fn export(
    State(state): State<Parties>,
    _: Allowed<PersonalRead>,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Problem> {
    let faults = Faults::new();
    let phone = Object::body(&body, &faults)
        .and_then(|body| body.required("phone").and_then(|field| field.phone(state.country)));
    let phone = faults.refuse(Kind::Invalid, phone)?;
    let index = state.index().await?;
    export::of(&state.reader, index, &phone).await.map(Json)
}
