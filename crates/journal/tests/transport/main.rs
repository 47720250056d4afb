//! The journal, the bus, and what carries entries from one to the other, against real files and real servers.
//!
//! Tests that need NATS read `AHADI_TEST_NATS_URL`, `AHADI_TEST_NATS_FLOOR_URL` and `AHADI_NATS_SERVER`.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod conformance;
mod events;
mod gate;
mod journal_file;
mod nats;
mod relay;
mod sample;
mod subject;
