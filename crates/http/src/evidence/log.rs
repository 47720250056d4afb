//! The log itself: checkpoint, tiles, entries, proofs, keys.

use axum::extract::{FromRef, Path, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use contract::entity::KEYS_STREAM;
use ledger::key::KeyRing;
use ledger::proof::TlogProof;
use ledger::tile::{EntriesId, TileId, encode_tile};
use serde_json::{Value, json};
use store::Reader;

use super::bundle::Evidence;
use crate::auth::{Gate, Scope};
use crate::body::field::Faults;
use crate::problem::{Kind, Problem};
use crate::query::Query;

/// A full tile never changes.
const CACHE_FULL: &str = "public, max-age=31536000, immutable";
/// A partial tile is soon replaced by a wider one.
const CACHE_PARTIAL: &str = "public, max-age=60";
/// The checkpoint is asked for anew each time.
const CACHE_CHECKPOINT: &str = "no-cache";
/// Keys change rarely.
const CACHE_KEYS: &str = "public, max-age=300";
/// Entries that need a key are not for shared caches.
const CACHE_PRIVATE: &str = "private, no-store";

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// State of these routes.
#[derive(Clone)]
pub struct Log {
    gate: Gate,
    reader: Reader,
    evidence: Evidence,
    entries_public: bool,
}

impl Log {
    /// `entries_public` opens the raw entries to everybody; otherwise they need `audit:read`.
    pub fn new(gate: Gate, reader: Reader, evidence: Evidence, entries_public: bool) -> Log {
        Log { gate, reader, evidence, entries_public }
    }
}

impl FromRef<Log> for Gate {
    fn from_ref(state: &Log) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Log) -> Router {
    Router::new()
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/tile/{*path}", get(tile))
        .route("/log/proof", get(proof))
        .route("/log/vkey", get(vkey))
        .route("/.well-known/jwks.json", get(jwks))
        .with_state(state)
        .layer(map_response(readable_everywhere))
}

/// Pages of any site may read these answers, a verifier's among them (Fetch, CORS protocol).
async fn readable_everywhere(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn served(media: &'static str, cache: &'static str, body: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &'static str); 2] = [(CONTENT_TYPE, media), (CACHE_CONTROL, cache)];
    (headers, body).into_response()
}

async fn checkpoint(State(state): State<Log>) -> Result<Response, Problem> {
    let row = state.reader.latest_checkpoint().await?;
    let row = row.ok_or_else(|| Problem::not_found("No checkpoint was signed yet."))?;
    Ok(served(TEXT, CACHE_CHECKPOINT, row.note))
}

async fn tile(
    State(state): State<Log>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = format!("tile/{path}");
    if path.starts_with("tile/entries/") {
        return entries(&state, &path, &headers).await;
    }
    let tile = TileId::parse(&path).map_err(|_| nothing())?;
    let hashes = state.reader.tile(tile).await?.ok_or_else(nothing)?;
    let cache = if tile.is_full() { CACHE_FULL } else { CACHE_PARTIAL };
    Ok(served(BYTES, cache, encode_tile(&hashes)))
}

async fn entries(state: &Log, path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    if !state.entries_public {
        state.gate.caller(headers).await?.require(Scope::AuditRead)?;
    }
    let bundle = EntriesId::parse(path).map_err(|_| nothing())?;
    let records = state.reader.records(bundle.positions().start, u32::from(bundle.width())).await?;
    if records.len() != usize::from(bundle.width()) {
        return Err(nothing());
    }
    let entries: Vec<&[u8]> = records.iter().map(|record| record.jws.as_bytes()).collect();
    let bytes = bundle.encode(&entries).map_err(Problem::internal)?;
    let cache = match (state.entries_public, bundle.is_full()) {
        (false, _) => CACHE_PRIVATE,
        (true, true) => CACHE_FULL,
        (true, false) => CACHE_PARTIAL,
    };
    Ok(served(BYTES, cache, bytes))
}

async fn proof(State(state): State<Log>, query: Query) -> Result<Response, Problem> {
    let faults = Faults::new();
    if query.get("index").is_none() {
        faults.note("index", "is required");
    }
    let index = query.whole_number("index", 0, (1 << 53) - 1, 0_u64, &faults);
    let size = query.whole_number("size", 1, 1 << 53, 0_u64, &faults);
    faults.refuse(Kind::Invalid, Some(()))?;
    let row = match size {
        0 => state.reader.latest_checkpoint().await?,
        size => state.reader.checkpoints(size, 1).await?.into_iter().find(|row| row.size == size),
    };
    let row = row.ok_or_else(|| Problem::not_found("There is no checkpoint of this size."))?;
    if index >= row.size {
        return Err(Problem::not_found("The checkpoint does not reach this index."));
    }
    let proofs = state.evidence.proofs(&[index], &row).await?;
    Ok(served(TEXT, CACHE_CHECKPOINT, proofs.iter().map(TlogProof::format).collect::<String>()))
}

async fn vkey(State(state): State<Log>) -> Response {
    served(TEXT, CACHE_KEYS, format!("{}\n", state.evidence.anchors().log_vkey.vkey()))
}

/// The record keys as a JWK set (RFC 7517 §5). A convenience: the stream `ledger/keys` decides.
async fn jwks(State(state): State<Log>) -> Result<Response, Problem> {
    let anchors = state.evidence.anchors();
    let mut ring = KeyRing::new(anchors.origin.clone(), Some(anchors.root.clone()));
    for row in state.reader.stream_records(KEYS_STREAM, 1, 10_000).await? {
        let record = ledger::record::open(&row.jws).map_err(Problem::internal)?;
        ring.apply(row.position, &record).map_err(Problem::internal)?;
    }
    let keys: Vec<Value> = ring
        .record_keys()
        .iter()
        .map(|(kid, range)| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "x": range.public_key.x(), "kid": kid, "use": "sig", "alg": "EdDSA",
                "ahadi_from_position": range.from, "ahadi_until_position": range.until,
            })
        })
        .collect();
    Ok(([(CACHE_CONTROL, CACHE_KEYS)], Json(json!({ "keys": keys }))).into_response())
}

fn nothing() -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}
