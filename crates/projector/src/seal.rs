//! Signing a batch while it is still being folded.
//!
//! Signing takes most of a batch's time and needs nothing but the payload, for records are chained over payloads. So
//! what the fold has made is signed in shares, by as many threads as there are cores, while the fold goes on; when it is
//! through, its own thread signs too.

use std::collections::VecDeque;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};

use contract::world::Made;
use ledger::key::RecordKey;
use ledger::record::{Sealed, seal_all};
use store::rows::{DisclosureRow, PersonRow, RecordRow, Scope};

/// Records signed at a time: some hundred microseconds of work, so that handing them over costs little and the last
/// share does not keep all others waiting.
const SHARE_RECORDS: usize = 16;

/// Asking the system reads a dozen files, which takes longer than a small batch.
static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// Signed records and what lies beside them, in the order of the log.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) records: Vec<RecordRow>,
    pub(crate) disclosures: Vec<DisclosureRow>,
    pub(crate) persons: Vec<PersonRow>,
}

/// What is waiting to be signed, and what is.
struct Bench<'k> {
    key: &'k RecordKey,
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(u64, Vec<Made>)>,
    /// Nothing is added any more.
    closed: bool,
    done: Vec<(u64, Rows)>,
}

/// Takes the records of a batch as they are made.
pub(crate) struct Sealer<'b, 'k> {
    bench: &'b Bench<'k>,
    next: u64,
    share: Vec<Made>,
}

/// Closes the bench however its scope is left: threads that wait for a fold that panicked would wait for ever.
struct Closing<'b, 'k>(&'b Bench<'k>);

impl Drop for Closing<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.more.notify_all();
    }
}

impl Sealer<'_, '_> {
    /// Takes records in order.
    pub(crate) fn take(&mut self, made: impl Iterator<Item = Made>) {
        for one in made {
            self.share.push(one);
            if self.share.len() == SHARE_RECORDS {
                self.hand_over();
            }
        }
    }

    fn hand_over(&mut self) {
        let share = std::mem::replace(&mut self.share, Vec::with_capacity(SHARE_RECORDS));
        let first = self.next;
        self.next += share.len() as u64;
        self.bench.lock().waiting.push_back((first, share));
        self.bench.more.notify_one();
    }
}

impl<'k> Bench<'k> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; what a panic elsewhere interrupts is not used.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs until nothing is left and nothing more comes.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some((first, share)) = state.waiting.pop_front() {
                drop(state);
                let rows = sign(first, share, self.key);
                state = self.lock();
                state.done.push((first, rows));
            } else if state.closed {
                return;
            } else {
                state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Runs `fold`, which hands over the records it makes, and signs them as positions `first` and up on as many threads as
/// `expected` records are worth.
pub(crate) fn sealing<T>(
    key: &RecordKey,
    first: u64,
    expected: usize,
    fold: impl FnOnce(&mut Sealer<'_, '_>) -> T,
) -> (T, Rows) {
    let bench = Bench { key, state: Mutex::default(), more: Condvar::new() };
    // This thread is one of them; below two shares one core is through before another has begun.
    let helpers = (*CORES - 1).min(expected / (2 * SHARE_RECORDS));
    let folded = std::thread::scope(|scope| {
        let closing = Closing(&bench);
        for _ in 0..helpers {
            scope.spawn(|| bench.work());
        }
        let mut sealer = Sealer { bench: &bench, next: first, share: Vec::with_capacity(SHARE_RECORDS) };
        let folded = fold(&mut sealer);
        sealer.hand_over();
        drop(closing);
        bench.work();
        folded
    });
    let mut done = std::mem::take(&mut bench.lock().done);
    done.sort_unstable_by_key(|(first, _)| *first);
    let mut rows = Rows::default();
    for (_, share) in done {
        rows.records.extend(share.records);
        rows.disclosures.extend(share.disclosures);
        rows.persons.extend(share.persons);
    }
    (folded, rows)
}

fn sign(first: u64, share: Vec<Made>, key: &RecordKey) -> Rows {
    let mut rows = Rows { records: Vec::with_capacity(share.len()), ..Rows::default() };
    let sealed = seal_all(share.iter().map(|made| &made.payload), key);
    for ((position, made), sealed) in (first..).zip(share).zip(sealed) {
        let of_record = made.disclosures.into_iter().map(|d| (Scope::Record, d));
        let of_document = made.document_disclosures.into_iter().map(|d| (Scope::Document, d));
        let beside = (0..).zip(of_record.chain(of_document)).map(|(ordinal, (scope, d))| DisclosureRow {
            position,
            ordinal,
            scope,
            encoded: d.encoded,
        });
        rows.disclosures.extend(beside);
        rows.persons.extend(made.tokens.into_iter().map(|token| PersonRow { token: token.into(), position }));
        let Sealed { jws, payload_sha256, leaf } = sealed;
        rows.records.push(RecordRow {
            position,
            stream: made.stream,
            version: made.version,
            id: made.id,
            kind: made.kind,
            recorded_at: made.recorded_at,
            prev: made.prev,
            payload_sha256,
            leaf,
            jws,
        });
    }
    rows
}
