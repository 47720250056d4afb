//! TryVox: its REST interface for calls and conferences, with the rules of its document. Rooms live in memory; a test
//! opens them and lets people join and leave.

mod rooms;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use crate::config::ApiMode;
use crate::random::hex_id;
use crate::rest::{Listener, Modes, answer, error, is_authentic, text};
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
    /// Decides ids.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            auth_id: "your_auth_id".to_owned(),
            auth_token: "tvx_sk_test_0000".to_owned(),
            number: "+254700000001".to_owned(),
            seed: 0,
        }
    }
}

/// A call that was asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub call_uuid: String,
    /// Who is called.
    pub to: String,
    /// Where the provider asks when somebody picks up.
    pub answer_url: String,
    /// Where it tells that the call is over.
    pub hangup_url: Option<String>,
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
    /// When no port can be listened on.
    pub async fn start(config: Config) -> io::Result<TryVox> {
        let inner = Inner { config, modes: Modes::default(), state: Mutex::default() };
        let shared = Shared(Arc::new(inner));
        let listener = Listener::start(router(shared.clone())).await?;
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
        .route(&below("/calls"), post(place))
        .route(&below("/calls/{call}"), delete(hang_up))
        .route(&below("/calls/{call}/transfer"), post(transfer))
        .route(&below("/calls/{call}/record"), post(record).delete(stop_recording))
        .route(&below("/conferences"), get(list))
        .route(&below("/conferences/{name}"), get(show).delete(end))
        .route(&below("/conferences/{name}/members/{member}/{act}"), post(member))
        .route(&below("/conferences/{name}/{act}"), post(hear))
        .with_state(shared)
}

fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "NOT_FOUND")
}

async fn place(
    State(shared): State<Shared>,
    Path(auth_id): Path<String>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let Inner { config, .. } = &*shared.0;
    let (seed, number) = (config.seed, config.number.clone());
    let change = |inside: &mut Inside| {
        let (Some(to), Some(answer_url)) = (text(&body, "to"), text(&body, "answer_url")) else {
            return error(StatusCode::BAD_REQUEST, "VALIDATION_FAILED");
        };
        if text(&body, "from") != Some(&number) || to.starts_with("+0") {
            let details = json!([{ "field": "to", "reason": "not a number" }]);
            let body =
                json!({ "error": { "code": "VALIDATION_FAILED", "message": "no", "details": details } });
            return answer(StatusCode::BAD_REQUEST, &body);
        }
        let nth = u32::try_from(inside.calls.len()).unwrap_or(u32::MAX);
        let call_uuid = uuid(&hex_id(seed, "call", to, nth));
        inside.calls.push(Placed {
            call_uuid: call_uuid.clone(),
            to: to.to_owned(),
            answer_url: answer_url.to_owned(),
            hangup_url: text(&body, "hangup_url").map(str::to_owned),
        });
        let body = json!({
            "request_uuid": uuid(&hex_id(seed, "request", to, nth)), "call_uuid": call_uuid, "from": number,
            "to": to, "direction": "outbound", "status": "ringing", "created_at": "2026-04-09T10:30:00Z",
        });
        answer(StatusCode::CREATED, &body)
    };
    shared.change(&auth_id, &headers, "POST /calls".to_owned(), change).await
}

/// 32 hex digits as a UUID is written.
fn uuid(hex: &str) -> String {
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
    parts.join("-")
}

type Two = (String, String);

async fn hang_up(
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

async fn transfer(
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

async fn record(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    let change = |_: &mut Inside| {
        let id = "950e8400-e29b-41d4-a716-446655440000";
        answer(StatusCode::OK, &json!({ "recording_uuid": id, "status": "recording", "format": "mp3" }))
    };
    shared.change(&auth_id, &headers, format!("POST /calls/{call}/record"), change).await
}

async fn stop_recording(
    State(shared): State<Shared>,
    Path((auth_id, call)): Path<Two>,
    headers: HeaderMap,
) -> Response {
    let change = |_: &mut Inside| StatusCode::NO_CONTENT.into_response();
    shared.change(&auth_id, &headers, format!("DELETE /calls/{call}/record"), change).await
}

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
