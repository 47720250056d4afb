//! What became of something we did outside: the results that effects bring back as inputs.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::fact::Fact;
use crate::provider::Provider;

/// A report on one task or on one dialling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "report")]
pub enum Report {
    /// We are about to send a message: journaled first, so that an unknown outcome is visible.
    MessageAttempted(TaskRef),
    /// The provider took the message.
    MessageAccepted {
        /// Which task.
        task: TaskRef,
        /// Who took it.
        provider: Provider,
        /// The provider's id, by which delivery reports come.
        message_id: String,
        /// Cost as written by the provider.
        cost: Option<String>,
        /// What it said of this receiver.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Receipt>,
    },
    /// The message was not taken, or nobody knows.
    MessageFailed {
        /// Which task.
        task: TaskRef,
        /// Why.
        reason: FailureReason,
        /// Whether to try again.
        again: bool,
        /// What the provider said of this receiver; none where it said nothing of any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Receipt>,
    },
    /// The provider answered a dialling.
    Dialled {
        /// The conference or dial it was for, as a stream name.
        stream: String,
        /// Who dialled.
        provider: Provider,
        /// One per party, in the order of the parties.
        legs: Vec<DialledLeg>,
        /// Our line that dialled; none where it was journaled before that was told, and nothing is recorded of the calls
        /// themselves then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<String>,
    },
    /// The dialling failed as a whole, or nobody knows.
    DialFailed {
        /// The conference or dial it was for, as a stream name.
        stream: String,
        /// Why.
        reason: FailureReason,
    },
    /// The provider did what was asked of it.
    Controlled {
        /// The stream it was asked on.
        stream: String,
        /// The input that asked.
        control: Uuid,
        /// The provider's id of what it began, where it gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// The provider did not do what was asked of it, or nobody knows.
    ControlFailed {
        /// The stream it was asked on.
        stream: String,
        /// The input that asked.
        control: Uuid,
        /// Why.
        reason: FailureReason,
    },
    /// A recording was fetched and stored.
    RecordingFetched {
        /// Which task.
        task: TaskRef,
        /// Lower-case hex SHA-256 of the audio bytes.
        sha256: String,
        /// Size in bytes.
        bytes: u64,
        /// By the first bytes of the file, not by the server's word.
        media_type: String,
        /// Length in milliseconds where the format told it.
        duration_ms: Option<u64>,
        /// Whether a transcriber waits for recordings of conferences.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        transcribe: bool,
        /// After how many seconds it is to be fetched once more, to see whether it is still the same; none: not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check_after_s: Option<u32>,
    },
    /// A call without an end was asked about at its provider, or could not be.
    CallLooked {
        /// The call, as a stream name.
        stream: String,
        /// Whose it is.
        provider: Provider,
        /// 1-based: how often it was looked for.
        attempt: u32,
        /// What was found.
        found: Found,
    },
    /// What an erasure leaves to be done outside the log is done.
    ErasureDone {
        /// Which task.
        task: TaskRef,
        /// Recordings deleted.
        recordings: u32,
        /// Raw inputs deleted.
        inputs: u32,
    },
    /// A recording could not be fetched.
    RecordingFailed {
        /// Which task.
        task: TaskRef,
        /// Why.
        reason: FailureReason,
        /// Whether to try again.
        again: bool,
    },
    /// A recording was transcribed.
    Transcribed {
        /// Which task.
        task: TaskRef,
        /// What was said.
        turns: Vec<crate::transcript::Turn>,
    },
    /// A second reader read a transcript.
    TermsRead {
        /// Which task.
        task: TaskRef,
        /// What it says.
        claims: Vec<crate::reading::Claimed>,
    },
    /// A second reader gave no answer, or none that can be read.
    TermsFailed {
        /// Which task.
        task: TaskRef,
        /// Why.
        reason: FailureReason,
        /// Whether to try again.
        again: bool,
    },
    /// A recording could not be transcribed.
    TranscriptFailed {
        /// Which task.
        task: TaskRef,
        /// Why.
        reason: FailureReason,
        /// Whether to try again.
        again: bool,
    },
}

/// What a provider said of one receiver of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The provider's own code of the result.
    pub code: u16,
    /// Cost: a decimal text, as the provider wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// ISO 4217 currency of the cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What asking a provider about a call gave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum Found {
    /// The provider told where the call stands.
    Told {
        /// What it said.
        facts: Vec<Fact>,
        /// Its answer as it came.
        raw: String,
    },
    /// The provider knows no such call.
    Unknown {},
    /// The provider has no request for it, or we have no account to ask with.
    CannotAsk {},
    /// Asking failed.
    Failed {
        /// Why.
        reason: FailureReason,
    },
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Found::Told { facts, .. } => write!(f, "Told({} facts)", facts.len()),
            Found::Unknown {} => f.write_str("Unknown"),
            Found::CannotAsk {} => f.write_str("CannotAsk"),
            Found::Failed { reason } => write!(f, "Failed({reason:?})"),
        }
    }
}

/// Names a task: the stream it stands on and its number there, and which attempt this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRef {
    /// Stream name.
    pub stream: String,
    /// 1-based number of the task on the stream.
    pub task: u32,
    /// 1-based attempt.
    pub attempt: u32,
}

/// One leg of a dialling as the provider answered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialledLeg {
    /// 0-based party.
    pub party: u32,
    /// The provider's id of the leg; none when it was refused.
    pub call_id: Option<String>,
    /// Whether the provider took it.
    pub status: LegStatus,
}

/// Whether a leg was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegStatus {
    /// Being dialled.
    Queued,
    /// The number is not one.
    InvalidNumber,
    /// The provider does not call there.
    NotSupported,
    /// No money left.
    InsufficientCredit,
    /// Another word.
    Refused,
    /// No answer: whether it is being dialled is unknown.
    Unknown,
}

/// Why something outside did not work; a closed list, details are in the log of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// No connection.
    Unreachable,
    /// No answer in time: whether it took effect is unknown.
    UnknownOutcome,
    /// Our key was refused.
    Unauthorized,
    /// The sender id was refused.
    InvalidSender,
    /// The number was refused.
    InvalidNumber,
    /// The person does not want messages.
    OptedOut,
    /// No money left.
    InsufficientCredit,
    /// The provider's own failure.
    ProviderError,
    /// The answer could not be read.
    UnreadableAnswer,
    /// Nothing configured to do it with.
    NotConfigured,
    /// The address may not be fetched (an internal address, a forbidden scheme).
    ForbiddenAddress,
    /// Not there (yet).
    NotFound,
    /// Larger than allowed.
    TooLarge,
    /// Not audio.
    WrongType,
    /// Took too long.
    TooSlow,
    /// The room could not be joined.
    ConferenceUnavailable,
    /// Could not be stored.
    StorageError,
    /// Something else.
    Other,
}
