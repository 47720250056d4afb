//! `POST /v1/calls`: one call, by any provider; MiniVoice's clients find their own answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use contract::command::{Command, InvokeCall};
use contract::entity::dial_stream;
use contract::event::{Event, EventData};
use contract::input::Body;
use contract::phone::Phone;
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, FailureReason, LegStatus};
use effects::dial::{DialError, Dialling};
use serde::Serialize;
use serde_json::json;

use super::Control;
use crate::auth::{Allowed, CallsControl};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Object};
use crate::errand::{self, Begun, Turn};
use crate::once::{Asked, Once};
use crate::order;
use crate::problem::{Kind, Problem};
use crate::voice::{not_dialled, reason_words};

/// What a client asks for.
struct Wanted {
    to: Phone,
    provider: Provider,
    room: Option<String>,
    record: bool,
}

/// The members of MiniVoice's answer first, in its order.
#[derive(Serialize)]
pub(super) struct Placed {
    id: String,
    status: &'static str,
    direction: &'static str,
    from: String,
    to: String,
    provider: Provider,
    dial_id: String,
    created_at: String,
}

pub(super) async fn place(
    State(state): State<Control>,
    allowed: Allowed<CallsControl>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Placed>), Problem> {
    let faults = Faults::new();
    let wanted = Object::body(&body, &faults).and_then(|body| read(&body, &state));
    let wanted = faults.refuse(Kind::Invalid, wanted)?;
    if let Some(asked) = once.asked(&allowed.caller, &wanted.what()) {
        return place_once(&state, asked, wanted).await;
    }
    wanted.find_place(&state).await?;
    let stamp = state.intake.door().stamp().map_err(crate::intake::not_taken)?;
    let (dial_id, created_at) = (stamp.id.simple().to_string(), stamp.received_at.to_string());
    let (command, dialling) = wanted.ring(&dial_id);
    state.intake.take(stamp, Via::Api, true, Body::Command(command)).await?;
    state.expect(&dialling);
    let answer = state.dialer.dial(dialling).await.map_err(not_placed)?;
    state.intake.followed(answer.report).await;
    placed(&state, &wanted, answer.legs, dial_id, created_at)
}

/// Rings once for a key; what came of it is read from the ledger.
async fn place_once(
    state: &Control,
    asked: Asked,
    wanted: Wanted,
) -> Result<(StatusCode, Json<Placed>), Problem> {
    let done = match state.intake.begin(asked).await? {
        Begun::Before(done) => done,
        Begun::First(first) => {
            wanted.find_place(state).await?;
            let stamp = first.stamp()?;
            let (command, dialling) = wanted.ring(&stamp.id.simple().to_string());
            let state = state.clone();
            let act = async move |turn: Turn| {
                state.expect(&dialling);
                errand::dial(state.dialer, turn, dialling).await;
            };
            first.carry_out(stamp, command, act).await?
        }
    };
    let legs = state.intake.result(&done, errand::dialled).await?.map_err(refused)?;
    let asked_at =
        |event: &Event| matches!(event.data, EventData::DialRequested(_)).then_some(event.recorded_at);
    let created_at = state.intake.result(&done, asked_at).await?;
    let dial_id = done.stream.strip_prefix("dial/").unwrap_or_default().to_owned();
    placed(state, &wanted, legs, dial_id, created_at.to_string())
}

fn placed(
    state: &Control,
    wanted: &Wanted,
    legs: Vec<DialledLeg>,
    dial_id: String,
    created_at: String,
) -> Result<(StatusCode, Json<Placed>), Problem> {
    let leg = legs.into_iter().next();
    let (id, leg_status) = leg.map_or((None, LegStatus::Refused), |leg| (leg.call_id, leg.status));
    let id = id.ok_or_else(|| refused(reason(leg_status)))?;
    let provider = wanted.provider;
    let from = state.dialer.accounts().line(provider).unwrap_or_default().to_owned();
    let (status, direction, to) = ("dialing", "outbound", wanted.to.as_str().to_owned());
    let placed = Placed { id, status, direction, from, to, provider, dial_id, created_at };
    Ok((StatusCode::CREATED, Json(placed)))
}

impl Wanted {
    /// Refuses it where the room it is to join is full.
    async fn find_place(&self, state: &Control) -> Result<(), Problem> {
        let Some(room) = &self.room else { return Ok(()) };
        let (taken, most) = (state.seats.taken(self.provider, room).await, state.seats.most());
        if taken >= most {
            let full = format!("{taken} of at most {most} are in the room");
            return Err(Problem::field(Kind::Invalid, "room", full));
        }
        Ok(())
    }

    /// What is asked for, as bytes to compare.
    fn what(&self) -> Vec<u8> {
        let Wanted { to, provider, room, record } = self;
        json!([to.as_str(), provider, room, record]).to_string().into_bytes()
    }

    fn ring(&self, dial_id: &str) -> (Command, Dialling) {
        let Wanted { to, provider, room, record } = self;
        let (provider, record) = (*provider, *record);
        let command = InvokeCall { dial_id: dial_id.to_owned(), phone: to.clone(), provider: Some(provider) };
        let (stream, phones) = (dial_stream(dial_id), vec![to.clone()]);
        let dialling = Dialling { stream, provider, phones, room: room.clone(), record };
        (Command::InvokeCall(command), dialling)
    }
}

impl Control {
    /// Before dialling: somebody can pick up before the answer to us is here.
    fn expect(&self, dialling: &Dialling) {
        if let Some(room) = &dialling.room {
            self.rooms.expect(&dialling.phones, room);
        }
    }
}

fn read(body: &Object<'_>, state: &Control) -> Option<Wanted> {
    let accounts = state.dialer.accounts();
    let to = body.required("to").and_then(|field| field.phone(state.country));
    let provider = order::provider(body, accounts);
    let provider = provider.map(|named| named.unwrap_or_else(|| accounts.default_provider()));
    let from = match (body.get("from"), provider) {
        (Some(field), Some(provider)) => field.phone(state.country).and_then(|from| {
            let ours = accounts.line(provider) == Some(from.as_str());
            if ours { Some(()) } else { field.fault("is not our number at this provider") }
        }),
        _ => Some(()),
    };
    let room = order::room(body);
    if provider == Some(Provider::AfricasTalking) && matches!(room, Some(Some(_))) {
        body.fault("room", "Africa's Talking has one room for each number");
    }
    let record = match body.get("record") {
        Some(field) => field.flag(),
        None => Some(false),
    };
    if provider.is_some_and(|by| by != Provider::MiniVoice) && record == Some(true) {
        body.fault("record", "only MiniVoice records a call from its beginning");
    }
    from?;
    Some(Wanted { to: to?, provider: provider?, room: room?, record: record? })
}

fn not_placed(error: DialError) -> Problem {
    match error {
        DialError::NotRecorded(_) => not_dialled("The call was not placed", error),
        error => match error.reason() {
            Some(reason) => refused(reason),
            None => not_dialled("The call was not placed", error),
        },
    }
}

/// In MiniVoice's own codes where it has one.
fn refused(reason: FailureReason) -> Problem {
    let kind = match reason {
        FailureReason::InsufficientCredit => Kind::InsufficientBalance,
        FailureReason::ConferenceUnavailable => Kind::ConferenceUnavailable,
        FailureReason::InvalidNumber => Kind::Invalid,
        FailureReason::ProviderError => Kind::OriginateFailed,
        _ => Kind::ProviderFailed,
    };
    Problem::new(kind, format!("The call was not placed: {}", reason_words(reason)))
}

/// Why a leg was not taken, as far as its status tells.
fn reason(status: LegStatus) -> FailureReason {
    match status {
        LegStatus::InvalidNumber | LegStatus::NotSupported => FailureReason::InvalidNumber,
        LegStatus::InsufficientCredit => FailureReason::InsufficientCredit,
        LegStatus::Unknown => FailureReason::UnknownOutcome,
        LegStatus::Queued | LegStatus::Refused => FailureReason::Other,
    }
}
