//! Opening a SQLite database.

use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, query_as, query_scalar};

use super::bulk::Bulk;
use super::insert::STATEMENTS;
use super::{Sqlite, database_millis};
use crate::error::OpenError;
use crate::schema;
use crate::store::OpenOptions;

/// Longest wait for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for another process's migrations.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(300);
/// Longest wait for a free connection of this process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Rows that the thread of a reading connection may be ahead of who reads them: a page of the log, so that the two do not
/// wait for each other in the middle of it.
const READ_ROWS: usize = 512;
/// Pages that wait in the write-ahead log before they are moved into the database: 32 MiB. Those of indexes are changed
/// again and again; the longer they wait, the more changes one move serves.
const WAL_PAGES: &str = "8192";
/// What the writing connection keeps of the database in memory: 32 MiB, negative for kibibytes. With SQLite's own 2 MiB it
/// reads pages of indexes back all the time.
const WRITER_CACHE: &str = "-32768";
/// `PRAGMA synchronous` as it reads back when it is FULL.
const SYNCHRONOUS_FULL: i64 = 2;

impl Sqlite {
    pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Sqlite, OpenError> {
        let writing = SqliteConnectOptions::from_str(url)?
            .create_if_missing(options.migrate)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(STATEMENTS)
            // What is deleted or replaced is overwritten at once, or erasing would leave it in free space.
            .pragma("secure_delete", "ON")
            .pragma("wal_autocheckpoint", WAL_PAGES)
            .pragma("cache_size", WRITER_CACHE)
            .disable_statement_logging();
        let mut connection = writing.clone().busy_timeout(MIGRATION_TIMEOUT).connect().await?;
        check_durable(&mut connection).await?;
        if options.migrate {
            migrate(&mut connection, &options.origin).await?;
        }
        check_schema(&mut connection).await?;
        check_origin(&mut connection, &options.origin).await?;
        connection.close().await?;

        // Never closed for idleness: opening anew would cost more than keeping. A file does not go away, so none is tested
        // before it is used.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(writing)
            .await?;
        let reading = SqliteConnectOptions::from_str(url)?
            .read_only(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .row_buffer_size(READ_ROWS)
            .disable_statement_logging()
            .pragma("query_only", "ON");
        let file = reading.get_filename().to_owned();
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_lazy_with(reading);
        let bulk = Bulk::new(file, BUSY_TIMEOUT);
        Ok(Sqlite { readers, writer, bulk })
    }
}

/// Reads back what was asked for: a database in memory or on some network disks has no WAL.
async fn check_durable(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mode: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 = query_scalar("PRAGMA synchronous").fetch_one(connection).await?;
    if mode != "wal" {
        let what = format!("journal_mode is {mode:?}, not wal: keep it in a file on a local disk");
        return Err(OpenError::NotDurable(what));
    }
    if synchronous != SYNCHRONOUS_FULL {
        return Err(OpenError::NotDurable(format!(
            "synchronous is {synchronous}, not {SYNCHRONOUS_FULL} (FULL)"
        )));
    }
    Ok(())
}

/// Brings the schema up to date and writes the origin of a new ledger, in one transaction that keeps others out: the
/// driver takes no lock of its own for SQLite.
async fn migrate(connection: &mut SqliteConnection, origin: &str) -> Result<(), OpenError> {
    let mut transaction = connection.begin_with("BEGIN EXCLUSIVE").await?;
    schema::sqlite().run_direct(None, &mut *transaction, false).await.map_err(schema::migration_error)?;
    let sql = concat!(
        "INSERT INTO ledger_info (origin, created_at) SELECT $1, ",
        database_millis!(),
        " WHERE NOT EXISTS (SELECT 1 FROM ledger_info)"
    );
    query(sql).bind(origin).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

async fn check_schema(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations')";
    let exists: bool = query_scalar(sql).fetch_one(&mut *connection).await?;
    let applied: Vec<(i64, Vec<u8>)> = if exists {
        query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(connection)
            .await?
    } else {
        Vec::new()
    };
    match schema::lacking(&schema::sqlite(), &applied)? {
        None => Ok(()),
        Some(version) => Err(OpenError::NotMigrated(version)),
    }
}

async fn check_origin(connection: &mut SqliteConnection, expected: &str) -> Result<(), OpenError> {
    let found: Option<String> =
        query_scalar("SELECT origin FROM ledger_info").fetch_optional(connection).await?;
    match found {
        None => Err(OpenError::NotInitialised),
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(OpenError::OtherOrigin { expected: expected.to_owned(), found }),
    }
}
