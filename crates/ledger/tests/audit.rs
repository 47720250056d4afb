//! Whole logs and bundles: clean ones are never accused, and every way of tampering is found where it was done.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::too_many_lines, missing_docs)]

#[path = "audit/beside.rs"]
mod beside;
#[path = "audit/bounded.rs"]
mod bounded;
#[path = "audit/bundles.rs"]
mod bundles;
#[path = "audit/clean.rs"]
mod clean;
#[path = "audit/keys.rs"]
mod keys;
#[path = "audit/links.rs"]
mod links;
#[path = "audit/sample.rs"]
mod sample;
#[path = "audit/tamper.rs"]
mod tamper;
#[path = "audit/vectors.rs"]
mod vectors;
