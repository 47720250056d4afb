//! The one task that writes.

use std::fs::File;
use std::sync::Arc;

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::statements::{insert, mark, reset};
use super::{AppendError, Limits, prune};
use crate::entry::{Covered, Entry};
use crate::jetstream::StreamExtent;

/// Most rows in one transaction; a single job may exceed it.
const BATCH_ROWS_MAX: usize = 2_000;
/// Most payload bytes in one transaction; a single job may exceed it.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Payload bytes written between checkpoints: keeps the write-ahead log near this size.
const CHECKPOINT_BYTES: u64 = 8 * 1024 * 1024;
/// How often the write-ahead log is tried to be emptied while readers hold it; each try waits for them as long as any
/// statement does.
const SCRUB_ATTEMPTS: u32 = 3;
/// SQLite's result code for a full disk or a reached `max_page_count` (sqlite.org/rescode.html#full).
const SQLITE_FULL: &str = "13";

type Reply<T> = oneshot::Sender<Result<T, AppendError>>;
/// One caller's entries, and where the first one's position is to go.
type Run = (Vec<Entry>, Reply<u64>);

/// What the writer can be asked to do.
pub(super) enum Job {
    Append { entries: Vec<Entry>, reply: Reply<u64> },
    Mark { incarnation: String, acks: Vec<(u64, u64)>, reply: Reply<()> },
    Reset { now: StreamExtent, covered: u64, reply: Reply<u64> },
    Prune { covered: Covered, own: bool, received_before_ms: i64, reply: Reply<prune::Step> },
    Forget { ids: Vec<Uuid>, reply: Reply<u64> },
    Close,
}

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
    connection: SqliteConnection,
    lock: File,
    totals: Totals,
    limits: Limits,
    last: watch::Sender<u64>,
    refused: watch::Sender<Option<Arc<str>>>,
    uncheckpointed_bytes: u64,
}

impl Writer {
    pub fn new(
        connection: SqliteConnection,
        lock: File,
        totals: Totals,
        limits: Limits,
        last: watch::Sender<u64>,
        refused: watch::Sender<Option<Arc<str>>>,
    ) -> Writer {
        Writer { connection, lock, totals, limits, last, refused, uncheckpointed_bytes: 0 }
    }

    /// Works until the queue is closed and empty, then releases the file. `last` is dropped after all else: whoever
    /// follows it then knows.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut held = None;
        loop {
            let job = match held.take() {
                Some(job) => job,
                None => match queue.recv().await {
                    Some(job) => job,
                    None => break,
                },
            };
            match job {
                Job::Append { entries, reply } => {
                    let (batch, next) = gather((entries, reply), &mut queue);
                    held = next;
                    self.append(batch).await;
                }
                Job::Close => queue.close(),
                other => self.keep_house(other).await,
            }
            self.checkpoint_if_due().await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the journal's connection did not close cleanly");
        }
        drop(self.lock);
        drop(self.last);
    }

    async fn keep_house(&mut self, job: Job) {
        match job {
            Job::Append { .. } | Job::Close => {}
            Job::Mark { incarnation, acks, reply } => {
                let done = match self.begin().await {
                    Ok(()) => mark(&mut self.connection, &incarnation, &acks).await,
                    Err(error) => Err(error),
                };
                reply.send(self.finish(done).await).ok();
            }
            Job::Reset { now, covered, reply } => {
                let done = match self.begin().await {
                    Ok(()) => reset(&mut self.connection, &now, covered).await,
                    Err(error) => Err(error),
                };
                reply.send(self.finish(done).await).ok();
            }
            Job::Prune { covered, own, received_before_ms, reply } => {
                let done = match self.begin().await {
                    Ok(()) => prune::step(&mut self.connection, &covered, own, received_before_ms).await,
                    Err(error) => Err(error),
                };
                let done = self.finish(done).await;
                if let Ok(step) = &done {
                    self.totals.rows -= step.deleted;
                    self.totals.bytes -= step.bytes;
                }
                reply.send(done).ok();
            }
            Job::Forget { ids, reply } => {
                reply.send(self.forget(&ids).await).ok();
            }
        }
    }

    /// Deletes rows wherever they stand, and overwrites what the write-ahead log holds of them.
    async fn forget(&mut self, ids: &[Uuid]) -> Result<u64, AppendError> {
        let done = match self.begin().await {
            Ok(()) => prune::forget(&mut self.connection, ids).await,
            Err(error) => Err(error),
        };
        let step = self.finish(done).await?;
        self.totals.rows -= step.deleted;
        self.totals.bytes -= step.bytes;
        // Even where nothing was deleted now: an earlier attempt may have ended between the two.
        for _ in 0..SCRUB_ATTEMPTS {
            let truncated = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut self.connection);
            let busy: (i64, i64, i64) = truncated.await.map_err(|error| self.judge(&error))?;
            if busy.0 == 0 {
                self.uncheckpointed_bytes = 0;
                return Ok(step.deleted);
            }
        }
        Err(AppendError::Busy)
    }

    async fn append(&mut self, batch: Vec<Run>) {
        let mut totals = self.totals;
        let mut admitted = Vec::with_capacity(batch.len());
        for (entries, reply) in batch {
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
        if admitted.is_empty() {
            return;
        }
        let rows: Vec<(u64, &Entry)> =
            admitted.iter().flat_map(|run| (run.first..).zip(run.entries.iter())).collect();
        let written = match self.begin().await {
            Ok(()) => insert(&mut self.connection, &rows, &totals).await,
            Err(error) => Err(error),
        };
        match self.finish(written).await {
            Ok(()) => {
                self.uncheckpointed_bytes += totals.bytes - self.totals.bytes;
                self.totals = totals;
                self.last.send_replace(totals.last_position);
                for run in admitted {
                    run.reply.send(Ok(run.first)).ok();
                }
            }
            Err(error) => {
                for run in admitted {
                    run.reply.send(Err(error.clone())).ok();
                }
            }
        }
    }

    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        if self.refused.borrow().is_some() {
            // `finish` answers with the reason kept.
            return Err(sqlx::Error::WorkerCrashed);
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await.map(drop)
    }

    /// Commits work that succeeded and undoes work that did not. `Full` leaves everything as it was; after any other
    /// failure the journal writes no more.
    async fn finish<T>(&mut self, work: Result<T, sqlx::Error>) -> Result<T, AppendError> {
        if let Some(reason) = &*self.refused.borrow() {
            return Err(AppendError::Refused(reason.clone()));
        }
        let error = match work {
            Ok(value) => match sqlx::query("COMMIT").execute(&mut self.connection).await {
                Ok(_) => return Ok(value),
                Err(error) => error,
            },
            Err(error) => error,
        };
        // Fails if SQLite has rolled back by itself; if it fails otherwise, so does the next BEGIN.
        sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await.ok();
        Err(self.judge(&error))
    }

    fn judge(&mut self, error: &sqlx::Error) -> AppendError {
        if is_full(error) {
            tracing::warn!("the journal's disk is full");
            return AppendError::Full;
        }
        tracing::error!(%error, "the journal cannot write; it refuses everything until it is opened again");
        let reason: Arc<str> = error.to_string().into();
        self.refused.send_replace(Some(reason.clone()));
        AppendError::Refused(reason)
    }

    /// Moves the write-ahead log into the database file, after the callers were answered. A failed sync is as final here
    /// as at a commit.
    async fn checkpoint_if_due(&mut self) {
        if self.uncheckpointed_bytes < CHECKPOINT_BYTES || self.refused.borrow().is_some() {
            return;
        }
        self.uncheckpointed_bytes = 0;
        let done = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut self.connection).await;
        if let Err(error) = done {
            // Full: the log stays longer and is tried again later.
            self.judge(&error);
        }
    }
}

/// Takes every append that waits right now, up to the limits of one transaction, and what came after them.
fn gather(first: Run, queue: &mut mpsc::Receiver<Job>) -> (Vec<Run>, Option<Job>) {
    let size = |entries: &[Entry]| entries.iter().map(|entry| entry.payload.len()).sum::<usize>();
    let mut rows = first.0.len();
    let mut bytes = size(&first.0);
    let mut batch = vec![first];
    while rows < BATCH_ROWS_MAX && bytes < BATCH_BYTES_MAX {
        match queue.try_recv() {
            Ok(Job::Append { entries, reply }) => {
                rows += entries.len();
                bytes += size(&entries);
                batch.push((entries, reply));
            }
            Ok(other) => return (batch, Some(other)),
            Err(_) => break,
        }
    }
    (batch, None)
}

fn is_full(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == SQLITE_FULL)
}
