//! Bytes: the JSON profile, times, streams, disclosures and the record itself, by tables and against other people's code.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, missing_docs)]

#[path = "records/bytes.rs"]
mod bytes;
#[path = "records/canonical.rs"]
mod canonical;
#[path = "records/profile.rs"]
mod profile;
#[path = "records/sealing.rs"]
mod sealing;
