//! L3 and L4: checkpoints, against the root the entries give at their sizes.

use super::log::Log;
use super::tally::{Check, Place, Tally};
use crate::checkpoint::{Checkpoint, LogVerifier};

/// The checkpoints given so far, opened as soon as the log key is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    waiting: Vec<String>,
    opened: Vec<Checkpoint>,
    /// Some note was not a checkpoint of this log.
    bad: bool,
}

impl Notes {
    pub(super) fn add(&mut self, note: &str, verifier: Option<&LogVerifier>, tally: &mut Tally) {
        let Some(verifier) = verifier else {
            self.waiting.push(note.to_owned());
            return;
        };
        match Checkpoint::open(note, verifier) {
            Ok(checkpoint) => {
                tally.pass(Check::Checkpoint);
                self.opened.push(checkpoint);
            }
            Err(error) => {
                self.bad = true;
                tally.fail(Check::Checkpoint, Place::NONE.note("checkpoint", error.to_string()));
            }
        }
    }

    /// The size of the largest checkpoint that verified.
    pub(super) fn largest(&self) -> Option<u64> {
        self.opened.iter().map(|checkpoint| checkpoint.size).max()
    }

    /// Compares every checkpoint with the entries: the largest shows that they are included, all others that the log
    /// never was another.
    pub(super) fn finish(&mut self, log: &Log, verifier: Option<&LogVerifier>, tally: &mut Tally) {
        for note in std::mem::take(&mut self.waiting) {
            if verifier.is_none() {
                let message = "the log key is not known, so the checkpoint proves nothing";
                tally.skip(Check::Checkpoint, Place::NONE.note("checkpoint", message));
            }
            self.add(&note, verifier, tally);
        }
        self.opened.sort_by_key(|checkpoint| checkpoint.size);
        let Some((largest, kept)) = self.opened.split_last() else { return };
        let mut agreed = 0;
        for checkpoint in kept {
            if compare(checkpoint, agreed, Check::Kept, 1, log, tally) {
                agreed = checkpoint.size;
            }
        }
        compare(largest, agreed, Check::Inclusion, largest.size, log, tally);
        if largest.size == 0 {
            tally.allow_none(&[Check::Inclusion]);
        }
        if largest.size < log.next() {
            let count = log.next() - largest.size;
            let message = format!("{count} records are not yet under a checkpoint");
            tally.skip(Check::Inclusion, Place::at(largest.size).note("checkpoint", message));
        }
    }
}

/// `agreed` is the size up to which an earlier checkpoint agrees, so the first difference lies behind it.
fn compare(
    checkpoint: &Checkpoint,
    agreed: u64,
    check: Check,
    weight: u64,
    log: &Log,
    tally: &mut Tally,
) -> bool {
    let Checkpoint { size, root, .. } = checkpoint;
    let field = format!("root at size {size}");
    match log.root(*size) {
        Some(computed) if computed == *root => {
            tally.pass_many(check, weight);
            return true;
        }
        Some(computed) => {
            let message = match agreed {
                0 => "the entries give another root than the one signed".to_owned(),
                _ => format!(
                    "the entries give another root than the one signed; up to size {agreed} they agree"
                ),
            };
            tally.fail(check, Place::NONE.finding(field, root, computed, message));
        }
        None if *size > log.next() => {
            let message = "the log was longer when this was signed";
            tally.fail(check, Place::at(log.next()).finding("size", size, log.next(), message));
        }
        None => {
            let place = log.gap().map_or(Place::NONE, Place::at);
            tally.skip(check, place.note(field, "cannot be recomputed, for an entry is missing"));
        }
    }
    false
}
