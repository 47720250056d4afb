//! `POST /v1/keys/statements`: brings what the root key says about record keys to the log.
//!
//! What an auditor would refuse is refused here, before it is journaled; the fold asks once more. The scope decides only
//! who may bring statements: what they say, the root key alone can say.

use axum::extract::{FromRef, State};
use axum::routing::post;
use axum::{Json, Router};
use contract::command::{Command, StateKey};
use contract::entity::KEYS_STREAM;
use contract::keys;
use ledger::key::{KeyRing, PublicKey, SignedStatement};
use serde_json::{Value, json};
use store::Reader;

use crate::auth::{Admin, Allowed, Gate};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Field, Object};
use crate::body::json::Node;
use crate::intake::Intake;
use crate::once::Once;
use crate::problem::{Kind, Problem};

/// Statements of one request. A rotation has two.
const STATEMENTS_MAX: usize = 16;
/// Key records read of a log: more than a thousand years of yearly rotation.
const KEY_RECORDS_MAX: u32 = 10_000;

/// State of this route.
#[derive(Clone)]
pub struct Keys {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    origin: String,
    root: PublicKey,
}

/// A statement as it will stand on the log.
struct Said {
    json: String,
    signed: SignedStatement,
}

impl Keys {
    /// For the log `origin` whose keys `root` names.
    pub fn new(gate: Gate, intake: Intake, reader: Reader, origin: String, root: PublicKey) -> Keys {
        Keys { gate, intake, reader, origin, root }
    }
}

impl FromRef<Keys> for Gate {
    fn from_ref(state: &Keys) -> Gate {
        state.gate.clone()
    }
}

/// Its route.
pub fn router(state: Keys) -> Router {
    Router::new().route("/v1/keys/statements", post(take)).with_state(state)
}

/// Takes the statements one after the other: each counts before the next is journaled.
async fn take(
    State(state): State<Keys>,
    allowed: Allowed<Admin>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, Problem> {
    let statements = read(&body)?;
    let asked = once.asked(&allowed.caller, body.to_json().as_bytes());
    let _flight = state.intake.hold(asked.as_ref())?;
    // What was taken before would not be taken again, and is answered again all the same.
    let first = asked.as_ref().map(|asked| asked.part("0"));
    let taken_before = match &first {
        Some(first) => state.intake.told(first).await?.is_some(),
        None => false,
    };
    if !taken_before {
        check(&state, &statements).await?;
    }
    let mut taken = Vec::with_capacity(statements.len());
    for (n, Said { json: statement, signed }) in statements.into_iter().enumerate() {
        let part = asked.as_ref().map(|asked| asked.part(&n.to_string()));
        let done = state.intake.run_held(Command::StateKey(StateKey { statement }), part).await?;
        taken.push(json!({
            "input": done.input,
            "action": signed.statement.action.name(),
            "kid": signed.statement.public_key.kid(),
            "already": done.already,
        }));
    }
    Ok(Json(json!({ "statements": taken })))
}

fn read(body: &Node) -> Result<Vec<Said>, Problem> {
    let faults = Faults::new();
    let said = Object::body(body, &faults).and_then(|body| {
        let field = body.required("statements")?;
        let list = field.list()?;
        if list.is_empty() || list.len() > STATEMENTS_MAX {
            return field.fault(format!("must have 1 to {STATEMENTS_MAX} statements"));
        }
        Some(list.iter().filter_map(statement).collect())
    });
    faults.refuse(Kind::Invalid, said)
}

fn statement(field: &Field<'_>) -> Option<Said> {
    let value = match ledger::json::parse(field.to_json().as_bytes()) {
        Ok(value) => value,
        Err(error) => return field.fault(error.to_string()),
    };
    match SignedStatement::from_data(&value) {
        Ok(signed) => Some(Said { json: value.canonical(), signed }),
        Err(error) => field.fault(error.to_string()),
    }
}

/// Holds the statements against the log as it is now, each behind the one before. One that stands on it already may come
/// again.
async fn check(state: &Keys, statements: &[Said]) -> Result<(), Problem> {
    let mut ring = KeyRing::new(state.origin.clone(), Some(state.root.clone()));
    let mut standing = Vec::new();
    for row in state.reader.stream_records(KEYS_STREAM, 1, KEY_RECORDS_MAX).await? {
        let record = ledger::record::open(&row.jws).map_err(Problem::internal)?;
        ring.apply(row.position, &record).map_err(Problem::internal)?;
        standing.push(record.data.value());
    }
    for (n, said) in statements.iter().enumerate() {
        if standing.contains(&said.signed.data()) {
            continue;
        }
        keys::take(&mut ring, &said.signed)
            .map_err(|error| Problem::field(Kind::Invalid, &format!("statements[{n}]"), error.to_string()))?;
    }
    Ok(())
}
