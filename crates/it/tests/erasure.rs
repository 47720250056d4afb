//! A person can be forgotten without breaking one proof: nothing of number, name and words is left in database, journal,
//! stream, recordings and logs, and everything still verifies.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "erasure/backup.rs"]
mod backup;
#[path = "erasure/late.rs"]
mod late;
#[path = "erasure/places.rs"]
mod places;
#[path = "erasure/story.rs"]
mod story;

use it::{Setup, SourceKind, StoreKind};

#[tokio::test(flavor = "multi_thread")]
async fn in_one_process() {
    story::forgotten(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_postgres_and_nats() {
    story::forgotten(Setup { store: StoreKind::Postgres, source: SourceKind::Nats }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_oldest_nats() {
    story::forgotten(Setup { store: StoreKind::Sqlite, source: SourceKind::NatsFloor }).await;
}
