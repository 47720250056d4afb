//! Events: what is recorded. A closed, versioned list of types, each with its public data.
//!
//! `data` holds only a closed vocabulary (EVIDENCE §2). Everything personal or free goes beside it as named private
//! values, which become disclosures.

mod data;
mod erased;
mod life;
mod reading;
mod recording;

use std::collections::BTreeMap;

pub use data::*;
pub use erased::*;
use ledger::json::{Canonical, ProfileError, Value};
use ledger::time::Timestamp;
pub use life::*;
pub use reading::*;
pub use recording::*;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, MapAccess};
use serde::{Deserialize, Serialize};

use crate::fact::Occurred;

/// The public part of an event. `type` and `data` of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum EventData {
    /// A leg exists.
    #[serde(rename = "call.started")]
    CallStarted(CallFact),
    /// A leg waits in a queue.
    #[serde(rename = "call.queued")]
    CallQueued(CallFact),
    /// A phone rings.
    #[serde(rename = "call.ringing")]
    CallRinging(CallFact),
    /// Somebody picked up.
    #[serde(rename = "call.answered")]
    CallAnswered(CallFact),
    /// A leg was passed on.
    #[serde(rename = "call.transferred")]
    CallTransferred(CallFact),
    /// Keys were pressed.
    #[serde(rename = "call.input")]
    CallInput(CallFact),
    /// A leg is over.
    #[serde(rename = "call.ended")]
    CallEnded(CallFact),
    /// An authentic report we have no word for.
    #[serde(rename = "call.other")]
    CallOther(CallFact),
    /// A question was put to the person on the line.
    #[serde(rename = "call.asked")]
    CallAsked(CallFact),
    /// The person agreed to being recorded.
    #[serde(rename = "call.consented")]
    CallConsented(CallFact),
    /// The person refused to be recorded.
    #[serde(rename = "call.consent_refused")]
    CallConsentRefused(CallFact),
    /// The person did not answer whether it may be recorded.
    #[serde(rename = "call.consent_missing")]
    CallConsentMissing(CallFact),
    /// A call without an end was asked about, in vain.
    #[serde(rename = "call.silent")]
    CallSilent(CallSilent),
    /// A webhook that told nothing new came in other bytes than before; they are its disclosure.
    #[serde(rename = "webhook.repeated")]
    WebhookRepeated(WebhookRepeated),
    /// A recording can be fetched; the number of this record's version names the task of fetching it.
    #[serde(rename = "recording.available")]
    RecordingAvailable(RecordingAvailable),
    /// A recording was fetched, hashed and stored.
    #[serde(rename = "recording.fetched")]
    RecordingFetched(RecordingFetched),
    /// The same recording gave other bytes than before: an alarm.
    #[serde(rename = "recording.altered")]
    RecordingAltered(RecordingFetched),
    /// A recording could not be fetched.
    #[serde(rename = "recording.failed")]
    RecordingFailed(TaskFailed),
    /// A recording was fetched once more, and gave bytes that are known.
    #[serde(rename = "recording.checked")]
    RecordingChecked(RecordingChecked),
    /// A recording could not be fetched once more.
    #[serde(rename = "recording.check_failed")]
    RecordingCheckFailed(TaskFailed),
    /// A recording is to be transcribed; the number of this record's version names the task.
    #[serde(rename = "transcript.requested")]
    TranscriptRequested(TranscriptRequested),
    /// What was said is there.
    #[serde(rename = "transcript.recorded")]
    TranscriptRecorded(TranscriptRecorded),
    /// A second reader is to read the terms in a transcript; the number of this record's version names the task.
    #[serde(rename = "terms.requested")]
    TermsRequested(TermsRequested),
    /// The second reader answered.
    #[serde(rename = "terms.read")]
    TermsRead(TermsRead),
    /// The second reader did not answer.
    #[serde(rename = "terms.failed")]
    TermsFailed(TaskFailed),
    /// A recording could not be transcribed.
    #[serde(rename = "transcript.failed")]
    TranscriptFailed(TaskFailed),
    /// A conference was asked for.
    #[serde(rename = "conference.requested")]
    ConferenceRequested(ConferenceRequested),
    /// A status report about a whole conference.
    #[serde(rename = "conference.reported")]
    ConferenceReported(ConferenceReported),
    /// A room at a provider that we did not ask for was met.
    #[serde(rename = "conference.found")]
    ConferenceFound(ConferenceFound),
    /// One call was asked for.
    #[serde(rename = "dial.requested")]
    DialRequested(DialRequested),
    /// The provider answered the dialling.
    #[serde(rename = "dial.placed")]
    DialPlaced(DialPlaced),
    /// The dialling failed as a whole.
    #[serde(rename = "dial.failed")]
    DialFailed(DialFailed),
    /// An act was asked of a provider; it is done next.
    #[serde(rename = "control.requested")]
    ControlRequested(ControlRequested),
    /// The provider did it.
    #[serde(rename = "control.done")]
    ControlDone(ControlDone),
    /// The provider did not do it, or nobody knows.
    #[serde(rename = "control.failed")]
    ControlFailed(ControlFailed),
    /// A contract was drafted from what was said.
    #[serde(rename = "contract.drafted")]
    ContractDrafted(ContractDrafted),
    /// One party agreed.
    #[serde(rename = "contract.confirmed")]
    ContractConfirmed(ContractAnswered),
    /// One party refused.
    #[serde(rename = "contract.rejected")]
    ContractRejected(ContractAnswered),
    /// Somebody gave a wrong code.
    #[serde(rename = "contract.code_refused")]
    ContractCodeRefused(CodeRefused),
    /// A party got a new code in place of one that was tried too often.
    #[serde(rename = "contract.code_issued")]
    ContractCodeIssued(CodeIssued),
    /// New terms were proposed, with new codes.
    #[serde(rename = "contract.amendment_proposed")]
    ContractAmendmentProposed(AmendmentProposed),
    /// Not confirmed in time.
    #[serde(rename = "contract.expired")]
    ContractExpired(ContractExpired),
    /// A party says that it delivered, or was delivered to.
    #[serde(rename = "contract.delivery_reported")]
    ContractDeliveryReported(Reported),
    /// A party says that it paid, or was paid.
    #[serde(rename = "contract.payment_reported")]
    ContractPaymentReported(Reported),
    /// Another party says that a report is so.
    #[serde(rename = "contract.report_acknowledged")]
    ContractReportAcknowledged(ReportAnswered),
    /// Another party says that a report is not so.
    #[serde(rename = "contract.report_contested")]
    ContractReportContested(ReportAnswered),
    /// Some say that all is done.
    #[serde(rename = "contract.completion_proposed")]
    ContractCompletionProposed(Word),
    /// The last party said so.
    #[serde(rename = "contract.completed")]
    ContractCompleted(Word),
    /// Some want to call it off.
    #[serde(rename = "contract.cancel_proposed")]
    ContractCancelProposed(Word),
    /// The last party wanted so, or the operator withdrew what bound nobody yet.
    #[serde(rename = "contract.cancelled")]
    ContractCancelled(Word),
    /// A party says that the contract is not kept.
    #[serde(rename = "contract.disputed")]
    ContractDisputed(Disputed),
    /// Some agree how the dispute shall end.
    #[serde(rename = "contract.resolution_proposed")]
    ContractResolutionProposed(Word),
    /// The last party agreed.
    #[serde(rename = "contract.resolved")]
    ContractResolved(Word),
    /// A message is to be sent; the number of this record's version names the task.
    #[serde(rename = "message.requested")]
    MessageRequested(MessageRequested),
    /// We are about to send it.
    #[serde(rename = "message.attempted")]
    MessageAttempted(Attempt),
    /// A provider took it.
    #[serde(rename = "message.accepted")]
    MessageAccepted(MessageAccepted),
    /// It was not taken.
    #[serde(rename = "message.failed")]
    MessageFailed(MessageFailed),
    /// A party wrote to us.
    #[serde(rename = "message.received")]
    MessageReceived(MessageReceived),
    /// What became of a message we sent.
    #[serde(rename = "message.delivery")]
    MessageDelivery(MessageDelivery),
    /// A person wants no more messages.
    #[serde(rename = "contact.opted_out")]
    ContactOptedOut(ContactChanged),
    /// A person wants messages again.
    #[serde(rename = "contact.opted_in")]
    ContactOptedIn(ContactChanged),
    /// A step of a USSD session.
    #[serde(rename = "ussd.requested")]
    UssdRequested(UssdRequested),
    /// A USSD session is over.
    #[serde(rename = "ussd.ended")]
    UssdEnded(UssdEnded),
    /// Values of this stream were erased; its digests are named.
    #[serde(rename = "personal.erased")]
    PersonalErased(PersonalErased),
    /// A person is to be forgotten; the values went with this record.
    #[serde(rename = "erasure.requested")]
    ErasureRequested(ErasureRequested),
    /// Recordings and raw inputs are gone as well.
    #[serde(rename = "erasure.completed")]
    ErasureCompleted(ErasureCompleted),
    /// A key joined; the data is the statement with its signatures (`ledger::key`).
    #[serde(rename = "key.added")]
    KeyAdded(serde_json::Value),
    /// A key signs no more from here on.
    #[serde(rename = "key.retired")]
    KeyRetired(serde_json::Value),
    /// A key is not trusted from a position on.
    #[serde(rename = "key.revoked")]
    KeyRevoked(serde_json::Value),
}

impl EventData {
    /// Type and data as they stand in the record.
    pub fn encode(&self) -> (String, Value) {
        let whole =
            serde_json::to_value(self).expect("event data holds only strings, integers, lists and maps");
        let serde_json::Value::Object(mut map) = whole else {
            unreachable!("adjacently tagged enums are objects")
        };
        let kind = map.remove("type").and_then(|t| t.as_str().map(str::to_owned)).unwrap_or_default();
        (kind, profile(map.remove("data").unwrap_or_default()))
    }

    /// As [`EventData::encode`], with the data in canonical form already.
    ///
    /// # Errors
    /// [`ProfileError`] when a number or a text lies outside the profile.
    pub fn canonical(&self) -> Result<(String, Canonical), ProfileError> {
        let (data, kind) =
            Canonical::of(self)?.into_data_and_type().expect("adjacently tagged enums are type and data");
        Ok((kind, data))
    }

    /// Reads type and data of a record.
    ///
    /// # Errors
    /// When the type is unknown to this program or the data has another shape.
    pub fn decode(kind: &str, data: &Canonical) -> Result<EventData, serde_json::Error> {
        EventData::deserialize(MapAccessDeserializer::new(Tagged { kind: Some(kind), data: data.as_str() }))
    }
}

/// The two members of a tagged event in the order in which serde need not keep one until it has seen the other.
struct Tagged<'a> {
    /// None once it is read.
    kind: Option<&'a str>,
    /// Empty once it is read.
    data: &'a str,
}

impl<'a> MapAccess<'a> for Tagged<'a> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let name = match (self.kind, self.data) {
            (Some(_), _) => "type",
            (None, "") => return Ok(None),
            (None, _) => "data",
        };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        match self.kind.take() {
            Some(kind) => seed.deserialize(BorrowedStrDeserializer::new(kind)),
            None => seed.deserialize(&mut serde_json::Deserializer::from_str(std::mem::take(&mut self.data))),
        }
    }
}

/// Turns plain JSON into a profile value. A number that is no `i64` becomes one outside the profile, so that it is
/// refused rather than changed.
pub(crate) fn profile(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Number(n) => Value::Int(n.as_i64().unwrap_or(i64::MAX)),
        serde_json::Value::String(s) => Value::String(s),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(profile).collect()),
        serde_json::Value::Object(map) => {
            Value::Object(map.into_iter().map(|(k, v)| (k, profile(v))).collect())
        }
    }
}

/// Turns a profile value into plain JSON.
pub(crate) fn loose(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        Value::String(s) => s.clone().into(),
        Value::Array(items) => items.iter().map(loose).collect(),
        Value::Object(map) => {
            serde_json::Value::Object(map.iter().map(|(k, v)| (k.clone(), loose(v))).collect())
        }
    }
}

/// Private values of an event by name: what its disclosures open.
pub type PrivateValues = BTreeMap<String, String>;

/// An event with everything known about it, as states are folded from: fresh from a decision, or read back from the
/// log with those disclosures that were not erased.
#[derive(Clone, Debug)]
pub struct Event {
    /// Public part.
    pub data: EventData,
    /// The provider's time.
    pub occurred: Option<Occurred>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Its place in its stream.
    pub version: u64,
    /// Opened private values of the record.
    pub private: Private,
}

/// Opened disclosures; `Debug` shows only how many.
#[derive(Clone, Default)]
pub struct Private {
    /// Of the record, by name.
    pub record: PrivateValues,
    /// Of the document, by the digest under which they stand in it: name and value.
    pub document: BTreeMap<String, (String, String)>,
}

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Private({} + {})", self.record.len(), self.document.len())
    }
}

impl Private {
    /// All values with their names, those of the document too.
    pub fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_record = self.record.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        of_record.chain(self.document.values().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The record's private value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.record.get(name).map(String::as_str)
    }
}
