//! `ahadi verify` and `ahadi bundle` over real databases: clean ledgers pass, and every edit behind the service's back
//! is found where it was made.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "verify/bundles.rs"]
mod bundles;
#[path = "verify/clean.rs"]
mod clean;
#[path = "verify/place.rs"]
mod place;
#[path = "verify/server.rs"]
mod server;
#[path = "verify/story.rs"]
mod story;
#[path = "verify/tamper.rs"]
mod tamper;
