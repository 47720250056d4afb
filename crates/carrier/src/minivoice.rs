//! MiniVoice: its REST interface for calls and their recordings.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::config::ApiMode;
use crate::rest::{Listener, Modes, answer, error, is_authentic, text};

/// What a MiniVoice is started with.
#[derive(Clone)]
pub struct Config {
    /// Key of the application.
    pub api_key: String,
    /// Its number.
    pub number: String,
}

impl Default for Config {
    fn default() -> Config {
        Config { api_key: "minivoice-key".to_owned(), number: "+254700000002".to_owned() }
    }
}

/// A call that was asked for.
#[derive(Clone, PartialEq)]
pub struct Placed {
    /// Its id, with a dot in it.
    pub id: String,
    /// Who is called.
    pub to: String,
    /// As sent.
    pub metadata: Value,
    /// As sent.
    pub record: bool,
    /// `dialing` at first.
    pub status: &'static str,
    /// Whether it is being recorded.
    pub recording: bool,
}

/// A running MiniVoice. Dropping it stops it.
pub struct MiniVoice {
    listener: Listener,
    shared: Shared,
}

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    config: Config,
    modes: Modes,
    calls: Mutex<Vec<Placed>>,
    requests: Mutex<Vec<String>>,
}

impl MiniVoice {
    /// Starts listening on loopback.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start(config: Config) -> io::Result<MiniVoice> {
        let (modes, calls, requests) = Default::default();
        let shared = Shared(Arc::new(Inner { config, modes, calls, requests }));
        let listener = Listener::start(router(shared.clone())).await?;
        Ok(MiniVoice { listener, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address
    }

    /// Base of its interface, in place of `https://api.minivoice.eu/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.listener.address)
    }

    /// Calls that were taken, also those whose sender was never told.
    #[must_use]
    pub fn calls(&self) -> Vec<Placed> {
        self.shared.calls().clone()
    }

    /// Requests that would change something, carried out or not: `POST /calls`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.shared.0.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What happens to the next requests that would change something, one each. A refusal's word is its code.
    pub fn next_modes(&self, modes: impl IntoIterator<Item = ApiMode>) {
        self.shared.0.modes.extend(modes);
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Vec<Placed>> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        is_authentic(headers, &self.0.config.api_key)
    }

    async fn change(
        &self,
        headers: &HeaderMap,
        line: String,
        act: impl FnOnce(&mut Vec<Placed>) -> Response,
    ) -> Response {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        if !self.admits(headers) {
            return error(StatusCode::UNAUTHORIZED, "unauthorized");
        }
        self.0.modes.serve(|| act(&mut self.calls()), |word| error(status_of(word), word)).await
    }
}

/// The status a code is documented with.
fn status_of(code: &str) -> StatusCode {
    match code {
        "insufficient_balance" => StatusCode::PAYMENT_REQUIRED,
        "cps_limit_reached" | "concurrent_call_limit_reached" => StatusCode::TOO_MANY_REQUESTS,
        "originate_failed" | "recording_start_failed" | "recording_stop_failed" => StatusCode::BAD_GATEWAY,
        "recording_not_started" | "active_call_not_found" => StatusCode::NOT_FOUND,
        "call_uuid_missing" | "conference_unavailable" => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/calls", post(place))
        .route("/v1/calls/{id}", get(show))
        .route("/v1/calls/{id}/recordings", post(record))
        .with_state(shared)
}

async fn place(
    State(shared): State<Shared>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let number = shared.0.config.number.clone();
    let change = |calls: &mut Vec<Placed>| {
        let Some(to) = text(&body, "to").filter(|_| text(&body, "from") == Some(&number)) else {
            return error(StatusCode::BAD_REQUEST, "invalid_request");
        };
        let id = format!("call_20260529T120000.{:09}", calls.len());
        calls.push(Placed {
            id: id.clone(),
            to: to.to_owned(),
            metadata: body["metadata"].clone(),
            record: body["record"] == true,
            status: "dialing",
            recording: false,
        });
        let body = json!({
            "id": id, "status": "dialing", "direction": "outbound", "from": number, "to": to,
            "application_id": "app_123", "customer_id": "cust_123", "provider_call_id": "uuid",
            "answer_url": "https://example.test/answer", "created_at": "2026-05-29T12:00:00Z",
            "route_mode": "webhook", "routing_target": "app_123", "dialing_at": "2026-05-29T12:00:01Z",
        });
        answer(StatusCode::CREATED, &body)
    };
    shared.change(&headers, "POST /calls".to_owned(), change).await
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !shared.admits(&headers) {
        return error(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let from = &shared.0.config.number;
    let calls = shared.calls();
    match calls.iter().find(|call| call.id == id) {
        Some(Placed { id, to, status, .. }) => {
            let direction = "outbound";
            let body = json!({ "id": id, "status": status, "direction": direction, "from": from, "to": to });
            answer(StatusCode::OK, &body)
        }
        None => error(StatusCode::NOT_FOUND, "call_not_found"),
    }
}

async fn record(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let action = text(&body, "action").unwrap_or("start").to_owned();
    let line = format!("POST /calls/{id}/recordings {action}");
    let change = |calls: &mut Vec<Placed>| {
        let Some(call) = calls.iter_mut().find(|call| call.id == id) else {
            return error(StatusCode::NOT_FOUND, "active_call_not_found");
        };
        let status = match (action.as_str(), call.recording) {
            ("start", _) => "started",
            ("stop", true) => "stopped",
            ("stop", false) => return error(StatusCode::NOT_FOUND, "recording_not_started"),
            _ => return error(StatusCode::BAD_REQUEST, "invalid_action"),
        };
        call.recording = action == "start";
        let recording = json!({
            "id": format!("rec_{id}"), "call_id": id, "customer_id": "cust_123", "application_id": "app_123",
            "provider_call_id": "uuid", "status": status, "storage_type": "local", "file_url": "",
            "duration_seconds": 0, "size_bytes": 0, "created_at": "2026-05-29T12:00:00Z",
            "updated_at": "2026-05-29T12:00:00Z",
        });
        let data = json!({
            "call_id": id, "provider_call_id": "uuid", "action": action, "recording": recording,
        });
        answer(StatusCode::OK, &json!({ "data": data }))
    };
    shared.change(&headers, line, change).await
}
