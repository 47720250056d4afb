//! Terms read from transcripts: of our own labelled calls, of small examples, and of anything at all.
#![allow(clippy::unwrap_used)]

#[path = "terms/baseline.rs"]
mod baseline;
#[path = "terms/days.rs"]
mod days;
#[path = "terms/figures.rs"]
mod figures;
#[path = "terms/labelled.rs"]
mod labelled;
#[path = "terms/properties.rs"]
mod properties;
#[path = "terms/talks.rs"]
mod talks;

use std::collections::BTreeMap;

use contract::terms::{Call, Subject, Term, extract};

/// The terms of a transcript, by name.
fn read(transcript: &str, contract_type: &str, date: &str) -> BTreeMap<&'static str, String> {
    terms(transcript, contract_type, date).into_iter().map(|t| (t.field.as_str(), t.value)).collect()
}

fn terms(transcript: &str, contract_type: &str, date: &str) -> Vec<Term> {
    let subject = Subject::from_word(contract_type).unwrap();
    extract(&Call { transcript, subject, date: date.parse().unwrap() })
}
