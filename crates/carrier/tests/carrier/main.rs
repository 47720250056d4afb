//! The carrier against a small receiver that stands for the service.
#![allow(clippy::unwrap_used, clippy::too_many_lines)]

mod calls;
mod dialects;
mod faults;
mod messages;
mod receiver;
mod recordings;
