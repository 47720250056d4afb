//! Giving way: who brings more waits a little while what came before is far from being folded.
//!
//! Where the door and the fold share a machine, the door is the faster one, and under more load than the machine can fold it
//! would run ahead as long as the load lasts: views grow old, and a command waits behind everything that was taken before it.
//! So from a backlog of about half a second on, each transaction waits, the longer the larger the backlog is, for milliseconds
//! at most. Nothing is refused, and callers who wait together are still written together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Inputs that may wait to be folded before anybody gives way.
const BEHIND_MIN: u64 = 4_000;
/// For each input beyond these a transaction waits so much longer.
const PAUSE_EACH: Duration = Duration::from_nanos(250);
/// Longest wait of a transaction. No provider notices it, and hundreds of callers who come together lose little by it.
const PAUSE_MAX: Duration = Duration::from_millis(10);

/// How far the fold is behind, as the journal's writer was told last. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Pace {
    behind: Arc<AtomicU64>,
}

impl Pace {
    /// Inputs that wait to be folded; 0 where nobody folds, or nobody knows.
    pub fn tell(&self, inputs: u64) {
        self.behind.store(inputs, Ordering::Relaxed);
    }

    /// As it was told last.
    pub fn behind(&self) -> u64 {
        self.behind.load(Ordering::Relaxed)
    }

    /// How long the next transaction is to wait.
    pub fn pause(&self) -> Duration {
        let over = self.behind().saturating_sub(BEHIND_MIN);
        PAUSE_EACH.saturating_mul(u32::try_from(over).unwrap_or(u32::MAX)).min(PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_brings_more_waits_the_longer_the_farther_the_fold_is_behind() {
        let cases = [
            (0, 0),
            (BEHIND_MIN, 0),
            (BEHIND_MIN + 4, 1),
            (2 * BEHIND_MIN, 1_000),
            (BEHIND_MIN + 40_000, 10_000),
            (50_000_000, 10_000),
            (u64::MAX, 10_000),
        ];
        let pace = Pace::default();
        for (inputs, micros) in cases {
            pace.tell(inputs);
            assert_eq!(pace.pause(), Duration::from_micros(micros), "{inputs}");
        }
        pace.tell(0);
        assert_eq!(pace.pause(), Duration::ZERO, "the fold has caught up");
    }
}
