//! Acts outside, and brings back what came of it as inputs.
//!
//! Nothing here writes the ledger. What is to be done stands in the log; each result goes through the [`door::Door`]
//! like anything else that happened outside, and the fold decides what it means.
//!
//! ```text
//!  request handler ──► dial, control ────────────────► provider ─┐
//!  task view ──► worker ─┬─► message: attempt, send ─► provider ─┼─► report ──► door ──► journal
//!                        ├─► recording: fetch, store ─► blobs ───┤
//!                        ├─► transcript: ask a service ──────────┤
//!                        └─► terms: ask a second reader ─────────┤
//!  calls without an end ──► silence: ask ────────────► provider ─┘
//!  task view ──► deadline: what is due now ──────────────────────────► door ──► journal
//! ```

pub mod account;
pub mod client;
pub mod control;
pub mod deadline;
pub mod dial;
pub mod door;
pub mod forget;
pub mod message;
pub mod model;
pub mod recording;
pub mod second;
pub mod silence;
pub mod transcribe;
mod worker;
