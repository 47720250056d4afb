//! What a provider told us, in one vocabulary for all providers.
//!
//! `providers` turns webhook bytes into facts at the door; the fold never sees a provider's own field name.

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::Answer;
use crate::provider::Provider;

/// One thing a provider reported. A webhook may carry several (a call ended, and its recording is available).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is about.
    pub subject: Subject,
    /// What makes two deliveries the same event, unique within the provider: the provider's event id, else a semantic
    /// key such as `ATVId_1:ended`, else a digest of the body. Holds no personal value.
    pub key: String,
    /// When the provider says it happened; none where it gave no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred: Option<Occurred>,
    /// What happened.
    pub what: What,
    /// Personal and free-text values that came with it.
    #[serde(default)]
    pub private: Private,
}

/// What a fact is about; decides the stream it is recorded on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One leg of a call at a provider, by the provider's id.
    Call {
        /// Whose id it is.
        provider: Provider,
        /// The provider's id of this leg.
        id: String,
    },
    /// A conference of ours, by our own id (`ATVoice_…`).
    Conference {
        /// Our id.
        id: String,
    },
    /// A text message, by the provider's id.
    Message {
        /// Whose id it is.
        provider: Provider,
        /// The provider's id of this message.
        id: String,
    },
    /// A session in which somebody reads and types, by the provider's id (USSD).
    Session {
        /// Whose id it is.
        provider: Provider,
        /// The provider's id of this session.
        id: String,
    },
    /// A person, by the number among the private values: the provider names nothing else.
    Contact {},
}

/// A provider's time, with the zone we had to assume where it named none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurred {
    /// The instant.
    pub at: Timestamp,
    /// The zone assumed (`Africa/Nairobi`), none if the provider named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed_zone: Option<String>,
}

/// Values that never stand in a record in clear; each becomes a disclosure. Absent means not told.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    /// The person's number: E.164 where it could be normalised, else as the provider wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Our own line that was called or called from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Keys pressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<String>,
    /// A number the call was passed on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialled: Option<String>,
    /// Text of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where a recording can be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What we answered: the words spoken, or the text of the screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// The code a party gave, as far as it can be told apart from the rest of what it typed. Used to decide, not
    /// recorded: it stands in `digits` or `text` already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What a party says is wrong with a contract. Recorded with the dispute it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(..)")
    }
}

/// What happened, without anything personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum What {
    /// The leg exists: placed or arriving.
    CallStarted(Leg),
    /// Waiting in a queue.
    CallQueued(Leg),
    /// The phone rings.
    CallRinging(Leg),
    /// Somebody picked up.
    CallAnswered(Leg),
    /// The leg was passed on to another number.
    CallTransferred(Leg),
    /// Keys were pressed; which ones is private.
    CallInput(Leg),
    /// The leg is over.
    CallEnded(Leg),
    /// Something authentic that we have no word for; kept, changes no state.
    CallOther(Leg),
    /// We put a question to the person on the line: what was said is private.
    CallAsked(Leg),
    /// Asked whether the call may be recorded, the person agreed.
    CallConsented(Leg),
    /// Asked whether the call may be recorded, the person refused.
    CallConsentRefused(Leg),
    /// Asked whether the call may be recorded, the person pressed nothing that could be understood.
    CallConsentMissing(Leg),
    /// Keys were pressed as an answer to a contract that was read back; which ones is private.
    CallKeyed {
        /// What is told about the leg.
        leg: Leg,
        /// What the person wants.
        wish: Wish,
    },
    /// A recording can be fetched.
    RecordingAvailable {
        /// Length the provider states, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u32>,
    },
    /// A status report about a whole conference (the VoicePact webhook on a conference id).
    ConferenceReported {
        /// active, completed or failed.
        status: ConferenceStatus,
        /// Length in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u32>,
    },
    /// A party wrote to us.
    MessageReceived {},
    /// What became of a message we sent.
    MessageDelivery {
        /// The state.
        status: DeliveryStatus,
    },
    /// A person wants no more messages from us.
    TextsRefused {},
    /// A person wants messages from us again.
    TextsWanted {},
    /// A step of a USSD session; what was typed and shown is private.
    UssdRequested {
        /// What the person wants; none while it only looks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wish: Option<Wish>,
    },
    /// A USSD session is over.
    UssdEnded {
        /// How.
        status: SessionStatus,
        /// Length in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u32>,
    },
}

/// What a party wants done about a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Which contract, `AGRI-2026-001234`.
    pub contract_id: String,
    /// What.
    pub will: Will,
}

/// See [`Wish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Will {
    /// To answer it.
    Answer(Answer),
    /// To report that it is not kept; why is private.
    Dispute,
}

/// How a USSD session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The provider's word is unknown to us.
    Unknown,
    /// Given up in the middle.
    Incomplete,
    /// By a failure.
    Failed,
    /// In order.
    Success,
}

impl What {
    /// The type of record it becomes.
    pub fn kind(&self) -> &'static str {
        match self {
            What::CallStarted(_) => "call.started",
            What::CallQueued(_) => "call.queued",
            What::CallRinging(_) => "call.ringing",
            What::CallAnswered(_) => "call.answered",
            What::CallTransferred(_) => "call.transferred",
            What::CallInput(_) => "call.input",
            What::CallEnded(_) => "call.ended",
            What::CallOther(_) => "call.other",
            What::CallAsked(_) => "call.asked",
            What::CallConsented(_) => "call.consented",
            What::CallConsentRefused(_) => "call.consent_refused",
            What::CallConsentMissing(_) => "call.consent_missing",
            What::CallKeyed { .. } => "call.input",
            What::RecordingAvailable { .. } => "recording.available",
            What::ConferenceReported { .. } => "conference.reported",
            What::MessageReceived {} => "message.received",
            What::MessageDelivery { .. } => "message.delivery",
            What::TextsRefused {} => "contact.opted_out",
            What::TextsWanted {} => "contact.opted_in",
            What::UssdRequested { .. } => "ussd.requested",
            What::UssdEnded { .. } => "ussd.ended",
        }
    }

    /// The same, to be changed.
    pub fn leg_mut(&mut self) -> Option<&mut Leg> {
        match self {
            What::CallStarted(leg)
            | What::CallQueued(leg)
            | What::CallRinging(leg)
            | What::CallAnswered(leg)
            | What::CallTransferred(leg)
            | What::CallInput(leg)
            | What::CallEnded(leg)
            | What::CallOther(leg)
            | What::CallAsked(leg)
            | What::CallConsented(leg)
            | What::CallConsentRefused(leg)
            | What::CallConsentMissing(leg)
            | What::CallKeyed { leg, .. } => Some(leg),
            What::RecordingAvailable { .. }
            | What::ConferenceReported { .. }
            | What::MessageReceived {}
            | What::MessageDelivery { .. }
            | What::TextsRefused {}
            | What::TextsWanted {}
            | What::UssdRequested { .. }
            | What::UssdEnded { .. } => None,
        }
    }

    /// What is told about the leg, where it is about one.
    pub fn leg(&self) -> Option<&Leg> {
        match self {
            What::CallStarted(leg)
            | What::CallQueued(leg)
            | What::CallRinging(leg)
            | What::CallAnswered(leg)
            | What::CallTransferred(leg)
            | What::CallInput(leg)
            | What::CallEnded(leg)
            | What::CallOther(leg)
            | What::CallAsked(leg)
            | What::CallConsented(leg)
            | What::CallConsentRefused(leg)
            | What::CallConsentMissing(leg)
            | What::CallKeyed { leg, .. } => Some(leg),
            What::RecordingAvailable { .. }
            | What::ConferenceReported { .. }
            | What::MessageReceived {}
            | What::MessageDelivery { .. }
            | What::TextsRefused {}
            | What::TextsWanted {}
            | What::UssdRequested { .. }
            | What::UssdEnded { .. } => None,
        }
    }
}

/// What is told about a leg, besides private values. Absent means not told, never cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leg {
    /// Who called whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// How it ended; only on [`What::CallEnded`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CallOutcome>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Length in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// Length of the dialled leg in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dial_duration_s: Option<u32>,
    /// Cost as the provider wrote it: a decimal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// ISO 4217 currency of the cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// When the call started, by the provider's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Our id of the conference or dialling it was placed for, where the provider sends it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The person called us.
    Inbound,
    /// We called the person.
    Outbound,
}

/// How a leg ended. Ordered: where deliveries disagree, the later variant is shown, and the conflict is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// Over, nothing said about how.
    Ended,
    /// Never connected for a technical reason.
    Failed,
    /// The caller gave up, or another phone won.
    Cancelled,
    /// The person refused.
    Rejected,
    /// Busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// Connected, but nothing was said.
    EndedWithoutTalk,
    /// Connected and ended normally.
    Completed,
}

/// Why a leg ended: the names of the FreeSWITCH family that providers use; anything else is `other` and stays
/// readable in the raw body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Cause {
    NormalClearing,
    CallRejected,
    NormalTemporaryFailure,
    RecoveryOnTimerExpire,
    OriginatorCancel,
    LoseRace,
    UserBusy,
    NoAnswer,
    NoUserResponse,
    SubscriberAbsent,
    ServiceUnavailable,
    UserNotRegistered,
    UnallocatedNumber,
    Unspecified,
    InvalidNumber,
    NetworkError,
    Other,
}

/// Where a conference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConferenceStatus {
    /// Dialled or talking.
    Active,
    /// Could not be held.
    Failed,
    /// Over.
    Completed,
}

/// What became of a message. Ordered: a later variant wins over an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// The provider's word is unknown to us.
    Unknown,
    /// Waiting at the provider.
    Buffered,
    /// Handed to the network.
    Submitted,
    /// Sent.
    Sent,
    /// Refused.
    Rejected,
    /// Not delivered.
    Failed,
    /// On the phone.
    Delivered,
}
