//! The native shapes.

use contract::agreement::{Agreement, DisputeState, Given, PartyReport, PastDocument, Proposal, Standing};
use contract::command::Answer;
use contract::lifecycle::{Step, legal};
use ledger::json::{self, Value as Profile};
use serde_json::{Value, json};
use store::rows::StreamRow;

use crate::evidence::bundle::ListedRecord;
use crate::voicepact::contracts::Sight;

/// A contract with everything the caller may see of it. Amounts are decimal texts, as in the document.
pub(super) fn contract(id: &str, agreement: &Agreement, sight: Sight) -> Value {
    let document = agreement.document.as_deref().and_then(|text| json::parse(text.as_bytes()).ok());
    let part = |name: &str| document.as_ref().and_then(|d| d.get(name)).map_or(Value::Null, plain);
    let parties: Vec<Value> = agreement
        .parties
        .iter()
        .zip(0..)
        .map(|(party, number)| {
            json!({
                "role": party.role,
                "phone": sight.phone(party),
                "name": sight.name(party),
                "answer": party.answer.as_ref().map(answer),
                "wrong_codes": party.wrong_codes,
                "can_be_texted": !agreement.refused_texts(number),
            })
        })
        .collect();
    json!({
        "contract_id": id,
        "status": agreement.status.as_str(),
        "contract_type": agreement.contract_type.as_str(),
        "language": agreement.language.as_str(),
        "created_at": agreement.created_at,
        "confirmed_at": agreement.confirmed_at,
        "expires_at": agreement.expires_at,
        "contract_hash": agreement.document_sha256,
        "agreed_text": part("agreed_text"),
        "terms": part("terms"),
        "other_terms": part("other_terms"),
        "recordings": part("recordings"),
        "parties": parties,
        "ended_at": agreement.ended_at,
        "possible": legal(agreement.status).into_iter().filter(|step| *step != Step::Expire).collect::<Vec<_>>(),
        "waiting_for": agreement.standing.iter().map(standing).collect::<Vec<_>>(),
        "amendment": agreement.proposal.as_deref().map(proposal),
        "earlier_documents": agreement.past.iter().map(past).collect::<Vec<_>>(),
        "reports": agreement.reports.iter().map(|(n, report)| reported(*n, report, sight)).collect::<Vec<_>>(),
        "disputes": agreement.disputes.iter().map(|one| dispute(one, sight)).collect::<Vec<_>>(),
    })
}

/// A step that others must still take.
fn standing(standing: &Standing) -> Value {
    json!({
        "step": standing.step,
        "resolution": standing.to,
        "agreed": standing.agreed,
        "since": standing.at,
    })
}

fn proposal(proposal: &Proposal) -> Value {
    let document = proposal.document.as_deref().and_then(|text| json::parse(text.as_bytes()).ok());
    let part = |name: &str| document.as_ref().and_then(|d| d.get(name)).map_or(Value::Null, plain);
    let answers: Vec<Value> =
        proposal.answers.iter().map(|given| given.as_ref().map_or(Value::Null, answer)).collect();
    json!({
        "contract_hash": proposal.document_sha256,
        "proposed_by": proposal.party,
        "proposed_at": proposal.at,
        "expires_at": proposal.expires_at,
        "agreed_text": part("agreed_text"),
        "terms": part("terms"),
        "other_terms": part("other_terms"),
        "answers": answers,
    })
}

fn past(past: &PastDocument) -> Value {
    json!({ "contract_hash": past.document_sha256, "fate": past.fate, "at": past.at })
}

/// A report as it was told. What was told is shown where personal values are.
fn reported(number: u32, report: &PartyReport, sight: Sight) -> Value {
    let answers: Vec<Value> =
        report.answers.iter().map(|(party, word)| json!({ "party": party, "answer": word })).collect();
    json!({
        "report": number,
        "step": report.step,
        "party": report.party,
        "channel": report.channel,
        "at": report.at,
        "details": (sight == Sight::Full).then_some(&report.details),
        "answers": answers,
    })
}

fn dispute(dispute: &DisputeState, sight: Sight) -> Value {
    json!({
        "party": dispute.party,
        "at": dispute.at,
        "reason": dispute.reason.as_ref().filter(|_| sight == Sight::Full),
        "resolution": dispute.ended,
    })
}

fn answer(given: &Given) -> Value {
    let word = match given.answer {
        Answer::Yes => "confirmed",
        Answer::No => "rejected",
    };
    json!({ "answer": word, "channel": given.channel, "at": given.at })
}

/// The same with the head of its stream.
pub(super) fn with_head(id: &str, agreement: &Agreement, row: &StreamRow, sight: Sight) -> Value {
    let mut contract = contract(id, agreement, sight);
    contract["stream"] = json!({ "name": row.stream, "version": row.version, "head": row.head });
    contract
}

/// A record as evidence: its bytes, its place, and what may be opened of it.
pub(super) fn record(record: &ListedRecord) -> Value {
    json!({
        "position": record.position,
        "version": record.version,
        "id": record.id,
        "type": record.kind,
        "recorded_at": record.recorded_at,
        "payload_sha256": record.payload_sha256,
        "leaf": record.leaf,
        "jws": record.jws,
        "disclosures": record.disclosures,
    })
}

/// A profile value as plain JSON: it has no floats, so nothing is lost.
pub(crate) fn plain(value: &Profile) -> Value {
    match value {
        Profile::Null => Value::Null,
        Profile::Bool(b) => (*b).into(),
        Profile::Int(n) => (*n).into(),
        Profile::String(s) => s.as_str().into(),
        Profile::Array(items) => items.iter().map(plain).collect(),
        Profile::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), plain(v))).collect()),
    }
}
