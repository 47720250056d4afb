//! MiniVoice: its REST interface for calls and their recordings, and its signed webhooks.

mod actions;
mod calls;
mod leg;
mod signature;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};

use crate::StartError;
use crate::application::{Application, Story};
use crate::config::ApiMode;
use crate::courier::Line;
use crate::delivery::Delivery;
use crate::faults::Faults;
use crate::plan::Planned;
use crate::recording::Recording;
use crate::rest::{Listener, Modes, error, is_authentic};
use crate::script::Script;
pub use calls::Placed;

/// What a MiniVoice is started with.
#[derive(Clone)]
pub struct Config {
    /// Key of the application.
    pub api_key: String,
    /// Its number.
    pub number: String,
    /// Where it tells of events; none where the application has no such address.
    pub webhook_url: Option<String>,
    /// What webhooks are signed with; none where it was given no secret.
    pub webhook_secret: Option<String>,
    /// Where it asks what to do with a call.
    pub answer_url: Option<String>,
    /// What happens on calls.
    pub story: Story,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            api_key: "minivoice-key".to_owned(),
            number: "+254700000002".to_owned(),
            webhook_url: None,
            webhook_secret: None,
            answer_url: None,
            story: Story::default(),
        }
    }
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
    application: Application,
    base_url: OnceLock<String>,
    modes: Modes,
    calls: Mutex<Vec<Placed>>,
    requests: Mutex<Vec<String>>,
}

impl MiniVoice {
    /// Starts listening on loopback.
    ///
    /// # Errors
    /// [`StartError`] when no port can be listened on, or no client can be made.
    pub async fn start(config: Config) -> Result<MiniVoice, StartError> {
        let application = Application::new(config.story.clone())?;
        let (base_url, modes, calls, requests) = Default::default();
        let shared = Shared(Arc::new(Inner { config, application, base_url, modes, calls, requests }));
        let listener = Listener::start(router(shared.clone())).await.map_err(StartError::Listen)?;
        shared.0.base_url.get_or_init(|| format!("http://{}", listener.address));
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

    /// A phone calls the application's number. Gives the id of the call.
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

impl Line for Shared {
    fn url(&self, planned: &Planned) -> Option<String> {
        self.0.application.url(planned)
    }

    fn headers(&self, body: &str) -> Vec<(&'static str, String)> {
        self.0.config.webhook_secret.as_deref().map_or(Vec::new(), |secret| signature::headers(secret, body))
    }

    /// Documented: on any other answer than 2xx, and where there was none.
    fn repeats_refused(&self) -> bool {
        true
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
        self.0.modes.serve(|| act(&mut self.calls()), |word| error(calls::status_of(word), word)).await
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/calls", post(calls::place))
        .route("/v1/calls/{id}", get(calls::show))
        .route("/v1/calls/{id}/recordings", post(calls::record))
        .route("/recordings/{file}", get(sound))
        .with_state(shared)
}

async fn sound(State(shared): State<Shared>, Path(file): Path<String>) -> Response {
    shared.0.application.serve(&file)
}
