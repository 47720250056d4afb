//! A simulated voice carrier. It speaks Africa's Talking: it takes calls and messages over the provider's HTTP APIs,
//! posts the provider's callbacks, reads the call scripts it is given, serves recordings, and answers messages as
//! scripted people would. What goes wrong is drawn from a seed, so every run can be repeated.
//!
//! The demo and the tests use it; the service does not depend on it. Another provider is one more module beside
//! [`africastalking`] with its own router, plans and bodies; plans, faults, delivery and recordings are shared.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

pub mod africastalking;
mod application;
pub mod audio;
mod call;
mod config;
mod courier;
mod delivery;
mod faults;
mod follow;
mod load;
mod message;
pub mod minivoice;
mod plan;
mod random;
mod reach;
mod recording;
mod reply;
mod rest;
mod script;
mod server;
pub mod tryvox;

pub use africastalking::instruction::{Element, Instruction, ScriptError, read_script};
pub use application::Story;
pub use call::{Call, Leg};
pub use config::{ApiMode, Config, Pace, RecordingBody, RecordingMode, Targets};
pub use delivery::Delivery;
pub use faults::{DROPPABLE_FIELDS, Faults};
pub use load::{Webhook, webhooks};
pub use message::{Report, Sms};
pub use plan::{Planned, UrlKind};
pub use recording::Recording;
pub use reply::{Replies, Reply, Rule, code_after};
pub use script::{Outcome, RecordingLeg, Script};

use server::Shared;

/// Why a carrier did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address could not be listened on.
    #[error("cannot listen")]
    Listen(#[source] io::Error),
    /// The client for callbacks could not be made.
    #[error("cannot make the client for callbacks")]
    Client(#[source] reqwest::Error),
    /// The client's TLS settings could not be made.
    #[error("cannot make TLS settings")]
    Tls(#[source] rustls::Error),
}

/// A running carrier. Dropping it stops it too, without waiting.
pub struct Carrier {
    shared: Shared,
    address: SocketAddr,
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.shared.courier.stopped.cancel();
    }
}

impl Carrier {
    /// Starts listening.
    ///
    /// # Errors
    /// [`StartError`] if the address is taken or no client can be made.
    pub async fn start(mut config: Config) -> Result<Carrier, StartError> {
        let listener = TcpListener::bind(config.listen).await.map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let base_url = config.public_url.take().unwrap_or_else(|| format!("http://{address}"));
        let client = match config.client.take() {
            Some(client) => client,
            None => client()?,
        };
        let shared = Shared::new(config, base_url, client);
        shared.courier.tasks.spawn(server::serve(shared.clone(), listener));
        Ok(Carrier { shared, address })
    }

    /// Stops listening, gives up what was not sent yet, closes all connections.
    pub async fn stop(self) {
        let courier = &self.shared.courier;
        courier.stopped.cancel();
        courier.tasks.close();
        courier.tasks.wait().await;
    }

    /// Resolves when every callback, report and reply planned so far was delivered or given up. Work the service does
    /// later may cause new ones, so wait for the service first.
    pub async fn idle(&self) {
        self.shared.courier.idle().await;
    }

    /// The address listened on, which differs from [`Carrier::base_url`] if a public URL was configured.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the carrier is reached, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Base of the voice API: calls are placed at `{voice_url}/call`.
    #[must_use]
    pub fn voice_url(&self) -> String {
        format!("{}/voice", self.shared.base_url)
    }

    /// Base of the message API: messages are sent at `{sms_url}/version1/messaging`.
    #[must_use]
    pub fn sms_url(&self) -> String {
        format!("{}/sms", self.shared.base_url)
    }

    /// A phone sends a message to the carrier's number. Gives the message's id.
    pub fn text_in(&self, phone: &str, text: &str) -> String {
        africastalking::sms::text_in(&self.shared, phone, text)
    }

    /// A phone calls the carrier's number. Gives the session's id.
    pub fn call_in(&self, phone: &str) -> String {
        africastalking::voice::call_in(&self.shared, phone)
    }

    /// Every attempt to deliver a callback, in the order the attempts ended.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.courier.deliveries()
    }

    /// Every callback planned so far, faults included, request by request.
    #[must_use]
    pub fn plan(&self) -> Vec<Planned> {
        self.shared.courier.plan()
    }

    /// What the service told the carrier to do, in the order it was told.
    #[must_use]
    pub fn instructions(&self) -> Vec<Instruction> {
        self.shared.log().instructions.clone()
    }

    /// Every accepted message, also those whose sender was never told.
    #[must_use]
    pub fn messages(&self) -> Vec<Sms> {
        self.shared.log().messages.clone()
    }

    /// Every accepted request for calls, also those whose sender was never told.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.log().calls.clone()
    }

    /// How many requests for calls came in, refused ones included.
    #[must_use]
    pub fn call_requests(&self) -> usize {
        self.shared.log().call_requests
    }

    /// How many requests for messages came in, refused ones included.
    #[must_use]
    pub fn sms_requests(&self) -> usize {
        self.shared.log().sms_requests
    }

    /// Every request about a running call or a line, carried out or not: the last part of its path, and its form.
    #[must_use]
    pub fn acts(&self) -> Vec<(String, Vec<(String, String)>)> {
        self.shared.log().acts.clone()
    }

    /// The recordings made, by id.
    #[must_use]
    pub fn recordings(&self) -> Vec<Recording> {
        self.shared.log().recordings.values().cloned().collect()
    }

    /// The true bytes of a recording.
    #[must_use]
    pub fn recording_bytes(&self, id: &str) -> Option<Vec<u8>> {
        let recording = self.shared.log().recordings.get(id).cloned()?;
        Some(recording::original(&self.shared, &recording))
    }

    /// Where callbacks go from now on, callbacks already planned included.
    pub fn set_targets(&self, targets: Targets) {
        self.shared.behaviour().targets = targets;
    }

    /// What people do when called from now on.
    pub fn set_script(&self, script: Script) {
        self.shared.behaviour().script = script;
    }

    /// What people answer to messages from now on.
    pub fn set_replies(&self, replies: Replies) {
        self.shared.behaviour().replies = replies;
    }

    /// What goes wrong with callbacks planned from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.behaviour().faults = faults;
    }

    /// What delivery reports say from now on.
    pub fn set_report(&self, report: Report) {
        self.shared.behaviour().report = report;
    }

    /// What happens to requests for calls from now on.
    pub fn set_call_mode(&self, mode: ApiMode) {
        self.shared.behaviour().call_mode = mode;
    }

    /// What happens to the next requests for calls, one each; then the standing mode holds again.
    pub fn next_call_modes(&self, modes: impl IntoIterator<Item = ApiMode>) {
        self.shared.behaviour().next_call_modes.extend(modes);
    }

    /// What happens to requests for messages from now on.
    pub fn set_sms_mode(&self, mode: ApiMode) {
        self.shared.behaviour().sms_mode = mode;
    }

    /// What happens to the next requests for messages, one each; then the standing mode holds again.
    pub fn next_sms_modes(&self, modes: impl IntoIterator<Item = ApiMode>) {
        self.shared.behaviour().next_sms_modes.extend(modes);
    }

    /// This number gets no messages from now on; others in the same request do.
    pub fn blacklist(&self, phone: &str) {
        self.shared.behaviour().blacklist.insert(phone.to_owned());
    }

    /// How recordings are served from now on.
    pub fn set_recording_mode(&self, mode: RecordingMode) {
        self.shared.behaviour().recording_mode = mode;
    }
}

/// A client that knows no proxy, follows no redirect and trusts no certificate: callbacks go to plain HTTP on
/// loopback. The TLS settings are made here so that no process-wide cryptography has to be installed for it.
pub(crate) fn client() -> Result<reqwest::Client, StartError> {
    let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(StartError::Tls)?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(StartError::Client)
}
