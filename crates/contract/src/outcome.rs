//! What became of an input.

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::input::{Body, Input, Seed};
use crate::lifecycle::{Status, Step, legal};

/// Member of a kept outcome, beside its own: the fingerprint of the request, where it came under a key.
pub const REQUEST_MEMBER: &str = "request";

/// Member of a kept outcome, where it came under a key: tells which of several inputs of the same id was taken, so that
/// only who handed that one in goes on to act outside ([`turn`]).
pub const TURN_MEMBER: &str = "turn";

/// The value of [`TURN_MEMBER`] for an input of this seed.
pub fn turn(seed: &Seed) -> String {
    seed.derive("ahadi.turn", 0).hex()
}

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
        /// The version that stream had then; 0 in outcomes of older versions of this program.
        #[serde(default, skip_serializing_if = "is_zero")]
        version: u64,
    },
    /// It was refused by a rule; nothing was recorded.
    Refused(Refusal),
    /// It could not be understood; the raw bytes are kept for an operator.
    Quarantined {
        /// Why.
        reason: QuarantineReason,
    },
}

impl Outcome {
    /// The outcome as it is kept beside the input's id.
    pub fn to_json(&self, input: &Input) -> String {
        const WHY: &str = "an outcome holds only strings, numbers and lists";
        let Body::Command(Command::Once(keyed)) = &input.body else {
            return serde_json::to_string(self).expect(WHY);
        };
        let mut kept = serde_json::to_value(self).expect(WHY);
        kept[REQUEST_MEMBER] = keyed.request.hex().into();
        kept[TURN_MEMBER] = turn(&input.seed).into();
        kept.to_string()
    }
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
    /// The step is not in the table of the contract's life ([`crate::lifecycle`]).
    #[error("{}", illegal(status, step, legal))]
    WrongStatus {
        /// Its status.
        status: String,
        /// The step that was asked for.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        step: String,
        /// The steps that are legal.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        legal: Vec<String>,
    },
    /// The party has said the opposite before.
    #[error("this party has answered otherwise, and its first answer stands")]
    AnsweredOtherwise,
    /// The code is for terms that are not, or no longer, to be answered.
    #[error("these terms no longer wait for an answer; use the code of the newest message")]
    OldTerms,
    /// The contract is not in the state the client believes.
    #[error("the contract has changed since it was read")]
    Stale,
    /// Only a party can do this.
    #[error("only a party can do this, with its phone number and its code")]
    PartyNeeded,
    /// Done as often as possible.
    #[error("{what} is possible at most {max} times")]
    TooOften {
        /// What.
        what: String,
        /// How often.
        max: u64,
    },
    /// The party was asked for nothing that it could still answer.
    #[error("no answer of this party is waited for")]
    NotAsked,
    /// Somebody who spoke was forgotten.
    #[error("somebody who spoke was forgotten, and nothing more is kept of what was said")]
    Forgotten,
    /// The time is not over.
    #[error("the time to confirm is not over")]
    NotDue,
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

impl Refusal {
    /// The refusal of a step in a status, naming what is possible.
    pub fn illegal(status: Status, step: Step) -> Refusal {
        Refusal::WrongStatus {
            status: status.as_str().to_owned(),
            step: step.as_str().to_owned(),
            // Nobody can ask for what the clock does.
            legal: legal(status)
                .into_iter()
                .filter(|step| *step != Step::Expire)
                .map(|step| step.as_str().to_owned())
                .collect(),
        }
    }
}

fn illegal(status: &str, step: &str, legal: &[String]) -> String {
    let possible = if legal.is_empty() { "nothing".to_owned() } else { legal.join(", ") };
    format!("{step} is not possible on a contract that is {status}; possible now: {possible}")
}

fn is_zero(n: &u64) -> bool {
    *n == 0
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
