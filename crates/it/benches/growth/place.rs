//! Where a ledger of this benchmark is.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::figures::Figures;

const DATABASE: &str = "ahadi_growth";

pub struct Place {
    /// Keys, and the database where that is a file.
    pub directory: PathBuf,
    pub url: String,
    server: Option<String>,
}

impl Place {
    pub async fn at(store: &str, directory: &Path, kept: bool) -> Option<Place> {
        std::fs::create_dir_all(directory).unwrap();
        let directory = directory.to_owned();
        if store == "sqlite" {
            let url = format!("sqlite://{}", directory.join("ledger.db").display());
            return Some(Place { directory, url, server: None });
        }
        let server = std::env::var("AHADI_TEST_POSTGRES_URL").ok()?;
        let mut admin = PgConnection::connect(&server).await.unwrap();
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut admin)
            .await
            .unwrap();
        if exists && !(kept && directory.join("keys").exists()) {
            admin.execute(AssertSqlSafe(format!("DROP DATABASE {DATABASE} WITH (FORCE)"))).await.unwrap();
        }
        if !(exists && kept && directory.join("keys").exists()) {
            admin.execute(AssertSqlSafe(format!("CREATE DATABASE {DATABASE}"))).await.unwrap();
        }
        let (base, _) = server.rsplit_once('/').unwrap();
        Some(Place { directory, url: format!("{base}/{DATABASE}"), server: Some(server) })
    }

    /// Whether a ledger was left there by an earlier run.
    pub async fn is_there(&self) -> bool {
        self.directory.join("keys").exists()
    }

    pub async fn remove(&self) {
        if let Some(server) = &self.server {
            let mut admin = PgConnection::connect(server).await.unwrap();
            admin.execute(AssertSqlSafe(format!("DROP DATABASE {DATABASE} WITH (FORCE)"))).await.unwrap();
        }
    }

    /// Bytes on disk for each record, by table with its indexes.
    pub async fn bytes(&self, size: u64, figures: &mut Figures) {
        let (tables, jws, records) =
            if self.server.is_some() { self.postgres().await } else { self.sqlite().await };
        let all: i64 = tables.iter().map(|(_, bytes)| bytes).sum();
        figures.value("bytes for each record, of its JWS", size, jws as f64 / records as f64);
        figures.value("bytes for each record, on disk", size, all as f64 / records as f64);
        figures.value("bytes on disk / bytes of the JWS", size, all as f64 / jws as f64);
        for (table, bytes) in tables.iter().filter(|(_, bytes)| *bytes > all / 200) {
            figures.value(&format!("bytes for each record, {table}"), size, *bytes as f64 / records as f64);
        }
    }

    async fn postgres(&self) -> (Vec<(String, i64)>, i64, i64) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let sql = "SELECT relname::text, pg_total_relation_size(oid) FROM pg_class
                   WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
        let tables = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
        let (jws, records) = sqlx::query_as("SELECT sum(octet_length(jws))::bigint, count(*) FROM record")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (tables, jws, records)
    }

    async fn sqlite(&self) -> (Vec<(String, i64)>, i64, i64) {
        let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
        let sql =
            "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS m ON m.name = d.name
                   WHERE d.aggregate = TRUE GROUP BY m.tbl_name ORDER BY 1";
        let tables = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
        let (jws, records) = sqlx::query_as("SELECT sum(octet_length(jws)), count(*) FROM record")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (tables, jws, records)
    }
}
