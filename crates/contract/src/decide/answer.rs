//! A party's answer to a contract, by text or by the interface.
//!
//! A webhook alone never confirms a contract: a text counts only if it brings the code that the party was sent, or if
//! it came in over an authenticated path from the party's own number and names the contract.

use ledger::hash::Hash;
use ledger::time::Timestamp;

use super::notice::{Audience, Notice, tell};
use super::{Stop, contact};
use crate::agreement::{ASKED_AGAIN_MAX, Agreement, PastDocument, Status, WRONG_CODES_MAX};
use crate::command::Answer;
use crate::entity::{Entity, code_key, contract_stream};
use crate::event::{
    Channel, CodeRefused, ContractAnswered, EventData, Link, MessageRequested, Reading, Template,
};
use crate::fact::Fact;
use crate::lifecycle::Step;
use crate::outcome::Refusal;
use crate::reply::{self, Reply};
use crate::text;
use crate::world::{Recorder, World, space};

/// With more contracts waiting for one number a code alone no longer says which is meant: of ten codes with four
/// digits two are alike once in 220 times, and a guess would have ten chances at once.
const CODE_ALONE_CONTRACTS_MAX: usize = 10;

/// What a text means, given who sent it and what waits for an answer.
pub(super) enum Understood {
    /// An answer to one contract.
    Answer(Found),
    /// An answer without a contract number, with a code that fits none of these contracts.
    WrongCode(Vec<Waiting>),
    /// Not clear; these contracts wait for an answer of this number.
    AskAgain(Vec<Waiting>),
    /// No more messages are wanted, or messages again.
    Texts {
        /// Whether they are wanted.
        wanted: bool,
    },
    /// Nothing waits for this number.
    Nothing,
}

/// An answer and the contract it is for.
pub(super) struct Found {
    answer: Answer,
    contract: Waiting,
    code: Option<String>,
}

/// A contract and which of its parties is meant.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    stream: String,
    party: usize,
}

impl Understood {
    /// What the record of the text says about it.
    pub(super) fn reading(&self) -> Reading {
        match self {
            Understood::Answer(found) => Reading::from(found.answer),
            Understood::WrongCode(_) | Understood::AskAgain(_) => Reading::Ambiguous,
            Understood::Texts { wanted: false } => Reading::Stop,
            Understood::Texts { wanted: true } => Reading::Start,
            Understood::Nothing => Reading::Nothing,
        }
    }
}

pub(super) fn understand(fact: &Fact, recorder: &Recorder<'_>) -> Understood {
    let world = &*recorder.world;
    let (Some(phone), Some(text)) = (&fact.private.phone, &fact.private.text) else {
        return Understood::Nothing;
    };
    let waiting = waiting(phone, world, world.recorded_at(recorder.input));
    let again = |waiting: Vec<Waiting>| {
        if waiting.is_empty() { Understood::Nothing } else { Understood::AskAgain(waiting) }
    };
    match reply::read(text) {
        Reply::Answer { answer, code, contract_id: Some(id) } => {
            match party_at(&contract_stream(&id), phone, world) {
                Some(contract) => Understood::Answer(Found { answer, contract, code }),
                None => again(waiting),
            }
        }
        Reply::Answer { answer, code: Some(code), contract_id: None } => {
            by_code(answer, &code, phone, waiting, world)
        }
        Reply::Stop => Understood::Texts { wanted: false },
        Reply::Start => Understood::Texts { wanted: true },
        Reply::Answer { .. } | Reply::Ambiguous | Reply::Nothing => again(waiting),
    }
}

/// The contracts that this number can still answer, in the order of their streams.
fn waiting(phone: &str, world: &World, now: Timestamp) -> Vec<Waiting> {
    let linked = world.linked(space::OPEN, phone).filter_map(|stream| party_at(stream, phone, world));
    linked.filter(|w| agreement(world, &w.stream).is_some_and(|a| a.waits_for(w.party, now))).collect()
}

/// Without a contract number the code alone says which contract is meant.
fn by_code(answer: Answer, code: &str, phone: &str, waiting: Vec<Waiting>, world: &World) -> Understood {
    if waiting.len() > CODE_ALONE_CONTRACTS_MAX {
        return Understood::AskAgain(waiting);
    }
    let found =
        |contract: Waiting| Understood::Answer(Found { answer, contract, code: Some(code.to_owned()) });
    let key = code_key(phone, code);
    let fits: Vec<Waiting> =
        world.linked(space::CODE, &key).filter_map(|s| party_at(s, phone, world)).collect();
    let mut open = fits.iter().filter(|fit| waiting.contains(fit));
    match (open.next(), open.next(), fits.first()) {
        (Some(one), None, _) => return found(one.clone()),
        (Some(_), Some(_), _) => return Understood::AskAgain(waiting),
        // The code of a contract that is answered already: said twice, and no guess at the others.
        (None, _, Some(over)) => return found(over.clone()),
        (None, _, None) => {}
    }
    let usable = |w: &&Waiting| {
        let party = agreement(world, &w.stream).and_then(|a| a.parties.get(w.party));
        party.is_some_and(|p| p.wrong_codes < WRONG_CODES_MAX)
    };
    let guessed_at: Vec<Waiting> = waiting.iter().filter(usable).cloned().collect();
    match (waiting.is_empty(), guessed_at.is_empty()) {
        (true, _) => Understood::Nothing,
        (false, true) => Understood::AskAgain(waiting),
        (false, false) => Understood::WrongCode(guessed_at),
    }
}

fn party_at(stream: &str, phone: &str, world: &World) -> Option<Waiting> {
    let party = agreement(world, stream)?.party_of(phone)?;
    Some(Waiting { stream: stream.to_owned(), party })
}

/// Does what the text asks for. `message` is the stream on which the text itself was recorded just now.
pub(super) fn act(
    understood: &Understood,
    message: &str,
    fact: &Fact,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let links: Vec<Link> = recorder.world.head_link(message).into_iter().collect();
    match understood {
        Understood::Nothing => Ok(()),
        Understood::Texts { wanted } => {
            let phone = fact.private.phone.as_deref().unwrap_or_default();
            // Said twice is said once.
            contact::change(phone, *wanted, links, None, recorder).map(drop)
        }
        Understood::AskAgain(contracts) => ask_again(fact, contracts, links, recorder),
        Understood::WrongCode(contracts) => {
            // It was a guess at each of them. Uncounted, an open webhook address could be used to try all 10,000.
            for contract in contracts {
                let party = party_number(contract.party);
                let refused = CodeRefused { party, channel: Channel::SmsCode, links: links.clone() };
                recorder.record(&contract.stream, EventData::ContractCodeRefused(refused), None, &[])?;
            }
            ask_again(fact, contracts, links, recorder)
        }
        Understood::Answer(Found { contract, code: None, .. }) if !recorder.input.authenticated => {
            let now = recorder.world.recorded_at(recorder.input);
            let open = agreement(recorder.world, &contract.stream);
            match open.is_some_and(|a| a.waits_for(contract.party, now)) {
                true => ask_again(fact, std::slice::from_ref(contract), links, recorder),
                false => Ok(()),
            }
        }
        Understood::Answer(Found { answer, contract, code }) => {
            let channel = if code.is_some() { Channel::SmsCode } else { Channel::SmsNumber };
            let Waiting { stream, party } = contract;
            let given =
                Given { answer: *answer, channel, code: code.as_deref(), links: links.clone(), if_head: &[] };
            match give(stream, *party, given, recorder) {
                Err(Stop::Refused(Refusal::WrongCode | Refusal::OldTerms)) => {
                    ask_again(fact, std::slice::from_ref(contract), links, recorder)
                }
                // The message itself was recorded; that its answer changed nothing is no failure of the input.
                Ok(()) | Err(Stop::Refused(_) | Stop::Already(_)) => Ok(()),
                Err(other) => Err(other),
            }
        }
    }
}

/// Asks about the first of these contracts about which the party was not asked too often.
fn ask_again(
    fact: &Fact,
    contracts: &[Waiting],
    links: Vec<Link>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let Some(phone) = &fact.private.phone else { return Ok(()) };
    let may_ask = |w: &&Waiting| {
        agreement(recorder.world, &w.stream)
            .is_some_and(|a| a.asked_again(party_number(w.party)) < ASKED_AGAIN_MAX)
    };
    let Some(contract) = contracts.iter().find(may_ask) else { return Ok(()) };
    let party = Some(party_number(contract.party));
    let data = EventData::MessageRequested(MessageRequested { party, template: Template::AskAgain, links });
    let text = text::ask_again(contract.stream.strip_prefix("contract/").unwrap_or_default());
    Ok(recorder.record(&contract.stream, data, None, &[("to", phone), ("text", &text)])?)
}

/// How an answer was given.
pub(super) struct Given<'a> {
    pub(super) answer: Answer,
    pub(super) channel: Channel,
    /// The code it came with; none where the network vouches for the number.
    pub(super) code: Option<&'a str>,
    /// The message it was said in.
    pub(super) links: Vec<Link>,
    /// One of these the newest record of the contract must be; empty for any.
    pub(super) if_head: &'a [Hash],
}

/// Records the answer of one party, if it may be given. Giving the same answer again is already done.
pub(super) fn give(
    stream: &str,
    party: usize,
    given: Given<'_>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let Given { answer, channel, code, links, if_head } = given;
    let now = recorder.world.recorded_at(recorder.input);
    let agreement = agreement(recorder.world, stream).ok_or(Refusal::NotFound { what: "contract".into() })?;
    let party_no = party_number(party);
    match check(agreement, party, answer, code, now) {
        Check::Go => at_head(stream, if_head, recorder.world)?,
        Check::Already => return Err(Stop::Already(stream.to_owned())),
        Check::Refuse(refusal) => return Err(Stop::Refused(refusal)),
        Check::WrongCode => {
            let refused = EventData::ContractCodeRefused(CodeRefused { party: party_no, channel, links });
            recorder.record(stream, refused, None, &[])?;
            return Err(Stop::Refused(Refusal::WrongCode));
        }
    }
    let (document_sha256, unanswered, amends) = match &agreement.proposal {
        Some(proposal) => (proposal.document_sha256, proposal.unanswered(), true),
        None => {
            let unanswered = agreement.parties.iter().filter(|p| p.answer.is_none()).count();
            (agreement.document_sha256, unanswered, false)
        }
    };
    let remaining = u32::try_from(unanswered.saturating_sub(1)).unwrap_or(u32::MAX);
    let data =
        ContractAnswered { party: party_no, document_sha256, channel, remaining, links: links.clone() };
    let (event, template) = match answer {
        Answer::Yes => (EventData::ContractConfirmed(data), Template::Confirmed),
        Answer::No if amends => (EventData::ContractRejected(data), Template::AmendmentRejected),
        Answer::No => (EventData::ContractRejected(data), Template::Rejected),
    };
    recorder.record(stream, event, None, &[])?;
    if answer == Answer::Yes && remaining > 0 {
        return Ok(());
    }
    tell(stream, Notice::of(template).by(Some(party_no)), Audience::All, &links, recorder)
}

/// Refuses what was asked of another state than the contract is in.
pub(super) fn at_head(stream: &str, heads: &[Hash], world: &World) -> Result<(), Refusal> {
    let head = world.head_link(stream).map(|link| link.hash);
    if heads.is_empty() || head.is_some_and(|head| heads.contains(&head)) {
        Ok(())
    } else {
        Err(Refusal::Stale)
    }
}

enum Check {
    Go,
    Already,
    WrongCode,
    Refuse(Refusal),
}

fn check(agreement: &Agreement, party: usize, answer: Answer, code: Option<&str>, now: Timestamp) -> Check {
    let Some(state) = agreement.parties.get(party) else { return Check::Refuse(Refusal::NotAParty) };
    let proposal = agreement.proposal.as_deref();
    let answers_proposal = match code {
        Some(_) if state.wrong_codes >= WRONG_CODES_MAX => {
            return Check::Refuse(Refusal::TooManyAttempts);
        }
        // Compared in the fold, after the answer was journaled: how long it takes tells nobody anything.
        Some(code) => {
            let proposed = proposal.and_then(|p| p.codes.get(party)).and_then(Option::as_deref);
            match (proposed == Some(code), state.code.as_deref() == Some(code)) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => return of_old(agreement, party, answer, code),
            }
        }
        None => proposal.is_some(),
    };
    let (given, expires_at) = match proposal.filter(|_| answers_proposal) {
        Some(proposal) => (proposal.answers.get(party).and_then(Option::as_ref), Some(proposal.expires_at)),
        None => (state.answer.as_ref(), agreement.expires_at),
    };
    match given {
        Some(given) if given.answer == answer => Check::Already,
        _ if !answers_proposal && agreement.status != Status::Pending => {
            let step = if answer == Answer::Yes { Step::Confirm } else { Step::Reject };
            Check::Refuse(Refusal::illegal(agreement.status, step))
        }
        Some(_) => Check::Refuse(Refusal::AnsweredOtherwise),
        None if !answers_proposal && proposal.is_some() => Check::Refuse(Refusal::OldTerms),
        None if expires_at.is_some_and(|at| now > at) => Check::Refuse(Refusal::Expired),
        None => Check::Go,
    }
}

/// A code that opens nothing now: one of terms that are over is no guess.
fn of_old(agreement: &Agreement, party: usize, answer: Answer, code: &str) -> Check {
    let of_party = |past: &&PastDocument| past.codes.get(party).and_then(Option::as_deref) == Some(code);
    let Some(past) = agreement.past.iter().rev().find(of_party) else { return Check::WrongCode };
    match past.answers.get(party).and_then(Option::as_ref) {
        Some(given) if *given == answer => Check::Already,
        _ => Check::Refuse(Refusal::OldTerms),
    }
}

pub(super) fn agreement<'w>(world: &'w World, stream: &str) -> Option<&'w Agreement> {
    match world.entity(stream) {
        Some(Entity::Contract(agreement)) => Some(agreement),
        _ => None,
    }
}

pub(super) fn party_number(party: usize) -> u32 {
    u32::try_from(party).unwrap_or(u32::MAX)
}
