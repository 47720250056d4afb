//! What clients of our own interface ask for, already checked for shape at the door.

mod act;

pub use act::*;
use ledger::hash::Hash;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::{ControlCall, ControlConference, UploadMedia};
use crate::erasure::Ground;
use crate::money::Amount;
use crate::phone::Phone;
use crate::provider::Provider;

mod voice;

pub use voice::{AddRecording, AddTranscript, RecordingSource, RequestTerms, RequestTranscript};

/// Longest transcript accepted, in bytes: about ten hours of talk.
pub const TRANSCRIPT_BYTES_MAX: usize = 400_000;
/// Longest name of a party, role, place or other single term, in bytes.
pub const TERM_BYTES_MAX: usize = 500;
/// Most parties of one contract.
pub const PARTIES_MAX: usize = 10;
/// Most parties of one conference, whatever is configured: what a TryVox room can hold.
pub const CONFERENCE_PARTIES_MAX: usize = 250;
/// Most further terms of one contract.
pub const OTHER_TERMS_MAX: usize = 50;

/// A request to change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Hold a conference: dial all parties at once.
    CreateConference(CreateConference),
    /// Dial one number.
    InvokeCall(InvokeCall),
    /// Draft a contract and ask the parties to confirm it.
    CreateContract(Box<CreateContract>),
    /// A party agrees, or refuses, by the interface. Made no more: [`Deed::Confirm`] and [`Deed::Reject`] say the same.
    AnswerContract(AnswerContract),
    /// A step in the life of a contract.
    ActOnContract(Act),
    /// Act on a conference that is going on.
    ControlConference(ControlConference),
    /// Act on a call that is going on.
    ControlCall(ControlCall),
    /// Hand a provider a file to play later.
    UploadMedia(UploadMedia),
    /// Any other command, under a key of the client's: done once, however often it is sent.
    Once(Keyed),
    /// Forget a person.
    ErasePerson(ErasePerson),
    /// Put a key statement on the `ledger/keys` stream.
    StateKey(StateKey),
    /// Keep a recording that a client names or uploads.
    AddRecording(AddRecording),
    /// Keep what was said on a call or conference.
    AddTranscript(AddTranscript),
    /// Have a recording transcribed.
    RequestTranscript(RequestTranscript),
    /// Have a transcript read by the second reader.
    RequestTerms(RequestTerms),
}

impl Command {
    /// What is to be done: the command itself, or the one that came under a client's key.
    pub fn bare(&self) -> &Command {
        match self {
            Command::Once(keyed) => keyed.inner.bare(),
            other => other,
        }
    }
}

/// See [`Command::Once`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyed {
    /// Fingerprint of what was asked, so that another request under the same key is told from this one.
    pub request: Hash,
    /// What is to be done.
    pub inner: Box<Command>,
}

/// See [`Command::CreateConference`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateConference {
    /// Our id, `ATVoice_` and 12 hex digits, drawn at the door.
    pub conference_id: String,
    /// Whom to dial, at least two.
    pub parties: Vec<Phone>,
    /// What is negotiated.
    pub contract_type: ContractType,
    /// Expected length, seconds.
    pub expected_duration_s: u32,
    /// Who dials; none in inputs from before there was a choice: Africa's Talking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Name of the room at the provider, where it is another than our id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
}

/// See [`Command::InvokeCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvokeCall {
    /// Our id of the request, drawn at the door.
    pub dial_id: String,
    /// Whom to dial.
    pub phone: Phone,
    /// Who dials; none in inputs from before there was a choice: Africa's Talking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
}

/// See [`Command::CreateContract`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateContract {
    /// What was said, or a description of it.
    pub transcript: String,
    /// At least two, each phone once.
    pub parties: Vec<Party>,
    /// Which kind of agreement.
    pub contract_type: ContractType,
    /// The language of the agreed text.
    pub language: Language,
    /// The known terms.
    pub terms: Terms,
    /// Further terms as the client sent them, in that order, values as their JSON text or string.
    #[serde(default)]
    pub other_terms: Vec<OtherTerm>,
    /// The conference it was negotiated on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_id: Option<String>,
    /// Where the terms were found in the transcript, as JSON text; none where the client named them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_evidence: Option<String>,
    /// After this instant it can no longer be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it is drafted only if there is no contract of that conference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_of_conference: bool,
}

impl std::fmt::Debug for CreateContract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreateContract({} parties)", self.parties.len())
    }
}

/// One party as the client names it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// E.164.
    pub phone: Phone,
    /// buyer, seller, …: as the client wrote it, trimmed.
    pub role: String,
    /// May be empty in the source document; then none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Party({:?})", self.phone)
    }
}

/// The known terms. Quantities and amounts are decimal texts, exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// What is sold or done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// How much of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// kg, bag, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Price of one unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// The whole price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_amount: Option<Amount>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_location: Option<String>,
    /// Until when, as sent (a date).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_deadline: Option<String>,
    /// Which quality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality_requirements: Option<String>,
    /// Paid in advance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upfront_payment: Option<Amount>,
    /// How it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
    /// What work is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How many hours of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Price of one unit of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Amount>,
    /// When work begins, as sent (a date).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// When work is done, as sent (a date).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// Money lent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Amount>,
    /// Percent, decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interest_rate: Option<String>,
    /// `month`, `year` or `flat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interest_period: Option<String>,
    /// Until all is paid back: `P6M`, `P11W`, `P30D`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repayment_period: Option<String>,
    /// How many payments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instalments: Option<String>,
    /// One payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instalment_amount: Option<Amount>,
}

/// A term we have no field for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherTerm {
    /// The client's name for it.
    pub name: String,
    /// Its value: a string as sent, anything else as its JSON text.
    pub value: String,
}

/// See [`Command::AnswerContract`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerContract {
    /// Which contract, `AGRI-2026-001234`.
    pub contract_id: String,
    /// Which party.
    pub phone: Phone,
    /// The party's code from its SMS.
    pub code: String,
    /// Agrees or refuses.
    pub answer: Answer,
}

impl AnswerContract {
    /// The same as a step.
    pub fn as_act(&self) -> Act {
        let deed = match self.answer {
            Answer::Yes => Deed::Confirm,
            Answer::No => Deed::Reject,
        };
        let actor = Actor::Party { phone: self.phone.clone(), code: self.code.clone() };
        Act { contract_id: self.contract_id.clone(), actor, deed, if_head: Vec::new() }
    }
}

impl std::fmt::Debug for AnswerContract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AnswerContract({}, {:?})", self.contract_id, self.answer)
    }
}

/// A party's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Agreed.
    Yes,
    /// Refused.
    No,
}

/// See [`Command::ErasePerson`]. Names the person by token, so that the request itself keeps nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasePerson {
    /// Token of the number (`person::Index::token`).
    pub token: Hash,
    /// Why.
    pub ground: Ground,
}

/// See [`Command::StateKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateKey {
    /// The statement with its signatures, as canonical JSON (`ledger::key::KeyStatement`).
    pub statement: String,
}

/// Which kind of agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractType {
    /// Produce from a farm.
    #[default]
    AgriculturalSupply,
    /// Work for pay.
    ServiceAgreement,
    /// Money lent.
    LoanAgreement,
}

impl ContractType {
    /// All of them, in the order of the source document.
    pub const ALL: [ContractType; 3] =
        [ContractType::AgriculturalSupply, ContractType::ServiceAgreement, ContractType::LoanAgreement];

    /// The word clients use.
    pub fn as_str(self) -> &'static str {
        match self {
            ContractType::AgriculturalSupply => "agricultural_supply",
            ContractType::ServiceAgreement => "service_agreement",
            ContractType::LoanAgreement => "loan_agreement",
        }
    }

    /// The first part of a contract number.
    pub fn prefix(self) -> &'static str {
        match self {
            ContractType::AgriculturalSupply => "AGRI",
            ContractType::ServiceAgreement => "SERV",
            ContractType::LoanAgreement => "LOAN",
        }
    }

    /// Reads the clients' word.
    pub fn from_word(word: &str) -> Option<ContractType> {
        ContractType::ALL.into_iter().find(|t| t.as_str() == word)
    }
}

/// Language of texts people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Swahili.
    Sw,
}

impl Language {
    /// ISO 639-1.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Sw => "sw",
        }
    }
}
