//! The source documents' own requests, byte for byte as their curl lines send them, and their answers.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "documents/conference.rs"]
mod conference;
#[path = "documents/contract.rs"]
mod contract;
#[path = "documents/curl.rs"]
mod curl;
#[path = "documents/shape.rs"]
mod shape;
#[path = "documents/voice.rs"]
mod voice;

use it::logs::Logs;
use it::{Setup, SourceKind, StoreKind, World};

/// In one process, and with everything in servers of its own.
const EMBEDDED: Setup = Setup::EMBEDDED;
const SERVERS: Setup = Setup { store: StoreKind::Postgres, source: SourceKind::Nats };

/// Tells one story in a world of its own.
async fn tell(setup: Setup, story: impl AsyncFnOnce(&mut World)) {
    let logs = Logs::keep();
    let mut world = World::start(setup).await;
    story(&mut world).await;
    world.sound().await;
    assert_eq!(logs.panics(), Vec::<String>::new());
    let personal = ["+2547", "%2B2547", "Kamau", "Wanjiru", "500 kg of maize", "recordings/negotiation"];
    assert_eq!(logs.holding(&personal), Vec::<String>::new(), "the log holds something personal");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_voice_service() {
    tell(EMBEDDED, voice::story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_voice_service_on_servers() {
    tell(SERVERS, voice::story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_provider_refuses() {
    tell(EMBEDDED, voice::refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conference() {
    tell(EMBEDDED, conference::story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conference_on_servers() {
    tell(SERVERS, conference::story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_that_is_told_of_by_webhooks() {
    tell(EMBEDDED, conference::told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_that_is_refused() {
    tell(EMBEDDED, conference::refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract() {
    tell(EMBEDDED, contract::story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_on_servers() {
    tell(SERVERS, contract::story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_is_not_one() {
    tell(EMBEDDED, contract::refused).await;
}
