//! Moving the write-ahead log into the database file, on a thread and a connection of its own: meanwhile the writer goes on.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::file::{self, OpenError};

/// The thread, and the one backfill it may be at.
pub(super) struct Backfill {
    orders: Sender<()>,
    done: Receiver<Result<(), rusqlite::Error>>,
    thread: JoinHandle<()>,
    running: bool,
}

impl Backfill {
    /// Starts the thread, which waits. The journal at `path` is open.
    pub fn start(path: &Path) -> Result<Backfill, OpenError> {
        let connection = file::writer(path)?;
        let ((orders, taken), (tell, done)) = (channel(), channel());
        let work = move || {
            while let Ok(()) = taken.recv() {
                if tell.send(passive(&connection)).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("journal-backfill".to_owned())
            .spawn(work)
            .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        Ok(Backfill { orders, done, thread, running: false })
    }

    /// Whether one was begun and its end not asked for yet.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Begins one.
    pub fn begin(&mut self) {
        self.running = self.orders.send(()).is_ok();
    }

    /// What came of the one that was begun; none while it goes on.
    pub fn poll(&mut self) -> Option<Result<(), rusqlite::Error>> {
        match self.done.try_recv() {
            Err(TryRecvError::Empty) => None,
            told => {
                self.running = false;
                Some(told.unwrap_or(Ok(())))
            }
        }
    }

    /// Waits for the one that was begun, if any.
    pub fn wait(&mut self) -> Result<(), rusqlite::Error> {
        if !std::mem::take(&mut self.running) {
            return Ok(());
        }
        self.done.recv().unwrap_or(Ok(()))
    }

    /// Ends the thread, which lets go of the file.
    pub fn end(self) {
        drop(self.orders);
        // It does not panic; if it did, its connection is gone all the same.
        self.thread.join().ok();
    }
}

/// Moves what no reader still needs to find in the log.
pub(super) fn passive(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
}
