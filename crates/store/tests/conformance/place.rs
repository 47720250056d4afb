//! A database for one case.
// A test has a server to find and names to make up.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use store::{Lease, OpenOptions, Store};
use uuid::Uuid;

pub const ORIGIN: &str = "ledger.example/test";
/// Long enough for any case.
pub const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// An empty database: not yet opened by the store.
#[derive(Clone, Debug)]
pub struct Place {
    pub kind: Kind,
    pub url: String,
    name: String,
}

fn server() -> PgConnectOptions {
    let url = std::env::var("AHADI_TEST_POSTGRES_URL")
        .expect("AHADI_TEST_POSTGRES_URL must name a scratch Postgres server: run `just test`");
    PgConnectOptions::from_str(&url).unwrap()
}

impl Place {
    pub async fn new(kind: Kind) -> Place {
        let name = format!("ahadi_test_{}", Uuid::now_v7().simple());
        match kind {
            Kind::Sqlite => {
                let folder = std::env::temp_dir().join(&name);
                std::fs::create_dir(&folder).unwrap();
                Place { kind, url: format!("sqlite://{}", folder.join("ledger.db").display()), name }
            }
            Kind::Postgres => {
                let mut connection = server().connect().await.unwrap();
                connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
                connection.close().await.unwrap();
                let url = server().database(&name).to_url_lossy();
                Place { kind, url: url.to_string(), name }
            }
        }
    }

    /// Drops the database.
    pub async fn remove(self) {
        match self.kind {
            Kind::Sqlite => std::fs::remove_dir_all(self.file().parent().unwrap()).unwrap(),
            Kind::Postgres => {
                let mut connection = server().connect().await.unwrap();
                let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
                connection.execute(AssertSqlSafe(sql)).await.unwrap();
            }
        }
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.url.strip_prefix("sqlite://").unwrap())
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url, OpenOptions::new(ORIGIN)).await.unwrap()
    }

    /// Opens and takes the lease.
    pub async fn open_to_write(&self) -> (Store, Lease) {
        let store = self.open().await;
        let lease = store.acquire_lease("writer", HOUR).await.unwrap().unwrap();
        (store, lease)
    }

    /// Runs statements past the store, as the owner of the tables, and says how many rows the last one touched.
    pub async fn execute(&self, sql: &str) -> Result<u64, String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.kind {
            Kind::Sqlite => {
                let mut connection =
                    SqliteConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
                let done = connection.execute(sql).await;
                connection.close().await.unwrap();
                done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
            }
            Kind::Postgres => {
                let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
                let done = connection.execute(sql).await;
                connection.close().await.unwrap();
                done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
            }
        }
    }

    /// Asks past the store for one column of text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.kind {
            Kind::Sqlite => {
                let mut connection =
                    SqliteConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
                let rows = connection.fetch_all(sql).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Kind::Postgres => {
                let mut connection = PgConnectOptions::from_str(&self.url).unwrap().connect().await.unwrap();
                let rows = connection.fetch_all(sql).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Every row of every table but the lease and what migrations note, as text: equal before and after, nothing
    /// changed.
    pub async fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for table in TABLES {
            let columns = self.columns(table).await;
            let cells: Vec<String> = match self.kind {
                Kind::Sqlite => columns.iter().map(|column| format!("quote({column})")).collect(),
                Kind::Postgres => {
                    columns.iter().map(|column| format!("coalesce({column}::text, '-')")).collect()
                }
            };
            let sql = format!("SELECT '{table} ' || {} FROM {table} ORDER BY 1", cells.join(" || ' ' || "));
            contents.extend(self.texts(&sql).await);
        }
        contents
    }

    async fn columns(&self, table: &str) -> Vec<String> {
        match self.kind {
            Kind::Sqlite => self.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await,
            Kind::Postgres => {
                let sql = "SELECT attname::text FROM pg_attribute
                           WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
                self.texts(&sql.replace("{table}", table)).await
            }
        }
    }
}

pub const TABLES: [&str; 17] = [
    "ledger_info",
    "record",
    "tree_node",
    "checkpoint",
    "disclosure",
    "inbox",
    "seen",
    "repeat",
    "source_position",
    "cursor",
    "api_key",
    "stream_head",
    "contract_view",
    "call_view",
    "link",
    "task",
    "counter",
];
