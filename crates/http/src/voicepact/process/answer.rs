//! The shapes of the answers: those of the source service, and what it does not tell.

use std::collections::BTreeMap;

use contract::agreement::Agreement;
use contract::command::{ContractType, Language};
use contract::drafting::{Claim, Draft, Dropped, SecondReader};
use contract::event::{Event, EventData};
use contract::wording;
use ledger::time::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::conversation::Conversation;
use crate::intake::Done;
use crate::voicepact::seconds;

/// Stands for what was forgotten.
const ERASED: &str = "[erased]";
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
    /// None where no second reader was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_reader: Option<SecondReader>,
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
    reason: &'a str,
}

/// What a contract was drafted from, as it is kept beside it.
pub(super) struct Kept {
    transcript: String,
    conference_id: Option<String>,
    draft: Draft,
}

impl Kept {
    /// Read from the record of the draft.
    pub(super) fn of(event: &Event) -> Option<Kept> {
        let EventData::ContractDrafted(drafted) = &event.data else { return None };
        let conference = drafted.links.iter().find_map(|link| link.stream.strip_prefix("conference/"));
        let evidence = event.private.get("terms_evidence");
        Some(Kept {
            transcript: event.private.get("transcript").unwrap_or(ERASED).to_owned(),
            conference_id: conference.map(str::to_owned),
            draft: evidence.and_then(Draft::from_evidence).unwrap_or_default(),
        })
    }
}

pub(super) fn with_contract(done: &Done, agreement: &Agreement, kept: &Kept, shown: bool) -> Box<RawValue> {
    let from = From {
        transcript: &kept.transcript,
        conference_id: kept.conference_id.as_deref(),
        draft: &kept.draft,
    };
    let mut answer = base(&from, agreement.created_at, shown);
    answer.contract_id = Some(done.contract_id());
    answer.contract_hash = Some(agreement.document_sha256.hex());
    answer.contract_summary = Some(summary(agreement.contract_type, agreement.language, &kept.draft));
    answer.processing_status = if done.already { "already_drafted" } else { "completed" };
    raw(&answer)
}

/// What an answer tells about.
struct From<'a> {
    transcript: &'a str,
    conference_id: Option<&'a str>,
    draft: &'a Draft,
}

impl<'a> From<'a> {
    fn conversation(conversation: &'a Conversation, draft: &'a Draft) -> From<'a> {
        let conference_id = conversation.conference_id.as_deref();
        From { transcript: &conversation.transcript, conference_id, draft }
    }
}

/// Nothing was agreed, as far as could be read: there is nothing to draft a contract of.
pub(super) fn without_contract(conversation: &Conversation, draft: &Draft, shown: bool) -> Box<RawValue> {
    raw(&base(&From::conversation(conversation, draft), conversation.at, shown))
}

fn summary(contract_type: ContractType, language: Language, draft: &Draft) -> String {
    wording::summary(contract_type, language, |field| draft.value(field))
}

fn base<'a>(from: &From<'a>, at: Timestamp, shown: bool) -> Processed<'a> {
    let From { transcript, conference_id, draft } = *from;
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
        reason: &dropped.reason,
    };
    Processed {
        contract_id: None,
        transcript: words(transcript),
        terms: draft.terms.iter().map(|claim| (claim.field, claim.value.as_str())).collect(),
        contract_hash: None,
        contract_summary: None,
        processing_status: "no_agreement",
        confidence_score: score(draft),
        created_at: seconds(at),
        conference_id,
        term_spans: draft.terms.iter().map(span).collect(),
        dropped: draft.dropped.iter().map(left).collect(),
        second_reader: draft.second,
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
    let base = base(&From::conversation(conversation, draft), conversation.at, true);
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
