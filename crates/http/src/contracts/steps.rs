//! Steps in the life of a contract: one route for each, all answered with the contract as it stands after the step.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use contract::command::{
    Act, Actor, Amendment, Command, DELIVERY_DETAILS, Deed, Details, PAYMENT_DETAILS, Payment, ReportRef,
    TERM_BYTES_MAX,
};
use contract::lifecycle::Status;
use contract::money::Amount;
use contract::phone::Country;
use ledger::time::Timestamp;
use serde_json::json;

use super::actor::Request;
use super::{Contracts, tag, view};
use crate::auth::{Allowed, ContractsWrite};
use crate::body::OptionalJson;
use crate::body::field::{Faults, Object};
use crate::id::Id;
use crate::once::Once;
use crate::past::contract_at;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::voicepact::contracts::Sight;
use crate::voicepact::draft;

/// Longest reason or note, in bytes.
const NOTE_BYTES_MAX: usize = 2_000;
/// Longest amount as text, in bytes.
const AMOUNT_BYTES_MAX: usize = 64;
/// Most records of one contract: bounds what a report can be named with.
const VERSION_MAX: u32 = u32::MAX;

/// The routes of the steps.
pub(super) fn router() -> Router<Contracts> {
    Router::new()
        .route("/v1/contracts/{id}/confirm", post(confirm))
        .route("/v1/contracts/{id}/reject", post(reject))
        .route("/v1/contracts/{id}/amend", post(amend))
        .route("/v1/contracts/{id}/deliver", post(deliver))
        .route("/v1/contracts/{id}/pay", post(pay))
        .route("/v1/contracts/{id}/acknowledge", post(acknowledge))
        .route("/v1/contracts/{id}/contest", post(contest))
        .route("/v1/contracts/{id}/complete", post(complete))
        .route("/v1/contracts/{id}/cancel", post(cancel))
        .route("/v1/contracts/{id}/dispute", post(dispute))
        .route("/v1/contracts/{id}/resolve", post(resolve))
        .route("/v1/contracts/{id}/resend", post(resend))
}

/// Everything a step is read from, in the order in which it is checked: key first, body last.
type Asked = (State<Contracts>, Allowed<ContractsWrite>, Id, Query, Once, HeaderMap, OptionalJson);

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident($by_operator:expr): $read:expr;)*) => { $(
        $(#[$doc])*
        async fn $name(
            State(state): State<Contracts>,
            allowed: Allowed<ContractsWrite>,
            Id(id): Id,
            query: Query,
            once: Once,
            headers: HeaderMap,
            body: OptionalJson,
        ) -> Result<Response, Problem> {
            take((State(state), allowed, Id(id), query, once, headers, body), $by_operator, $read).await
        }
    )* };
}

steps! {
    confirm(false): |_, _| Some(Deed::Confirm);
    reject(false): |_, _| Some(Deed::Reject);
    /// New terms can be proposed by a party, or by the operator, as drafts are.
    amend(true): |body, at| amendment(body, at.now).map(|amendment| Deed::Amend(Box::new(amendment)));
    deliver(false): |body, _| details(body, &DELIVERY_DETAILS).map(Deed::Deliver);
    pay(false): |body, _| payment(body).map(Deed::Pay);
    acknowledge(false): |body, _| report(body).map(Deed::Acknowledge);
    contest(false): |body, _| report(body).map(Deed::Contest);
    complete(false): |_, _| Some(Deed::Complete);
    /// The operator can withdraw what binds nobody yet.
    cancel(true): |_, _| Some(Deed::Cancel);
    dispute(false): |body, _| {
        let reason = body.required("reason").and_then(|field| field.text(NOTE_BYTES_MAX));
        reason.map(|reason| Deed::Dispute { reason })
    };
    /// A mediator can propose how a dispute ends; the parties must agree.
    resolve(true): |body, _| {
        let words = [Status::Active, Status::Completed, Status::Cancelled].map(|to| (to.as_str(), to));
        body.required("resolution").and_then(|field| field.word(&words)).map(|to| Deed::Resolve { to })
    };
}

/// What reading a step may need besides the body.
struct At {
    now: Timestamp,
}

async fn take(
    asked: Asked,
    by_operator: bool,
    read: impl FnOnce(&Object<'_>, &At) -> Option<Deed>,
) -> Result<Response, Problem> {
    let (State(state), allowed, Id(id), query, once, headers, OptionalJson(body)) = asked;
    let request =
        Request { contract_id: &id, query: &query, headers: &headers, body: &body, country: state.country };
    let at = At { now: state.intake.door().now() };
    let act = request.act(by_operator, |body| read(body, &at))?;
    run(&state, &allowed, &once, act).await
}

/// Sends a party again what it was sent, by the operator.
async fn resend(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsWrite>,
    Id(id): Id,
    query: Query,
    once: Once,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson,
) -> Result<Response, Problem> {
    let request =
        Request { contract_id: &id, query: &query, headers: &headers, body: &body, country: state.country };
    let faults = Faults::new();
    let phone = Object::body(&body, &faults).and_then(|body| request.phone(&body, "phone_number", &faults));
    let phone = faults.refuse(Kind::Invalid, phone)?;
    let act = Act { deed: Deed::Resend { phone }, actor: Actor::Operator, ..request.bare() };
    run(&state, &allowed, &once, act).await
}

async fn run(
    state: &Contracts,
    allowed: &Allowed<ContractsWrite>,
    once: &Once,
    act: Act,
) -> Result<Response, Problem> {
    let id = act.contract_id.clone();
    let command = Command::ActOnContract(act);
    let asked = once.asked(&allowed.caller, &what(&command));
    let done = state.intake.run_once(command, asked).await?;
    let (row, agreement) = contract_at(&state.reader, &done.stream, done.version).await?;
    let contract = view::with_head(&id, &agreement, &row, Sight::of(&allowed.caller));
    let answer = json!({ "input": done.input, "already": done.already, "contract": contract });
    Ok(([(ETAG, tag(&row))], Json(answer)).into_response())
}

/// What a command asks for, as bytes to compare.
pub(crate) fn what(command: &Command) -> Vec<u8> {
    serde_json::to_vec(command).expect("a command holds only strings, numbers, lists and string-keyed maps")
}

/// New terms. They are sent whole.
pub(crate) fn amendment(body: &Object<'_>, now: Timestamp) -> Option<Amendment> {
    let (transcript, terms) = draft::amended(body);
    let language = draft::language(body);
    let conference_id = draft::conference(body);
    let expires_at = draft::until(body, now);
    let (terms, other_terms) = terms?;
    Some(Amendment {
        transcript: transcript?,
        language: language?,
        terms,
        other_terms,
        conference_id: conference_id?,
        expires_at: expires_at?,
    })
}

/// What is told by name; names we do not know are left alone.
fn details(body: &Object<'_>, known: &[&str]) -> Option<Details> {
    let read = known.iter().filter_map(|name| {
        let field = body.get(name)?;
        let limit = if *name == "note" { NOTE_BYTES_MAX } else { TERM_BYTES_MAX };
        let value = if *name == "quantity" { field.number_or_text(limit) } else { field.text(limit) };
        Some(value.map(|value| ((*name).to_owned(), value)))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn payment(body: &Object<'_>) -> Option<Payment> {
    let amount = body.required("amount").and_then(|field| field.parsed::<Amount>(AMOUNT_BYTES_MAX));
    let currency = match body.get("currency") {
        Some(field) => draft::currency(&field).map(|currency| Some(currency.code().to_owned())),
        None => Some(None),
    };
    let details = details(body, &PAYMENT_DETAILS);
    Some(Payment { amount: amount?, currency: currency?, details: details? })
}

fn report(body: &Object<'_>) -> Option<ReportRef> {
    let report = body.required("report").and_then(|field| field.whole_number(1, VERSION_MAX));
    let note = match body.get("note") {
        Some(field) => field.text(NOTE_BYTES_MAX).map(Some),
        None => Some(None),
    };
    Some(ReportRef { report: report?, note: note? })
}

/// Reads an act for the routes of the source document.
pub(crate) fn request<'a>(
    contract_id: &'a str,
    query: &'a Query,
    headers: &'a HeaderMap,
    body: &'a crate::body::json::Node,
    country: Country,
) -> Request<'a> {
    Request { contract_id, query, headers, body, country }
}
