//! A database of its own for each world, on the scratch server that the test command started.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A database that is dropped with [`PostgresDatabase::drop_it`].
pub struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    pub async fn create() -> PostgresDatabase {
        let server = std::env::var("AHADI_TEST_POSTGRES_URL").unwrap_or_else(|_| {
            panic!("AHADI_TEST_POSTGRES_URL is not set: run `just test`, which starts the server")
        });
        let name = format!("ahadi_it_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        PostgresDatabase { server, name }
    }

    /// Has the server make its log files, which it uses again and again from then on. A new server fills each with zeros first,
    /// which costs as much as writing twice: a benchmark would measure that instead of a server that has been running.
    pub async fn make_log_files(server: &str) {
        /// As many as `min_wal_size` keeps (1 GB of 16 MiB each).
        const FILES: usize = 64;
        let mut admin = PgConnection::connect(server).await.unwrap();
        for _ in 0..FILES {
            admin.execute("SELECT pg_logical_emit_message(true, 'ahadi', 'x')").await.unwrap();
            admin.execute("SELECT pg_switch_wal()").await.unwrap();
        }
        admin.execute("CHECKPOINT").await.unwrap();
    }

    pub fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    /// Another database that holds the same. Nobody may be connected to this one.
    pub async fn copy(&self) -> PostgresDatabase {
        let name = format!("ahadi_it_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(&self.server).await.unwrap();
        let sql = format!("CREATE DATABASE {name} TEMPLATE {}", self.name);
        for _ in 0..300 {
            // Connections that were closed take a moment to be gone.
            match admin.execute(AssertSqlSafe(sql.clone())).await {
                Ok(_) => return PostgresDatabase { server: self.server.clone(), name },
                Err(error) if error.to_string().contains("being accessed") => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("somebody is still connected to the database");
    }

    pub async fn drop_it(self) {
        let mut admin = PgConnection::connect(&self.server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await.unwrap();
    }
}
