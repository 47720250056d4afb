//! Contracts as VoicePact speaks of them: create, show, list, confirm.
//!
//! A confirmation needs the code that the party was sent; a status is never set from outside. What the source service
//! let anybody change by PUT is answered with what is possible instead.

mod view;

use axum::extract::{FromRef, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use contract::agreement::{Agreement, Status};
use contract::command::{Answer, AnswerContract, Command, CreateContract};
use contract::entity::Entity;
use contract::phone::{Country, Phone};
use serde::Serialize;
use serde_json::value::RawValue;
use store::{ContractFilter, Page, Reader};

use super::draft;
use crate::auth::{Allowed, ContractsRead, ContractsWrite, Gate, Scope};
use crate::body::field::{Faults, Object};
use crate::body::json::Node;
use crate::body::{Json as JsonBody, OptionalJson};
use crate::id::Id;
use crate::intake::{Done, Intake};
use crate::problem::{Kind, Problem};
use crate::query::Query;

pub(crate) use view::Sight;

/// Contracts in a list where no limit is given.
const LIMIT_DEFAULT: u32 = 50;
/// Most contracts in a list.
const LIMIT_MAX: u32 = 500;
/// Furthest offset: what a database counts exactly.
const OFFSET_MAX: u64 = 1 << 53;
/// Longest code a client may send, in bytes; ours have four digits.
const CODE_BYTES_MAX: usize = 32;

/// State of these routes.
#[derive(Clone)]
pub struct Contracts {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    country: Country,
}

impl Contracts {
    /// `country` reads local numbers.
    pub fn new(gate: Gate, intake: Intake, reader: Reader, country: Country) -> Contracts {
        Contracts { gate, intake, reader, country }
    }
}

impl FromRef<Contracts> for Gate {
    fn from_ref(state: &Contracts) -> Gate {
        state.gate.clone()
    }
}

/// Its routes; the list with and without the slash at its end.
pub fn router(state: Contracts) -> Router {
    Router::new()
        .route("/api/v1/contracts", get(list))
        .route("/api/v1/contracts/", get(list))
        .route("/api/v1/contracts/create", post(create))
        .route("/api/v1/contracts/create/manual", post(create_manual))
        .route("/api/v1/contracts/{id}", get(show).put(change))
        .route("/api/v1/contracts/{id}/status", get(status))
        .route("/api/v1/contracts/{id}/confirm", post(confirm))
        .with_state(state)
}

async fn create(
    State(state): State<Contracts>,
    _: Allowed<ContractsWrite>,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, Problem> {
    let faults = Faults::new();
    let now = state.intake.door().now();
    let command = Object::body(&body, &faults).and_then(|body| draft::spoken(&body, state.country, now));
    drafted(&state, faults.refuse(Kind::Invalid, command)?).await
}

async fn create_manual(
    State(state): State<Contracts>,
    _: Allowed<ContractsWrite>,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, Problem> {
    let faults = Faults::new();
    let now = state.intake.door().now();
    let command = Object::body(&body, &faults).and_then(|body| draft::typed(&body, state.country, now));
    drafted(&state, faults.refuse(Kind::Invalid, command)?).await
}

/// Who drafts a contract is shown what it sent.
async fn drafted(state: &Contracts, command: CreateContract) -> Result<Json<Box<RawValue>>, Problem> {
    let done = state.intake.run(Command::CreateContract(Box::new(command))).await?;
    let id = done.contract_id();
    let agreement = find(&state.reader, id).await?;
    Ok(Json(view::contract(id, &agreement, Sight::Full)))
}

async fn show(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    Id(id): Id,
) -> Result<Json<Box<RawValue>>, Problem> {
    let agreement = find(&state.reader, &id).await?;
    Ok(Json(view::contract(&id, &agreement, Sight::of(&allowed.caller))))
}

async fn status(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    Id(id): Id,
) -> Result<Json<Box<RawValue>>, Problem> {
    let agreement = find(&state.reader, &id).await?;
    Ok(Json(view::status(&id, &agreement, Sight::of(&allowed.caller))))
}

async fn list(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    query: Query,
) -> Result<Json<Box<RawValue>>, Problem> {
    let faults = Faults::new();
    let limit = query.whole_number("limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &faults);
    let offset = query.whole_number("offset", 0, OFFSET_MAX, 0, &faults);
    let filter = filter(&query, state.country, &faults);
    faults.refuse(Kind::Invalid, Some(()))?;
    if filter.phone.is_some() {
        // Who may not see numbers may not find out by asking for one either.
        allowed.caller.require(Scope::PersonalRead)?;
    }
    let page = state.reader.contracts_page(&filter, &Page { limit, offset, before: None }).await?;
    let sight = Sight::of(&allowed.caller);
    let mut rows = Vec::with_capacity(page.rows.len());
    for (row, folded) in &page.rows {
        rows.push(view::contract(&row.contract_id, &agreement(folded)?, sight));
    }
    Ok(Json(view::list(&rows, page.total, limit, offset)))
}

/// What a list is narrowed to.
pub(crate) fn filter(query: &Query, country: Country, faults: &Faults) -> ContractFilter {
    let status = query.get("status").and_then(|word| {
        let known = [Status::Pending, Status::Confirmed, Status::Rejected];
        let status = known.into_iter().find(|status| status.as_str() == word);
        if status.is_none() {
            faults.note("status", "must be one of pending, confirmed, rejected");
        }
        status.map(|status| status.as_str().to_owned())
    });
    let phone = query.get("phone_number").and_then(|text| match Phone::read(text, country) {
        Ok(phone) => Some(String::from(phone)),
        Err(error) => {
            faults.note("phone_number", error.to_string());
            None
        }
    });
    ContractFilter { status, contract_type: None, phone }
}

/// The answer of the source service, its members in that order.
#[derive(Serialize)]
struct Confirmed {
    status: &'static str,
    contract_id: String,
    signed_by: String,
    all_signed: bool,
}

async fn confirm(
    State(state): State<Contracts>,
    _: Allowed<ContractsWrite>,
    Id(id): Id,
    query: Query,
    OptionalJson(body): OptionalJson,
) -> Result<Json<Confirmed>, Problem> {
    let command = answer(&id, Answer::Yes, &query, &body, state.country)?;
    let phone = command.phone.clone();
    state.intake.run(Command::AnswerContract(command)).await?;
    let agreement = find(&state.reader, &id).await?;
    Ok(Json(Confirmed {
        status: "confirmed",
        contract_id: id,
        signed_by: phone.into(),
        all_signed: agreement.status == Status::Confirmed,
    }))
}

/// A party's answer: number and code from the query or from a JSON body.
///
/// # Errors
/// 422 naming what is missing or wrong; a field that stands in both places with different values.
pub(crate) fn answer(
    contract_id: &str,
    answer: Answer,
    query: &Query,
    body: &Node,
    country: Country,
) -> Result<AnswerContract, Problem> {
    let faults = Faults::new();
    let read = Object::body(body, &faults).and_then(|body| {
        let phone = value(&body, query, "phone_number", &faults);
        let phone = phone.and_then(|text| match Phone::read(&text, country) {
            Ok(phone) => Some(phone),
            Err(error) => {
                faults.note("phone_number", error.to_string());
                None
            }
        });
        let code = value(&body, query, "code", &faults);
        Some(AnswerContract { contract_id: contract_id.to_owned(), phone: phone?, code: code?, answer })
    });
    faults.refuse(Kind::Invalid, read)
}

fn value(body: &Object<'_>, query: &Query, name: &str, faults: &Faults) -> Option<String> {
    let in_body = match body.get(name) {
        Some(field) => Some(field.number_or_text(CODE_BYTES_MAX.max(contract::phone::PHONE_TEXT_BYTES_MAX))?),
        None => None,
    };
    let in_query = query.get(name).map(|text| text.trim().to_owned());
    let fault = |reason: &str| {
        faults.note(name, reason);
        None
    };
    match (in_body, in_query) {
        (Some(a), Some(b)) if a != b => fault("stands in the query and in the body with different values"),
        (Some(text), _) | (None, Some(text)) if text.len() > CODE_BYTES_MAX && name == "code" => {
            drop(text);
            fault("is longer than a code can be")
        }
        (Some(text), _) | (None, Some(text)) => Some(text),
        (None, None) => fault("is required"),
    }
}

/// What a change that changes nothing answers.
#[derive(Serialize)]
struct Updated {
    status: &'static str,
    contract_id: String,
    contract_status: &'static str,
}

/// The source service sets any status here. Nothing can be set: a status follows from what the parties do, and the
/// terms of a drafted contract stand. Asking for what already is, is already done.
async fn change(
    State(state): State<Contracts>,
    _: Allowed<ContractsWrite>,
    Id(id): Id,
    JsonBody(body): JsonBody,
) -> Result<Json<Updated>, Problem> {
    let faults = Faults::new();
    let wanted = Object::body(&body, &faults).and_then(|body| {
        let terms = match body.get("terms") {
            Some(field) => field.object().map(|_| true),
            None => Some(false),
        };
        let known =
            ["pending", "confirmed", "rejected", "active", "completed", "cancelled", "disputed", "expired"];
        let status = match body.get("status") {
            Some(field) => field.word(&known.map(|word| (word, word))).map(Some),
            None => Some(None),
        };
        let (status, terms) = (status?, terms?);
        if status.is_none() && !terms {
            body.fault("status", "is required");
            return None;
        }
        Some((status, terms))
    });
    let (status, terms) = faults.refuse(Kind::Invalid, wanted)?;
    let agreement = find(&state.reader, &id).await?;
    let is = agreement.status.as_str();
    if terms {
        let detail = format!("The terms of contract {id} stand since it was drafted: {}", moves(&agreement));
        return Err(Problem::new(Kind::Conflict, detail));
    }
    match status {
        Some(wanted) if wanted == is => {
            Ok(Json(Updated { status: "updated", contract_id: id, contract_status: is }))
        }
        wanted => {
            let wanted = wanted.unwrap_or_default();
            let detail = format!("A contract that is {is} cannot be set to {wanted}: {}", moves(&agreement));
            Err(Problem::new(Kind::Conflict, detail))
        }
    }
}

/// What can happen to a contract now.
fn moves(agreement: &Agreement) -> &'static str {
    match agreement.status {
        Status::Pending => {
            "it becomes confirmed when every party confirms, rejected when one rejects, each with the code it was sent."
        }
        Status::Confirmed | Status::Rejected => "nothing more can happen to it.",
    }
}

/// The contract's state, or 404.
pub(crate) async fn find(reader: &Reader, id: &str) -> Result<Agreement, Problem> {
    let row = reader.contract(id).await?;
    let (_, folded) = row.ok_or_else(|| Problem::not_found("Contract not found"))?;
    agreement(&folded)
}

/// Reads a contract's folded state.
pub(crate) fn agreement(folded: &str) -> Result<Agreement, Problem> {
    match Entity::from_json(folded).map_err(Problem::internal)? {
        Entity::Contract(agreement) => Ok(*agreement),
        _ => Err(Problem::internal(NotAContract)),
    }
}

/// A contract's row leads to the state of something else.
#[derive(Debug, thiserror::Error)]
#[error("the state of a contract is not a contract")]
struct NotAContract;

impl Done {
    /// The id behind a stream's kind.
    pub(crate) fn contract_id(&self) -> &str {
        self.stream.strip_prefix("contract/").unwrap_or_default()
    }
}
