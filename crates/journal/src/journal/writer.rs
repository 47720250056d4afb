//! The one thread that writes.

use std::fs::File;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::backfill::{self, Backfill, BackfillError, Pages};
use super::file::Opened;
use super::pace::Pace;
use super::portion::{Job, Portion, Reply, Run};
use super::statements::{insert, mark, reset};
use super::tail::Tail;
use super::{AppendError, Limits, prune};
use crate::entry::Entry;

/// Payload bytes moved into the database file at a time. While the disk syncs them, commits wait for it: the fewer, the less.
const SLICE_BYTES: u64 = 256 * 1024;
/// Pages in the log from which on it begins anew: 8 MiB. Pages, for a row that comes alone writes three or more of them. A log that stays
/// within the file it has is synced without the length of the file, in two thirds of the time (measured, ext4).
const CHECKPOINT_PAGES: Pages = 2_048;
/// Payload bytes after which the writer waits for a checkpoint that is under way.
const CHECKPOINT_BYTES_MAX: u64 = 12 * 1024 * 1024;
/// How often the write-ahead log is tried to be emptied while readers hold it; each try waits for them as long as any
/// statement does.
const SCRUB_ATTEMPTS: u32 = 3;

/// Running totals; the same numbers are in the `journal` row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub rows: u64,
    pub bytes: u64,
    pub last_position: u64,
}

/// An append that was admitted: its entries and who waits for them.
struct Admitted {
    entries: Vec<Entry>,
    first: u64,
    reply: Reply<u64>,
}

pub(super) struct Writer {
    connection: Connection,
    backfill: Backfill,
    lock: File,
    totals: Totals,
    limits: Limits,
    tail: Tail,
    pace: Pace,
    /// Rows above this position were not deleted since the journal was opened.
    deleted: u64,
    last: watch::Sender<u64>,
    refused: watch::Sender<Option<Arc<str>>>,
    /// Payload bytes since the log began anew.
    uncheckpointed_bytes: u64,
    /// Payload bytes since a move was begun.
    unmoved_bytes: u64,
    /// Rows appended by the last transaction.
    last_rows: usize,
}

impl Writer {
    pub fn new(
        opened: Opened,
        limits: Limits,
        (tail, pace): (Tail, Pace),
        last: watch::Sender<u64>,
        refused: watch::Sender<Option<Arc<str>>>,
    ) -> Writer {
        let Opened { connection, backfill, lock, totals, .. } = opened;
        Writer {
            connection,
            backfill,
            lock,
            totals,
            limits,
            tail,
            pace,
            deleted: 0,
            last,
            refused,
            uncheckpointed_bytes: 0,
            unmoved_bytes: 0,
            last_rows: 0,
        }
    }

    /// Works until the queue is closed and empty, then releases the file. `last` is dropped after all else: whoever
    /// follows it then knows.
    pub fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut held = None;
        while let Some(job) = held.take().or_else(|| queue.blocking_recv()) {
            let mut portion = Portion::default();
            held = portion.add(job);
            if let Some(other) = held.take() {
                match other {
                    Job::Close => queue.close(),
                    other => self.keep_house(other),
                }
            } else {
                if portion.brings() {
                    std::thread::sleep(self.pace.pause());
                }
                held = portion.gather(&mut queue, self.last_rows);
                self.write(portion);
            }
            self.checkpoint_if_due();
        }
        let file = self.backfill.end();
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the journal's connection did not close cleanly");
        }
        drop(file);
        drop(self.lock);
        drop(self.last);
    }

    fn keep_house(&mut self, job: Job) {
        match job {
            // These are written in portions.
            Job::Append { .. } | Job::Mark { .. } | Job::Close => {}
            Job::Reset { now, covered, reply } => {
                reply.send(self.transact(|connection| reset(connection, &now, covered))).ok();
            }
            Job::Prune { covered, own, received_before_ms, reply } => {
                let done =
                    self.transact(|connection| prune::step(connection, &covered, own, received_before_ms));
                if let Ok(step) = &done {
                    self.deleted(*step);
                    self.tail.prune(step.through);
                }
                reply.send(done).ok();
            }
            Job::Forget { ids, reply } => {
                reply.send(self.forget(&ids)).ok();
            }
        }
    }

    fn deleted(&mut self, step: prune::Step) {
        self.totals.rows -= step.deleted;
        self.totals.bytes -= step.bytes;
        self.deleted = self.deleted.max(step.through);
    }

    /// Deletes rows wherever they stand, and overwrites what the write-ahead log holds of them.
    fn forget(&mut self, ids: &[Uuid]) -> Result<u64, AppendError> {
        let step = self.transact(|connection| prune::forget(connection, ids))?;
        self.deleted(step);
        self.tail.clear();
        self.backfill.wait().map_err(|error| self.judge_backfill(&error))?;
        // Even where nothing was deleted now: an earlier attempt may have ended between the two.
        for _ in 0..SCRUB_ATTEMPTS {
            let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0));
            let busy: i64 = busy.map_err(|error| self.judge(&error))?;
            if busy == 0 {
                (self.uncheckpointed_bytes, self.unmoved_bytes) = (0, 0);
                return Ok(step.deleted);
            }
        }
        Err(AppendError::Busy)
    }

    /// Writes a portion in one transaction, synced once, and answers all.
    fn write(&mut self, portion: Portion) {
        let (admitted, totals) = self.admit(portion.runs);
        let rows: Vec<(u64, &Entry)> =
            admitted.iter().flat_map(|run| (run.first..).zip(run.entries.iter())).collect();
        self.last_rows = rows.len();
        let (marks, deleted) = (portion.marks, self.deleted);
        let mark_all = |connection: &Connection| {
            marks.iter().try_for_each(|(marks, _)| mark(connection, marks, deleted, totals.last_position))
        };
        let mut done = Ok(());
        if !rows.is_empty() {
            done = self.transact(|connection| {
                insert(connection, &rows, &totals)?;
                mark_all(connection)
            });
        }
        // Where there is no room for more rows, those that are in the stream can be deleted once they are marked.
        let marked = if !marks.is_empty() && (rows.is_empty() || done == Err(AppendError::Full)) {
            self.transact(mark_all)
        } else {
            done.clone()
        };
        if done.is_ok() {
            self.uncheckpointed_bytes += totals.bytes - self.totals.bytes;
            self.unmoved_bytes += totals.bytes - self.totals.bytes;
            self.totals = totals;
        }
        let mut answers = Vec::with_capacity(admitted.len());
        for Admitted { entries, first, reply } in admitted {
            if done.is_ok() {
                self.tail.push(first, entries);
            }
            answers.push((reply, done.clone().map(|()| first)));
        }
        if done.is_ok() && !answers.is_empty() {
            self.last.send_replace(totals.last_position);
        }
        for (reply, answer) in answers {
            reply.send(answer).ok();
        }
        for (marks, reply) in marks {
            if marked.is_ok() {
                self.tail.marked(marks.acks.iter().map(|(position, _)| *position).max().unwrap_or(0));
            }
            reply.send(marked.clone()).ok();
        }
    }

    /// Gives positions to what may be written, and refuses the rest.
    fn admit(&self, runs: Vec<Run>) -> (Vec<Admitted>, Totals) {
        let mut totals = self.totals;
        let mut admitted = Vec::with_capacity(runs.len());
        for (entries, reply) in runs {
            let rows = entries.len() as u64;
            let bytes = entries.iter().map(|entry| entry.payload.len() as u64).sum::<u64>();
            let fits = totals.rows.saturating_add(rows) <= self.limits.rows_max
                && totals.bytes.saturating_add(bytes) <= self.limits.bytes_max;
            if !fits {
                reply.send(Err(AppendError::Full)).ok();
                continue;
            }
            admitted.push(Admitted { entries, first: totals.last_position + 1, reply });
            totals.rows += rows;
            totals.bytes += bytes;
            totals.last_position += rows;
        }
        (admitted, totals)
    }

    /// Does work in a transaction. Work that fails is undone: `Full` leaves everything as it was; after any other failure
    /// the journal writes no more.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, AppendError> {
        if let Some(reason) = &*self.refused.borrow() {
            return Err(AppendError::Refused(reason.clone()));
        }
        let connection = &self.connection;
        let done = connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| {
            begin.execute(())?;
            let value = work(connection)?;
            connection.prepare_cached("COMMIT")?.execute(())?;
            Ok(value)
        });
        done.map_err(|error| {
            // Fails if SQLite has rolled back by itself; if it fails otherwise, so does the next BEGIN.
            self.connection.execute_batch("ROLLBACK").ok();
            self.judge(&error)
        })
    }

    fn judge(&mut self, error: &rusqlite::Error) -> AppendError {
        // A full disk, or `max_page_count` reached.
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            tracing::warn!("the journal's disk is full");
            return AppendError::Full;
        }
        self.refuse(error)
    }

    fn judge_backfill(&mut self, error: &BackfillError) -> AppendError {
        match error {
            BackfillError::Sqlite(error) => self.judge(error),
            BackfillError::Sync(_) => self.refuse(error),
        }
    }

    fn refuse(&mut self, error: &dyn std::error::Error) -> AppendError {
        tracing::error!(%error, "the journal cannot write; it refuses everything until it is opened again");
        let reason: Arc<str> = error.to_string().into();
        self.refused.send_replace(Some(reason.clone()));
        AppendError::Refused(reason)
    }

    /// Moves the write-ahead log into the database file, after the callers were answered: slice by slice beside the writer,
    /// and now and then what is left here, so that the log begins anew. A failed sync is as final here as at a commit.
    fn checkpoint_if_due(&mut self) {
        if self.refused.borrow().is_some() {
            return;
        }
        if self.backfill.is_running() {
            let done = match self.uncheckpointed_bytes {
                CHECKPOINT_BYTES_MAX.. => Some(self.backfill.wait()),
                _ => self.backfill.poll(),
            };
            let Some(mut done) = done else { return };
            if done.as_ref().is_ok_and(|pages| *pages >= CHECKPOINT_PAGES) {
                (self.uncheckpointed_bytes, self.unmoved_bytes) = (0, 0);
                done = backfill::passive(&self.connection).map_err(BackfillError::from);
            }
            if let Err(error) = done {
                // Full: the log stays longer and is tried again later.
                self.judge_backfill(&error);
                return;
            }
        }
        if self.unmoved_bytes >= SLICE_BYTES {
            self.unmoved_bytes = 0;
            self.backfill.begin();
        }
    }
}
