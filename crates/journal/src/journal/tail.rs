//! The newest entries, kept in memory: who follows closely need not read them from the disk, and need not wait for a thread
//! that may.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::entry::{Entry, Positioned};

/// Payload bytes kept: more than the relay has on its way at a time, and some tenths of a second of what a door takes under
/// load. Who is further behind than this reads from the disk anyway.
const TAIL_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Shared by the writer, which adds, and the readers. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Tail {
    inner: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    /// Positions without a hole.
    rows: VecDeque<Arc<Positioned>>,
    bytes: usize,
    /// No row above this position was ever marked as relayed.
    marked: u64,
    closed: bool,
}

impl Tail {
    /// The tail of a journal just opened, in which no row above `marked` is marked as relayed.
    pub fn new(marked: u64) -> Tail {
        Tail { inner: Arc::new(Mutex::new(Kept { marked, ..Kept::default() })) }
    }

    /// Adds committed entries; the first has this position.
    pub fn push(&self, first: u64, entries: Vec<Entry>) {
        let mut kept = self.lock();
        for (position, entry) in (first..).zip(entries) {
            kept.bytes += entry.payload.len();
            kept.rows.push_back(Arc::new(Positioned { position, entry }));
        }
        while kept.bytes > TAIL_BYTES_MAX {
            kept.pop();
        }
    }

    /// Forgets rows that were deleted, up to this position.
    pub fn prune(&self, through: u64) {
        let mut kept = self.lock();
        while kept.rows.front().is_some_and(|row| row.position <= through) {
            kept.pop();
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut kept = self.lock();
        (kept.rows, kept.bytes) = (VecDeque::new(), 0);
    }

    /// Forgets everything, for good.
    pub fn close(&self) {
        self.clear();
        self.lock().closed = true;
    }

    /// Notes that rows up to this position may be marked as relayed.
    pub fn marked(&self, through: u64) {
        let mut kept = self.lock();
        kept.marked = kept.marked.max(through);
    }

    /// Entries at positions above `range.start`, up to and including `range.end`; none where they are not all here.
    pub fn read(&self, range: Range<u64>, rows_max: usize, bytes_max: usize) -> Option<Vec<Positioned>> {
        let rows = self.lock().read(range, rows_max, bytes_max)?;
        Some(rows.iter().map(|row| Positioned::clone(row)).collect())
    }

    /// Like [`Tail::read`], where none of them is marked as relayed.
    pub fn unrelayed(&self, range: Range<u64>, rows_max: usize, bytes_max: usize) -> Option<Vec<Positioned>> {
        let kept = self.lock();
        let rows = if range.start < kept.marked { None } else { kept.read(range, rows_max, bytes_max) };
        drop(kept);
        Some(rows?.iter().map(|row| Positioned::clone(row)).collect())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn pop(&mut self) {
        if let Some(row) = self.rows.pop_front() {
            self.bytes -= row.entry.payload.len();
        }
    }

    /// Shared, so that the lock is not held while they are copied.
    fn read(&self, range: Range<u64>, rows_max: usize, bytes_max: usize) -> Option<Vec<Arc<Positioned>>> {
        let first = self.rows.front().filter(|_| !self.closed)?.position;
        let skipped = usize::try_from((range.start + 1).checked_sub(first)?).ok()?;
        let mut bytes = 0;
        let within = self.rows.iter().skip(skipped).take(rows_max).take_while(|row| {
            let wanted = row.position <= range.end && bytes < bytes_max;
            bytes += row.entry.payload.len();
            wanted
        });
        Some(within.cloned().collect())
    }
}
