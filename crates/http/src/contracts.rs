//! Contracts as this service itself speaks of them, prefix `/v1`.
//!
//! | route | scope |
//! |---|---|
//! | `GET /v1/contracts?limit&cursor&status&contract_type&phone_number` | `contracts:read`; numbers: `personal:read` |
//! | `GET /v1/contracts/{id}` | `contracts:read` |
//! | `GET /v1/contracts/{id}/document` | `contracts:read` |
//! | `GET /v1/contracts/{id}/records`, `/bundle` | `contracts:read`; disclosures: `personal:read` |
//! | `GET /v1/contracts/{id}/messages` | `contracts:read` |
//! | `POST /v1/contracts/{id}/confirm` and the other steps of `steps` | `contracts:write`, and the party's code |

pub(crate) mod actor;
mod cursor;
mod messages;
pub(crate) mod steps;
mod view;

pub(crate) use view::plain;

use axum::extract::{FromRef, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use contract::agreement::Agreement;
use contract::command::ContractType;
use contract::entity::contract_stream;
use contract::phone::Country;
use ledger::hash::Hash;
use serde_json::json;
use store::rows::StreamRow;
use store::{Page, Reader};

use crate::auth::{Allowed, ContractsRead, Gate, Scope};
use crate::body::field::Faults;
use crate::evidence::bundle::Evidence;
use crate::id::Id;
use crate::intake::Intake;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::voicepact::contracts::{Sight, agreement, filter};
use cursor::Cursor;

/// Contracts on a page where no limit is given.
const LIMIT_DEFAULT: u32 = 50;
/// Most contracts on a page.
const LIMIT_MAX: u32 = 500;
/// Most records on a page.
const RECORDS_MAX: u32 = 500;

/// State of these routes.
#[derive(Clone)]
pub struct Contracts {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    evidence: Evidence,
    country: Country,
}

impl Contracts {
    /// `country` reads local numbers; `evidence` puts bundles together.
    pub fn new(
        gate: Gate,
        intake: Intake,
        reader: Reader,
        evidence: Evidence,
        country: Country,
    ) -> Contracts {
        Contracts { gate, intake, reader, evidence, country }
    }
}

impl FromRef<Contracts> for Gate {
    fn from_ref(state: &Contracts) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Contracts) -> Router {
    Router::new()
        .route("/v1/contracts", get(list))
        .route("/v1/contracts/{id}", get(show))
        .route("/v1/contracts/{id}/document", get(document))
        .route("/v1/contracts/{id}/records", get(records))
        .route("/v1/contracts/{id}/bundle", get(bundle))
        .route("/v1/contracts/{id}/messages", get(messages::list))
        .merge(steps::router())
        .with_state(state)
}

async fn list(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    query: Query,
) -> Result<Response, Problem> {
    let faults = Faults::new();
    let limit = query.whole_number("limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &faults);
    let mut filter = filter(&query, state.country, &faults);
    filter.contract_type = query.get("contract_type").and_then(|word| {
        let known = ContractType::from_word(word).map(|known| known.as_str().to_owned());
        if known.is_none() {
            faults.note(
                "contract_type",
                "must be one of agricultural_supply, service_agreement, loan_agreement",
            );
        }
        known
    });
    let before = query.get("cursor").and_then(|text| {
        let cursor = Cursor::read(text);
        if cursor.is_none() {
            faults.note("cursor", "is not one that was given out");
        }
        cursor.map(|cursor| (cursor.created_at, cursor.contract_id))
    });
    faults.refuse(Kind::Invalid, Some(()))?;
    if filter.phone.is_some() {
        allowed.caller.require(Scope::PersonalRead)?;
    }
    // One more than asked for tells whether there is a next page.
    let page = Page { limit: limit + 1, offset: 0, before };
    let page = state.reader.contracts_page(&filter, &page).await?;
    let more = page.rows.len() > limit as usize;
    let rows = &page.rows[..page.rows.len().min(limit as usize)];
    let sight = Sight::of(&allowed.caller);
    let mut contracts = Vec::with_capacity(rows.len());
    for (row, folded) in rows {
        contracts.push(view::contract(&row.contract_id, &agreement(folded)?, sight));
    }
    let next = rows.last().filter(|_| more).map(|(row, _)| {
        Cursor { created_at: row.created_at, contract_id: row.contract_id.clone() }.to_string()
    });
    let mut response =
        Json(json!({ "contracts": contracts, "total": page.total, "next": next })).into_response();
    if let Some(next) = next {
        let link = query.without(&["cursor"]).append_pair("cursor", &next).finish();
        let link = format!("</v1/contracts?{link}>; rel=\"next\"");
        let link = HeaderValue::try_from(link).map_err(Problem::internal)?;
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

async fn show(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (row, agreement) = find(&state.reader, &id).await?;
    let tag = tag(&row);
    if headers.get(IF_NONE_MATCH).is_some_and(|given| lists(given, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let contract = view::with_head(&id, &agreement, &row, Sight::of(&allowed.caller));
    Ok(([(ETAG, tag)], Json(contract)).into_response())
}

async fn document(
    State(state): State<Contracts>,
    _: Allowed<ContractsRead>,
    Id(id): Id,
    query: Query,
) -> Result<Response, Problem> {
    let (_, agreement) = find(&state.reader, &id).await?;
    let faults = Faults::new();
    let wanted = query.get("sha256").map(str::parse::<Hash>).transpose();
    let wanted = wanted.map_err(|_| faults.note("sha256", "must be 64 hex digits")).ok();
    let wanted = faults.refuse(Kind::Invalid, wanted)?.unwrap_or(agreement.document_sha256);
    let tag = quoted(&wanted.hex());
    let document = document_of(agreement, &wanted)?;
    let name = HeaderValue::try_from(format!("attachment; filename=\"{id}.contract.json\""))
        .map_err(Problem::internal)?;
    let media = HeaderValue::from_static("application/json");
    Ok(([(ETAG, tag), (CONTENT_TYPE, media), (CONTENT_DISPOSITION, name)], document).into_response())
}

/// The text of the document in force, of one that is proposed, or of one that is over.
fn document_of(agreement: Agreement, wanted: &Hash) -> Result<String, Problem> {
    let proposal = agreement.proposal.map(|proposal| (proposal.document_sha256, proposal.document));
    let past = agreement.past.into_iter().map(|past| (past.document_sha256, past.document));
    let mut all = past.chain(proposal).chain([(agreement.document_sha256, agreement.document)]);
    let (_, document) = all
        .find(|(hash, _)| hash == wanted)
        .ok_or_else(|| Problem::not_found("The contract has no such document."))?;
    document.ok_or_else(|| Problem::not_found("The document was erased."))
}

async fn records(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    Id(id): Id,
    query: Query,
) -> Result<Response, Problem> {
    let faults = Faults::new();
    let limit = query.whole_number("limit", 1, RECORDS_MAX, RECORDS_MAX, &faults);
    let from = query.whole_number("from_version", 1, 1 << 53, 1_u64, &faults);
    faults.refuse(Kind::Invalid, Some(()))?;
    let (row, _) = find(&state.reader, &id).await?;
    let personal = allowed.caller.may(Scope::PersonalRead);
    let listed = state.evidence.records(&row.stream, from, limit, personal).await?;
    let next = listed.last().map(|record| record.version + 1).filter(|next| *next <= row.version);
    let records: Vec<_> = listed.iter().map(view::record).collect();
    let mut response = Json(json!({ "stream": row.stream, "records": records })).into_response();
    if let Some(next) = next {
        let link = query.without(&["from_version"]).append_pair("from_version", &next.to_string()).finish();
        let link = format!("</v1/contracts/{id}/records?{link}>; rel=\"next\"");
        response.headers_mut().insert(LINK, HeaderValue::try_from(link).map_err(Problem::internal)?);
    }
    Ok(response)
}

async fn bundle(
    State(state): State<Contracts>,
    allowed: Allowed<ContractsRead>,
    Id(id): Id,
) -> Result<Response, Problem> {
    let (row, _) = find(&state.reader, &id).await?;
    let personal = allowed.caller.may(Scope::PersonalRead);
    let bundle = state.evidence.bundle(&row.stream, personal).await?;
    let name = HeaderValue::try_from(format!("attachment; filename=\"{id}.bundle.json\""))
        .map_err(Problem::internal)?;
    let media = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, media), (CONTENT_DISPOSITION, name)], bundle.to_json()).into_response())
}

/// The contract's stream and state, or 404.
async fn find(reader: &Reader, id: &str) -> Result<(StreamRow, Agreement), Problem> {
    let row = reader.stream(&contract_stream(id)).await?;
    let row = row.ok_or_else(|| Problem::not_found("There is no such contract."))?;
    let agreement = agreement(&row.state)?;
    Ok((row, agreement))
}

/// The entity tag of a stream: the hash of its newest record.
fn tag(row: &StreamRow) -> HeaderValue {
    quoted(&row.head.hex())
}

fn quoted(hex: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{hex}\"")).expect("hex digits in quotes are ASCII")
}

/// Whether a list of entity tags (RFC 9110 §13.1) holds this one.
fn lists(given: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(given), Ok(tag)) = (given.to_str(), tag.to_str()) else { return false };
    given.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}
