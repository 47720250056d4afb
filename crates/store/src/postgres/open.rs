//! Opening a Postgres database.

use std::str::FromStr;

use sqlx::migrate::Migrate;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, query, query_as, query_scalar,
};

use super::Postgres;
use super::connections::Connections;
use super::together::Together;
use crate::error::OpenError;
use crate::schema;
use crate::store::OpenOptions;

/// The role all work is done as, where it exists.
const ROLE: &str = "ahadi_service";
/// What hands the role its privileges, one function per migration that added tables, and a table by which it is seen
/// whether that was done.
const GRANTS: [(&str, &str); 5] = [
    ("record", "grant_service"),
    ("repeat", "grant_journey"),
    ("contract_count", "grant_counts"),
    ("call_count", "grant_call_count"),
    ("task_count", "grant_task_count"),
];
/// Name shown in `pg_stat_activity`.
const APPLICATION: &str = "ahadi";
/// One for the commit, others so that lease, cursors and keys need not wait for it.
const WRITERS: u32 = 4;
/// What every pooled connection is told. A lock not had in 10 s is held by something broken; a transaction idle for
/// 30 s has lost its owner. Compiling a statement to machine code takes longer than any of ours runs.
const SESSION: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; \
                       SET statement_timeout = '60s'; SET jit = off; SET client_min_messages = warning; \
                       SET search_path = public;";
/// Those that read rows by their keys. Each asks for little, and callers that wait for a call's answer share them.
const FINDERS: u32 = 4;
/// What connections are told besides that write, load batches or find rows by key. Their statements have one plan worth having, by
/// index, for one row as for a thousand. Left to itself the planner makes a new plan each time (it takes an array for ten
/// elements until it sees the three there are), which takes longer than a small commit and three times as long as finding a row,
/// or keeps one made while the tables were empty, which reads them from end to end.
const BY_INDEX: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; \
                        SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0;";
/// What connections for reading are told besides.
const READ_ONLY: &str = "SET default_transaction_read_only = on;";
/// What the connection for migrations is told: it waits for another's migrations however long they take, and no setting
/// of the database leads our names elsewhere.
const OPENING_SESSION: &str = "SET search_path = public; SET client_min_messages = warning;";
/// Rebuilding views takes as long as it takes, and loses nothing when it is cut off.
const OWNER_SESSION: &str =
    "SET search_path = public; SET client_min_messages = warning; SET lock_timeout = '60s';";

impl Postgres {
    pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Postgres, OpenError> {
        let login = PgConnectOptions::from_str(url)?.application_name(APPLICATION);
        // A slow statement is no event of the ledger, and its text has no place among log lines.
        let login = login.disable_statement_logging();
        let mut connection = login.connect().await?;
        connection.execute(OPENING_SESSION).await?;
        check_durable(&mut connection).await?;
        if options.migrate && may_migrate(&mut connection).await? {
            migrate(&mut connection, &options.origin).await?;
        }
        let role = role(&mut connection).await?;
        connection.execute(role).await?;
        check_schema(&mut connection).await?;
        check_origin(&mut connection, &options.origin).await?;
        connection.close().await?;

        let session = format!("{SESSION} {role}");
        let readers = Connections::new(&login, options.readers.max(1), format!("{READ_ONLY} {session}"));
        let finders = Connections::new(&login, FINDERS, format!("{READ_ONLY} {BY_INDEX} {session}"));
        let writer = Connections::new(&login, WRITERS, format!("{BY_INDEX} {session}"));
        let owner = owner(&login);
        Ok(Postgres { readers, finders, writer, owner, together: Together::default() })
    }
}

/// The connection that stays the login, made when first used.
fn owner(login: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(OWNER_SESSION).await?;
                Ok(())
            })
        })
        .connect_lazy_with(login.clone())
}

/// A server that does not flush, or a setting that does not wait for it, would make every answer a guess.
async fn check_durable(connection: &mut PgConnection) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('fsync'), current_setting('synchronous_commit')";
    let (fsync, synchronous_commit): (String, String) = query_as(sql).fetch_one(connection).await?;
    if fsync != "on" {
        return Err(OpenError::NotDurable("fsync is off: set fsync = on in postgresql.conf".to_owned()));
    }
    if synchronous_commit == "off" {
        let what = "synchronous_commit is off: set it to on for this database and login";
        return Err(OpenError::NotDurable(what.to_owned()));
    }
    Ok(())
}

/// Whether migrating is this login's to do: it owns the tables, or there are none yet. Another login can start the
/// service all the same, as the role; what it lacks is found by the checks that follow.
async fn may_migrate(connection: &mut PgConnection) -> Result<bool, OpenError> {
    let sql = "SELECT coalesce((SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class
                                WHERE oid = to_regclass('public.ledger_info')), true)";
    Ok(query_scalar(sql).fetch_one(connection).await?)
}

/// Brings the schema up to date, writes the origin of a new ledger, and hands the role its privileges: under the
/// advisory lock of the migrations, so that two who start at once do not meet.
async fn migrate(connection: &mut PgConnection, origin: &str) -> Result<(), OpenError> {
    connection.lock().await.map_err(schema::migration_error)?;
    // Whatever fails in between, the lock goes with the connection.
    schema::postgres().run_direct(None, connection, false).await.map_err(schema::migration_error)?;
    let sql = "INSERT INTO ledger_info (origin, created_at)
               SELECT $1, database_millis() WHERE NOT EXISTS (SELECT FROM ledger_info)";
    query(sql).bind(origin).execute(&mut *connection).await?;
    let sql = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    if query_scalar(sql).bind(ROLE).fetch_one(&mut *connection).await? {
        grant(connection).await?;
    }
    connection.unlock().await.map_err(schema::migration_error)?;
    Ok(())
}

/// Hands the role its privileges, once, and lets the login act as it.
async fn grant(connection: &mut PgConnection) -> Result<(), OpenError> {
    for (table, function) in GRANTS {
        let sql = "SELECT has_table_privilege($1, $2, 'SELECT')";
        let granted = query_scalar(sql).bind(ROLE).bind(format!("public.{table}"));
        if !granted.fetch_one(&mut *connection).await? {
            connection.execute(AssertSqlSafe(format!("SELECT {function}()"))).await?;
        }
    }
    let sql = "SELECT pg_has_role($1, 'MEMBER')";
    let member: bool = query_scalar(sql).bind(ROLE).fetch_one(&mut *connection).await?;
    if !member {
        // Allowed to who created the role; where it is not, the check of the role says what to do.
        if let Err(error) = connection.execute("GRANT ahadi_service TO CURRENT_USER").await {
            tracing::warn!(%error, "the login could not be made a member of the role ahadi_service");
        }
    }
    Ok(())
}

async fn check_schema(connection: &mut PgConnection) -> Result<(), OpenError> {
    let sql = "SELECT to_regclass('public._sqlx_migrations') IS NOT NULL";
    let exists: bool = query_scalar(sql).fetch_one(&mut *connection).await?;
    let applied: Vec<(i64, Vec<u8>)> = if exists {
        query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(connection)
            .await?
    } else {
        Vec::new()
    };
    match schema::lacking(&schema::postgres(), &applied)? {
        None => Ok(()),
        Some(version) => Err(OpenError::NotMigrated(version)),
    }
}

async fn check_origin(connection: &mut PgConnection, expected: &str) -> Result<(), OpenError> {
    let found: Option<String> =
        query_scalar("SELECT origin FROM ledger_info").fetch_optional(connection).await?;
    match found {
        None => Err(OpenError::NotInitialised),
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(OpenError::OtherOrigin { expected: expected.to_owned(), found }),
    }
}

/// The statement by which a connection takes the role, or nothing where there is none.
async fn role(connection: &mut PgConnection) -> Result<&'static str, OpenError> {
    let sql = "SELECT current_user::text, EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    let (login, exists): (String, bool) = query_as(sql).bind(ROLE).fetch_one(&mut *connection).await?;
    if !exists {
        tracing::warn!("the role ahadi_service does not exist: the log is guarded by triggers only");
        return Ok("");
    }
    let member: bool =
        query_scalar("SELECT pg_has_role($1, 'MEMBER')").bind(ROLE).fetch_one(connection).await?;
    if member { Ok("SET ROLE ahadi_service;") } else { Err(OpenError::NotInRole(login)) }
}
