//! A contract: its parties, its document, and where it stands.

mod answered;
mod life;

use std::collections::BTreeMap;

use ledger::hash::Hash;
use ledger::json;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::answered::Answered;
pub use self::life::{DisputeState, Fate, PartyReport, PastDocument, Proposal, ReportWord, Standing};
use crate::command::{Answer, ContractType, Language};
use crate::entity::OpenTask;
use crate::event::{Channel, ContractAnswered, Event, EventData, Template};
pub use crate::lifecycle::Status;
use crate::lifecycle::Step;
use crate::message::{Outgoing, OutgoingMessage, SendStatus, after};
use crate::report::FailureReason;

/// How many wrong codes a party may give before its code stops working.
pub const WRONG_CODES_MAX: u32 = 5;
/// How often a party is asked again about one contract. Whoever can post to an open webhook address could otherwise make
/// us send it any number of messages.
pub const ASKED_AGAIN_MAX: usize = 3;
/// How often a party is sent one request to confirm again when somebody asks for it; it costs money and patience.
pub const RESENDS_MAX: usize = 3;
/// Most deliveries and payments reported on one contract: bounds what a state can grow to.
pub const REPORTS_MAX: usize = 200;
/// Most amendments proposed on one contract, for the same reason.
pub const AMENDMENTS_MAX: usize = 50;
/// Most disputes raised on one contract, for the same reason.
pub const DISPUTES_MAX: usize = 50;
/// How long terms can be confirmed where nobody says otherwise, hours.
pub const CONFIRMATION_HOURS: i64 = 24;

/// Until when terms that were sent at `at` can be confirmed where nobody says otherwise.
pub fn confirmable_until(at: Timestamp) -> Timestamp {
    after(at, CONFIRMATION_HOURS * 3_600_000)
}

/// The record of the draft is the first of its stream; its number names the deadline of the contract.
const DRAFT_VERSION: u32 = 1;

/// State of a contract. `Debug` leaves out the terms.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agreement {
    /// Where it stands.
    pub status: Status,
    /// Which kind.
    pub contract_type: ContractType,
    /// Language of its text.
    pub language: Language,
    /// SHA-256 of contract.json.
    pub document_sha256: Hash,
    /// contract.json; none when erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Its parties, in the order of the document.
    pub parties: Vec<PartyState>,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// The stream of the conference it was negotiated on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negotiated_on: Option<String>,
    /// When the last party agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// After this it can no longer be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// New terms that wait for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Box<Proposal>>,
    /// Documents that are not in force, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<PastDocument>,
    /// Deliveries and payments by the version of their record.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reports: BTreeMap<u32, PartyReport>,
    /// Steps that wait for others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<Standing>,
    /// Disputes, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<DisputeState>,
    /// Messages to its parties.
    pub messages: Outgoing,
}

impl std::fmt::Debug for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Agreement({:?}, {}, {:?})", self.status, self.document_sha256, self.parties)
    }
}

impl Default for Agreement {
    fn default() -> Agreement {
        Agreement {
            status: Status::Pending,
            contract_type: ContractType::default(),
            language: Language::default(),
            document_sha256: Hash([0; 32]),
            document: None,
            parties: Vec::new(),
            created_at: Timestamp::from_millis(0).expect("the epoch is a time"),
            negotiated_on: None,
            confirmed_at: None,
            expires_at: None,
            ended_at: None,
            proposal: None,
            past: Vec::new(),
            reports: BTreeMap::new(),
            standing: Vec::new(),
            disputes: Vec::new(),
            messages: Outgoing::default(),
        }
    }
}

/// One party.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyState {
    /// As the client wrote it.
    pub role: String,
    /// E.164; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// None when not given or erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The code it was sent; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Given>,
    /// Wrong codes so far.
    #[serde(default)]
    pub wrong_codes: u32,
}

/// An answer that was given. The first one stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Yes or no.
    pub answer: Answer,
    /// By which way.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
}

impl std::fmt::Debug for PartyState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "PartyState({:?}, {} wrong codes)",
            self.answer.as_ref().map(|g| g.answer),
            self.wrong_codes
        )
    }
}

impl Agreement {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::ContractDrafted(data) => {
                self.contract_type = data.contract_type;
                self.language = data.language;
                self.document_sha256 = data.document_sha256;
                self.document = event.private.get("document").map(str::to_owned);
                self.created_at = event.recorded_at;
                self.expires_at = data.expires_at;
                let mut streams = data.links.iter().map(|link| &link.stream);
                self.negotiated_on = streams.find(|stream| stream.starts_with("conference/")).cloned();
                self.parties = parties(event, self.document.as_deref(), data.parties);
            }
            EventData::ContractConfirmed(data) => {
                self.answered(data, Answer::Yes, event.recorded_at);
            }
            EventData::ContractRejected(data) => {
                self.answered(data, Answer::No, event.recorded_at);
            }
            EventData::ContractCodeRefused(data) => {
                if let Some(party) = self.parties.get_mut(data.party as usize) {
                    party.wrong_codes += 1;
                }
            }
            _ if self.live(event) => {}
            _ => self.messages.apply(event),
        }
    }

    fn answered(&mut self, data: &ContractAnswered, answer: Answer, at: Timestamp) {
        let given = Given { answer, channel: data.channel, at };
        if self.proposal.as_ref().is_some_and(|p| p.document_sha256 == data.document_sha256) {
            self.answer_proposal(data.party as usize, given, data.remaining);
            return;
        }
        if let Some(party) = self.parties.get_mut(data.party as usize) {
            party.answer.get_or_insert(given);
        }
        match answer {
            Answer::Yes if data.remaining == 0 => {
                self.confirmed_at = Some(at);
                self.go(Step::Confirm, at);
            }
            Answer::Yes => {}
            Answer::No => self.go(Step::Reject, at),
        }
    }

    /// The party with that number.
    pub fn party_of(&self, phone: &str) -> Option<usize> {
        self.parties.iter().position(|p| p.phone.as_deref() == Some(phone))
    }

    /// Whether that party may still answer at `now`: the new terms where some are proposed, else the draft.
    pub fn waits_for(&self, party: usize, now: Timestamp) -> bool {
        match &self.proposal {
            Some(proposal) => proposal.waits_for(party, now),
            None => {
                self.status == Status::Pending
                    && self.expires_at.is_none_or(|at| now <= at)
                    && self.parties.get(party).is_some_and(|p| p.answer.is_none())
            }
        }
    }

    /// Whether that party has been asked for an answer and has not given it, however late it is.
    pub fn is_open_to(&self, party: usize) -> bool {
        match &self.proposal {
            Some(proposal) => proposal.answers.get(party).is_some_and(Option::is_none),
            None => {
                self.status == Status::Pending && self.parties.get(party).is_some_and(|p| p.answer.is_none())
            }
        }
    }

    /// The codes that prove this party: for what is in force, and for what is proposed.
    pub fn codes(&self, party: usize) -> impl Iterator<Item = &String> {
        let in_force = self.parties.get(party).and_then(|state| state.code.as_ref());
        let proposed = self.proposal.as_ref().and_then(|p| p.codes.get(party)).and_then(Option::as_ref);
        in_force.into_iter().chain(proposed)
    }

    /// What is still to be done outside: messages that still make sense, and watching the clock.
    pub fn open_tasks(&self) -> impl Iterator<Item = OpenTask> + '_ {
        let is_wanted = |task: &OpenTask| self.messages.0.get(&task.task).is_some_and(|m| self.wants(m));
        self.messages.open_tasks().filter(is_wanted).chain(self.deadlines())
    }

    /// Nobody is asked to confirm what can no longer be confirmed.
    fn wants(&self, message: &OutgoingMessage) -> bool {
        match message.template {
            Template::ConfirmRequest | Template::AskAgain => !self.status.is_void(),
            Template::AmendRequest => self.proposal.is_some(),
            _ => true,
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = OpenTask> + '_ {
        let draft = self.expires_at.filter(|_| self.status == Status::Pending).map(|at| (DRAFT_VERSION, at));
        let proposal = self.proposal.as_ref().map(|proposal| (proposal.version, proposal.expires_at));
        // While new terms wait for an answer, the draft they are to replace does not run out.
        proposal.or(draft).into_iter().map(|(task, at)| OpenTask {
            task,
            kind: "deadline",
            attempts: 0,
            not_before: after(at, 1),
        })
    }

    /// How often that party was asked to answer again.
    pub fn asked_again(&self, party: u32) -> usize {
        let to_it =
            |m: &&crate::message::OutgoingMessage| m.party == Some(party) && m.template == Template::AskAgain;
        self.messages.0.values().filter(to_it).count()
    }

    /// Whether the newest message to that party was withheld, because it wants none.
    pub fn refused_texts(&self, party: u32) -> bool {
        let newest = self.messages.0.values().rev().find(|m| m.party == Some(party));
        newest.is_some_and(|m| m.status == SendStatus::Failed && m.failure == Some(FailureReason::OptedOut))
    }

    /// A term of the document by name; none when it has none or is erased.
    pub fn term(&self, name: &str) -> Option<String> {
        let document = json::parse(self.document.as_ref()?.as_bytes()).ok()?;
        document.get("terms")?.get(name)?.as_str().map(str::to_owned)
    }
}

/// The parties as the document names them, opened by the disclosures that are still there.
fn parties(event: &Event, document: Option<&str>, count: u32) -> Vec<PartyState> {
    let document = document.and_then(|d| json::parse(d.as_bytes()).ok());
    let listed =
        document.as_ref().and_then(|d| d.get("parties")).and_then(json::Value::as_array).unwrap_or(&[]);
    (0..count as usize)
        .map(|n| {
            let party = listed.get(n);
            let digests = party.and_then(|p| p.get("_sd")).and_then(json::Value::as_array).unwrap_or(&[]);
            let opened = |wanted: &str| {
                let of = |digest: &json::Value| event.private.document.get(digest.as_str()?);
                digests.iter().filter_map(of).find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
            };
            PartyState {
                role: party
                    .and_then(|p| p.get("role"))
                    .and_then(json::Value::as_str)
                    .unwrap_or("party")
                    .to_owned(),
                phone: opened("phone"),
                name: opened("name"),
                code: event.private.get(&format!("code_{n}")).map(str::to_owned),
                answer: None,
                wrong_codes: 0,
            }
        })
        .collect()
}
