//! L3 and L4: checkpoints, against the root the entries give at their sizes.

use std::collections::BTreeMap;

use super::Finding;
use super::log::{Known, Log};
use super::tally::{Check, Place, Tally};
use crate::checkpoint::{Checkpoint, LogVerifier};

/// The checkpoints given so far. Each is compared when the log comes to its size, or at once where it has gone by, and then
/// forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    /// Those for more entries than came so far, by size.
    ahead: BTreeMap<u64, Vec<Checkpoint>>,
    /// The largest that was compared; it shows that entries are included, all others that the log never was another.
    largest: Option<Compared>,
    /// The largest size at which one agreed.
    agreed: u64,
}

/// What came of a comparison.
#[derive(Debug, Clone)]
struct Compared {
    size: u64,
    outcome: Outcome,
}

#[derive(Debug, Clone)]
enum Outcome {
    Agrees,
    Differs(Finding),
    Unknown(Finding),
}

impl Notes {
    pub(super) fn add(&mut self, note: &str, verifier: Option<&LogVerifier>, log: &Log, tally: &mut Tally) {
        let Some(verifier) = verifier else {
            let message = "the log key is not known, so the checkpoint proves nothing";
            return tally.skip(Check::Checkpoint, Place::NONE.note("checkpoint", message));
        };
        match Checkpoint::open(note, verifier) {
            Ok(checkpoint) => {
                tally.pass(Check::Checkpoint);
                if checkpoint.size <= log.next() {
                    self.compare(&checkpoint, log, tally);
                } else {
                    self.ahead.entry(checkpoint.size).or_default().push(checkpoint);
                }
            }
            Err(error) => tally.fail(Check::Checkpoint, Place::NONE.note("checkpoint", error.to_string())),
        }
    }

    /// The log has come to this length.
    pub(super) fn reached(&mut self, log: &Log, tally: &mut Tally) {
        while let Some(first) = self.ahead.first_entry()
            && *first.key() <= log.next()
        {
            for checkpoint in first.remove() {
                self.compare(&checkpoint, log, tally);
            }
        }
    }

    /// The size of the largest checkpoint that verified.
    pub(super) fn largest(&self) -> Option<u64> {
        let compared = self.largest.as_ref().map(|compared| compared.size);
        self.ahead.last_key_value().map(|(size, _)| *size).or(compared)
    }

    /// The log is at its end.
    pub(super) fn finish(&mut self, log: &Log, tally: &mut Tally) {
        for checkpoint in std::mem::take(&mut self.ahead).into_values().flatten() {
            self.compare(&checkpoint, log, tally);
        }
        let Some(Compared { size, outcome }) = self.largest.take() else { return };
        outcome.tell(Check::Inclusion, size, tally);
        if size == 0 {
            tally.allow_none(&[Check::Inclusion]);
        }
        if size < log.next() {
            let count = log.next() - size;
            let message = format!("{count} records are not yet under a checkpoint");
            tally.skip(Check::Inclusion, Place::at(size).note("checkpoint", message));
        }
    }

    fn compare(&mut self, checkpoint: &Checkpoint, log: &Log, tally: &mut Tally) {
        let size = checkpoint.size;
        // The first difference lies behind the size at which an earlier one agrees.
        let agreed = if self.agreed < size { self.agreed } else { 0 };
        let outcome = outcome(checkpoint, agreed, log);
        if matches!(outcome, Outcome::Agrees) {
            self.agreed = self.agreed.max(size);
        }
        let compared = Compared { size, outcome };
        let lesser = match &mut self.largest {
            Some(largest) if size < largest.size => Some(compared),
            largest => largest.replace(compared),
        };
        if let Some(Compared { outcome, .. }) = lesser {
            outcome.tell(Check::Kept, 1, tally);
        }
    }
}

impl Outcome {
    fn tell(self, check: Check, weight: u64, tally: &mut Tally) {
        match self {
            Outcome::Agrees => tally.pass_many(check, weight),
            Outcome::Differs(finding) => tally.fail(check, finding),
            Outcome::Unknown(finding) => tally.skip(check, finding),
        }
    }
}

fn outcome(checkpoint: &Checkpoint, agreed: u64, log: &Log) -> Outcome {
    let Checkpoint { size, root, .. } = checkpoint;
    let field = format!("root at size {size}");
    match log.root(*size) {
        Known::Hash(computed) if computed == *root => Outcome::Agrees,
        Known::Hash(computed) => {
            let message = match agreed {
                0 => "the entries give another root than the one signed".to_owned(),
                _ => format!(
                    "the entries give another root than the one signed; up to size {agreed} they agree"
                ),
            };
            Outcome::Differs(Place::NONE.finding(field, root, computed, message))
        }
        Known::Beyond => {
            let message = "the log was longer when this was signed";
            Outcome::Differs(Place::at(log.next()).finding("size", size, log.next(), message))
        }
        Known::Missing => {
            let place = log.gap().map_or(Place::NONE, Place::at);
            Outcome::Unknown(place.note(field, "cannot be recomputed, for an entry is missing"))
        }
        Known::Dropped => {
            let message = "given too late to compare it: the log had gone on";
            Outcome::Unknown(Place::NONE.note(field, message))
        }
    }
}
