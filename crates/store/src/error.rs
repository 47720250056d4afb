//! What can go wrong, by what the caller should do about it.

use std::borrow::Cow;

/// What the database said: its error code and message, without the rows or keys it may have quoted beside them, which
/// can be personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: Option<String>,
    message: String,
}

impl Fault {
    /// A fault that no database gave. The message must quote nothing that was stored.
    pub fn new(message: impl Into<String>) -> Fault {
        Fault { code: None, message: message.into() }
    }

    /// The database's error code (SQLSTATE, or SQLite's extended result code), when the fault came from it.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// A read, or a write that has no fence to lose, that did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database is away, busy or out of room: the same call may succeed later.
    #[error("the database did not answer: {0}")]
    Transient(Fault),
    /// What is stored cannot be what was written.
    #[error("the database holds what was never written to it: {0}")]
    Corrupt(Fault),
    /// The same call will fail again.
    #[error("the database refused: {0}")]
    Permanent(Fault),
}

/// A write under a lease that did not happen. Nothing of it was written, except that after
/// [`CommitError::Transient`] all of it may have been: read the tip before going on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Another owner has taken the lease.
    #[error("another writer has taken the lease")]
    FenceLost,
    /// The log, a stream, an input or a source is not where the caller believes it to be: load again and plan again.
    #[error("the ledger has moved on: {0}")]
    Conflict(Fault),
    /// The database is away, busy or out of room; whether the write happened is not known.
    #[error("the database did not answer: {0}")]
    Transient(Fault),
    /// What is stored cannot be what was written.
    #[error("the database holds what was never written to it: {0}")]
    Corrupt(Fault),
    /// The same write will fail again: it breaks a rule of the store.
    #[error("the database refused: {0}")]
    Permanent(Fault),
}

/// A database that was not opened, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not the address of a database this crate knows.
    #[error("a database is given as postgres://… or sqlite://…: {0}")]
    Address(Fault),
    /// The database did not answer.
    #[error("the database cannot be reached: {0}")]
    Unreachable(Fault),
    /// A commit it confirmed could be gone after a power cut.
    #[error("the database would forget what it confirmed: {0}")]
    NotDurable(String),
    /// It has a migration this program does not know.
    #[error(
        "the database has migration {0}, which this version of ahadi does not know: run the newer version that made it, \
         or restore a backup from before that version"
    )]
    NewerSchema(i64),
    /// It has a known migration in another form.
    #[error(
        "migration {0} of the database is not the one this version of ahadi has: run the version that made it; a \
         migration is never edited once released"
    )]
    ChangedSchema(i64),
    /// It lacks migrations and the caller did not allow them to run.
    #[error(
        "the database lacks migration {0}: open it once with migrations allowed, as the owner of the tables"
    )]
    NotMigrated(i64),
    /// It was never given an origin.
    #[error(
        "the database holds no ledger yet: open it once with migrations allowed, as the owner of the tables"
    )]
    NotInitialised,
    /// It holds another ledger.
    #[error(
        "the database holds the ledger {found:?}, not {expected:?}: point the service at the right database"
    )]
    OtherOrigin {
        /// Origin the caller is configured for.
        expected: String,
        /// Origin the database was made for.
        found: String,
    },
    /// The role of the service exists but the login may not take it.
    #[error("the login {0:?} may not act as the role ahadi_service: GRANT ahadi_service TO it")]
    NotInRole(String),
    /// The database refused a step of the opening.
    #[error("the database refused: {0}")]
    Refused(Fault),
}

/// What an error of the driver means to the caller.
enum Cause {
    FenceLost,
    Conflict,
    Transient,
    Corrupt,
    Permanent,
}

/// Messages of the triggers in `migrations/sqlite` begin with the kind of error they are.
const SQLITE_CONFLICT: &str = "conflict: ";

fn cause(error: &sqlx::Error) -> Cause {
    match error {
        sqlx::Error::Database(database) => match database.code() {
            Some(code) => database_cause(&code, database.message()),
            None => Cause::Permanent,
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Cause::Transient,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
            Cause::Corrupt
        }
        _ => Cause::Permanent,
    }
}

fn database_cause(code: &str, message: &str) -> Cause {
    match code {
        "AHF01" => Cause::FenceLost,
        "AHC01" => Cause::Conflict,
        // Unique: Postgres; SQLite primary key, unique, rowid.
        "23505" | "1555" | "2067" | "2579" => Cause::Conflict,
        "1811" if message.starts_with(SQLITE_CONFLICT) => Cause::Conflict,
        // Postgres: data or index corrupted. SQLite: CORRUPT and its kin, NOTADB.
        "XX001" | "XX002" | "11" | "267" | "523" | "779" | "26" => Cause::Corrupt,
        _ if is_transient(code) => Cause::Transient,
        _ => Cause::Permanent,
    }
}

/// Postgres, by SQLSTATE class: lost connection, rolled back for others' sake, out of resources, operator
/// intervention, lock timeout, idle in transaction, disk. SQLite, by primary code: BUSY, LOCKED, NOMEM, INTERRUPT,
/// IOERR, FULL, CANTOPEN, PROTOCOL.
fn is_transient(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "40", "53", "57", "58"].contains(&&code[..2])
            || ["55P03", "25P03", "25P04"].contains(&code);
    }
    code.parse::<u32>().is_ok_and(|code| [5, 6, 7, 9, 10, 13, 14, 15].contains(&(code & 0xff)))
}

impl From<&sqlx::Error> for Fault {
    fn from(error: &sqlx::Error) -> Fault {
        match error {
            sqlx::Error::Database(database) => {
                Fault { code: database.code().map(Cow::into_owned), message: database.message().to_owned() }
            }
            // The text of a configuration error can quote the address, and with it a password.
            sqlx::Error::Configuration(_) => Fault::new("the address or its options cannot be read"),
            other => Fault::new(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        let fault = Fault::from(&error);
        match cause(&error) {
            Cause::Transient => StoreError::Transient(fault),
            Cause::Corrupt => StoreError::Corrupt(fault),
            Cause::FenceLost | Cause::Conflict | Cause::Permanent => StoreError::Permanent(fault),
        }
    }
}

/// What an error of SQLite means, and what is said of it.
fn sqlite_cause(error: rusqlite::Error) -> (Cause, Fault) {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let code = failure.extended_code.to_string();
            let message = message.unwrap_or_else(|| failure.to_string());
            (database_cause(&code, &message), Fault { code: Some(code), message })
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::QueryReturnedNoRows
        | rusqlite::Error::Utf8Error(..) => (Cause::Corrupt, Fault::new("a column of another type")),
        // Their text can quote the statement, never a value.
        other => (Cause::Permanent, Fault::new(format!("SQLite was not asked rightly: {other}"))),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match sqlite_cause(error) {
            (Cause::Transient, fault) => StoreError::Transient(fault),
            (Cause::Corrupt, fault) => StoreError::Corrupt(fault),
            (Cause::FenceLost | Cause::Conflict | Cause::Permanent, fault) => StoreError::Permanent(fault),
        }
    }
}

impl From<rusqlite::Error> for CommitError {
    fn from(error: rusqlite::Error) -> CommitError {
        match sqlite_cause(error) {
            (Cause::FenceLost, _) => CommitError::FenceLost,
            (Cause::Conflict, fault) => CommitError::Conflict(fault),
            (Cause::Transient, fault) => CommitError::Transient(fault),
            (Cause::Corrupt, fault) => CommitError::Corrupt(fault),
            (Cause::Permanent, fault) => CommitError::Permanent(fault),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> OpenError {
        match sqlite_cause(error) {
            (Cause::Transient, fault) => OpenError::Unreachable(fault),
            (_, fault) => OpenError::Refused(fault),
        }
    }
}

impl From<sqlx::Error> for CommitError {
    fn from(error: sqlx::Error) -> CommitError {
        let fault = Fault::from(&error);
        match cause(&error) {
            Cause::FenceLost => CommitError::FenceLost,
            Cause::Conflict => CommitError::Conflict(fault),
            Cause::Transient => CommitError::Transient(fault),
            Cause::Corrupt => CommitError::Corrupt(fault),
            Cause::Permanent => CommitError::Permanent(fault),
        }
    }
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> OpenError {
        let fault = Fault::from(&error);
        match (&error, cause(&error)) {
            (sqlx::Error::Configuration(_), _) => OpenError::Address(fault),
            (_, Cause::Transient) => OpenError::Unreachable(fault),
            _ => OpenError::Refused(fault),
        }
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> CommitError {
        match error {
            StoreError::Transient(fault) => CommitError::Transient(fault),
            StoreError::Corrupt(fault) => CommitError::Corrupt(fault),
            StoreError::Permanent(fault) => CommitError::Permanent(fault),
        }
    }
}

/// A unit of work that was cut off because the program is ending, or the store was closed.
pub(crate) struct Interrupted;

impl From<Interrupted> for Fault {
    fn from(_: Interrupted) -> Fault {
        Fault::new("the program is ending, or the store was closed")
    }
}

impl From<Interrupted> for StoreError {
    fn from(interrupted: Interrupted) -> StoreError {
        StoreError::Transient(interrupted.into())
    }
}

impl From<Interrupted> for CommitError {
    fn from(interrupted: Interrupted) -> CommitError {
        CommitError::Transient(interrupted.into())
    }
}

impl From<Interrupted> for OpenError {
    fn from(interrupted: Interrupted) -> OpenError {
        OpenError::Unreachable(interrupted.into())
    }
}
