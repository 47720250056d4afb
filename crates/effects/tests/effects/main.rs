//! What is done outside, against a simulated carrier, a real journal, and servers that misbehave.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod audio;
mod canned;
mod dialling;
mod messages;
mod recordings;
mod refused;
mod second;
mod silent;
mod stage;
mod transcripts;
mod working;
