//! TryVox: its REST interface for calls and conferences, with the rules of its document, and its webhooks. Rooms live in
//! memory; those who are called join them as the answers to the call say, and a test lets others join and leave.

mod calls;
mod leg;
mod rooms;
mod voxml;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::StartError;
use crate::application::{Application, Story};
use crate::config::ApiMode;
use crate::courier::Line;
use crate::delivery::Delivery;
use crate::faults::Faults;
use crate::plan::Planned;
use crate::recording::Recording;
use crate::rest::{Listener, Modes, answer, error, is_authentic, text};
use crate::script::Script;
pub use calls::Placed;
pub use rooms::{Heard, JoinError, Member, Room, Rooms};

/// What a TryVox is started with.
#[derive(Clone)]
pub struct Config {
    /// Id of the account.
    pub auth_id: String,
    /// Its token.
    pub auth_token: String,
    /// Its number.
    pub number: String,
    /// The status address of the application; none where it has none.
    pub status_url: Option<String>,
    /// The address that is asked when somebody calls the number.
    pub answer_url: Option<String>,
    /// Whether the account has every room recorded, told so or not.
    pub records_rooms: bool,
    /// What happens on calls.
    pub story: Story,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            auth_id: "your_auth_id".to_owned(),
            auth_token: "tvx_sk_test_0000".to_owned(),
            number: "+254700000001".to_owned(),
            status_url: None,
            answer_url: None,
            records_rooms: false,
            story: Story::default(),
        }
    }
}

/// A running TryVox. Dropping it stops it.
pub struct TryVox {
    listener: Listener,
    shared: Shared,
}

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    config: Config,
    application: Application,
    base_url: OnceLock<String>,
    modes: Modes,
    state: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    rooms: Rooms,
    calls: Vec<Placed>,
    /// Every request that would change something, carried out or not: method and path below the account.
    acts: Vec<String>,
}

impl TryVox {
    /// Starts listening on loopback.
    ///
    /// # Errors
    /// [`StartError`] when no port can be listened on, or no client can be made.
    pub async fn start(config: Config) -> Result<TryVox, StartError> {
        let application = Application::new(config.story.clone())?;
        let (base_url, modes, state) = Default::default();
        let shared = Shared(Arc::new(Inner { config, application, base_url, modes, state }));
        let listener = Listener::start(router(shared.clone())).await.map_err(StartError::Listen)?;
        shared.0.base_url.get_or_init(|| format!("http://{}", listener.address));
        Ok(TryVox { listener, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address
    }

    /// Base of its interface, in place of `https://api.tryvox.io/v1/voice`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1/voice", self.listener.address)
    }

    /// Changes the rooms, or looks at them.
    pub fn rooms<T>(&self, act: impl FnOnce(&mut Rooms) -> T) -> T {
        act(&mut self.shared.inside().rooms)
    }

    /// Calls that were taken, also those whose sender was never told.
    #[must_use]
    pub fn calls(&self) -> Vec<Placed> {
        self.shared.inside().calls.clone()
    }

    /// Requests that would change something, carried out or not: `POST /conferences/support-room-1/speak`.
    #[must_use]
    pub fn acts(&self) -> Vec<String> {
        self.shared.inside().acts.clone()
    }

    /// What happens to the next requests that would change something, one each.
    pub fn next_modes(&self, modes: impl IntoIterator<Item = ApiMode>) {
        self.shared.0.modes.extend(modes);
    }

    /// A phone calls the account's number. Gives the id of the call.
    pub fn call_in(&self, phone: &str) -> String {
        calls::call_in(&self.shared, phone)
    }

    /// Resolves when everything planned so far was delivered or given up.
    pub async fn idle(&self) {
        self.shared.0.application.courier.idle().await;
    }

    /// Every attempt to deliver a webhook.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.0.application.courier.deliveries()
    }

    /// Every webhook planned so far, faults included.
    #[must_use]
    pub fn plan(&self) -> Vec<Planned> {
        self.shared.0.application.courier.plan()
    }

    /// The recordings made.
    #[must_use]
    pub fn recordings(&self) -> Vec<Recording> {
        self.shared.0.application.recordings()
    }

    /// Where the service is reached from now on.
    pub fn set_reach(&self, reach: &str) {
        self.shared.0.application.behaviour().reach = Some(reach.to_owned());
    }

    /// What people do when called from now on.
    pub fn set_script(&self, script: Script) {
        self.shared.0.application.behaviour().script = script;
    }

    /// What goes wrong with webhooks planned from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.0.application.behaviour().faults = faults;
    }
}

impl Inner {
    fn base_url(&self) -> &str {
        self.base_url.get().map_or("", String::as_str)
    }
}

impl Line for Shared {
    fn url(&self, planned: &Planned) -> Option<String> {
        self.0.application.url(planned)
    }
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, auth_id: &str, headers: &HeaderMap) -> bool {
        auth_id == self.0.config.auth_id && is_authentic(headers, &self.0.config.auth_token)
    }

    /// Carries out what changes something: noted first, then as the next mode says.
    async fn change(
        &self,
        auth_id: &str,
        headers: &HeaderMap,
        line: String,
        act: impl FnOnce(&mut Inside) -> Response,
    ) -> Response {
        self.inside().acts.push(line);
        if !self.admits(auth_id, headers) {
            return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
        }
        let refusal = |word: &str| error(StatusCode::BAD_REQUEST, word);
        self.0.modes.serve(|| act(&mut self.inside()), refusal).await
    }
}

fn router(shared: Shared) -> Router {
    let below = |path: &str| format!("/v1/voice/accounts/{{auth_id}}{path}");
    Router::new()
        .route(&below("/calls"), post(calls::place))
        .route(&below("/calls/{call}"), get(calls::show).delete(calls::hang_up))
        .route(&below("/calls/{call}/transfer"), post(calls::transfer))
        .route(&below("/calls/{call}/record"), post(calls::record).delete(calls::stop_recording))
        .route("/recordings/{file}", get(sound))
        .route(&below("/conferences"), get(list))
        .route(&below("/conferences/{name}"), get(show).delete(end))
        .route(&below("/conferences/{name}/members/{member}/{act}"), post(member))
        .route(&below("/conferences/{name}/{act}"), post(hear))
        .with_state(shared)
}

fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "NOT_FOUND")
}

async fn sound(State(shared): State<Shared>, Path(file): Path<String>) -> Response {
    shared.0.application.serve(&file)
}

type Two = (String, String);

async fn list(State(shared): State<Shared>, Path(auth_id): Path<String>, headers: HeaderMap) -> Response {
    if !shared.admits(&auth_id, &headers) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    answer(StatusCode::OK, &shared.inside().rooms.listed())
}

async fn show(
    State(shared): State<Shared>,
    Path((auth_id, name)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    if !shared.admits(&auth_id, &headers) {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    shared.inside().rooms.get(&name).map_or_else(not_found, |room| answer(StatusCode::OK, &room.shown()))
}

async fn end(State(shared): State<Shared>, Path((auth_id, name)): Path<Two>, headers: HeaderMap) -> Response {
    let change = |inside: &mut Inside| match inside.rooms.end(&name) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => not_found(),
    };
    shared.change(&auth_id, &headers, format!("DELETE /conferences/{name}"), change).await
}

async fn member(
    State(shared): State<Shared>,
    Path((auth_id, name, id, act)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let line = format!("POST /conferences/{name}/members/{id}/{act}");
    let change = |inside: &mut Inside| {
        let done = match act.as_str() {
            "mute" | "unmute" => {
                let muted = act == "mute";
                inside.rooms.mute(&name, &id, muted).then(|| json!({ "member_id": id, "muted": muted }))
            }
            "kick" => inside.rooms.leave(&name, &id).then(|| json!({ "member_id": id, "status": "kicked" })),
            _ => None,
        };
        done.map_or_else(not_found, |body| answer(StatusCode::OK, &body))
    };
    shared.change(&auth_id, &headers, line, change).await
}

async fn hear(
    State(shared): State<Shared>,
    Path((auth_id, name, act)): Path<(String, String, String)>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let line = format!("POST /conferences/{name}/{act}");
    let change = |inside: &mut Inside| {
        let (what, id, status, key) = match act.as_str() {
            "speak" => (text(&body, "text"), "d50e8400-e29b-41d4-a716-446655440000", "speaking", "text"),
            "play" => (text(&body, "url"), "e50e8400-e29b-41d4-a716-446655440000", "playing", "url"),
            _ => return not_found(),
        };
        let Some(what) = what else { return error(StatusCode::BAD_REQUEST, "VALIDATION_FAILED") };
        if !inside.rooms.hear(&name, Heard { status, what: what.to_owned() }) {
            return not_found();
        }
        let uuid = format!("{act}_uuid");
        answer(StatusCode::OK, &json!({ uuid: id, "status": status, key: what }))
    };
    shared.change(&auth_id, &headers, line, change).await
}
