//! The REST interface for calls and their recordings, and the calls themselves.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Shared;
use super::leg::Leg;
use crate::random::hex_id;
use crate::rest::{answer, error, text};

/// A call that was asked for, or came in.
#[derive(Clone, PartialEq)]
pub struct Placed {
    /// Its id, with a dot in it.
    pub id: String,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// Whether a phone called the application's number.
    pub inbound: bool,
    /// As sent.
    pub metadata: Value,
    /// As sent.
    pub record: bool,
    /// `dialing` at first, then `in_progress`, `completed` or `failed`.
    pub status: &'static str,
    /// Whether it is being recorded.
    pub recording: bool,
}

impl Placed {
    /// The person's number, in both directions.
    pub(super) fn phone(&self) -> &str {
        if self.inbound { &self.from } else { &self.to }
    }
}

/// A call as it begins.
fn dialing(id: &str, from: &str, to: &str) -> Placed {
    Placed {
        id: id.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        inbound: false,
        metadata: Value::Null,
        record: false,
        status: "dialing",
        recording: false,
    }
}

/// Time and nanoseconds, as the provider makes its ids; the latter are drawn.
fn call_id(seed: u64, what: &str, phone: &str, nth: u32) -> String {
    let hex = hex_id(seed, what, phone, nth);
    let drawn = u64::from_str_radix(&hex[..8], 16).expect("eight hex digits are a number");
    format!("call_20260529T120000.{:09}", drawn % 1_000_000_000)
}

impl Shared {
    /// Begins the story of a call; the receiver hears when the first of it was told.
    fn begin(&self, call: Placed, nth: u32) -> oneshot::Receiver<()> {
        let (first, was_told) = oneshot::channel();
        let application = &self.0.application;
        if application.behaviour().reach.is_some() {
            let leg = Leg { shared: self.clone(), call, nth };
            application.courier.tell(leg.tell(first));
        }
        was_told
    }

    pub(super) fn update(&self, id: &str, change: impl FnOnce(&mut Placed)) {
        if let Some(call) = self.calls().iter_mut().find(|call| call.id == id) {
            change(call);
        }
    }
}

/// A phone calls the application's number.
pub(super) fn call_in(shared: &Shared, phone: &str) -> String {
    let (inner, number) = (&shared.0, shared.0.config.number.clone());
    let nth = inner.application.next_number(phone);
    let id = call_id(inner.application.seed, "inbound", phone, nth);
    let call = Placed { inbound: true, ..dialing(&id, phone, &number) };
    shared.calls().push(call.clone());
    drop(shared.begin(call, nth));
    id
}

/// The status a code is documented with.
pub(super) fn status_of(code: &str) -> StatusCode {
    match code {
        "insufficient_balance" => StatusCode::PAYMENT_REQUIRED,
        "cps_limit_reached" | "concurrent_call_limit_reached" => StatusCode::TOO_MANY_REQUESTS,
        "originate_failed" | "recording_start_failed" | "recording_stop_failed" => StatusCode::BAD_GATEWAY,
        "recording_not_started" | "active_call_not_found" => StatusCode::NOT_FOUND,
        "call_uuid_missing" | "conference_unavailable" => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    }
}

pub(super) async fn place(
    State(shared): State<Shared>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let number = shared.0.config.number.clone();
    let mut told = None;
    let change = |calls: &mut Vec<Placed>| {
        let Some(to) = text(&body, "to").filter(|_| text(&body, "from") == Some(&number)) else {
            return error(StatusCode::BAD_REQUEST, "invalid_request");
        };
        let application = &shared.0.application;
        let nth = application.next_number(to);
        let id = call_id(application.seed, "call", to, nth);
        let (metadata, record) = (body["metadata"].clone(), body["record"] == true);
        let call = Placed { metadata, record, recording: record, ..dialing(&id, &number, to) };
        calls.push(call.clone());
        told = Some(shared.begin(call, nth));
        let body = json!({
            "id": id, "status": "dialing", "direction": "outbound", "from": number, "to": to,
            "application_id": "app_123", "customer_id": "cust_123", "provider_call_id": "uuid",
            "answer_url": "https://example.test/answer", "created_at": "2026-05-29T12:00:00Z",
            "route_mode": "webhook", "routing_target": "app_123", "dialing_at": "2026-05-29T12:00:01Z",
        });
        answer(StatusCode::CREATED, &body)
    };
    let answer = shared.change(&headers, "POST /calls".to_owned(), change).await;
    let early = shared.0.application.behaviour().faults.callback_before_answer;
    if let Some(told) = told.filter(|_| early) {
        // An error means that nothing is told, so there is nothing to be earlier than.
        let _ = told.await;
    }
    answer
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !shared.admits(&headers) {
        return error(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let calls = shared.calls();
    match calls.iter().find(|call| call.id == id) {
        Some(Placed { id, from, to, inbound, status, .. }) => {
            let direction = if *inbound { "inbound" } else { "outbound" };
            let body = json!({ "id": id, "status": status, "direction": direction, "from": from, "to": to });
            answer(StatusCode::OK, &body)
        }
        None => error(StatusCode::NOT_FOUND, "call_not_found"),
    }
}

pub(super) async fn record(
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
