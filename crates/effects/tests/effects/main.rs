//! What is done outside, against a simulated carrier, a real journal, and servers that misbehave.
#![allow(clippy::unwrap_used)]

mod canned;
mod dialling;
mod messages;
mod recordings;
mod refused;
mod stage;
mod working;
