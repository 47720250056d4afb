//! What a second reader says of a transcript: a model outside, asked only where the operator named one.
//!
//! Its answer is kept as it came, as a private value, and is a claim about words that anybody could have spoken on the
//! call, also to it. What is taken of it is decided where a contract is drafted ([`crate::drafting::Draft::with_second`]).

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::ContractType;
use crate::message::after;
use crate::report::FailureReason;

/// Most terms taken of one answer. There are 22 names of terms.
pub const CLAIMS_MAX: usize = 40;
/// Longest name, value or quotation in an answer, in bytes: a sentence.
pub const CLAIM_TEXT_BYTES_MAX: usize = 500;
/// How often a transcript is shown to the reader where it gives no answer: somebody waits for the draft.
pub const READ_ATTEMPTS_MAX: u32 = 3;
/// Pause between attempts, milliseconds.
const READ_DELAY_MS: i64 = 2_000;

/// One term as the reader gives it. `Debug` shows no word of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claimed {
    /// Name of the term.
    pub field: String,
    /// Its value.
    pub value: String,
    /// The words of the transcript it stands in.
    pub words: String,
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claimed(..)")
    }
}

/// A reading of one transcript, asked for or there. `Debug` shows no word of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Version of the record that asked for it.
    pub task: u32,
    /// What is negotiated.
    pub contract_type: ContractType,
    /// The day of the call, `2026-03-10`.
    pub day: String,
    /// How often it failed.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// No more attempts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
    /// Somebody who spoke was forgotten meanwhile: it is not wanted any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// Whether there was an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub done: bool,
    /// The answer, as JSON; none where there is none, and when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reading({}, {} attempts, done {})", self.task, self.attempts, self.done)
    }
}

impl Reading {
    /// One that is asked for.
    pub(crate) fn asked(task: u32, contract_type: ContractType, day: &str, at: Timestamp) -> Reading {
        Reading {
            task,
            contract_type,
            day: day.to_owned(),
            attempts: 0,
            not_before: at,
            failure: None,
            given_up: false,
            erased: false,
            done: false,
            claims: None,
        }
    }

    /// Whether it is still to be made.
    pub fn is_open(&self) -> bool {
        !self.done && !self.given_up
    }

    /// What the reader said; none where it has not, or it was erased.
    pub fn said(&self) -> Option<Vec<Claimed>> {
        serde_json::from_str(self.claims.as_ref()?).ok()
    }

    pub(crate) fn failed(&mut self, attempt: u32, reason: FailureReason, again: bool, at: Timestamp) {
        self.attempts = self.attempts.max(attempt);
        self.failure = Some(reason);
        self.given_up = !again || attempt >= READ_ATTEMPTS_MAX;
        self.not_before = after(at, READ_DELAY_MS);
    }
}
