//! The shapes of the answers: those of the source service, and what it does not tell.

use std::collections::BTreeMap;

use contract::agreement::Agreement;
use contract::command::{ContractType, Language};
use contract::drafting::{Claim, Draft, Dropped};
use contract::wording;
use ledger::time::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::conversation::Conversation;
use crate::voicepact::seconds;

/// Stands for a value that the key may not see.
const HIDDEN: &str = "[hidden]";

/// Members of the source service first, in its order.
#[derive(Serialize)]
struct Processed<'a> {
    contract_id: Option<&'a str>,
    transcript: &'a str,
    terms: BTreeMap<&'static str, &'a str>,
    contract_hash: Option<String>,
    contract_summary: Option<String>,
    processing_status: &'static str,
    confidence_score: Box<RawValue>,
    created_at: String,
    conference_id: Option<&'a str>,
    term_spans: Vec<Span<'a>>,
    dropped: Vec<Left<'a>>,
}

/// The words one term came from.
#[derive(Serialize)]
struct Span<'a> {
    field: &'static str,
    value: &'a str,
    words: &'a str,
    /// Bytes of the transcript.
    start: usize,
    end: usize,
    confidence: u8,
    reader: contract::drafting::Reader,
}

/// A term that was claimed and not taken.
#[derive(Serialize)]
struct Left<'a> {
    field: &'a str,
    value: &'a str,
    words: &'a str,
    reason: &'static str,
}

pub(super) fn with_contract(
    id: &str,
    agreement: &Agreement,
    conversation: &Conversation,
    draft: &Draft,
    language: Language,
    shown: bool,
) -> Box<RawValue> {
    let mut answer = base(conversation, draft, agreement.created_at, shown);
    answer.contract_id = Some(id);
    answer.contract_hash = Some(agreement.document_sha256.hex());
    answer.contract_summary = Some(summary(agreement.contract_type, language, draft));
    answer.processing_status = "completed";
    raw(&answer)
}

/// Nothing was agreed, as far as could be read: there is nothing to draft a contract of.
pub(super) fn without_contract(conversation: &Conversation, draft: &Draft, shown: bool) -> Box<RawValue> {
    raw(&base(conversation, draft, conversation.at, shown))
}

fn summary(contract_type: ContractType, language: Language, draft: &Draft) -> String {
    wording::summary(contract_type, language, |field| draft.value(field))
}

fn base<'a>(conversation: &'a Conversation, draft: &'a Draft, at: Timestamp, shown: bool) -> Processed<'a> {
    let words = |words: &'a str| if shown { words } else { HIDDEN };
    let span = |claim: &'a Claim| Span {
        field: claim.field,
        value: &claim.value,
        words: words(&claim.words),
        start: claim.start,
        end: claim.end,
        confidence: claim.confidence,
        reader: claim.reader,
    };
    let left = |dropped: &'a Dropped| Left {
        field: &dropped.field,
        value: &dropped.value,
        words: words(&dropped.words),
        reason: dropped.reason,
    };
    Processed {
        contract_id: None,
        transcript: words(&conversation.transcript),
        terms: draft.terms.iter().map(|claim| (claim.field, claim.value.as_str())).collect(),
        contract_hash: None,
        contract_summary: None,
        processing_status: "no_agreement",
        confidence_score: score(draft),
        created_at: seconds(at),
        conference_id: conversation.conference_id.as_deref(),
        term_spans: draft.terms.iter().map(span).collect(),
        dropped: draft.dropped.iter().map(left).collect(),
    }
}

/// Members of the source service first, in its order.
#[derive(Serialize)]
struct Uploaded<'a> {
    transcript: &'a str,
    terms: BTreeMap<&'static str, &'a str>,
    processing_status: &'static str,
    confidence_score: Box<RawValue>,
    conference_id: Option<&'a str>,
    term_spans: Vec<Span<'a>>,
}

pub(super) fn uploaded(conversation: &Conversation, draft: &Draft) -> Box<RawValue> {
    let base = base(conversation, draft, conversation.at, true);
    raw(&Uploaded {
        transcript: base.transcript,
        terms: base.terms,
        processing_status: "completed",
        confidence_score: base.confidence_score,
        conference_id: base.conference_id,
        term_spans: base.term_spans,
    })
}

/// `0.87`, never through a double.
fn score(draft: &Draft) -> Box<RawValue> {
    let percent = draft.confidence().min(100);
    let text = format!("{}.{:02}", percent / 100, percent % 100);
    RawValue::from_string(text).expect("digits, a point and two digits are a JSON number")
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("strings, whole numbers and raw numbers are JSON")
}
