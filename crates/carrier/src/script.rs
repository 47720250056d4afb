//! How the simulated people behave when they are called.

use std::collections::BTreeMap;

/// What happens when one phone is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Picks up after so many seconds of ringing.
    Answers {
        /// Seconds of ringing.
        after_seconds: u32,
    },
    /// The line is busy.
    Busy,
    /// Rings out, or the phone is switched off.
    NoAnswer,
    /// The person declines the call.
    Rejects,
    /// The number exists in form only: the network cannot reach it.
    Unreachable,
}

/// Which leg's final callback carries the recording's URL.
#[derive(Clone, PartialEq, Eq)]
pub enum RecordingLeg {
    /// The first leg that answers, in the order of the request. Requests with the same `clientRequestId` count as
    /// one call.
    First,
    /// The leg of this phone, if it answers.
    Phone(String),
}

/// The story of the calls placed from now on.
#[derive(Clone)]
pub struct Script {
    /// What each phone does; phones not listed do `otherwise`.
    pub legs: BTreeMap<String, Outcome>,
    /// What a phone does that is not listed.
    pub otherwise: Outcome,
    /// Seconds between the first answer and the end of the call.
    pub talk_seconds: u32,
    /// Whether the call is recorded at all.
    pub records: bool,
    /// Which leg's final callback carries the recording's URL.
    pub recording_leg: RecordingLeg,
    /// What each phone presses, question by question; a phone that is not listed presses nothing.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Whether the final callback goes to the instruct URL too, as the provider does for a number that has both
    /// URLs. That copy has neither `clientRequestId` nor `hangupCause`.
    pub final_to_instruct: bool,
}

impl Default for Script {
    fn default() -> Self {
        Script {
            legs: BTreeMap::new(),
            otherwise: Outcome::Answers { after_seconds: 4 },
            talk_seconds: 45,
            records: true,
            recording_leg: RecordingLeg::First,
            keys: BTreeMap::new(),
            final_to_instruct: true,
        }
    }
}

impl Script {
    /// This script with `phone` doing `outcome`.
    #[must_use]
    pub fn leg(mut self, phone: &str, outcome: Outcome) -> Self {
        self.legs.insert(phone.to_owned(), outcome);
        self
    }

    /// This script with `phone` pressing `keys`, one for each question it is asked.
    #[must_use]
    pub fn presses(mut self, phone: &str, keys: &[&str]) -> Self {
        self.keys.insert(phone.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect());
        self
    }

    /// What `phone` presses.
    pub(crate) fn keys(&self, phone: &str) -> Vec<String> {
        self.keys.get(phone).cloned().unwrap_or_default()
    }

    /// What `phone` does when called.
    #[must_use]
    pub fn outcome(&self, phone: &str) -> Outcome {
        self.legs.get(phone).copied().unwrap_or(self.otherwise)
    }

    /// Whether the answered leg of `phone` may carry the recording.
    pub(crate) fn may_record(&self, phone: &str) -> bool {
        self.records
            && match &self.recording_leg {
                RecordingLeg::First => true,
                RecordingLeg::Phone(chosen) => chosen == phone,
            }
    }
}
