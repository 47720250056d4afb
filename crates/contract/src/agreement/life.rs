//! What the life of a contract adds to its state: amendments, reports, steps that wait for others, disputes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ledger::hash::Hash;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Agreement, Given};
use crate::command::{Answer, Language};
use crate::event::{Channel, Event, EventData, ReportAnswered, Reported, Word};
use crate::lifecycle::{Status, Step, leads_to};

/// New terms that were proposed and wait for every party's answer. The terms in force stand until then.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Version of its record.
    pub version: u32,
    /// Who proposed; none for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<u32>,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the new contract.json.
    pub document_sha256: Hash,
    /// The new contract.json; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Language of its text.
    pub language: Language,
    /// After this it can no longer be confirmed.
    pub expires_at: Timestamp,
    /// The code each party was sent for it; none when erased.
    pub codes: Vec<Option<String>>,
    /// What each party answered.
    pub answers: Vec<Option<Given>>,
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proposal({}, {:?})", self.document_sha256, self.answers)
    }
}

/// A document that is not in force: it was once, or was proposed and never came to be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastDocument {
    /// SHA-256 of it.
    pub document_sha256: Hash,
    /// Its text; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// The code each party was sent for it, so that a late word about it is told from a guess; none when erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Option<String>>,
    /// What each party answered to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Option<Answer>>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for PastDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PastDocument({}, {:?})", self.document_sha256, self.fate)
    }
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Every party agreed to another in its place.
    Superseded,
    /// A party refused it.
    Rejected,
    /// Not confirmed in time.
    Expired,
    /// Another was proposed before this one was agreed.
    Replaced,
}

/// A delivery or a payment that a party reported: its word, no more.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyReport {
    /// [`Step::Deliver`] or [`Step::Pay`].
    pub step: Step,
    /// Who reported.
    pub party: u32,
    /// By which way.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// What was told, as far as it was not erased.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// What other parties say to it: whether it is so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<u32, ReportWord>,
}

impl fmt::Debug for PartyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartyReport({:?}, {}, {:?})", self.step, self.party, self.answers)
    }
}

/// What a party says to another's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportWord {
    /// It is so.
    Acknowledged,
    /// It is not so.
    Contested,
}

/// A step that some parties have taken and others must still take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// [`Step::Complete`], [`Step::Cancel`] or [`Step::Resolve`].
    pub step: Step,
    /// How the dispute shall end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Status>,
    /// Who took it.
    pub agreed: BTreeSet<u32>,
    /// Since when.
    pub at: Timestamp,
}

/// A dispute.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeState {
    /// Who raised it.
    pub party: u32,
    /// When.
    pub at: Timestamp,
    /// Why; none when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Status>,
}

impl fmt::Debug for DisputeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisputeState({}, {:?})", self.party, self.ended)
    }
}

impl Agreement {
    /// Folds an event of the contract's life after its draft. False where it is none.
    pub(super) fn live(&mut self, event: &Event) -> bool {
        match &event.data {
            EventData::ContractAmendmentProposed(_) => self.propose(event),
            EventData::ContractExpired(data) => {
                if !self.drop_proposal(&data.document_sha256, Fate::Expired, event.recorded_at) {
                    self.go(Step::Expire, event.recorded_at);
                }
            }
            EventData::ContractCodeIssued(data) => {
                self.issue(event, data.party as usize, &data.document_sha256);
            }
            EventData::ContractDeliveryReported(data) => self.report(event, Step::Deliver, data),
            EventData::ContractPaymentReported(data) => self.report(event, Step::Pay, data),
            EventData::ContractReportAcknowledged(data) => self.hear(data, ReportWord::Acknowledged),
            EventData::ContractReportContested(data) => self.hear(data, ReportWord::Contested),
            EventData::ContractCompletionProposed(word) => self.say(Step::Complete, word, event.recorded_at),
            EventData::ContractCancelProposed(word) => self.say(Step::Cancel, word, event.recorded_at),
            EventData::ContractResolutionProposed(word) => self.say(Step::Resolve, word, event.recorded_at),
            EventData::ContractCompleted(_) => self.go(Step::Complete, event.recorded_at),
            EventData::ContractCancelled(_) => self.go(Step::Cancel, event.recorded_at),
            EventData::ContractDisputed(data) => {
                let reason = event.private.get("reason").map(str::to_owned);
                let (party, at) = (data.party, event.recorded_at);
                self.disputes.push(DisputeState { party, at, reason, ended: None });
                self.go(Step::Dispute, at);
            }
            EventData::ContractResolved(word) => {
                let to = word.to.unwrap_or(Status::Active);
                for dispute in self.disputes.iter_mut().filter(|dispute| dispute.ended.is_none()) {
                    dispute.ended = Some(to);
                }
                self.pass_to(to, event.recorded_at);
            }
            _ => return false,
        }
        true
    }

    /// Takes a step that leads to one place.
    pub(super) fn go(&mut self, step: Step, at: Timestamp) {
        if let Some(to) = leads_to(self.status, step) {
            self.pass_to(to, at);
        }
    }

    fn pass_to(&mut self, to: Status, at: Timestamp) {
        if to != self.status {
            self.status = to;
            self.standing.clear();
        }
        if to.is_final() {
            self.ended_at = Some(at);
            // Whatever ends the contract ends what was proposed for it.
            if let Some(proposal) = self.proposal.take() {
                self.past.push(proposal.past(Fate::Replaced, at));
            }
        }
    }

    fn propose(&mut self, event: &Event) {
        let EventData::ContractAmendmentProposed(data) = &event.data else { return };
        if let Some(before) = self.proposal.take() {
            self.past.push(before.past(Fate::Replaced, event.recorded_at));
        }
        let code = |n: usize| event.private.get(&format!("code_{n}")).map(str::to_owned);
        self.proposal = Some(Box::new(Proposal {
            version: u32::try_from(event.version).unwrap_or(u32::MAX),
            party: data.party,
            at: event.recorded_at,
            document_sha256: data.document_sha256,
            document: event.private.get("document").map(str::to_owned),
            language: data.language,
            expires_at: data.expires_at,
            codes: (0..self.parties.len()).map(code).collect(),
            answers: vec![None; self.parties.len()],
        }));
    }

    /// A party's answer to the proposal. With the last yes it takes the place of what was in force.
    pub(super) fn answer_proposal(&mut self, party: usize, given: Given, remaining: u32) {
        let (answer, at) = (given.answer, given.at);
        let Some(mut proposal) = self.proposal.take() else { return };
        if let Some(place) = proposal.answers.get_mut(party) {
            place.get_or_insert(given);
        }
        match answer {
            Answer::No => self.past.push(proposal.past(Fate::Rejected, at)),
            Answer::Yes if remaining == 0 => self.supersede(*proposal, at),
            Answer::Yes => self.proposal = Some(proposal),
        }
    }

    fn supersede(&mut self, proposal: Proposal, at: Timestamp) {
        let Proposal { document_sha256, document, language, codes, answers, .. } = proposal;
        let before = PastDocument {
            document_sha256: std::mem::replace(&mut self.document_sha256, document_sha256),
            document: std::mem::replace(&mut self.document, document),
            fate: Fate::Superseded,
            codes: self.parties.iter().map(|party| party.code.clone()).collect(),
            answers: self
                .parties
                .iter()
                .map(|party| party.answer.as_ref().map(|given| given.answer))
                .collect(),
            at,
        };
        self.past.push(before);
        self.language = language;
        for (party, (code, answer)) in self.parties.iter_mut().zip(codes.into_iter().zip(answers)) {
            (party.code, party.answer, party.wrong_codes) = (code, answer, 0);
        }
        self.confirmed_at = Some(at);
        self.standing.clear();
        self.go(Step::Amend, at);
    }

    /// Ends the proposal, if it is this one.
    fn drop_proposal(&mut self, document: &Hash, fate: Fate, at: Timestamp) -> bool {
        match self.proposal.take_if(|proposal| proposal.document_sha256 == *document) {
            Some(proposal) => {
                self.past.push(proposal.past(fate, at));
                true
            }
            None => false,
        }
    }

    fn issue(&mut self, event: &Event, party: usize, document: &Hash) {
        let code = event.private.get("code").map(str::to_owned);
        let Some(state) = self.parties.get_mut(party) else { return };
        state.wrong_codes = 0;
        match self.proposal.as_deref_mut().filter(|proposal| proposal.document_sha256 == *document) {
            Some(proposal) => {
                if let Some(place) = proposal.codes.get_mut(party) {
                    *place = code;
                }
            }
            None => state.code = code,
        }
    }

    fn report(&mut self, event: &Event, step: Step, data: &Reported) {
        let report = PartyReport {
            step,
            party: data.party,
            channel: data.channel,
            at: event.recorded_at,
            details: event.private.record.clone(),
            answers: BTreeMap::new(),
        };
        self.reports.insert(u32::try_from(event.version).unwrap_or(u32::MAX), report);
        self.go(step, event.recorded_at);
    }

    fn hear(&mut self, data: &ReportAnswered, word: ReportWord) {
        if let Some(report) = self.reports.get_mut(&data.report) {
            report.answers.insert(data.party, word);
        }
    }

    fn say(&mut self, step: Step, word: &Word, at: Timestamp) {
        let to = word.to;
        // Another way to end the dispute is another proposal, to which nobody has agreed yet.
        self.standing.retain(|standing| standing.step != step || standing.to == to);
        if !self.standing.iter().any(|standing| standing.step == step) {
            self.standing.push(Standing { step, to, agreed: BTreeSet::new(), at });
        }
        if let Some(standing) = self.standing.iter_mut().find(|standing| standing.step == step) {
            standing.agreed.extend(word.party);
        }
    }

    /// A step that waits for others.
    pub fn standing(&self, step: Step, to: Option<Status>) -> Option<&Standing> {
        self.standing.iter().find(|standing| standing.step == step && standing.to == to)
    }
}

impl Proposal {
    fn past(self, fate: Fate, at: Timestamp) -> PastDocument {
        let Proposal { document_sha256, document, codes, answers, .. } = self;
        let answers = answers.into_iter().map(|given| given.map(|given| given.answer)).collect();
        PastDocument { document_sha256, document, fate, codes, answers, at }
    }

    /// Whether this party may still answer at `now`.
    pub fn waits_for(&self, party: usize, now: Timestamp) -> bool {
        now <= self.expires_at && self.answers.get(party).is_some_and(Option::is_none)
    }

    /// How many have not agreed yet.
    pub fn unanswered(&self) -> usize {
        self.answers.iter().filter(|answer| answer.is_none()).count()
    }
}
