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

    pub fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    pub async fn drop_it(self) {
        let mut admin = PgConnection::connect(&self.server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await.unwrap();
    }
}
