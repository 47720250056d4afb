//! A contract: its parties, its document, and where it stands.

use ledger::hash::Hash;
use ledger::json;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::{Answer, ContractType, Language};
use crate::event::{Channel, Event, EventData, Template};
use crate::message::{Outgoing, SendStatus};
use crate::report::FailureReason;

/// How many wrong codes a party may give before its code stops working.
pub const WRONG_CODES_MAX: u32 = 5;
/// How often a party is asked again about one contract. Whoever can post to an open webhook address could otherwise make
/// us send it any number of messages.
pub const ASKED_AGAIN_MAX: usize = 3;

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
    /// When the last party agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// After this it can no longer be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
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
            confirmed_at: None,
            expires_at: None,
            messages: Outgoing::default(),
        }
    }
}

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Drafted; somebody has not answered yet.
    Pending,
    /// Every party agreed.
    Confirmed,
    /// A party refused.
    Rejected,
}

impl Status {
    /// The word in views and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Rejected => "rejected",
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
                self.parties = parties(event, self.document.as_deref(), data.parties);
            }
            EventData::ContractConfirmed(data) => {
                self.answer(data.party, Answer::Yes, data.channel, event.recorded_at);
                if data.remaining == 0 {
                    self.status = Status::Confirmed;
                    self.confirmed_at = Some(event.recorded_at);
                }
            }
            EventData::ContractRejected(data) => {
                self.answer(data.party, Answer::No, data.channel, event.recorded_at);
                self.status = Status::Rejected;
            }
            EventData::ContractCodeRefused(data) => {
                if let Some(party) = self.parties.get_mut(data.party as usize) {
                    party.wrong_codes += 1;
                }
            }
            _ => self.messages.apply(event),
        }
    }

    fn answer(&mut self, party: u32, answer: Answer, channel: Channel, at: Timestamp) {
        if let Some(party) = self.parties.get_mut(party as usize) {
            party.answer.get_or_insert(Given { answer, channel, at });
        }
    }

    /// The party with that number.
    pub fn party_of(&self, phone: &str) -> Option<usize> {
        self.parties.iter().position(|p| p.phone.as_deref() == Some(phone))
    }

    /// Whether that party may still answer at `now`.
    pub fn waits_for(&self, party: usize, now: Timestamp) -> bool {
        self.status == Status::Pending
            && self.expires_at.is_none_or(|at| now <= at)
            && self.parties.get(party).is_some_and(|p| p.answer.is_none())
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
