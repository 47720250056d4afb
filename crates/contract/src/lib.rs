//! The meaning of what happened: inputs become events, events become state.
//!
//! Everything here is pure: no I/O, no clock, no randomness. Time is the input's `received_at`; whatever looks
//! random (salts, nonces, confirmation codes, ids) is derived from the seed that the door drew for the input.
//! So folding the same inputs again gives the same bytes, on any machine.
//!
//! ```text
//! fact, command, report ──► input ──► decide(world) ──► events ──► state of a stream ──► views, links, tasks
//! ```

/// A list of phrases, kept in lines of words instead of one phrase a line.
macro_rules! phrases {
    ($($phrase:literal),* $(,)?) => {{
        const PHRASES: &[&str] = &[$($phrase),*];
        PHRASES
    }};
}

pub mod agreement;
pub mod arrival;
pub mod call;
pub mod command;
pub mod conference;
pub mod contact;
pub mod control;
pub mod decide;
pub mod document;
pub mod drafting;
pub mod entity;
pub mod erasure;
pub mod event;
pub mod fact;
pub mod input;
pub mod keys;
pub mod lifecycle;
pub mod menu;
pub mod message;
pub mod money;
pub mod outcome;
pub mod person;
pub mod phone;
pub mod provider;
pub mod reading;
pub mod recording;
pub mod refold;
pub mod reply;
pub mod report;
pub mod session;
pub mod silence;
pub mod terms;
pub mod text;
pub mod transcript;
pub mod wording;
pub mod world;
