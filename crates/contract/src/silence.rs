//! Calls that are never said to end: a provider that does not repeat a lost webhook leaves a gap, which is looked for.

use serde::{Deserialize, Serialize};

use crate::event::{CallSilent, SilentAnswer};

/// How often a call without an end is looked for: at the usual hour between two looks that is half a day, three times as
/// long as any provider here lets a call last.
pub const LOOKS_MAX: u32 = 12;

/// That the end of a call was looked for, and how that went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// How often.
    pub attempts: u32,
    /// What the last look gave.
    pub answer: SilentAnswer,
    /// It is not looked for any more: what became of the call is for people to find out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
}

impl Silence {
    /// Folds one look in vain.
    pub fn fold(known: &mut Option<Silence>, data: &CallSilent) {
        let before = known.as_ref().map_or(0, |silence| silence.attempts);
        *known = Some(Silence {
            attempts: before.max(data.attempt),
            answer: data.answer,
            given_up: !data.again || known.as_ref().is_some_and(|silence| silence.given_up),
        });
    }
}
