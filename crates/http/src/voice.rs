//! The Africa's Talking voice service of the source document: its status, and one outbound call.

use axum::extract::{FromRef, State};
use axum::routing::get;
use axum::{Json, Router};
use contract::command::{Command, InvokeCall};
use contract::entity::dial_stream;
use contract::input::Body;
use contract::phone::{Country, Phone};
use contract::provider::Via;
use contract::report::{FailureReason, LegStatus};
use effects::dial::{DialError, Dialer};
use serde_json::{Value, json};

use crate::auth::{Allowed, CallsControl, Gate};
use crate::intake::Intake;
use crate::problem::{Kind, Problem};
use crate::query::Query;

/// State of these routes.
#[derive(Clone)]
pub struct Voice {
    gate: Gate,
    intake: Intake,
    dialer: Dialer,
    country: Country,
}

impl Voice {
    /// `country` reads local numbers.
    pub fn new(gate: Gate, intake: Intake, dialer: Dialer, country: Country) -> Voice {
        Voice { gate, intake, dialer, country }
    }
}

impl FromRef<Voice> for Gate {
    fn from_ref(state: &Voice) -> Gate {
        state.gate.clone()
    }
}

/// Its routes, with and without the slash at the end.
pub fn router(state: Voice) -> Router {
    Router::new()
        .route("/voice", get(status))
        .route("/voice/", get(status))
        .route("/voice/invoke-call", get(invoke))
        .with_state(state)
}

async fn status() -> Json<Value> {
    Json(json!({ "service": "voice", "status": "ready" }))
}

async fn invoke(
    State(state): State<Voice>,
    _: Allowed<CallsControl>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let text = query.get("phone").ok_or_else(|| Problem::field(Kind::BadRequest, "phone", "is required"))?;
    let phone = Phone::read(text, state.country)
        .map_err(|error| Problem::field(Kind::BadRequest, "phone", error.to_string()))?;
    let stamp = state.intake.door().stamp().map_err(crate::intake::not_taken)?;
    let dial_id = stamp.id.simple().to_string();
    let command = Command::InvokeCall(InvokeCall { dial_id: dial_id.clone(), phone: phone.clone() });
    state.intake.take(stamp, Via::Api, true, Body::Command(command)).await?;
    let answer = state.dialer.dial(&dial_stream(&dial_id), std::slice::from_ref(&phone)).await;
    let answer = answer.map_err(|error| not_dialled("Failed to initiate the call", error))?;
    let entries: Vec<Value> = answer
        .entries
        .iter()
        .map(|entry| {
            json!({
                "status": leg_word(entry.status),
                "phoneNumber": entry.phone,
                // The provider's word for a number it did not take.
                "sessionId": entry.session_id.as_deref().unwrap_or("None"),
            })
        })
        .collect();
    Ok(Json(json!({
        "message": format!("Call initiated to {}", phone.as_str()),
        "response": { "entries": entries, "errorMessage": answer.error_message.as_deref().unwrap_or("None") },
    })))
}

/// The provider's own words.
fn leg_word(status: LegStatus) -> &'static str {
    match status {
        LegStatus::Queued => "Queued",
        LegStatus::InvalidNumber => "InvalidPhoneNumber",
        LegStatus::NotSupported => "DestinationNotSupported",
        LegStatus::InsufficientCredit => "InsufficientCredit",
        LegStatus::Refused => "Failed",
    }
}

/// A dialling that failed, with the reason in our own words behind `what`.
pub(crate) fn not_dialled(what: &str, error: DialError) -> Problem {
    if let DialError::NotRecorded(error) = error {
        return Problem::caused(Kind::NotJournaled, "The result of the dialling could not be stored.", error);
    }
    let reason = match error.reason() {
        Some(FailureReason::NotConfigured) => "no voice provider is configured",
        Some(FailureReason::Unreachable) => "Unable to connect to voice service",
        Some(FailureReason::UnknownOutcome) => "the voice service did not answer; people may have been rung",
        Some(FailureReason::Unauthorized) => "the voice service refused our key",
        Some(FailureReason::InvalidNumber) => "the voice service refused the number",
        Some(FailureReason::InsufficientCredit) => "the account at the voice service has no credit",
        Some(FailureReason::UnreadableAnswer) => "the voice service gave an unreadable answer",
        Some(_) => "the voice service refused",
        None => "interrupted; people may have been rung",
    };
    Problem::provider(format!("{what}: {reason}"), error)
}
