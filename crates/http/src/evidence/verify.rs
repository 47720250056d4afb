//! `POST /v1/verify`: a bundle or a contract hash in, the report of its verification out. Public.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::routing::post;
use axum::{Json, Router};
use contract::agreement::{Agreement, Fate};
use contract::event::{Event, EventData};
use contract::world::space;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ledger::bundle::Bundle;
use ledger::hash::Hash;
use ledger::verify::{Pins, Report};
use serde_json::{Value, json};
use store::Reader;
use store::rows::ContractRow;
use tokio::sync::Semaphore;

use super::bundle::Evidence;
use crate::body::field::{Faults, Object};
use crate::body::json::{self, Node};
use crate::body::{BUNDLE_BODY_BYTES_MAX, Raw};
use crate::problem::{Kind, Problem};
use crate::voicepact::contracts::agreement;

/// Requests a sender may make at once, and per second after that.
const BURST: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");
const PER_SECOND: NonZeroU32 = NonZeroU32::new(5).expect("5 is not zero");
/// Verifications that run at once, each on a thread of its own.
const RUNNING_MAX: usize = 2;
/// After so many requests, senders that have been quiet are forgotten.
const REQUESTS_BETWEEN_SWEEPS: u32 = 1_000;
/// Bodies up to this size may be a hash instead of a bundle.
const HASH_BODY_BYTES_MAX: usize = 1_024;

/// Records read at once.
const RECORDS_AT_ONCE: u32 = 200;

/// State of this route.
#[derive(Clone)]
pub struct Verify {
    reader: Reader,
    evidence: Evidence,
    limit: Arc<Limit>,
    running: Arc<Semaphore>,
}

struct Limit {
    limiter: DefaultKeyedRateLimiter<IpAddr>,
    /// Requests since the start; decides when to sweep.
    requests: AtomicU32,
}

impl Verify {
    /// Verifies against this log.
    pub fn new(reader: Reader, evidence: Evidence) -> Verify {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        let limit = Limit { limiter: RateLimiter::keyed(quota), requests: AtomicU32::new(0) };
        Verify { reader, evidence, limit: Arc::new(limit), running: Arc::new(Semaphore::new(RUNNING_MAX)) }
    }
}

/// Its route.
pub fn router(state: Verify) -> Router {
    Router::new().route("/v1/verify", post(verify)).with_state(state)
}

/// Counts a request against its sender before its body is read.
struct Turn;

impl FromRequestParts<Verify> for Turn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Verify) -> Result<Turn, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let limit = &state.limit;
        if limit.requests.fetch_add(1, Ordering::Relaxed) % REQUESTS_BETWEEN_SWEEPS
            == REQUESTS_BETWEEN_SWEEPS - 1
        {
            limit.limiter.retain_recent();
        }
        match limit.limiter.check_key(&sender(peer)) {
            Ok(()) => Ok(Turn),
            Err(_) => {
                Err(Problem::new(Kind::TooManyRequests, "Too many verifications; try again in a moment.")
                    .with_header(RETRY_AFTER, HeaderValue::from_static("1")))
            }
        }
    }
}

/// Who is counted: an IPv4 address, or the 64-bit network of an IPv6 one.
fn sender(peer: Option<IpAddr>) -> IpAddr {
    match peer {
        Some(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Some(other) => other,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

async fn verify(
    State(state): State<Verify>,
    _: Turn,
    raw: Raw<BUNDLE_BODY_BYTES_MAX>,
) -> Result<Json<Value>, Problem> {
    if let Some(hash) = asked_hash(&raw.bytes)? {
        return by_hash(&state, hash).await;
    }
    let bytes = raw.bytes;
    let (pins, origin) = (state.evidence.pins(), state.evidence.anchors().origin.clone());
    let report = run(&state, move || {
        let bundle = Bundle::from_json(&bytes)?;
        // A bundle of another log is checked too, but against nothing we could vouch for; the report says so.
        let pins = if bundle.origin == origin { pins } else { Pins::default() };
        Ok::<_, ledger::bundle::BundleError>((bundle.stream.clone(), bundle.verify(&pins, &[])))
    })
    .await?;
    let (stream, report) =
        report.map_err(|error| Problem::new(Kind::Malformed, format!("The body is {error}.")))?;
    Ok(Json(answer(Some(&stream), &report)))
}

/// The hash of `{"hash":"…"}`; none where the body is something else, to be read as a bundle.
fn asked_hash(bytes: &[u8]) -> Result<Option<Hash>, Problem> {
    if bytes.len() > HASH_BODY_BYTES_MAX {
        return Ok(None);
    }
    let node = json::parse(bytes)?;
    let names_hash = matches!(&node, Node::Object(members) if members.iter().any(|(name, _)| name == "hash"));
    let is_bundle = matches!(&node, Node::Object(members) if members.iter().any(|(name, _)| name == "v"));
    if is_bundle && !names_hash {
        return Ok(None);
    }
    let faults = Faults::new();
    let hash = Object::body(&node, &faults).and_then(|body| body.required("hash")).and_then(|field| {
        let text = field.text(64)?;
        match text.to_ascii_lowercase().parse::<Hash>() {
            Ok(hash) => Some(hash),
            Err(_) => field.fault("must be 64 hex digits"),
        }
    });
    faults.refuse(Kind::Invalid, hash).map(Some)
}

async fn by_hash(state: &Verify, hash: Hash) -> Result<Json<Value>, Problem> {
    let Some((row, folded)) = contract_of(&state.reader, hash).await? else {
        return Ok(Json(json!({ "result": "unknown", "hash": hash, "report": null })));
    };
    let agreement = agreement(&folded)?;
    let number = number(&state.reader, &row.stream, hash).await?;
    let bundle = state.evidence.bundle(&row.stream, false).await?;
    let pins = state.evidence.pins();
    let report = run(state, move || bundle.verify(&pins, &[])).await?;
    let mut answer = answer(Some(&row.stream), &report);
    answer["hash"] = json!(hash);
    answer["contract_id"] = json!(row.contract_id);
    answer["status"] = json!(row.status);
    answer["created_at"] = json!(row.created_at);
    answer["document"] = standing(&agreement, hash, number);
    Ok(Json(answer))
}

/// The contract that a document is, or once was, or was to be, the terms of.
async fn contract_of(reader: &Reader, hash: Hash) -> Result<Option<(ContractRow, String)>, Problem> {
    if let Some(found) = reader.contract_by_document(hash).await? {
        return Ok(Some(found));
    }
    let streams = reader.links(space::DOCUMENT, &hash.hex()).await?;
    match streams.iter().find_map(|stream| stream.strip_prefix("contract/")) {
        Some(id) => Ok(reader.contract(id).await?),
        None => Ok(None),
    }
}

/// Which of the contract's documents it is, counted from 1 in the order in which they were drafted and proposed, and the
/// version of the record that quotes it first.
async fn number(reader: &Reader, stream: &str, hash: Hash) -> Result<Option<(u64, u64)>, Problem> {
    let (mut from, mut drafted) = (1, 0);
    loop {
        let records = reader.stream_records(stream, from, RECORDS_AT_ONCE).await?;
        let Some(last) = records.last() else { return Ok(None) };
        from = last.version + 1;
        for record in &records {
            let opened = ledger::record::open(&record.jws).map_err(Problem::internal)?;
            let event = Event::from_record(&opened, std::iter::empty()).map_err(Problem::internal)?;
            let quoted = match &event.data {
                EventData::ContractDrafted(data) => data.document_sha256,
                EventData::ContractAmendmentProposed(data) => data.document_sha256,
                _ => continue,
            };
            drafted += 1;
            if quoted == hash {
                return Ok(Some((drafted, record.version)));
            }
        }
    }
}

/// What became of a document of a contract.
fn standing(agreement: &Agreement, hash: Hash, number: Option<(u64, u64)>) -> Value {
    let mut standing = json!({
        "number": number.map(|(number, _)| number),
        "record_version": number.map(|(_, version)| version),
        "standing": "in_force",
        "in_force": agreement.document_sha256,
    });
    if agreement.document_sha256 == hash {
        // The terms of a contract that nobody has agreed to yet, or that was over before, bind nobody.
        standing["standing"] = json!(if agreement.confirmed_at.is_some() { "in_force" } else { "drafted" });
        return standing;
    }
    if agreement.proposal.as_ref().is_some_and(|proposal| proposal.document_sha256 == hash) {
        standing["standing"] = json!("proposed");
        return standing;
    }
    let Some(at) = agreement.past.iter().position(|past| past.document_sha256 == hash) else {
        return standing;
    };
    let past = &agreement.past[at];
    standing["standing"] = json!(past.fate);
    standing["since"] = json!(past.at);
    if past.fate == Fate::Superseded {
        let later = agreement.past[at + 1..].iter().find(|later| later.fate == Fate::Superseded);
        let by = later.map_or(agreement.document_sha256, |later| later.document_sha256);
        standing["superseded_by"] = json!(by);
    }
    standing
}

/// Signatures are checked on a thread of their own: a large bundle must not hold up webhooks.
async fn run<T: Send + 'static>(
    state: &Verify,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let permit = Arc::clone(&state.running).acquire_owned().await.map_err(Problem::internal)?;
    let done = tokio::task::spawn_blocking(move || {
        let result = work();
        drop(permit);
        result
    });
    done.await.map_err(Problem::internal)
}

fn answer(stream: Option<&str>, report: &Report) -> Value {
    let result = match report.exit_code() {
        0 => "pass",
        1 => "fail",
        _ => "not_checked",
    };
    json!({ "result": result, "exit_code": report.exit_code(), "stream": stream, "report": report })
}
