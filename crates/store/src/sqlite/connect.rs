//! Connections, with the settings each kind needs, which are read back.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Fault, OpenError, StoreError};

/// Longest wait for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// What the writing connection keeps of the database in memory: 32 MiB, negative for kibibytes. With SQLite's own 2 MiB it
/// reads pages of indexes back all the time.
const WRITER_CACHE: i64 = -32_768;
/// Statements kept prepared on each connection: more than there are.
const STATEMENTS: usize = 96;
/// `PRAGMA synchronous` as it reads back when it is FULL.
pub(super) const SYNCHRONOUS_FULL: i64 = 2;

/// A connection that writes.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // What it becomes is read back below.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without these, macOS keeps synced bytes in the drive's cache. No effect elsewhere.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // What is deleted or replaced is overwritten at once, or erasing would leave it in free space.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    // Moving the write-ahead log is asked for: SQLite's own way makes a commit wait for it.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    check_durable(&pragma::<String>(&connection, "journal_mode")?, pragma(&connection, "synchronous")?)?;
    for setting in ["foreign_keys", "secure_delete"] {
        if pragma::<i64>(&connection, setting)? != 1 {
            return Err(OpenError::Refused(Fault::new(format!("{setting} stays off"))));
        }
    }
    Ok(connection)
}

/// A database in memory or on some network disks has no WAL.
pub(super) fn check_durable(journal_mode: &str, synchronous: i64) -> Result<(), OpenError> {
    if journal_mode != "wal" {
        let what = format!("journal_mode is {journal_mode:?}, not wal: keep it in a file on a local disk");
        return Err(OpenError::NotDurable(what));
    }
    if synchronous != SYNCHRONOUS_FULL {
        let what = format!("synchronous is {synchronous}, not {SYNCHRONOUS_FULL} (FULL)");
        return Err(OpenError::NotDurable(what));
    }
    Ok(())
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    if pragma::<i64>(&connection, "query_only")? != 1 {
        return Err(StoreError::Permanent(Fault::new("query_only stays off")));
    }
    Ok(connection)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, rusqlite::Error> {
    // Each connection is used by one thread at a time.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn pragma<T: FromSql>(connection: &Connection, name: &str) -> Result<T, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

thread_local! {
    /// Pages in the write-ahead log after the last commit on this thread.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// From now on, [`pages`] knows of the commits of this connection on this thread.
pub(super) fn count_pages(connection: &Connection) {
    connection.wal_hook(Some(|_, pages| {
        PAGES.set(pages.unsigned_abs());
        Ok(())
    }));
}

/// Pages in the write-ahead log after the last commit on this thread.
pub(super) fn pages() -> u32 {
    PAGES.get()
}

/// Starts a thread of this name.
pub(super) fn thread(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, OpenError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(|error| OpenError::Unreachable(Fault::new(format!("no thread can be started: {error}"))))
}
