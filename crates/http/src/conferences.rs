//! The conferences of TryVox's document, as a drop-in for its clients, for conferences on any provider.
//!
//! Rooms at TryVox are TryVox's own to tell: they are asked for there, and every act goes there. Conferences on other
//! providers are told from the ledger, where members are derived from calls; nothing can be done to them, since those
//! providers have no control of rooms.

mod act;
pub(crate) mod held;

use axum::extract::{FromRef, FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use contract::control::{Action, Said};
use contract::phone::Phone;
use contract::provider::Provider;
use effects::control::Controller;
use providers::script::{Address, Label};
use providers::tryvox::rest;
use serde::Serialize;
use serde_json::{Value, json};
use store::Reader;

use crate::auth::{Allowed, CallsControl, Gate, Scope};
use crate::body::Json as JsonBody;
use crate::body::field::{Faults, Object};
use crate::errand;
use crate::intake::Intake;
use crate::once::{Asked, Once};
use crate::order::is_room;
use crate::problem::{Kind, Problem};
pub(crate) use act::not_done;
use held::{Held, Member};

/// Longest text that is spoken, in bytes: about four minutes of speech.
const SPOKEN_BYTES_MAX: usize = 4096;
/// Longest id of an account or a member, in bytes.
const ID_BYTES_MAX: usize = 64;
/// The one status of a conference that is there.
const IN_PROGRESS: &str = "in-progress";
/// What is said of a conference that is not there, or no more.
const GONE: &str = "There is no such conference.";

/// State of these routes.
#[derive(Clone)]
pub struct Conferences {
    gate: Gate,
    intake: Intake,
    reader: Reader,
    controller: Controller,
    auth_id: Option<String>,
}

impl Conferences {
    /// `auth_id` names the account that is served; without it, every id does.
    pub fn new(
        gate: Gate,
        intake: Intake,
        reader: Reader,
        controller: Controller,
        auth_id: Option<String>,
    ) -> Conferences {
        Conferences { gate, intake, reader, controller, auth_id }
    }

    /// Whether TryVox itself tells of its rooms here.
    fn asks_tryvox(&self) -> bool {
        self.controller.accounts().has(Provider::TryVox)
    }

    /// A conference that the ledger tells of, and that is going on.
    async fn held(&self, name: &str) -> Result<Option<Held>, Problem> {
        let named = held::named(&self.reader, name).await?;
        let told = |held: &Held| !(self.asks_tryvox() && held.provider == Provider::TryVox);
        Ok(named.into_iter().filter(told).max_by_key(|held| held.created_at))
    }

    /// A room that TryVox tells of.
    async fn room(&self, name: &str) -> Result<rest::Conference, Problem> {
        let room = self.controller.room(name).await.map_err(|error| not_done(&error, GONE))?;
        room.ok_or_else(unknown)
    }
}

impl FromRef<Conferences> for Gate {
    fn from_ref(state: &Conferences) -> Gate {
        state.gate.clone()
    }
}

/// Its routes.
pub fn router(state: Conferences) -> Router {
    Router::new()
        .route("/v1/voice/accounts/{auth_id}/conferences", get(list))
        .route("/v1/voice/accounts/{auth_id}/conferences/{name}", get(show).delete(end))
        .route("/v1/voice/accounts/{auth_id}/conferences/{name}/members/{member_id}/mute", post(mute))
        .route("/v1/voice/accounts/{auth_id}/conferences/{name}/members/{member_id}/unmute", post(unmute))
        .route("/v1/voice/accounts/{auth_id}/conferences/{name}/members/{member_id}/kick", post(kick))
        .route("/v1/voice/accounts/{auth_id}/conferences/{name}/speak", post(speak))
        .route("/v1/voice/accounts/{auth_id}/conferences/{name}/play", post(play))
        .with_state(state)
}

/// Account, name and member of a path. What cannot be one is the id of nothing.
struct Place {
    name: String,
    member: String,
}

impl FromRequestParts<Conferences> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Conferences) -> Result<Place, Problem> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Path(path) = path.map_err(|_| Problem::of_status(StatusCode::NOT_FOUND))?;
        let part = |name: &str| path.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let auth_id = part("auth_id").unwrap_or_default();
        let is_id = |id: &str| {
            (1..=ID_BYTES_MAX).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        if !is_id(auth_id) || state.auth_id.as_ref().is_some_and(|own| own != auth_id) {
            return Err(Problem::not_found("There is no such account."));
        }
        let (name, member) = (part("name"), part("member_id"));
        if !name.is_none_or(is_room) || !member.is_none_or(is_id) {
            return Err(unknown());
        }
        let owned = |part: Option<&str>| part.unwrap_or_default().to_owned();
        Ok(Place { name: owned(name), member: owned(member) })
    }
}

fn unknown() -> Problem {
    Problem::not_found(GONE)
}

#[derive(Serialize)]
struct Listed {
    conferences: Vec<Row>,
}

/// One of a list, its members in the order of the source document.
#[derive(Serialize)]
struct Row {
    name: String,
    status: String,
    members: u32,
    created_at: String,
}

/// One conference, its members in the order of the source document.
#[derive(Serialize)]
struct Shown {
    name: String,
    status: String,
    created_at: String,
    members: Vec<ShownMember>,
}

#[derive(Serialize)]
struct ShownMember {
    member_id: String,
    call_uuid: String,
    number: String,
    muted: bool,
    hold: bool,
    joined_at: String,
}

async fn list(
    State(state): State<Conferences>,
    _: Allowed<CallsControl>,
    _: Place,
) -> Result<Json<Listed>, Problem> {
    let rooms = state.controller.rooms().await.map_err(|error| not_done(&error, GONE))?;
    let mut conferences: Vec<Row> = rooms
        .into_iter()
        .map(|rest::Room { name, status, members, created_at }| Row { name, status, members, created_at })
        .collect();
    let asks_tryvox = state.asks_tryvox();
    let held = held::going_on(&state.reader, state.intake.door().now()).await?;
    let held = held.into_iter().filter(|held| !(asks_tryvox && held.provider == Provider::TryVox));
    conferences.extend(held.map(|held| Row {
        members: u32::try_from(held.members.len()).unwrap_or(u32::MAX),
        created_at: seconds(held.created_at),
        name: held.name,
        status: IN_PROGRESS.to_owned(),
    }));
    conferences.sort_by(|a, b| (&a.created_at, &a.name).cmp(&(&b.created_at, &b.name)));
    Ok(Json(Listed { conferences }))
}

async fn show(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
) -> Result<Json<Shown>, Problem> {
    let personal = allowed.caller.may(Scope::PersonalRead);
    if let Some(held) = state.held(&place.name).await? {
        return Ok(Json(Shown {
            created_at: seconds(held.created_at),
            members: held.members.into_iter().map(|member| derived(member, personal)).collect(),
            name: held.name,
            status: IN_PROGRESS.to_owned(),
        }));
    }
    let rest::Conference { name, status, created_at, members } = state.room(&place.name).await?;
    let members = members.into_iter().map(|member| told(member, personal)).collect();
    Ok(Json(Shown { name, status, created_at, members }))
}

/// A member as TryVox tells of it.
fn told(member: rest::Member, personal: bool) -> ShownMember {
    let rest::Member { member_id, call_uuid, number, muted, hold, joined_at } = member;
    ShownMember { member_id, call_uuid, number: number_shown(number, personal), muted, hold, joined_at }
}

/// A member as the ledger tells of it. Nobody can be muted or held where there is no control of it.
fn derived(member: Member, personal: bool) -> ShownMember {
    ShownMember {
        member_id: member.member_id,
        call_uuid: member.call_id,
        number: number_shown(member.number.unwrap_or_default(), personal),
        muted: false,
        hold: false,
        joined_at: seconds(member.joined_at),
    }
}

fn number_shown(number: String, personal: bool) -> String {
    match number.parse::<Phone>() {
        _ if personal => number,
        Ok(phone) => phone.masked(),
        Err(_) => String::new(),
    }
}

/// A time as the source document writes it: whole seconds.
fn seconds(at: ledger::time::Timestamp) -> String {
    let text = at.to_string();
    format!("{}Z", &text[..19])
}

async fn end(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
    once: Once,
) -> Result<Response, Problem> {
    act::act(&state, &place.name, Action::End, Said::default(), once.asked(&allowed.caller, b"")).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn mute(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
    once: Once,
) -> Result<Json<Value>, Problem> {
    let asked = once.asked(&allowed.caller, b"");
    member(&state, place, Action::Mute, asked, json!({ "muted": true })).await
}

async fn unmute(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
    once: Once,
) -> Result<Json<Value>, Problem> {
    let asked = once.asked(&allowed.caller, b"");
    member(&state, place, Action::Unmute, asked, json!({ "muted": false })).await
}

async fn kick(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
    once: Once,
) -> Result<Json<Value>, Problem> {
    let asked = once.asked(&allowed.caller, b"");
    member(&state, place, Action::Kick, asked, json!({ "status": "kicked" })).await
}

/// Acts on a member. Both members of the answer stand in the order of the source document, which is that of their names.
async fn member(
    state: &Conferences,
    place: Place,
    action: Action,
    asked: Option<Asked>,
    mut answer: Value,
) -> Result<Json<Value>, Problem> {
    let said = Said { member: Some(place.member.clone()), ..Said::default() };
    act::act(state, &place.name, action, said, asked).await?;
    answer["member_id"] = place.member.into();
    Ok(Json(answer))
}

#[derive(Serialize)]
struct Speaking {
    speak_uuid: String,
    status: &'static str,
    text: String,
}

async fn speak(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Speaking>, Problem> {
    let faults = Faults::new();
    let read = Object::body(&body, &faults).and_then(|body| {
        let text = body.required("text").and_then(|field| field.text(SPOKEN_BYTES_MAX));
        let voice = match body.get("voice") {
            Some(field) => field.text(ID_BYTES_MAX).and_then(|voice| match Label::new(&voice) {
                Ok(_) => Some(Some(voice)),
                Err(error) => field.fault(error.to_string()),
            }),
            None => Some(None),
        };
        Some((text?, voice?))
    });
    let (text, voice) = faults.refuse(Kind::Invalid, read)?;
    let said = Said { text: Some(text.clone()), voice, ..Said::default() };
    let asked = once.asked(&allowed.caller, &errand::what(Action::Speak, &said));
    let done = act::act(&state, &place.name, Action::Speak, said, asked).await?;
    Ok(Json(Speaking { speak_uuid: done.reference.unwrap_or_default(), status: "speaking", text }))
}

#[derive(Serialize)]
struct Playing {
    play_uuid: String,
    status: &'static str,
    url: String,
}

async fn play(
    State(state): State<Conferences>,
    allowed: Allowed<CallsControl>,
    place: Place,
    once: Once,
    JsonBody(body): JsonBody,
) -> Result<Json<Playing>, Problem> {
    let faults = Faults::new();
    let read = Object::body(&body, &faults).and_then(|body| crate::order::address(&body, "url", true));
    let url = faults.refuse(Kind::Invalid, read)?.map(|url: Address| url.as_str().to_owned());
    let url = url.unwrap_or_default();
    let said = Said { url: Some(url.clone()), ..Said::default() };
    let asked = once.asked(&allowed.caller, &errand::what(Action::Play, &said));
    let done = act::act(&state, &place.name, Action::Play, said, asked).await?;
    Ok(Json(Playing { play_uuid: done.reference.unwrap_or_default(), status: "playing", url }))
}
