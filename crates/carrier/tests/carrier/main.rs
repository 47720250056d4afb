//! The carrier against a small receiver that stands for the service.
#![allow(clippy::unwrap_used)]

mod calls;
mod faults;
mod messages;
mod receiver;
mod recordings;
