//! Whether the service works, for machines and for people: `/livez`, `/readyz`, `/metrics`, and the page at `/`.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use effects::door::Door;
use serde_json::{Value, json};
use store::Reader;

use crate::auth::{Allowed, AuditRead, Gate};
use crate::problem::Problem;

/// How long a check may take before it counts as failed.
const CHECK_SECONDS_MAX: u64 = 2;
/// Inputs that may wait for the projector while we still call ourselves ready: seconds of work at full load.
const LAG_INPUTS_MAX: u64 = 10_000;

/// How far the projector is behind, as the composition knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Whether a projector is known to be at work, here or elsewhere.
    pub working: bool,
    /// Inputs taken and not yet folded, where that is known.
    pub inputs: Option<u64>,
}

/// Tells the lag now.
pub type LagOf = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Lag> + Send>> + Send + Sync>;

/// State of these routes.
#[derive(Clone)]
pub struct Health {
    gate: Gate,
    door: Door,
    reader: Reader,
    lag: LagOf,
}

impl Health {
    /// What is checked.
    pub fn new(gate: Gate, door: Door, reader: Reader, lag: LagOf) -> Health {
        Health { gate, door, reader, lag }
    }
}

impl FromRef<Health> for Gate {
    fn from_ref(state: &Health) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Health) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

async fn live() -> &'static str {
    "ok"
}

async fn ready(State(state): State<Health>) -> Response {
    let (journal, store, lag) =
        tokio::join!(check_journal(&state.door), check_store(&state.reader), lag(&state));
    let projector = match lag {
        Lag { working: false, .. } => Err("no projector is at work"),
        Lag { inputs: Some(inputs), .. } if inputs > LAG_INPUTS_MAX => Err("the projector is far behind"),
        _ => Ok(()),
    };
    let all = journal.is_ok() && store.is_ok() && projector.is_ok();
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": all,
        "checks": { "journal": told(journal), "store": told(store), "projector": told(projector) },
        "projector_lag_inputs": lag.inputs,
    });
    (status, Json(body)).into_response()
}

fn told(check: Result<(), &'static str>) -> Value {
    match check {
        Ok(()) => json!({ "ok": true }),
        Err(reason) => json!({ "ok": false, "reason": reason }),
    }
}

async fn check_journal(door: &Door) -> Result<(), &'static str> {
    let limit = Duration::from_secs(CHECK_SECONDS_MAX);
    match tokio::time::timeout(limit, door.journal().stats()).await {
        Ok(Ok(stats)) if stats.refused.is_none() => Ok(()),
        Ok(Ok(_)) => Err("the journal refuses to write"),
        Ok(Err(_)) => Err("the journal cannot be read"),
        Err(_) => Err("the journal does not answer"),
    }
}

async fn check_store(reader: &Reader) -> Result<(), &'static str> {
    let limit = Duration::from_secs(CHECK_SECONDS_MAX);
    match tokio::time::timeout(limit, reader.tip()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err("the database cannot be read"),
        Err(_) => Err("the database does not answer"),
    }
}

/// A part that does not answer in time is one that is not known to work.
async fn lag(state: &Health) -> Lag {
    let limit = Duration::from_secs(CHECK_SECONDS_MAX);
    tokio::time::timeout(limit, (state.lag)()).await.unwrap_or_default()
}

/// Gauges in the Prometheus text format 0.0.4. None names a person.
async fn metrics(State(state): State<Health>, _: Allowed<AuditRead>) -> Result<Response, Problem> {
    let counts = state.reader.counts().await?;
    let stats = state.door.journal().stats().await.map_err(Problem::internal)?;
    let lag = lag(&state).await;
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(String, u64)]| {
        let _ = writeln!(text, "# HELP ahadi_{name} {help}\n# TYPE ahadi_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "ahadi_{name}{labels} {value}");
        }
    };
    let one = |value: u64| vec![(String::new(), value)];
    gauge("log_records", "Records in the log.", &one(counts.records));
    gauge("log_checkpointed_records", "Records under the newest checkpoint.", &one(counts.checkpointed));
    gauge("inputs_quarantined", "Inputs in quarantine.", &one(counts.quarantined));
    gauge("tasks_open", "Things still to be done outside.", &one(counts.tasks));
    gauge("calls", "Calls known.", &one(counts.calls));
    let contracts: Vec<_> =
        counts.contracts.iter().map(|(status, count)| (format!("{{status=\"{status}\"}}"), *count)).collect();
    gauge("contracts", "Contracts by status.", &contracts);
    gauge("journal_rows", "Inputs held by the journal.", &one(stats.rows));
    gauge("journal_bytes", "Payload bytes held by the journal.", &one(stats.bytes));
    gauge(
        "journal_refuses",
        "1 when the journal refuses to write.",
        &one(u64::from(stats.refused.is_some())),
    );
    gauge("projector_working", "1 when a projector is at work.", &one(u64::from(lag.working)));
    if let Some(inputs) = lag.inputs {
        gauge("projector_lag_inputs", "Inputs taken and not yet folded.", &one(inputs));
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

async fn page() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ];
    (headers, include_str!("health/page.html")).into_response()
}
