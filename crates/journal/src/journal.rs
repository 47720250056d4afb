//! The journal: one SQLite file, one writer, positions that only grow.
//!
//! Callers hand their entries to a single writer over a bounded channel. The writer takes whatever is waiting,
//! writes it in one transaction, and answers everybody once that is synced: under load the batches grow by themselves,
//! without load nobody waits for a timer. It is a thread, not a task, since all it does is wait for the disk. A caller that
//! goes away after handing over changes nothing.

mod backfill;
mod file;
mod pace;
mod portion;
mod prune;
mod reads;
mod statements;
mod tail;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::entry::{Batch, Covered, Entry, EntryError, Positioned};
use crate::jetstream::StreamExtent;
use crate::source::ReadError;
use pace::Pace;
use portion::Job;
use statements::Marks;
use tail::Tail;
use writer::Writer;

pub use file::OpenError;
pub(crate) use reads::RelayedRow;
use reads::{Readers, Which};

/// Jobs that may wait for the writer before callers wait for room in the queue. Bounds memory, not throughput.
const QUEUE_JOBS_MAX: usize = 1024;

/// How much the journal may hold before it refuses with [`AppendError::Full`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rows.
    pub rows_max: u64,
    /// Most payload bytes over all rows.
    pub bytes_max: u64,
    /// Most bytes the database file itself may grow to; `None` leaves it to the disk.
    pub file_bytes_max: Option<u64>,
}

impl Default for Limits {
    /// 50 million rows and 50 GB: half a day at 1,000 per second, far above any real door.
    fn default() -> Self {
        Limits { rows_max: 50_000_000, bytes_max: 50_000_000_000, file_bytes_max: None }
    }
}

/// Why something was not written. After `Full`, `TooLarge` and `Closed` it is certain that nothing was; after
/// `Refused` the entry may or may not be found after the journal is opened again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A limit is reached or the disk is full. Later appends may succeed, once something was pruned.
    #[error("the journal is full")]
    Full,
    /// The disk failed. Nothing is written any more until the journal is opened again: after a failed sync the system
    /// may have thrown away what it had not written, and a second sync would not say so.
    #[error("the journal refuses to write: {0}")]
    Refused(Arc<str>),
    /// The entry can never be appended.
    #[error(transparent)]
    TooLarge(#[from] EntryError),
    /// Rows were deleted, but somebody reads for so long that what they held could not be overwritten yet.
    #[error("the journal is being read; what was deleted is not overwritten yet")]
    Busy,
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// What the journal holds now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rows held.
    pub rows: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Rows not yet marked as relayed (all rows where there is no relay).
    pub unrelayed: u64,
    /// The oldest of these: position and `received_at_ms`.
    pub oldest_unrelayed: Option<(u64, i64)>,
    /// The last position given, whether or not the row is still there.
    pub last_position: u64,
    /// Why the journal refuses to write, if it does.
    pub refused: Option<Arc<str>>,
}

/// A handle on an open journal; cheap to clone. When the last handle is dropped, what was handed over is still written.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    identity: String,
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
    last: watch::Receiver<u64>,
    refused: watch::Receiver<Option<Arc<str>>>,
    reads: Readers,
    tail: Tail,
    pace: Pace,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("identity", &self.inner.identity).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal at `path`, making it if there is none. Beside it lie SQLite's `-wal` and `-shm` files and a
    /// `.lock` file which keeps every other process (and a second `open` in this one) away.
    ///
    /// # Errors
    /// [`OpenError`]: in use, not a journal, made by a newer version, or the file system cannot do what is needed.
    pub async fn open(path: &Path, limits: Limits) -> Result<Journal, OpenError> {
        let at = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || file::open(&at, limits.file_bytes_max));
        let opened = opening.await.map_err(|ended| {
            // It does not panic and nobody aborts it, so the runtime is going down.
            OpenError::Io { path: path.to_owned(), error: std::io::Error::other(ended) }
        })??;
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let (last_sender, last) = watch::channel(opened.totals.last_position);
        let (refused_sender, refused) = watch::channel(None);
        let (tail, pace, identity) = (Tail::new(opened.marked), Pace::default(), opened.identity.clone());
        let writer = Writer::new(opened, limits, (tail.clone(), pace.clone()), last_sender, refused_sender);
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        let (path, reads) = (path.to_owned(), Readers::new(path));
        let inner = Inner { identity, path, jobs, last, refused, reads, tail, pace };
        Ok(Journal { inner: Arc::new(inner) })
    }

    /// A random name made with the file and stored in it. A copy of the file has the same one.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.inner.identity
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The last position given; 0 before the first.
    #[must_use]
    pub fn last_position(&self) -> u64 {
        *self.inner.last.borrow()
    }

    /// Follows [`Journal::last_position`]: wakes after each commit.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.last.clone()
    }

    /// Appends an entry and answers its position once it is synced to disk. Dropping the future before it is ready
    /// leaves the entry either wholly appended or not at all.
    ///
    /// # Errors
    /// [`AppendError`]; nothing of the entry is kept, except that `Refused` cannot be sure.
    pub async fn append(&self, entry: Entry) -> Result<u64, AppendError> {
        self.append_run(vec![entry]).await
    }

    /// Appends entries in one transaction, all or none, and answers their positions, which are consecutive.
    ///
    /// # Errors
    /// As for [`Journal::append`].
    pub async fn append_all(&self, entries: Vec<Entry>) -> Result<Vec<u64>, AppendError> {
        let rows = entries.len() as u64;
        if rows == 0 {
            return Ok(Vec::new());
        }
        let first = self.append_run(entries).await?;
        Ok((first..first + rows).collect())
    }

    async fn append_run(&self, entries: Vec<Entry>) -> Result<u64, AppendError> {
        for entry in &entries {
            entry.check()?;
        }
        self.ask(|reply| Job::Append { entries, reply }).await
    }

    /// Entries after `from_exclusive`, in order: at most `rows_max`, and none after the one that brings the payloads to
    /// `bytes_max`. `Batch::through` and gaps are as for [`Source::read`](crate::Source::read).
    ///
    /// # Errors
    /// [`ReadError::Journal`] if the file cannot be read, [`ReadError::Closed`] after [`Journal::close`].
    pub async fn read(
        &self,
        from_exclusive: u64,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Batch, ReadError> {
        // A commit shows in the file a moment before the writer announces it; nobody may be ahead of the announcement.
        let last = self.last_position();
        let range = from_exclusive..last;
        let entries = match self.inner.tail.read(range.clone(), rows_max, bytes_max) {
            Some(entries) => entries,
            None => self.inner.reads.entries(Which::All, range, rows_max, bytes_max).await?,
        };
        let mut batch = Batch::starting_after(from_exclusive);
        for row in &entries {
            batch.step_to(row.position);
        }
        if entries.is_empty() && rows_max > 0 && bytes_max > 0 {
            batch.skip_to(last);
        }
        batch.entries = entries;
        Ok(batch)
    }

    /// Like [`Journal::read`], but only entries not yet marked as relayed.
    ///
    /// # Errors
    /// As for [`Journal::read`].
    pub async fn unrelayed(
        &self,
        from_exclusive: u64,
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Positioned>, ReadError> {
        let range = from_exclusive..self.last_position();
        match self.inner.tail.unrelayed(range.clone(), rows_max, bytes_max) {
            Some(entries) => Ok(entries),
            None => self.inner.reads.entries(Which::Unrelayed, range, rows_max, bytes_max).await,
        }
    }

    /// Notes that the rows at these positions are in the stream `incarnation`, each at the sequence given beside it.
    ///
    /// # Errors
    /// [`AppendError`]; nothing is marked.
    pub async fn mark_relayed(&self, incarnation: &str, acks: Vec<(u64, u64)>) -> Result<(), AppendError> {
        let marks = Marks { incarnation: incarnation.to_owned(), acks };
        self.ask(|reply| Job::Mark { marks, reply }).await
    }

    /// Forgets that rows were relayed unless the stream, as it is now, can still hold them: rows of another
    /// incarnation, rows above its last sequence, and rows below its first sequence that nobody has covered. Answers how
    /// many rows there were.
    ///
    /// # Errors
    /// [`AppendError`]; nothing is forgotten.
    pub async fn reset_relayed(&self, now: &StreamExtent, covered: u64) -> Result<u64, AppendError> {
        let now = now.clone();
        self.ask(|reply| Job::Reset { now, covered, reply }).await
    }

    /// Deletes rows from the oldest on, as long as they are covered and were received before `received_before_ms`.
    /// Where `covered.source` is a stream, a row counts as covered if it was relayed there at or below the position.
    /// Stops at the first row that has to stay. Answers the number of rows deleted.
    ///
    /// # Errors
    /// [`AppendError`]; rows deleted until then stay deleted.
    pub async fn prune(&self, covered: &Covered, received_before_ms: i64) -> Result<u64, AppendError> {
        let own = covered.source == self.inner.identity;
        let mut deleted = 0;
        loop {
            let covered = covered.clone();
            let step: prune::Step =
                self.ask(|reply| Job::Prune { covered, own, received_before_ms, reply }).await?;
            deleted += step.deleted;
            if !step.more {
                return Ok(deleted);
            }
        }
    }

    /// Whether an entry with this id is among the newest. False says nothing of older ones.
    ///
    /// # Errors
    /// As for [`Journal::read`].
    pub async fn holds_lately(&self, id: Uuid) -> Result<bool, ReadError> {
        self.inner.reads.holds_lately(id).await
    }

    /// Deletes the rows of these ids for good, wherever they stand, relayed or not, and overwrites what they held. Says how
    /// many were there. Looks at every row, since rows are not found by id.
    ///
    /// # Errors
    /// [`AppendError`]; asking again is right. After [`AppendError::Busy`] the rows are gone but may still be read off the
    /// disk.
    pub async fn forget(&self, ids: Vec<Uuid>) -> Result<u64, AppendError> {
        self.ask(|reply| Job::Forget { ids, reply }).await
    }

    /// What the journal holds.
    ///
    /// # Errors
    /// As for [`Journal::read`].
    pub async fn stats(&self) -> Result<Stats, ReadError> {
        let mut stats = self.inner.reads.stats().await?;
        stats.last_position = self.last_position();
        stats.refused = self.inner.refused.borrow().clone();
        Ok(stats)
    }

    /// Tells how many inputs wait to be folded, by whoever works beside this journal: while they are many, those who bring more
    /// wait some milliseconds. Before anybody tells, and after 0, nobody waits.
    pub fn tell_behind(&self, inputs: u64) {
        self.inner.pace.tell(inputs);
    }

    /// How many inputs wait to be folded, as it was told last.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.inner.pace.behind()
    }

    /// How long each transaction waits because of that before it is written.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.inner.pace.pause()
    }

    /// Writes what was handed over, refuses what comes later, and releases the file. Ready when another process may
    /// open it. Closing twice is harmless.
    pub async fn close(&self) {
        self.inner.tail.close();
        self.inner.reads.close().await;
        // If the queue is closed already, another caller has asked before; both wait for the end.
        self.inner.jobs.send(Job::Close).await.ok();
        let mut last = self.inner.last.clone();
        while last.changed().await.is_ok() {}
    }

    /// The id at a position, if the row is still there.
    pub(crate) async fn id_at(&self, position: u64) -> Result<Option<Uuid>, ReadError> {
        self.inner.reads.id_at(position).await
    }

    /// The row relayed to `incarnation` at the highest sequence at or below `sequence`.
    pub(crate) async fn relayed_at_or_below(
        &self,
        incarnation: &str,
        sequence: u64,
    ) -> Result<Option<RelayedRow>, ReadError> {
        self.inner.reads.relayed_at_or_below(incarnation, sequence).await
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, AppendError>>) -> Job,
    ) -> Result<T, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.inner.jobs.send(job(reply)).await.map_err(|_| AppendError::Closed)?;
        answer.await.map_err(|_| AppendError::Closed)?
    }
}
