//! What became of an input.

use serde::{Deserialize, Serialize};

/// The result of folding one input; kept for ever beside the input's id. Holds no personal value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// It was recorded.
    Recorded {
        /// What was recorded, in order.
        records: Vec<Recorded>,
        /// A wrong code is recorded and refused at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Refusal>,
    },
    /// It said nothing new: the same fact, answer or report was recorded before. A result, not an error.
    AlreadyApplied {
        /// The stream on which it already stands.
        stream: String,
    },
    /// It was refused by a rule; nothing was recorded.
    Refused(Refusal),
    /// It could not be understood; the raw bytes are kept for an operator.
    Quarantined {
        /// Why.
        reason: QuarantineReason,
    },
}

/// One record that an input led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Stream name.
    pub stream: String,
    /// Version on the stream.
    pub version: u64,
    /// Type of the record.
    pub kind: String,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Refusal {
    /// There is no such contract, conference, …
    #[error("{what} not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The number is not one of the contract's parties.
    #[error("this phone number is not a party of the contract")]
    NotAParty,
    /// The code is not the one this party was sent.
    #[error("the confirmation code is wrong")]
    WrongCode,
    /// Too many wrong codes for this party.
    #[error("too many wrong codes; ask for a new contract message")]
    TooManyAttempts,
    /// The contract is no longer open to this.
    #[error("a contract that is {status} cannot be answered this way")]
    WrongStatus {
        /// Its status.
        status: String,
    },
    /// The time to confirm is over.
    #[error("the contract expired")]
    Expired,
    /// A field breaks a rule.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which field.
        field: String,
        /// Why.
        reason: String,
    },
}

/// Why an input was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// The journaled bytes are not an input we can read.
    Unreadable,
    /// Authentic, but nothing in it that we understand.
    NoFacts,
    /// It would make a record outside the profile or over the size limit.
    Unrecordable,
    /// It reports on something that is not there.
    UnknownTask,
}
