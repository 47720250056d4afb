//! Opening a SQLite database. Migrations run through sqlx, as on Postgres; on its connection nothing else is done.

use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, query_as, query_scalar};
use tokio::time::{sleep, timeout};

use super::readers::Readers;
use super::writer::Writer;
use super::{Sqlite, connect, database_millis};
use crate::apart::blocking;
use crate::error::{Fault, OpenError};
use crate::schema;
use crate::store::OpenOptions;

/// Longest wait for another process's migrations.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(300);
/// Pause before a connection is asked for once more.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// SQLite's code for a lock that another holds (`SQLITE_BUSY`).
const BUSY: &str = "5";

impl Sqlite {
    pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Sqlite, OpenError> {
        let migrating = SqliteConnectOptions::from_str(url)?
            .create_if_missing(options.migrate)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(MIGRATION_TIMEOUT)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let path = migrating.get_filename().to_owned();
        let mut connection = connect_in_turn(&migrating).await?;
        check_durable(&mut connection).await?;
        if options.migrate {
            migrate(&mut connection, &options.origin).await?;
        }
        check_schema(&mut connection).await?;
        check_origin(&mut connection, &options.origin).await?;
        connection.close().await?;
        let readers = Readers::new(&path, options.readers.max(1));
        let writer = blocking(move || Writer::start(&path)).await?;
        Ok(Sqlite { readers, writer })
    }
}

/// A connection to a database with a write-ahead log. Where several make a new database at once, SQLite tells some of them that
/// it is busy without waiting: two that hold it for reading and want it alone would wait for each other for ever. They ask again.
async fn connect_in_turn(options: &SqliteConnectOptions) -> Result<SqliteConnection, OpenError> {
    let turn = async {
        let mut is_told = false;
        loop {
            match options.connect().await {
                Err(error) if is_busy(&error) => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::info!("another process makes or keeps the database; waiting for it");
                    }
                    sleep(ASK_AGAIN).await;
                }
                connected => return connected,
            }
        }
    };
    match timeout(MIGRATION_TIMEOUT, turn).await {
        Ok(connected) => Ok(connected?),
        Err(_) => Err(OpenError::Unreachable(Fault::new("another process keeps the database to itself"))),
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == BUSY)
}

async fn check_durable(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let mode: String = query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    connect::check_durable(&mode, query_scalar("PRAGMA synchronous").fetch_one(connection).await?)
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
