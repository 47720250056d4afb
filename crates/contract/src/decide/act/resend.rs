//! Sending a party again what it needs: its request to confirm, or a code in place of one that was tried too often.

use ledger::hash::Hash;

use super::Taken;
use crate::agreement::{Agreement, RESENDS_MAX, WRONG_CODES_MAX};
use crate::decide::Stop;
use crate::decide::answer::{at_head, party_number};
use crate::decide::command;
use crate::event::{CodeIssued, EventData, MessageRequested, Template};
use crate::outcome::Refusal;
use crate::text;
use crate::world::Recorder;

/// What is sent, and for which document.
struct Again {
    template: Template,
    /// Messages before this version were sent for something else.
    since: u32,
    document_sha256: Hash,
    document: Option<String>,
    /// The code the party has now; none where it gets a new one.
    code: Option<String>,
}

pub(super) fn send(taken: &Taken<'_>, phone: &str, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let known = taken.agreement(recorder)?;
    let party = known.party_of(phone).ok_or(Refusal::NotAParty)?;
    let now = recorder.world.recorded_at(recorder.input);
    if known.is_open_to(party) && !known.waits_for(party, now) {
        return Err(Refusal::Expired.into());
    }
    let number = party_number(party);
    let again = what(known, party)?;
    let is_alike = |message: &crate::message::OutgoingMessage| {
        message.template == again.template && message.party == Some(number)
    };
    let sent = known.messages.0.range(again.since..).filter(|(_, message)| is_alike(message)).count();
    // A request was sent once before anybody asked for it again.
    let asked = if again.template == Template::NewCode { sent } else { sent.saturating_sub(1) };
    if asked >= RESENDS_MAX {
        return Err(Refusal::TooOften { what: "sending it again".into(), max: RESENDS_MAX as u64 }.into());
    }
    at_head(&taken.stream, taken.if_head, recorder.world)?;
    let language = known.language;
    let code = match again.code {
        Some(code) => code,
        None => {
            let code = command::code(&recorder.input.seed, number);
            let document_sha256 = again.document_sha256;
            let data = EventData::ContractCodeIssued(CodeIssued { party: number, document_sha256 });
            recorder.record(&taken.stream, data, None, &[("code", &code)])?;
            code
        }
    };
    let text = match (again.template, &again.document) {
        (Template::NewCode, _) | (_, None) => text::new_code(taken.contract_id, &code, language),
        (template, Some(document)) => {
            text::request_of(taken.contract_id, document, &code, &again.document_sha256, template)
        }
    };
    let data = MessageRequested { party: Some(number), template: again.template, links: Vec::new() };
    let private = [("to", phone), ("text", text.as_str())];
    Ok(recorder.record(&taken.stream, EventData::MessageRequested(data), None, &private)?)
}

fn what(known: &Agreement, party: usize) -> Result<Again, Refusal> {
    let state = &known.parties[party];
    let is_spent = state.wrong_codes >= WRONG_CODES_MAX;
    let usable = |code: Option<&String>| code.filter(|_| !is_spent).cloned();
    if !known.is_open_to(party) {
        // What this party has answered it need not be asked again; but its code proves it until the contract is over.
        if !is_spent || known.status.is_final() {
            return Err(Refusal::NotAsked);
        }
        let (document_sha256, document) = (known.document_sha256, None);
        return Ok(Again { template: Template::NewCode, since: 0, document_sha256, document, code: None });
    }
    Ok(match known.proposal.as_deref() {
        Some(proposal) => Again {
            template: Template::AmendRequest,
            since: proposal.version,
            document_sha256: proposal.document_sha256,
            document: proposal.document.clone(),
            code: usable(proposal.codes.get(party).and_then(Option::as_ref)),
        },
        None => Again {
            template: Template::ConfirmRequest,
            since: 0,
            document_sha256: known.document_sha256,
            document: known.document.clone(),
            code: usable(state.code.as_ref()),
        },
    })
}
