//! Moving the write-ahead log into the database file, on a thread and a connection of its own: meanwhile the writer goes
//! on. What it has written by then it moves itself, after it has answered, so that the log can begin anew.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::connect;
use crate::error::OpenError;

/// Pages moved into the database file at a time: 2 MiB. While the disk syncs them, commits wait for it: the fewer, the less.
const SLICE_PAGES: u32 = 512;
/// Pages in the write-ahead log at which the writer moves what is left, so that the log begins anew: 8 MiB. Those of indexes
/// are changed again and again: the longer they wait, the more changes one move serves.
const PAGES: u32 = 2_048;
/// What the writer moves at most while the log is short of [`PAGES_MAX`]: whoever asks for the next commit waits for it. More
/// is left to the thread, though the writer then adds to it meanwhile.
const REST_PAGES_MAX: u32 = SLICE_PAGES;
/// Pages at which the writer waits for the move that is under way, and moves all that is left.
const PAGES_MAX: u32 = 16 * PAGES;

type Done = Result<(), rusqlite::Error>;

/// The thread, and the one move it may be at.
pub(super) struct Backfill {
    orders: Sender<()>,
    done: Receiver<Done>,
    thread: JoinHandle<()>,
    running: bool,
    /// Pages in the log when the last move was begun.
    begun_at: u32,
}

impl Backfill {
    /// Starts the thread, which waits.
    pub(super) fn start(path: &Path) -> Result<Backfill, OpenError> {
        let connection = connect::writer(path)?;
        let ((orders, taken), (tell, done)) = (channel(), channel());
        let work = move || {
            while taken.recv().is_ok() {
                if tell.send(passive(&connection)).is_err() {
                    break;
                }
            }
        };
        Ok(Backfill {
            orders,
            done,
            thread: connect::thread("store-backfill", work)?,
            running: false,
            begun_at: 0,
        })
    }

    /// Begins a move when enough was written since the last, and ends it when the thread is done. A failure is told and tried
    /// again: what was not moved stays in the log, which the next move begins at the same place.
    pub(super) fn keep_up(&mut self, writer: &Connection, pages: u32) {
        if self.running {
            let done = if pages < PAGES_MAX {
                match self.done.try_recv() {
                    Err(TryRecvError::Empty) => return,
                    told => told.unwrap_or(Ok(())),
                }
            } else {
                self.done.recv().unwrap_or(Ok(()))
            };
            self.running = false;
            let rest = pages.saturating_sub(self.begun_at);
            let is_last = pages >= PAGES_MAX || (pages >= PAGES && rest <= REST_PAGES_MAX);
            let done = if is_last { done.and_then(|()| passive(writer)) } else { done };
            if let Err(error) = done {
                tracing::warn!(%error, "the write-ahead log could not be moved into the database");
            }
        }
        // Fewer than before: the log has begun anew.
        self.begun_at = if pages < self.begun_at { 0 } else { self.begun_at };
        if pages - self.begun_at >= SLICE_PAGES {
            self.begun_at = pages;
            self.running = self.orders.send(()).is_ok();
        }
    }

    /// Ends the thread, which closes its connection.
    pub(super) fn end(self) {
        drop(self.orders);
        // It does not panic; if it did, its connection is gone all the same.
        self.thread.join().ok();
    }
}

/// Moves what no reader still needs to find in the log.
fn passive(connection: &Connection) -> Done {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
}
