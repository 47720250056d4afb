//! The REST interface for calls, and the calls themselves.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::leg::Leg;
use super::{Inside, Shared, Two};
use crate::random::hex_id;
use crate::rest::{answer, error, text};

/// A call that was asked for, or came in.
#[derive(Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub call_uuid: String,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// Whether a phone called the account's number.
    pub inbound: bool,
    /// Where the provider asks when somebody picks up.
    pub answer_url: String,
    /// Where it tells that it rings.
    pub ring_url: Option<String>,
    /// Where it tells that the call is over.
    pub hangup_url: Option<String>,
    /// `ringing`, `in-progress`, `completed`, `busy`, `no-answer`, `failed`, `canceled`.
    pub status: &'static str,
    /// When somebody picked up, RFC 3339.
    pub answer_time: Option<String>,
    /// When it ended, RFC 3339.
    pub end_time: Option<String>,
    /// Who hung up.
    pub end_reason: Option<&'static str>,
    /// Length, seconds.
    pub duration: Option<u32>,
    /// Whether it was told to be recorded.
    pub recording: bool,
    /// Its recordings.
    pub recording_urls: Vec<String>,
}

impl Placed {
    /// The person's number, in both directions.
    pub(super) fn phone(&self) -> &str {
        if self.inbound { &self.from } else { &self.to }
    }
}

impl Inside {
    fn found(&mut self, call_uuid: &str) -> Option<&mut Placed> {
        self.calls.iter_mut().find(|call| call.call_uuid == call_uuid)
    }
}

impl Shared {
    pub(super) fn call(&self, call_uuid: &str) -> Option<Placed> {
        self.inside().found(call_uuid).cloned()
    }

    pub(super) fn update(&self, call_uuid: &str, change: impl FnOnce(&mut Placed)) {
        if let Some(call) = self.inside().found(call_uuid) {
            change(call);
        }
    }

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
}

/// A call as it begins.
fn ringing(call_uuid: &str, from: &str, to: &str, answer_url: &str) -> Placed {
    Placed {
        call_uuid: call_uuid.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        inbound: false,
        answer_url: answer_url.to_owned(),
        ring_url: None,
        hangup_url: None,
        status: "ringing",
        answer_time: None,
        end_time: None,
        end_reason: None,
        duration: None,
        recording: false,
        recording_urls: Vec::new(),
    }
}

pub(super) async fn place(
    State(shared): State<Shared>,
    Path(auth_id): Path<String>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let mut told = None;
    let change = |inside: &mut Inside| {
        let number = &shared.0.config.number;
        let (Some(to), Some(answer_url)) = (text(&body, "to"), text(&body, "answer_url")) else {
            return error(StatusCode::BAD_REQUEST, "VALIDATION_FAILED");
        };
        if text(&body, "from") != Some(number) || to.starts_with("+0") {
            let details = json!([{ "field": "to", "reason": "not a number" }]);
            let body =
                json!({ "error": { "code": "VALIDATION_FAILED", "message": "no", "details": details } });
            return answer(StatusCode::BAD_REQUEST, &body);
        }
        let application = &shared.0.application;
        let nth = application.next_number(to);
        let call_uuid = uuid(&hex_id(application.seed, "call", to, nth));
        let call = Placed {
            ring_url: text(&body, "ring_url").map(str::to_owned),
            hangup_url: text(&body, "hangup_url").map(str::to_owned),
            ..ringing(&call_uuid, number, to, answer_url)
        };
        inside.calls.push(call.clone());
        told = Some(shared.begin(call, nth));
        let body = json!({
            "request_uuid": uuid(&hex_id(application.seed, "request", to, nth)), "call_uuid": call_uuid,
            "from": number, "to": to, "direction": "outbound", "status": "ringing",
            "created_at": "2026-04-09T10:30:00Z",
        });
        answer(StatusCode::CREATED, &body)
    };
    let answer = shared.change(&auth_id, &headers, "POST /calls".to_owned(), change).await;
    let early = shared.0.application.behaviour().faults.callback_before_answer;
    if let Some(told) = told.filter(|_| early) {
        // An error means that nothing is told, so there is nothing to be earlier than.
        let _ = told.await;
    }
    answer
}

/// A phone calls the account's number.
pub(super) fn call_in(shared: &Shared, phone: &str) -> String {
    let application = &shared.0.application;
    let config = &shared.0.config;
    let nth = application.next_number(phone);
    let call_uuid = uuid(&hex_id(application.seed, "inbound", phone, nth));
    let answer_url = config.answer_url.clone().unwrap_or_default();
    let call = Placed { inbound: true, ..ringing(&call_uuid, phone, &config.number, &answer_url) };
    shared.inside().calls.push(call.clone());
    drop(shared.begin(call, nth));
    call_uuid
}

/// 32 hex digits as a UUID is written.
fn uuid(hex: &str) -> String {
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
    parts.join("-")
}

pub(super) async fn show(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    if !shared.admits(&auth_id, &headers) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let Some(call) = shared.call(&call) else {
        return answer(
            StatusCode::NOT_FOUND,
            &json!({ "error": "call_not_found", "message": "no such call" }),
        );
    };
    let Placed { call_uuid, from, to, inbound, status, answer_time, end_time, end_reason, .. } = &call;
    let began_ms = shared.0.application.began_ms(call_uuid);
    let body = json!({
        "call_uuid": call_uuid, "from": from, "to": to, "status": status, "duration": call.duration,
        "direction": if *inbound { "inbound" } else { "outbound" }, "answer_time": answer_time,
        "start_time": crate::application::time(began_ms, true), "end_time": end_time, "end_reason": end_reason,
        "recording_urls": call.recording_urls,
    });
    answer(StatusCode::OK, &body)
}

pub(super) async fn hang_up(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    let change = |inside: &mut Inside| {
        if inside.rooms.hang_up(&call) {
            return StatusCode::NO_CONTENT.into_response();
        }
        answer(StatusCode::NOT_FOUND, &json!({ "error": "call_not_found", "message": "no such call" }))
    };
    shared.change(&auth_id, &headers, format!("DELETE /calls/{call}"), change).await
}

pub(super) async fn transfer(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let change = |_: &mut Inside| {
        let to = text(&body, "to");
        let id = "850e8400-e29b-41d4-a716-446655440000";
        answer(StatusCode::OK, &json!({ "transfer_uuid": id, "status": "transferring", "to": to }))
    };
    shared.change(&auth_id, &headers, format!("POST /calls/{call}/transfer"), change).await
}

pub(super) async fn record(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    let change = |inside: &mut Inside| {
        inside.found(&call).into_iter().for_each(|call| call.recording = true);
        let id = "950e8400-e29b-41d4-a716-446655440000";
        answer(StatusCode::OK, &json!({ "recording_uuid": id, "status": "recording", "format": "mp3" }))
    };
    shared.change(&auth_id, &headers, format!("POST /calls/{call}/record"), change).await
}

pub(super) async fn stop_recording(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    let change = |_: &mut Inside| StatusCode::NO_CONTENT.into_response();
    shared.change(&auth_id, &headers, format!("DELETE /calls/{call}/record"), change).await
}
