//! New terms: proposed by a party or by the operator, agreed by every party, in the place of what was in force.

use ledger::time::Timestamp;

use super::Taken;
use crate::agreement::{AMENDMENTS_MAX, Agreement, confirmable_until};
use crate::command::{Amendment, CreateContract, Party};
use crate::decide::Stop;
use crate::decide::command::{code, negotiated_on, no_document};
use crate::document::{self, Document};
use crate::event::{AmendmentProposed, EventData, Link, MessageRequested, Template};
use crate::lifecycle::Step;
use crate::outcome::Refusal;
use crate::text;
use crate::world::Recorder;

pub(super) fn propose(
    taken: &Taken<'_>,
    amendment: &Amendment,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = taken.agreement(recorder)?;
    let now = recorder.world.recorded_at(recorder.input);
    let wanted = wanted(known, amendment, now)?;
    let supersedes = known.document_sha256;
    let in_force = known.document.clone();
    let proposed = known.proposal.as_ref().and_then(|proposal| proposal.document.clone());
    let tried = known.past.len() + usize::from(known.proposal.is_some());
    let (links, recordings) = match &amendment.conference_id {
        Some(id) => negotiated_on(id, recorder.world)?,
        None => (Vec::new(), Vec::new()),
    };
    let seed = &recorder.input.seed;
    let built =
        document::build_superseding(taken.contract_id, &wanted, &recordings, Some(&supersedes), seed, || {
            recorder.salt()
        })
        .map_err(no_document)?;
    // Proposed already, or in force already: the same command came twice.
    if [proposed, in_force].iter().flatten().any(|one| document::same_content(one, &built.json)) {
        return Err(taken.already());
    }
    taken.may(Step::Amend, recorder)?;
    if tried >= AMENDMENTS_MAX {
        return Err(
            Refusal::TooOften { what: "proposing new terms".into(), max: AMENDMENTS_MAX as u64 }.into()
        );
    }
    record(taken, &wanted, built, links, recorder)
}

/// The contract as it would be drafted with the new terms.
fn wanted(known: &Agreement, amendment: &Amendment, now: Timestamp) -> Result<CreateContract, Refusal> {
    let invalid = |field: &str, reason: &str| Refusal::Invalid { field: field.into(), reason: reason.into() };
    let expires_at = amendment.expires_at.unwrap_or_else(|| confirmable_until(now));
    if expires_at <= now {
        return Err(invalid("expires_at", "lies in the past; nobody could confirm the new terms"));
    }
    let party = |state: &crate::agreement::PartyState| {
        let phone = state.phone.as_ref()?.parse().ok()?;
        Some(Party { phone, role: state.role.clone(), name: state.name.clone() })
    };
    let parties: Option<Vec<Party>> = known.parties.iter().map(party).collect();
    let parties = parties
        .ok_or_else(|| invalid("parties", "were erased, so that nobody could confirm the new terms"))?;
    Ok(CreateContract {
        transcript: amendment.transcript.clone(),
        parties,
        contract_type: known.contract_type,
        language: amendment.language.unwrap_or(known.language),
        terms: amendment.terms.clone(),
        other_terms: amendment.other_terms.clone(),
        conference_id: amendment.conference_id.clone(),
        terms_evidence: None,
        first_of_conference: false,
        expires_at: Some(expires_at),
    })
}

fn record(
    taken: &Taken<'_>,
    wanted: &CreateContract,
    built: Document,
    links: Vec<Link>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = taken.agreement(recorder)?;
    let supersedes = known.document_sha256;
    let numbers = 0..u32::try_from(wanted.parties.len()).unwrap_or(u32::MAX);
    let codes: Vec<String> = numbers.clone().map(|n| code(&recorder.input.seed, n)).collect();
    let names: Vec<String> = numbers.clone().map(|n| format!("code_{n}")).collect();
    let mut private = vec![("document", built.json.as_str()), ("transcript", wanted.transcript.as_str())];
    private.extend(names.iter().map(String::as_str).zip(codes.iter().map(String::as_str)));
    let now = recorder.world.recorded_at(recorder.input);
    let data = EventData::ContractAmendmentProposed(AmendmentProposed {
        party: taken.party,
        channel: taken.channel,
        document_sha256: built.sha256,
        supersedes,
        language: wanted.language,
        expires_at: wanted.expires_at.unwrap_or(now),
        links,
    });
    recorder.record_document(&taken.stream, data, None, &private, built.disclosures)?;
    for ((number, party), code) in numbers.zip(&wanted.parties).zip(&codes) {
        let text =
            text::request_of(taken.contract_id, &built.json, code, &built.sha256, Template::AmendRequest);
        let data =
            MessageRequested { party: Some(number), template: Template::AmendRequest, links: Vec::new() };
        let private = [("to", party.phone.as_str()), ("text", text.as_str())];
        recorder.record(&taken.stream, EventData::MessageRequested(data), None, &private)?;
    }
    Ok(())
}
