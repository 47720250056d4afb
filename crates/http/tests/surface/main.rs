//! The HTTP surface over a real journal, a real SQLite store and, where a test needs outcomes, a real projector.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod contracts;
mod evidence;
mod journey;
mod junk;
mod keys;
mod limits;
mod menu;
mod messages;
mod minivoice;
mod once;
mod process;
mod refusals;
mod rig;
mod scripts;
mod server;
mod tryvox;
mod voice;
mod webhooks;
