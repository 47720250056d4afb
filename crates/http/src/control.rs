//! Calls asked for, and acts on calls that are going on: passed on, recorded, ended; queues and files at the provider.

mod place;

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use contract::command::Command;
use contract::control::{Action, ControlCall, Said, UploadMedia};
use contract::entity::call_stream;
use contract::phone::Country;
use contract::provider::Provider;
use contract::world::space;
use effects::control::{Controller, Done, Order, is_possible};
use effects::dial::Dialer;
use providers::script::{Address, Label};
use serde::Serialize;
use serde_json::{Value, json};
use store::Reader;

use crate::auth::{Allowed, CallsControl, Gate};
use crate::body::Json as JsonBody;
use crate::body::OptionalJson;
use crate::body::field::{Faults, Object};
use crate::conferences::not_done;
use crate::errand::{self, Begun, Turn};
use crate::id::Id;
use crate::intake::{Done as Recorded, Intake};
use crate::once::{Asked, Once};
use crate::order;
use crate::problem::{Kind, Problem};
use crate::query::Query;
use crate::rooms::Rooms;
use crate::seats::Seats;

/// State of these routes.
#[derive(Clone)]
pub struct Control {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    dialer: Dialer,
    controller: Controller,
    rooms: Rooms,
    seats: Seats,
    country: Country,
}

/// What [`Control`] is made of.
pub struct Means {
    /// Who may.
    pub gate: Gate,
    /// The way in.
    pub intake: Intake,
    /// What is known.
    pub reader: Reader,
    /// Dials.
    pub dialer: Dialer,
    /// Acts.
    pub controller: Controller,
    /// Learns whom we ring.
    pub rooms: Rooms,
    /// Counts who is in a room.
    pub seats: Seats,
    /// Reads local numbers.
    pub country: Country,
}

impl From<Means> for Control {
    fn from(means: Means) -> Control {
        let Means { gate, intake, reader, dialer, controller, rooms, seats, country } = means;
        Control { gate, intake, reader, dialer, controller, rooms, seats, country }
    }
}

impl FromRef<Control> for Gate {
    fn from_ref(state: &Control) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Control) -> Router {
    Router::new()
        .route("/v1/calls", post(place::place))
        .route("/v1/calls/{id}", delete(hang_up))
        .route("/v1/calls/{id}/transfer", post(transfer))
        .route("/v1/calls/{id}/recordings", post(record))
        .route("/v1/queues", get(queues))
        .route("/v1/media", post(upload))
        .with_state(state)
}

impl Control {
    /// Whose call it is, if the ledger knows it: by what was told of it, or by the answer to its dialling.
    async fn provider_of(&self, id: &str) -> Result<Provider, Problem> {
        for provider in Provider::ALL {
            let stream = call_stream(provider, id);
            let told = self.reader.call(&stream).await?.is_some();
            if told || !self.reader.links(space::CALL, &stream).await?.is_empty() {
                return Ok(provider);
            }
        }
        Err(Problem::not_found("There is no such call."))
    }

    /// Acts on a call, and records it before and after.
    async fn act(
        &self,
        id: String,
        action: Action,
        said: Said,
        asked: Option<Asked>,
    ) -> Result<Done, Problem> {
        let first = match asked {
            None => None,
            Some(asked) => match self.intake.begin(asked).await? {
                Begun::Before(done) => return self.acted(&done).await,
                Begun::First(first) => Some(first),
            },
        };
        let provider = self.provider_of(&id).await?;
        if !is_possible(provider, action) || !self.controller.accounts().has(provider) {
            let detail = "The provider of this call has no such control.";
            return Err(Problem::new(Kind::CallControlUnsupported, detail));
        }
        let (call_id, said_too) = (id.clone(), said.clone());
        let command = Command::ControlCall(ControlCall { provider, call_id, action, said: said_too });
        let order = move |asked: &Recorded| Order {
            stream: asked.stream.clone(),
            control: asked.input,
            provider,
            target: id,
            action,
            said,
        };
        if let Some(first) = first {
            let (stamp, controller) = (first.stamp()?, self.controller.clone());
            let act = async move |turn: Turn| {
                let order = order(&turn.done);
                errand::act(controller, turn, order).await;
            };
            let done = first.carry_out(stamp, command, act).await?;
            return self.acted(&done).await;
        }
        let asked = self.intake.run(command).await?;
        self.controller.act(order(&asked)).await.map_err(|error| not_done(&error, NO_CALL))
    }

    /// What came of an act, from the ledger.
    async fn acted(&self, done: &Recorded) -> Result<Done, Problem> {
        errand::came_of(&self.intake, done, NO_CALL).await
    }
}

/// What is said of a call that is not there, or no more.
const NO_CALL: &str = "There is no such call going on.";

async fn hang_up(
    State(state): State<Control>,
    allowed: Allowed<CallsControl>,
    Id(id): Id,
    once: Once,
) -> Result<Response, Problem> {
    state.act(id, Action::HangUp, Said::default(), once.asked(&allowed.caller, b"")).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Serialize)]
struct Transferring {
    id: String,
    status: &'static str,
    to: String,
    transfer_id: Option<String>,
}

async fn transfer(
    State(state): State<Control>,
    allowed: Allowed<CallsControl>,
    Id(id): Id,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Transferring>, Problem> {
    let faults = Faults::new();
    let read = Object::body(&body, &faults).and_then(|body| {
        let to = body.required("to").and_then(|field| field.phone(state.country));
        let leg = match body.get("leg") {
            Some(field) => field.word(&[("caller", "caller"), ("callee", "callee")]).map(Some),
            None => Some(None),
        };
        let music = order::address(&body, "hold_music_url", false);
        Some((to?, leg?, music?))
    });
    let (to, leg, music) = faults.refuse(Kind::Invalid, read)?;
    let said = Said {
        to: Some(to.as_str().to_owned()),
        leg: leg.map(str::to_owned),
        url: music.map(|url: Address| url.as_str().to_owned()),
        ..Said::default()
    };
    let asked = once.asked(&allowed.caller, &errand::what(Action::Transfer, &said));
    let done = state.act(id.clone(), Action::Transfer, said, asked).await?;
    let transfer_id = done.reference;
    Ok(Json(Transferring { id, status: "transferring", to: to.as_str().to_owned(), transfer_id }))
}

/// The answer of MiniVoice's reference, as far as a provider tells it. Where the file is comes with the webhook.
async fn record(
    State(state): State<Control>,
    allowed: Allowed<CallsControl>,
    Id(id): Id,
    once: Once,
    OptionalJson(body): OptionalJson,
) -> Result<Json<Value>, Problem> {
    let faults = Faults::new();
    let words = [("start", Action::StartRecording), ("stop", Action::StopRecording)];
    let read = Object::body(&body, &faults).and_then(|body| match body.get("action") {
        Some(field) => field.word(&words),
        None => Some(Action::StartRecording),
    });
    let action = faults.refuse(Kind::Invalid, read)?;
    let asked = once.asked(&allowed.caller, &errand::what(action, &Said::default()));
    let done = state.act(id.clone(), action, Said::default(), asked).await?;
    let started = action == Action::StartRecording;
    let status = match &done.recording {
        Some(recording) => recording.status.clone(),
        None => if started { "started" } else { "stopped" }.to_owned(),
    };
    let told = done.recording.as_ref();
    let recording = json!({
        "id": done.reference, "call_id": id, "status": status,
        "duration_seconds": told.map_or(0, |recording| recording.duration_seconds),
        "size_bytes": told.map_or(0, |recording| recording.size_bytes),
    });
    let word = if started { "start" } else { "stop" };
    Ok(Json(json!({ "data": { "call_id": id, "action": word, "recording": recording } })))
}

/// The queues of our line at Africa's Talking. Asking changes nothing, so nothing is recorded.
async fn queues(
    State(state): State<Control>,
    _: Allowed<CallsControl>,
    query: Query,
) -> Result<Json<Value>, Problem> {
    let name = query.get("name");
    if name.is_some_and(|name| Label::new(name).is_err()) {
        return Err(Problem::field(Kind::Invalid, "name", "must be letters, digits, . - and _"));
    }
    let queues = state.controller.queues(name).await;
    let queues = queues.map_err(|error| not_done(&error, "There is no such queue."))?;
    let row = |queue: providers::africastalking::rest::Queue| json!({ "phone_number": queue.line, "name": queue.name, "calls": queue.calls });
    Ok(Json(json!({ "queues": queues.into_iter().map(row).collect::<Vec<_>>() })))
}

async fn upload(
    State(state): State<Control>,
    allowed: Allowed<CallsControl>,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let faults = Faults::new();
    let read = Object::body(&body, &faults).and_then(|body| order::address(&body, "url", true));
    let url = faults.refuse(Kind::Invalid, read)?;
    let provider = Provider::AfricasTalking;
    if !state.controller.accounts().has(provider) {
        let detail = "No provider that keeps files is configured.";
        return Err(Problem::new(Kind::CallControlUnsupported, detail));
    }
    let said = Said { url: url.map(|url| url.as_str().to_owned()), ..Said::default() };
    let asked = once.asked(&allowed.caller, &errand::what(Action::UploadMedia, &said));
    let media_id = state.upload(said, asked).await?;
    let body = json!({ "media_id": media_id, "provider": provider, "status": "uploaded" });
    Ok((StatusCode::CREATED, Json(body)))
}

impl Control {
    /// Hands Africa's Talking a file; gives our id of it.
    async fn upload(&self, said: Said, asked: Option<Asked>) -> Result<String, Problem> {
        let provider = Provider::AfricasTalking;
        let first = match asked {
            None => None,
            Some(asked) => match self.intake.begin(asked).await? {
                Begun::Before(done) => {
                    errand::came_of(&self.intake, &done, NO_FILE).await?;
                    return Ok(done.stream.strip_prefix("media/").unwrap_or_default().to_owned());
                }
                Begun::First(first) => Some(first),
            },
        };
        let stamp = match &first {
            Some(first) => first.stamp()?,
            None => self.intake.door().stamp().map_err(crate::intake::not_taken)?,
        };
        let media_id = stamp.id.simple().to_string();
        let command = UploadMedia { media_id: media_id.clone(), provider, said: said.clone() };
        let command = Command::UploadMedia(command);
        let order = move |asked: &Recorded| {
            let (stream, control, action) = (asked.stream.clone(), asked.input, Action::UploadMedia);
            Order { stream, control, provider, target: String::new(), action, said }
        };
        if let Some(first) = first {
            let controller = self.controller.clone();
            let act = async move |turn: Turn| {
                let order = order(&turn.done);
                errand::act(controller, turn, order).await;
            };
            let done = first.carry_out(stamp, command, act).await?;
            errand::came_of(&self.intake, &done, NO_FILE).await?;
            return Ok(media_id);
        }
        let asked = self.intake.run(command).await?;
        self.controller.act(order(&asked)).await.map_err(|error| not_done(&error, NO_FILE))?;
        Ok(media_id)
    }
}

/// What is said of a file that is not there.
const NO_FILE: &str = "There is no such file.";
