//! Moving the write-ahead log into the database file, on a thread and a connection of its own: meanwhile the writer goes on.
//!
//! SQLite syncs the database file only where nothing was committed meanwhile, which under load never happens: it would leave
//! all of it to the writer, and to those who wait for the writer. So it is synced here.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::file::{self, OpenError};

/// Why the log could not be moved.
#[derive(Debug, thiserror::Error)]
pub(super) enum BackfillError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database file cannot be synced: {0}")]
    Sync(#[from] std::io::Error),
}

/// Pages in the write-ahead log, those included that were moved: what the file of the log holds until it begins anew.
pub(super) type Pages = u32;

/// The thread, and the one backfill it may be at.
pub(super) struct Backfill {
    orders: Sender<()>,
    done: Receiver<Result<Pages, BackfillError>>,
    file: Arc<File>,
    thread: JoinHandle<()>,
    running: bool,
}

impl Backfill {
    /// Starts the thread, which waits. The journal at `path` is open.
    pub fn start(path: &Path) -> Result<Backfill, OpenError> {
        let connection = file::writer(path)?;
        let ((orders, taken), (tell, done)) = (channel(), channel());
        let file = File::open(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        let file = Arc::new(file);
        let synced = Arc::clone(&file);
        let work = move || {
            while let Ok(()) = taken.recv() {
                let moved = passive(&connection).map_err(BackfillError::from);
                if tell.send(moved.and_then(|pages| Ok(synced.sync_data().map(|()| pages)?))).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("journal-backfill".to_owned())
            .spawn(work)
            .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        Ok(Backfill { orders, done, file, thread, running: false })
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
    pub fn poll(&mut self) -> Option<Result<Pages, BackfillError>> {
        match self.done.try_recv() {
            Err(TryRecvError::Empty) => None,
            told => {
                self.running = false;
                Some(told.unwrap_or(Ok(0)))
            }
        }
    }

    /// Waits for the one that was begun, if any.
    pub fn wait(&mut self) -> Result<Pages, BackfillError> {
        if !std::mem::take(&mut self.running) {
            return Ok(0);
        }
        self.done.recv().unwrap_or(Ok(0))
    }

    /// Ends the thread, which lets go of its connection. The file is to be dropped behind all connections: closing it releases
    /// what SQLite has locked in it.
    pub fn end(self) -> Arc<File> {
        drop(self.orders);
        // It does not panic; if it did, its connection is gone all the same.
        self.thread.join().ok();
        self.file
    }
}

/// Moves what no reader still needs to find in the log.
pub(super) fn passive(connection: &Connection) -> Result<Pages, rusqlite::Error> {
    // Columns: whether it was kept from it, pages in the log, pages moved; -1 where it was kept from it at once.
    let pages: i64 = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| row.get(1))?;
    Ok(Pages::try_from(pages).unwrap_or(0))
}
