//! A party's answer to a contract, by text or by the interface.
//!
//! A webhook alone never confirms a contract: a text counts only if it brings the code that the party was sent, or if
//! it came in over an authenticated path from the party's own number and names the contract.

use ledger::time::Timestamp;

use super::Stop;
use crate::agreement::{Agreement, Status, WRONG_CODES_MAX};
use crate::command::Answer;
use crate::entity::{Entity, contract_stream};
use crate::event::{Channel, CodeRefused, ContractAnswered, EventData, Link, MessageRequested, Template};
use crate::fact::Fact;
use crate::outcome::Refusal;
use crate::reply::{self, Reply};
use crate::text;
use crate::world::{Recorder, World, space};

/// What a text means, given who sent it and what waits for an answer.
#[derive(Debug)]
pub(super) enum Understood {
    /// An answer to one contract.
    Answer(Found),
    /// Not clear; these contracts wait for an answer of this number.
    AskAgain(Vec<String>),
    /// Nothing waits for this number, or it is not an answer at all.
    Nothing,
}

/// An answer and the contract it is for.
#[derive(Debug)]
pub(super) struct Found {
    pub answer: Answer,
    stream: String,
    party: usize,
    code: Option<String>,
}

pub(super) fn understand(fact: &Fact, world: &World) -> Understood {
    let (Some(phone), Some(text)) = (&fact.private.phone, &fact.private.text) else {
        return Understood::Nothing;
    };
    let waiting: Vec<String> = world.linked(space::OPEN, phone).cloned().collect();
    let again = || {
        if waiting.is_empty() { Understood::Nothing } else { Understood::AskAgain(contract_ids(&waiting)) }
    };
    let (answer, code, contract_id) = match reply::read(text) {
        Reply::Answer { answer, code, contract_id } => (answer, code, contract_id),
        Reply::Ambiguous | Reply::Nothing => return again(),
    };
    let candidates: Vec<String> = match &contract_id {
        Some(id) => vec![contract_stream(id)],
        None => waiting.clone(),
    };
    let mut found = candidates.into_iter().filter_map(|stream| {
        let agreement = agreement(world, &stream)?;
        let party = agreement.party_of(phone)?;
        let by_code = code.is_some() && agreement.parties[party].code == code;
        // Without a contract number only the code says which contract is meant.
        (contract_id.is_some() || by_code).then_some(Found { answer, stream, party, code: code.clone() })
    });
    match (found.next(), found.next()) {
        (Some(one), None) => Understood::Answer(one),
        _ => again(),
    }
}

pub(super) fn act(
    understood: &Understood,
    message: &str,
    fact: &Fact,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    match understood {
        Understood::Nothing => Ok(()),
        Understood::AskAgain(contracts) => {
            let names: Vec<&str> = contracts.iter().map(String::as_str).collect();
            ask_again(message, fact, &names, recorder)
        }
        Understood::Answer(found) => {
            let has_code = found.code.is_some();
            if !has_code && !recorder.input.authenticated {
                let names: Vec<&str> = found.stream.strip_prefix("contract/").into_iter().collect();
                return ask_again(message, fact, &names, recorder);
            }
            let channel = if has_code { Channel::SmsCode } else { Channel::SmsNumber };
            let links: Vec<Link> = recorder.world.head_link(message).into_iter().collect();
            let code = found.code.as_deref();
            match give(&found.stream, found.party, found.answer, channel, code, links, recorder) {
                // The message itself was recorded; that its answer changed nothing is no failure of the input.
                Ok(()) | Err(Stop::Refused(_) | Stop::Already(_)) => Ok(()),
                Err(other) => Err(other),
            }
        }
    }
}

fn ask_again(
    message: &str,
    fact: &Fact,
    contracts: &[&str],
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let Some(phone) = &fact.private.phone else { return Ok(()) };
    let data = EventData::MessageRequested(MessageRequested { party: None, template: Template::AskAgain });
    let text = text::ask_again(contracts);
    Ok(recorder.record(message, data, None, &[("to", phone), ("text", &text)])?)
}

/// Records the answer of one party, if it may be given. Giving the same answer again is already done.
pub(super) fn give(
    stream: &str,
    party: usize,
    answer: Answer,
    channel: Channel,
    code: Option<&str>,
    links: Vec<Link>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let now = recorder.world.recorded_at(recorder.input);
    let agreement = agreement(recorder.world, stream).ok_or(Refusal::NotFound { what: "contract".into() })?;
    let party_no = u32::try_from(party).unwrap_or(u32::MAX);
    match check(agreement, party, answer, code, now) {
        Check::Go => {}
        Check::Already => return Err(Stop::Already(stream.to_owned())),
        Check::Refuse(refusal) => return Err(Stop::Refused(refusal)),
        Check::WrongCode => {
            let refused = EventData::ContractCodeRefused(CodeRefused { party: party_no, channel });
            recorder.record(stream, refused, None, &[])?;
            return Err(Stop::Refused(Refusal::WrongCode));
        }
    }
    let unanswered = agreement.parties.iter().filter(|p| p.answer.is_none()).count();
    let data = ContractAnswered {
        party: party_no,
        document_sha256: agreement.document_sha256,
        channel,
        remaining: u32::try_from(unanswered.saturating_sub(1)).unwrap_or(u32::MAX),
        links,
    };
    let event = match answer {
        Answer::Yes => EventData::ContractConfirmed(data),
        Answer::No => EventData::ContractRejected(data),
    };
    Ok(recorder.record(stream, event, None, &[])?)
}

enum Check {
    Go,
    Already,
    WrongCode,
    Refuse(Refusal),
}

fn check(agreement: &Agreement, party: usize, answer: Answer, code: Option<&str>, now: Timestamp) -> Check {
    let Some(state) = agreement.parties.get(party) else { return Check::Refuse(Refusal::NotAParty) };
    if let Some(code) = code {
        if state.wrong_codes >= WRONG_CODES_MAX {
            return Check::Refuse(Refusal::TooManyAttempts);
        }
        // Compared in the fold, after the answer was journaled: how long it takes tells nobody anything.
        if state.code.as_deref() != Some(code) {
            return Check::WrongCode;
        }
    }
    if let Some(given) = &state.answer {
        return if given.answer == answer {
            Check::Already
        } else {
            Check::Refuse(Refusal::WrongStatus { status: agreement.status.as_str().into() })
        };
    }
    if agreement.status != Status::Pending {
        return Check::Refuse(Refusal::WrongStatus { status: agreement.status.as_str().into() });
    }
    if agreement.expires_at.is_some_and(|at| now > at) {
        return Check::Refuse(Refusal::Expired);
    }
    Check::Go
}

fn agreement<'w>(world: &'w World, stream: &str) -> Option<&'w Agreement> {
    match world.entity(stream) {
        Some(Entity::Contract(agreement)) => Some(agreement),
        _ => None,
    }
}

fn contract_ids(streams: &[String]) -> Vec<String> {
    streams.iter().filter_map(|s| s.strip_prefix("contract/")).map(str::to_owned).collect()
}
