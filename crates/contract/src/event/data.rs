//! What stands in the `data` of each type of record: a closed vocabulary, nothing personal.

use ledger::hash::Hash;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::command::{Answer, ContractType, Language};
use crate::control::Action;
use crate::fact::{ConferenceStatus, DeliveryStatus, Leg, SessionStatus};
use crate::provider::Provider;
use crate::report::{DialledLeg, FailureReason, Receipt};

/// A leg's facts, and whether they contradict an earlier delivery of the same event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFact {
    /// What was told.
    #[serde(flatten)]
    pub leg: Leg,
    /// It contradicts what was told before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
    /// It came with a signature that was right, but made too long ago.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// Data of `call.silent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSilent {
    /// What asking gave.
    pub answer: SilentAnswer,
    /// Why asking failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FailureReason>,
    /// 1-based: how often it was looked for.
    pub attempt: u32,
    /// Whether it will be looked for again.
    pub again: bool,
}

/// What asking about a call gave, where it gave no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilentAnswer {
    /// The provider says that it goes on.
    GoesOn,
    /// The provider knows no such call.
    Unknown,
    /// Nobody can be asked.
    CannotAsk,
    /// Asking failed.
    Failed,
}

/// Data of `webhook.repeated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRepeated {
    /// How many facts it told, all of them known.
    pub facts: u32,
    /// Recordings of this stream that it names once more, by the versions of their `recording.available`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<u32>,
}

/// Data of a failed task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailed {
    /// Version of the record that asked for it.
    pub task: u32,
    /// 1-based.
    pub attempt: u32,
    /// Why.
    pub reason: FailureReason,
    /// Whether it will be tried again.
    pub again: bool,
}

/// Data of `transcript.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptRequested {
    /// Version of the `recording.available` of the recording.
    pub recording: u32,
}

/// Data of `transcript.recorded`. What was said is the disclosure `transcript`, with times and languages `turns`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptRecorded {
    /// Version of the `transcript.requested` it answers; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<u32>,
    /// Who wrote it.
    pub origin: Origin,
    /// How many turns it has.
    pub turns: u32,
    /// ISO 639 codes of its languages, as far as they were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

/// Who wrote a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A client sent it.
    Posted,
    /// A transcription service made it of the recording.
    Transcribed,
}

/// Data of `conference.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConferenceRequested {
    /// How many are dialled.
    pub parties: u32,
    /// What is negotiated.
    pub contract_type: ContractType,
    /// Expected length, seconds.
    pub expected_duration_s: u32,
    /// Who dials; none where it was written before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
}

/// Data of `conference.found`. The room's name is a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConferenceFound {
    /// At whom.
    pub provider: Provider,
    /// When it was opened, by the provider's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
}

/// Data of `control.requested`. What it is done with (member, text, address, number) are disclosures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRequested {
    /// The input that asked; names the act in its result.
    pub control: Uuid,
    /// What.
    pub action: Action,
    /// Of whom.
    pub provider: Provider,
}

/// Data of `control.done`. The provider's id of what it began is a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlDone {
    /// The input that asked.
    pub control: Uuid,
}

/// Data of `control.failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlFailed {
    /// The input that asked.
    pub control: Uuid,
    /// Why.
    pub reason: FailureReason,
}

/// Data of `conference.reported`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConferenceReported {
    /// The status.
    pub status: ConferenceStatus,
    /// Length, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// It contradicts what was told before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// Data of `dial.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialRequested {
    /// How many are dialled.
    pub parties: u32,
    /// Who dials; none where it was written before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
}

/// Data of `dial.placed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialPlaced {
    /// Who dialled.
    pub provider: Provider,
    /// One per party.
    pub legs: Vec<DialledLeg>,
}

/// Data of `dial.failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialFailed {
    /// Why.
    pub reason: FailureReason,
}

/// Data of `contract.drafted`. The document itself (contract.json) is the disclosure `document`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractDrafted {
    /// SHA-256 of contract.json: the contract hash.
    pub document_sha256: Hash,
    /// Which kind.
    pub contract_type: ContractType,
    /// Language of the agreed text.
    pub language: Language,
    /// How many parties.
    pub parties: u32,
    /// Until when it can be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Calls and conference it was negotiated on, as they stood then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Data of `contract.confirmed` and `contract.rejected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractAnswered {
    /// 0-based party.
    pub party: u32,
    /// What exactly is agreed to or refused.
    pub document_sha256: Hash,
    /// How the party answered.
    pub channel: Channel,
    /// How many have not answered yet.
    pub remaining: u32,
    /// The message it was said in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// By which way a party answered, and what that proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A text from the party's number naming the contract.
    SmsNumber,
    /// A text from the party's number with the code it was sent.
    SmsCode,
    /// By the interface, with the code the party was sent.
    ApiCode,
    /// By the USSD menu from the party's number, with the code it was sent.
    Ussd,
    /// By keys on a call with the party's number on which the contract was read back, with the code it was sent.
    Keypad,
    /// By the interface, with a key of whoever runs the ledger: proves no party.
    Operator,
}

/// Data of `contract.code_refused`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRefused {
    /// 0-based party.
    pub party: u32,
    /// By which way.
    pub channel: Channel,
    /// The message it was said in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Data of `message.requested`. Number and text are disclosures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRequested {
    /// 0-based party of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<u32>,
    /// Which text.
    pub template: Template,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// The texts we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Please confirm this contract.
    ConfirmRequest,
    /// All parties agreed.
    Confirmed,
    /// We did not understand; please answer like this.
    AskAgain,
    /// Your new code.
    NewCode,
    /// Please confirm these new terms.
    AmendRequest,
    /// A party refused the contract.
    Rejected,
    /// A party refused the new terms.
    AmendmentRejected,
    /// The contract was not confirmed in time.
    Expired,
    /// The new terms were not confirmed in time.
    AmendmentExpired,
    /// A party reported a delivery.
    DeliveryReported,
    /// A party reported a payment.
    PaymentReported,
    /// A party says that a report is not so.
    ReportContested,
    /// Somebody says that all is done.
    CompletionProposed,
    /// All say that all is done.
    Completed,
    /// Somebody wants to call it off.
    CancelProposed,
    /// It was called off.
    Cancelled,
    /// A party says that the contract is not kept.
    Disputed,
    /// Somebody proposes how the dispute ends.
    ResolutionProposed,
    /// The dispute ended.
    Resolved,
}

impl Template {
    /// All of them.
    pub const ALL: [Template; 19] = [
        Template::ConfirmRequest,
        Template::Confirmed,
        Template::AskAgain,
        Template::NewCode,
        Template::AmendRequest,
        Template::Rejected,
        Template::AmendmentRejected,
        Template::Expired,
        Template::AmendmentExpired,
        Template::DeliveryReported,
        Template::PaymentReported,
        Template::ReportContested,
        Template::CompletionProposed,
        Template::Completed,
        Template::CancelProposed,
        Template::Cancelled,
        Template::Disputed,
        Template::ResolutionProposed,
        Template::Resolved,
    ];
}

/// Data of `message.attempted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Version of the `message.requested` it belongs to.
    pub task: u32,
    /// 1-based.
    pub attempt: u32,
}

/// Data of `message.accepted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAccepted {
    /// Version of the `message.requested` it belongs to.
    pub task: u32,
    /// 1-based.
    pub attempt: u32,
    /// Who took it.
    pub provider: Provider,
    /// The stream on which its delivery reports are recorded.
    pub message: String,
    /// What the provider said of this receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// Data of `message.failed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFailed {
    /// Version of the `message.requested` it belongs to.
    pub task: u32,
    /// 1-based.
    pub attempt: u32,
    /// Why.
    pub reason: FailureReason,
    /// Whether it will be tried again.
    pub again: bool,
    /// What the provider said of this receiver; none where it said nothing of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
}

/// Data of `message.received`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReceived {
    /// How we read it.
    pub reading: Reading,
    /// It contradicts what was told before. Such a text is never taken for an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// How a text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// An answer to one contract.
    Yes,
    /// A refusal of one contract.
    No,
    /// Could mean several things; the party was asked again.
    Ambiguous,
    /// Says nothing about a contract of this number.
    Nothing,
    /// Wants no more messages.
    Stop,
    /// Wants messages again.
    Start,
}

impl From<Answer> for Reading {
    fn from(answer: Answer) -> Reading {
        match answer {
            Answer::Yes => Reading::Yes,
            Answer::No => Reading::No,
        }
    }
}

/// Data of `message.delivery`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDelivery {
    /// The state.
    pub status: DeliveryStatus,
    /// It contradicts what was told before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// Data of `contact.opted_out` and `contact.opted_in`. The number is a disclosure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactChanged {
    /// The message it was said in; none where the provider said it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Data of `ussd.requested`. What was typed and what was shown are disclosures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UssdRequested {
    /// It contradicts what was told before. Such a step is never taken for an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// Data of `ussd.ended`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UssdEnded {
    /// How.
    pub status: SessionStatus,
    /// Length, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// It contradicts what was told before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// A record of another stream, by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Stream name.
    pub stream: String,
    /// Version.
    pub version: u64,
    /// SHA-256 of that record's payload.
    pub hash: Hash,
}
