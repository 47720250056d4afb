//! Contracts as VoicePact speaks of them: create, show, list, confirm.
//!
//! A confirmation needs the code that the party was sent; a status is never set from outside. What the source service
//! let anybody change by PUT is answered with what is possible instead.

mod view;

use axum::extract::{FromRef, State};
use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use axum::routing::{get, post};
use axum::{Json, Router};
use contract::agreement::{Agreement, Status};
use contract::command::{Actor, Command, CreateContract, Deed};
use contract::entity::Entity;
use contract::lifecycle::{Step, legal, resolution};
use contract::phone::{Country, Phone};
use serde::Serialize;
use serde_json::value::RawValue;
use store::{ContractFilter, Page, Reader};

use super::draft;
use crate::auth::{Allowed, ContractsRead, ContractsWrite, Gate, Scope};
use crate::body::field::{Faults, Object};
use crate::body::json::Node;
use crate::body::{Json as JsonBody, OptionalJson};
use crate::contracts::steps;
use crate::id::Id;
use crate::intake::{Done, Intake};
use crate::once::Once;
use crate::past::contract_at;
use crate::problem::{Kind, Problem};
use crate::query::Query;

pub(crate) use view::Sight;

/// Contracts in a list where no limit is given.
const LIMIT_DEFAULT: u32 = 50;
/// Most contracts in a list.
const LIMIT_MAX: u32 = 500;
/// Furthest offset: what a database counts exactly.
const OFFSET_MAX: u64 = 1 << 53;

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
    allowed: Allowed<ContractsWrite>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, Problem> {
    let faults = Faults::new();
    let now = state.intake.door().now();
    let command = Object::body(&body, &faults).and_then(|body| draft::spoken(&body, state.country, now));
    drafted(&state, &allowed, &once, faults.refuse(Kind::Invalid, command)?).await
}

async fn create_manual(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsWrite>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Box<RawValue>>, Problem> {
    let faults = Faults::new();
    let now = state.intake.door().now();
    let command = Object::body(&body, &faults).and_then(|body| draft::typed(&body, state.country, now));
    drafted(&state, &allowed, &once, faults.refuse(Kind::Invalid, command)?).await
}

/// Who drafts a contract is shown what it sent.
async fn drafted(
    state: &Contracts,
    allowed: &Allowed<ContractsWrite>,
    once: &Once,
    command: CreateContract,
) -> Result<Json<Box<RawValue>>, Problem> {
    let command = Command::CreateContract(Box::new(command));
    let asked = once.asked(&allowed.caller, &steps::what(&command));
    let done = state.intake.run_once(command, asked).await?;
    let (_, agreement) = contract_at(&state.reader, &done.stream, done.version).await?;
    Ok(Json(view::contract(done.contract_id(), &agreement, Sight::Full)))
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
        let status = Status::from_word(word);
        if status.is_none() {
            let words = Status::ALL.map(Status::as_str).join(", ");
            faults.note("status", format!("must be one of {words}"));
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
    allowed: Allowed<ContractsWrite>,
    Id(id): Id,
    query: Query,
    once: Once,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson,
) -> Result<Json<Confirmed>, Problem> {
    let request = steps::request(&id, &query, &headers, &body, state.country);
    let act = request.act(false, |_| Some(Deed::Confirm))?;
    let signed_by = match &act.actor {
        Actor::Party { phone, .. } => phone.clone().into(),
        Actor::Operator => String::new(),
    };
    let command = Command::ActOnContract(act);
    let asked = once.asked(&allowed.caller, &steps::what(&command));
    let done = state.intake.run_once(command, asked).await?;
    let (_, agreement) = contract_at(&state.reader, &done.stream, done.version).await?;
    // New terms may wait for an answer on a contract that was confirmed long ago.
    let all_signed = agreement.confirmed_at.is_some() && agreement.proposal.is_none();
    Ok(Json(Confirmed { status: "confirmed", contract_id: id, signed_by, all_signed }))
}

/// What a change answers.
#[derive(Serialize)]
struct Updated {
    status: &'static str,
    contract_id: String,
    contract_status: &'static str,
}

/// The source service sets any status here. Here a status follows from what the parties do: asking for one is asking for
/// the step that leads to it, by whoever may take it; new terms are an amendment. Asking for what already is, is already
/// done.
async fn change(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsWrite>,
    Id(id): Id,
    query: Query,
    once: Once,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Json<Updated>, Problem> {
    let faults = Faults::new();
    let wanted = Object::body(&body, &faults).and_then(|body| wanted(&body));
    let wanted = faults.refuse(Kind::Invalid, wanted)?;
    let asked = once.asked(&allowed.caller, &asked_for(&body, &query, &headers));
    // Which step is asked for depends on where the contract stands now; that must not make another request of it.
    let told = match &asked {
        Some(asked) => state.intake.told(asked).await?,
        None => None,
    };
    let answer = |agreement: &Agreement| {
        let contract_status = agreement.status.as_str();
        Json(Updated { status: "updated", contract_id: id.clone(), contract_status })
    };
    if let Some(done) = told {
        let (_, agreement) = contract_at(&state.reader, &done.stream, done.version).await?;
        return Ok(answer(&agreement));
    }
    let agreement = find(&state.reader, &id).await?;
    let now = state.intake.door().now();
    let request = steps::request(&id, &query, &headers, &body, state.country);
    let deed = match wanted {
        Change::Status(status) if status == agreement.status => return Ok(answer(&agreement)),
        Change::Status(status) => deed(agreement.status, status),
        Change::Terms => None,
    };
    let faults = Faults::new();
    let is_signed = Object::body(&body, &faults)
        .is_some_and(|body| request.names_a_party(&body) || body.get("operator").is_some());
    if !is_signed || (deed.is_none() && !matches!(wanted, Change::Terms)) {
        let is = agreement.status.as_str();
        let what = match wanted {
            Change::Status(status) => format!("A contract that is {is} cannot be set to {}", status.as_str()),
            Change::Terms => "The terms of a contract cannot be set".to_owned(),
        };
        return Err(Problem::new(Kind::Conflict, format!("{what}: {}", moves(&agreement))));
    }
    let act = request.act(true, |body| match deed {
        Some(deed) => Some(deed),
        None => steps::amendment(body, now).map(|amendment| Deed::Amend(Box::new(amendment))),
    })?;
    let done = state.intake.run_once(Command::ActOnContract(act), asked).await?;
    let (_, agreement) = contract_at(&state.reader, &done.stream, done.version).await?;
    Ok(answer(&agreement))
}

/// What a change asks for, as bytes to compare.
fn asked_for(body: &Node, query: &Query, headers: &HeaderMap) -> Vec<u8> {
    let if_match: Vec<&[u8]> = headers.get_all(IF_MATCH).iter().map(|value| value.as_bytes()).collect();
    let parts = [body.to_json().into_bytes(), query.without(&[]).finish().into_bytes(), if_match.concat()];
    parts.join(&b'\n')
}

/// What is asked for.
enum Change {
    Status(Status),
    Terms,
}

fn wanted(body: &Object<'_>) -> Option<Change> {
    let terms = match body.get("terms") {
        Some(field) => field.object().map(|_| true),
        None => Some(false),
    };
    let status = match body.get("status") {
        Some(field) => field.word(&Status::ALL.map(|status| (status.as_str(), status))).map(Some),
        None => Some(None),
    };
    match (status?, terms?) {
        (_, true) => Some(Change::Terms),
        (Some(status), false) => Some(Change::Status(status)),
        (None, false) => {
            body.fault("status", "is required");
            None
        }
    }
}

/// The step that leads from one status to the other; none where no single one does, or it says more than a status.
fn deed(from: Status, to: Status) -> Option<Deed> {
    Some(match (from, to) {
        (Status::Disputed, to) if resolution(to) => Deed::Resolve { to },
        (_, Status::Confirmed) => Deed::Confirm,
        (_, Status::Rejected) => Deed::Reject,
        (_, Status::Completed) => Deed::Complete,
        (_, Status::Cancelled) => Deed::Cancel,
        (_, Status::Pending | Status::Active | Status::Disputed | Status::Expired) => return None,
    })
}

/// What can happen to a contract now.
fn moves(agreement: &Agreement) -> String {
    let steps = legal(agreement.status).into_iter().filter(|step| *step != Step::Expire);
    let steps: Vec<&str> = steps.map(Step::as_str).collect();
    if steps.is_empty() {
        return "nothing more can happen to it.".to_owned();
    }
    format!("possible now, each with the phone number and the code of a party: {}.", steps.join(", "))
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
