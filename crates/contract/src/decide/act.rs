//! Steps in the life of a contract, taken by its parties or by whoever runs the ledger.
//!
//! Every step is decided in the same order: who is it, is it done already, is it legal, does the client know the state.
//! So a command that comes twice is answered alike, whatever happened in between that it caused itself.

mod amend;
mod report;
mod resend;
mod together;

use ledger::hash::Hash;

use super::Stop;
use super::answer::{self, agreement, at_head, party_number};
use super::notice::{Audience, Notice, tell};
use crate::agreement::{Agreement, DISPUTES_MAX, WRONG_CODES_MAX};
use crate::command::{Act, Actor, Answer, Deed};
use crate::entity::contract_stream;
use crate::event::{Channel, CodeRefused, Disputed, EventData, Link, Template};
use crate::lifecycle::{Status, Step, legal};
use crate::outcome::Refusal;
use crate::provider::Via;
use crate::world::Recorder;

/// A step as it is decided: who takes it, on which contract, on which conditions.
struct Taken<'a> {
    stream: String,
    contract_id: &'a str,
    /// None for the operator.
    party: Option<u32>,
    channel: Channel,
    if_head: &'a [Hash],
    /// What it was said in, where that is on the ledger.
    links: Vec<Link>,
}

impl Taken<'_> {
    /// The contract as it stands now.
    fn agreement<'w>(&self, recorder: &'w Recorder<'_>) -> Result<&'w Agreement, Stop> {
        agreement(recorder.world, &self.stream).ok_or_else(|| not_found().into())
    }

    /// Refuses what the table does not have, and what was asked of another state.
    fn may(&self, step: Step, recorder: &Recorder<'_>) -> Result<(), Stop> {
        let status = self.agreement(recorder)?.status;
        if !legal(status).contains(&step) {
            return Err(Refusal::illegal(status, step).into());
        }
        Ok(at_head(&self.stream, self.if_head, recorder.world)?)
    }

    /// The party, for steps that only a party can take.
    fn own_party(&self) -> Result<u32, Refusal> {
        self.party.ok_or(Refusal::PartyNeeded)
    }

    fn already(&self) -> Stop {
        Stop::Already(self.stream.clone())
    }
}

fn not_found() -> Refusal {
    Refusal::NotFound { what: "contract".into() }
}

pub(super) fn decide(act: &Act, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = contract_stream(&act.contract_id);
    let known = agreement(recorder.world, &stream).ok_or_else(not_found)?;
    let party = match &act.actor {
        Actor::Party { phone, .. } => Some(known.party_of(phone.as_str()).ok_or(Refusal::NotAParty)?),
        Actor::Operator => None,
    };
    let channel = channel(&act.actor, recorder.input.via);
    let answer = match act.deed {
        Deed::Confirm => Some(Answer::Yes),
        Deed::Reject => Some(Answer::No),
        _ => None,
    };
    let code = match &act.actor {
        Actor::Party { code, .. } => Some(code.as_str()),
        Actor::Operator => None,
    };
    if let Some(answer) = answer {
        let party = party.ok_or(Refusal::PartyNeeded)?;
        let given = answer::Given { answer, channel, code, links: Vec::new(), if_head: &act.if_head };
        return answer::give(&stream, party, given, recorder);
    }
    if let (Some(party), Some(code)) = (party, code) {
        prove(&stream, party, code, channel, &[], recorder)?;
    }
    let party = party.map(party_number);
    let (contract_id, if_head, links) = (act.contract_id.as_str(), act.if_head.as_slice(), Vec::new());
    let taken = Taken { stream, contract_id, party, channel, if_head, links };
    step(&taken, &act.deed, recorder)
}

/// A problem that a party reports by keys.
pub(super) struct Complaint<'a> {
    pub(super) contract_id: &'a str,
    /// 0-based.
    pub(super) party: usize,
    pub(super) code: &'a str,
    pub(super) channel: Channel,
    pub(super) reason: &'a str,
    /// What it was said in.
    pub(super) links: Vec<Link>,
}

/// Decides a problem that was reported by keys, as it would be decided if it came by the interface.
pub(super) fn complain(complaint: Complaint<'_>, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let Complaint { contract_id, party, code, channel, reason, links } = complaint;
    if reason.is_empty() {
        return Err(Refusal::Invalid { field: "reason".into(), reason: "is missing".into() }.into());
    }
    let stream = contract_stream(contract_id);
    prove(&stream, party, code, channel, &links, recorder)?;
    let party = Some(party_number(party));
    dispute(&Taken { stream, contract_id, party, channel, if_head: &[], links }, reason, recorder)
}

fn step(taken: &Taken<'_>, deed: &Deed, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    match deed {
        // Answered above.
        Deed::Confirm | Deed::Reject => Ok(()),
        Deed::Amend(amendment) => amend::propose(taken, amendment, recorder),
        Deed::Deliver(details) => report::deliver(taken, details, recorder),
        Deed::Pay(payment) => report::pay(taken, payment, recorder),
        Deed::Acknowledge(report) => report::answer(taken, report, true, recorder),
        Deed::Contest(report) => report::answer(taken, report, false, recorder),
        Deed::Complete => together::agree(taken, Step::Complete, None, recorder),
        Deed::Cancel => together::agree(taken, Step::Cancel, None, recorder),
        Deed::Resolve { to } => together::agree(taken, Step::Resolve, Some(*to), recorder),
        Deed::Dispute { reason } => dispute(taken, reason, recorder),
        Deed::Resend { phone } => resend::send(taken, phone.as_str(), recorder),
    }
}

fn channel(actor: &Actor, via: Via) -> Channel {
    match (actor, via) {
        (Actor::Operator, _) => Channel::Operator,
        (Actor::Party { .. }, Via::Ussd) => Channel::Ussd,
        (Actor::Party { .. }, Via::Sms) => Channel::SmsCode,
        (Actor::Party { .. }, _) => Channel::ApiCode,
    }
}

/// Whether the code is the party's. A wrong one is recorded, and after a few the party's codes work no more.
fn prove(
    stream: &str,
    party: usize,
    code: &str,
    channel: Channel,
    links: &[Link],
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = agreement(recorder.world, stream).ok_or_else(not_found)?;
    if known.parties.get(party).is_some_and(|state| state.wrong_codes >= WRONG_CODES_MAX) {
        return Err(Refusal::TooManyAttempts.into());
    }
    if known.codes(party).any(|own| own == code) {
        return Ok(());
    }
    let mut of_party = known.past.iter().filter_map(|past| past.codes.get(party)).flatten();
    if of_party.any(|old| old == code) {
        return Err(Refusal::OldTerms.into());
    }
    let data = CodeRefused { party: party_number(party), channel, links: links.to_vec() };
    recorder.record(stream, EventData::ContractCodeRefused(data), None, &[])?;
    Err(Refusal::WrongCode.into())
}

fn dispute(taken: &Taken<'_>, reason: &str, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let party = taken.own_party()?;
    let known = taken.agreement(recorder)?;
    if known.disputes.iter().any(|dispute| dispute.party == party && dispute.ended.is_none()) {
        return Err(taken.already());
    }
    if known.disputes.len() >= DISPUTES_MAX {
        return Err(Refusal::TooOften { what: "disputing".into(), max: DISPUTES_MAX as u64 }.into());
    }
    taken.may(Step::Dispute, recorder)?;
    let links = taken.links.clone();
    let data = EventData::ContractDisputed(Disputed { party, channel: taken.channel, links });
    recorder.record(&taken.stream, data, None, &[("reason", reason)])?;
    let notice = Notice::of(Template::Disputed).by(taken.party);
    tell(&taken.stream, notice, Audience::Others(taken.party), &taken.links, recorder)
}

/// How many are left besides these.
fn left(all: usize, besides: usize) -> u32 {
    u32::try_from(all.saturating_sub(besides)).unwrap_or(u32::MAX)
}

/// Whether a dispute can be said to have ended so already.
fn has_ended(known: &Agreement, to: Status) -> bool {
    known.status != Status::Disputed && known.disputes.last().is_some_and(|dispute| dispute.ended == Some(to))
}
