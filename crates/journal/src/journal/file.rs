//! Opening the file: lock, settings, schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection as _, SqliteConnection};
use uuid::Uuid;

use super::writer::Totals;

/// `application_id` of the file: "AHDJ". Keeps a mistyped path from turning some other database into a journal.
const APPLICATION_ID: i64 = 0x4148_444A;
/// `user_version` this code writes and reads.
const SCHEMA_VERSION: i64 = 1;
/// What `PRAGMA synchronous` answers for FULL: in WAL mode, each commit is synced.
const SYNCHRONOUS_FULL: i64 = 2;
/// Readers at once: the projector, the relay, and somebody looking.
const READERS_MAX: u32 = 4;
/// How long SQLite waits for a lock; the writer has no rival, so this is only for a checkpoint meeting a reader.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The write-ahead log is cut back to this after a checkpoint.
const WAL_BYTES_KEPT: u32 = 64 * 1024 * 1024;

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
    Sqlite(#[from] sqlx::Error),
}

/// All that an open journal consists of.
pub(super) struct Opened {
    pub connection: SqliteConnection,
    pub reads: SqlitePool,
    pub lock: File,
    pub identity: String,
    pub totals: Totals,
}

pub(super) async fn open(path: &Path, file_bytes_max: Option<u64>) -> Result<Opened, OpenError> {
    let lock = lock(path)?;
    let options = options(path);
    let mut connection = options.clone().connect().await?;
    check_settings(&mut connection).await?;
    let identity = prepare(&mut connection, path).await?;
    if let Some(bytes) = file_bytes_max {
        limit_pages(&mut connection, bytes).await?;
    }
    // Checkpoints are run by the writer itself: SQLite's own, at commit, does not report a failed sync.
    sqlx::raw_sql("PRAGMA wal_autocheckpoint = 0").execute(&mut connection).await?;
    let totals = totals(&mut connection).await?;
    let reads = SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .min_connections(1)
        .connect_with(options.read_only(true))
        .await?;
    Ok(Opened { connection, reads, lock, identity, totals })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // Without these, macOS keeps synced bytes in the drive's cache. No effect elsewhere.
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1")
        .pragma("journal_size_limit", WAL_BYTES_KEPT.to_string())
        // What is pruned or forgotten is overwritten at once, not left in free pages.
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
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

async fn check_settings(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    if mode != "wal" {
        return Err(OpenError::Setting { setting: "journal_mode", wanted: "wal", found: mode });
    }
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    if synchronous != SYNCHRONOUS_FULL {
        let found = synchronous.to_string();
        return Err(OpenError::Setting { setting: "synchronous", wanted: "2 (full)", found });
    }
    Ok(())
}

/// Makes the tables in an empty file, refuses a file that is something else, and answers the journal's identity.
async fn prepare(connection: &mut SqliteConnection, path: &Path) -> Result<String, OpenError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
    match (application, version, tables) {
        (0, 0, 0) => create(connection).await?,
        (APPLICATION_ID, SCHEMA_VERSION, _) => {}
        (APPLICATION_ID, found, _) => return Err(OpenError::Version { found }),
        _ => return Err(OpenError::NotAJournal(path.to_owned())),
    }
    Ok(sqlx::query_scalar("SELECT identity FROM journal").fetch_one(connection).await?)
}

async fn create(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(include_str!("../schema.sql")).execute(&mut *transaction).await?;
    // Names the file, drawn once when it is made; no entry and no record is derived from it.
    #[allow(clippy::disallowed_methods)]
    let identity = Uuid::now_v7().to_string();
    sqlx::query("INSERT INTO journal VALUES (1, ?, 0, 0, 0, 0)")
        .bind(identity)
        .execute(&mut *transaction)
        .await?;
    // Inside the transaction too: a file is either empty or a journal.
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

async fn limit_pages(connection: &mut SqliteConnection, bytes: u64) -> Result<(), OpenError> {
    let page: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *connection).await?;
    let pages = (bytes / page.unsigned_abs().max(1)).max(1);
    let pragma = format!("PRAGMA max_page_count = {pages}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(pragma)).execute(connection).await?;
    Ok(())
}

async fn totals(connection: &mut SqliteConnection) -> Result<Totals, OpenError> {
    let (rows, bytes): (i64, i64) =
        sqlx::query_as("SELECT entries, bytes FROM journal").fetch_one(&mut *connection).await?;
    let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'entry'")
        .fetch_optional(connection)
        .await?;
    Ok(Totals {
        rows: rows.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
        last_position: last.unwrap_or(0).unsigned_abs(),
    })
}
