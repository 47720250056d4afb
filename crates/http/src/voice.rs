//! The Africa's Talking voice service of the source document: its status, and one outbound call.

use axum::extract::{FromRef, State};
use axum::routing::get;
use axum::{Json, Router};
use contract::command::{Command, InvokeCall};
use contract::entity::dial_stream;
use contract::input::Body;
use contract::phone::{Country, Phone};
use contract::provider::Via;
use contract::report::{DialledLeg, FailureReason, LegStatus};
use effects::dial::{DialError, Dialer, Dialling};
use serde::Serialize;
use serde_json::{Value, json};

use crate::auth::{Allowed, CallsControl, Gate};
use crate::errand::{self, Begun};
use crate::intake::Intake;
use crate::once::{Asked, Once};
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

/// The answer of the source document, its members in that order.
#[derive(Serialize)]
struct Invoked {
    message: String,
    response: Response,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    entries: Vec<Entry>,
    error_message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    status: &'static str,
    phone_number: String,
    session_id: String,
}

/// The provider's word for nothing: no error, or no session for a number it did not take.
const NONE: &str = "None";

async fn invoke(
    State(state): State<Voice>,
    allowed: Allowed<CallsControl>,
    once: Once,
    query: Query,
) -> Result<Json<Invoked>, Problem> {
    let text = query.get("phone").ok_or_else(|| Problem::field(Kind::BadRequest, "phone", "is required"))?;
    let phone = Phone::read(text, state.country)
        .map_err(|error| Problem::field(Kind::BadRequest, "phone", error.to_string()))?;
    if let Some(asked) = once.asked(&allowed.caller, phone.as_str().as_bytes()) {
        let legs = invoke_once(&state, asked, &phone).await?.map_err(|reason| failed(WHAT, reason))?;
        let entries = legs.into_iter().map(|leg| Entry {
            status: leg_word(leg.status),
            phone_number: phone.as_str().to_owned(),
            session_id: leg.call_id.unwrap_or_else(|| NONE.to_owned()),
        });
        return Ok(Json(invoked(&phone, entries.collect(), NONE.to_owned())));
    }
    let stamp = state.intake.door().stamp().map_err(crate::intake::not_taken)?;
    let (command, dialling) = ring(&state, stamp.id.simple().to_string(), &phone);
    state.intake.take(stamp, Via::Api, true, Body::Command(command)).await?;
    let answer = state.dialer.dial(dialling).await.map_err(|error| not_dialled(WHAT, error))?;
    state.intake.followed(answer.report).await;
    let entries = answer.entries.into_iter().map(|entry| Entry {
        status: leg_word(entry.status),
        phone_number: entry.phone,
        session_id: entry.session_id.unwrap_or_else(|| NONE.to_owned()),
    });
    let error_message = answer.error_message.unwrap_or_else(|| NONE.to_owned());
    Ok(Json(invoked(&phone, entries.collect(), error_message)))
}

/// What a failure begins with.
const WHAT: &str = "Failed to initiate the call";

fn ring(state: &Voice, dial_id: String, phone: &Phone) -> (Command, Dialling) {
    let provider = state.dialer.accounts().default_provider();
    let (stream, phones) = (dial_stream(&dial_id), vec![phone.clone()]);
    let command = Command::InvokeCall(InvokeCall { dial_id, phone: phone.clone(), provider: Some(provider) });
    (command, Dialling { stream, provider, phones, room: None, record: false })
}

/// Rings once for a key; what came of it is read from the ledger.
async fn invoke_once(
    state: &Voice,
    asked: Asked,
    phone: &Phone,
) -> Result<Result<Vec<DialledLeg>, FailureReason>, Problem> {
    let done = match state.intake.begin(asked).await? {
        Begun::Before(done) => done,
        Begun::First(first) => {
            let stamp = first.stamp()?;
            let (command, dialling) = ring(state, stamp.id.simple().to_string(), phone);
            let dialer = state.dialer.clone();
            first.carry_out(stamp, command, |turn| errand::dial(dialer, turn, dialling)).await?
        }
    };
    state.intake.result(&done, errand::dialled).await
}

fn invoked(phone: &Phone, entries: Vec<Entry>, error_message: String) -> Invoked {
    let message = format!("Call initiated to {}", phone.as_str());
    Invoked { message, response: Response { entries, error_message } }
}

/// The provider's own words.
fn leg_word(status: LegStatus) -> &'static str {
    match status {
        LegStatus::Queued => "Queued",
        LegStatus::InvalidNumber => "InvalidPhoneNumber",
        LegStatus::NotSupported => "DestinationNotSupported",
        LegStatus::InsufficientCredit => "InsufficientCredit",
        LegStatus::Refused => "Failed",
        LegStatus::Unknown => "Unknown",
    }
}

/// A dialling that failed, with the reason in our own words behind `what`.
pub(crate) fn not_dialled(what: &str, error: DialError) -> Problem {
    if let DialError::NotRecorded(error) = error {
        return Problem::caused(Kind::NotJournaled, "The result of the dialling could not be stored.", error);
    }
    let reason = error.reason().map_or("interrupted; people may have been rung", reason_words);
    Problem::provider(format!("{what}: {reason}"), error)
}

/// A dialling that failed, as the ledger tells of it.
pub(crate) fn failed(what: &str, reason: FailureReason) -> Problem {
    Problem::provider(format!("{what}: {}", reason_words(reason)), Failed(reason))
}

/// The reason for the log of the process.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
pub(crate) struct Failed(pub(crate) FailureReason);

/// Why a provider did not do something, in our own words.
pub(crate) fn reason_words(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::NotConfigured => "no voice provider is configured",
        FailureReason::Unreachable => "Unable to connect to voice service",
        FailureReason::UnknownOutcome => "the voice service did not answer; people may have been rung",
        FailureReason::Unauthorized => "the voice service refused our key",
        FailureReason::InvalidNumber => "the voice service refused the number",
        FailureReason::InsufficientCredit => "the account at the voice service has no credit",
        FailureReason::UnreadableAnswer => "the voice service gave an unreadable answer",
        FailureReason::ConferenceUnavailable => "the room could not be joined",
        FailureReason::TooSlow => "the request was recorded too late; the voice service was not asked",
        _ => "the voice service refused",
    }
}
