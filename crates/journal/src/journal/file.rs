//! Opening the file: lock, settings, schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};
use uuid::Uuid;

use super::backfill::Backfill;
use super::statements::signed;
use super::writer::Totals;

/// `application_id` of the file: "AHDJ". Keeps a mistyped path from turning some other database into a journal.
const APPLICATION_ID: i64 = 0x4148_444A;
/// `user_version` this code writes and reads.
const SCHEMA_VERSION: i64 = 1;
/// What `PRAGMA synchronous` answers for FULL: in WAL mode, each commit is synced.
const SYNCHRONOUS_FULL: i64 = 2;
/// How long SQLite waits for a lock; the writer has no rival, so this is only for a checkpoint meeting a reader.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The write-ahead log is cut back to this after a checkpoint.
const WAL_BYTES_KEPT: u32 = 64 * 1024 * 1024;
/// Statements kept prepared on each connection: more than there are.
const STATEMENTS_KEPT: usize = 32;

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another handle, here or in another process, has it open.
    #[error("the journal {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The file or its lock cannot be made or opened.
    #[error("cannot open {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is a database, but not a journal.
    #[error("{} is not a journal", .0.display())]
    NotAJournal(PathBuf),
    /// The file was made by a newer version of this program.
    #[error("the journal has version {found}; this program reads version {SCHEMA_VERSION}")]
    Version {
        /// Its version.
        found: i64,
    },
    /// A setting on which durability rests did not take, for instance because the file system has no shared memory.
    #[error("the journal needs {setting} to be {wanted}, but it reads back as {found}")]
    Setting {
        /// The pragma.
        setting: &'static str,
        /// What was asked for.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// SQLite refused.
    #[error("cannot open the journal: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// All that an open journal consists of, besides its readers.
pub(super) struct Opened {
    pub connection: Connection,
    pub backfill: Backfill,
    pub lock: File,
    pub identity: String,
    pub totals: Totals,
    /// No row above this position is marked as relayed.
    pub marked: u64,
}

/// Opens the journal for its one writer. Waits for the disk.
pub(super) fn open(path: &Path, file_bytes_max: Option<u64>) -> Result<Opened, OpenError> {
    let lock = lock(path)?;
    let mut connection = writer(path)?;
    let identity = prepare(&mut connection, path)?;
    if let Some(bytes) = file_bytes_max {
        limit_pages(&connection, bytes)?;
    }
    let backfill = Backfill::start(path)?;
    let totals = totals(&connection)?;
    let marked: i64 =
        connection
            .query_row("SELECT coalesce((SELECT max(position) FROM relayed), 0)", (), |row| row.get(0))?;
    Ok(Opened { connection, backfill, lock, identity, totals, marked: marked.unsigned_abs() })
}

/// A connection that may write, with the settings on which durability rests.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    set_up(&connection)?;
    check_settings(&connection)?;
    // Checkpoints are asked for: SQLite's own, at commit, does not report a failed sync.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// A connection that only reads, to a journal that is open.
pub(super) fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, rusqlite::Error> {
    // Each connection is used by one thread at a time.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), rusqlite::Error> {
    // What it becomes is read back below.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Without these, macOS keeps synced bytes in the drive's cache. No effect elsewhere.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
    // What is pruned or forgotten is overwritten at once, not left in free pages.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let lock = private_file(&lock_path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => return Err(OpenError::Io { path: lock_path, error }),
    }
    // Made here and not by SQLite, so that its owner alone may read it; the -wal file inherits the mode.
    private_file(path)?;
    Ok(lock)
}

fn private_file(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })
}

fn check_settings(connection: &Connection) -> Result<(), OpenError> {
    let mode: String = pragma(connection, "journal_mode")?;
    if mode != "wal" {
        return Err(OpenError::Setting { setting: "journal_mode", wanted: "wal", found: mode });
    }
    let synchronous: i64 = pragma(connection, "synchronous")?;
    if synchronous != SYNCHRONOUS_FULL {
        let found = synchronous.to_string();
        return Err(OpenError::Setting { setting: "synchronous", wanted: "2 (full)", found });
    }
    Ok(())
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Makes the tables in an empty file, refuses a file that is something else, and answers the journal's identity.
fn prepare(connection: &mut Connection, path: &Path) -> Result<String, OpenError> {
    let application: i64 = pragma(connection, "application_id")?;
    let version: i64 = pragma(connection, "user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    match (application, version, tables) {
        (0, 0, 0) => create(connection)?,
        (APPLICATION_ID, SCHEMA_VERSION, _) => {}
        (APPLICATION_ID, found, _) => return Err(OpenError::Version { found }),
        _ => return Err(OpenError::NotAJournal(path.to_owned())),
    }
    Ok(connection.query_row("SELECT identity FROM journal", (), |row| row.get(0))?)
}

fn create(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(include_str!("../schema.sql"))?;
    // Names the file, drawn once when it is made; no entry and no record is derived from it.
    #[allow(clippy::disallowed_methods)]
    let identity = Uuid::now_v7().to_string();
    transaction.execute("INSERT INTO journal VALUES (1, ?, 0, 0, 0, 0)", [identity])?;
    // Inside the transaction too: a file is either empty or a journal.
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

fn limit_pages(connection: &Connection, bytes: u64) -> Result<(), rusqlite::Error> {
    let page: i64 = pragma(connection, "page_size")?;
    let pages = (bytes / page.unsigned_abs().max(1)).max(1);
    connection.pragma_update_and_check(None, "max_page_count", signed(pages), |_| Ok(()))
}

fn totals(connection: &Connection) -> Result<Totals, rusqlite::Error> {
    let (rows, bytes): (i64, i64) =
        connection.query_row("SELECT entries, bytes FROM journal", (), |row| row.try_into())?;
    let last: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'entry'", (), |row| row.get(0))
        .optional()?;
    Ok(Totals {
        rows: rows.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
        last_position: last.unwrap_or(0).unsigned_abs(),
    })
}
