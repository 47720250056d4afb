//! A database of its own on the server of AHADI_TEST_POSTGRES_URL.

use std::str::FromStr;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Connections for all clients: more made it slower on two cores.
const CONNECTIONS: u32 = 16;

/// An empty database, to be dropped with [`Scratch::remove`].
pub struct Scratch {
    admin: PgPool,
    /// How to connect to it.
    pub options: PgConnectOptions,
    name: String,
}

impl Scratch {
    /// Makes it.
    pub async fn new() -> Scratch {
        let server = std::env::var("AHADI_TEST_POSTGRES_URL").expect("run `just peers`");
        let server = PgConnectOptions::from_str(&server).unwrap();
        let name = format!("peers_{}", std::process::id());
        let admin = PgPoolOptions::new().max_connections(1).connect_with(server.clone()).await.unwrap();
        sqlx::query(&format!("CREATE DATABASE {name}")).execute(&admin).await.unwrap();
        Scratch { admin, options: server.database(&name), name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connections to it, for all clients.
    pub async fn connect(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
        pool.connect_with(self.options.clone()).await.unwrap()
    }

    /// Drops it.
    pub async fn remove(self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        sqlx::query(&sql).execute(&self.admin).await.unwrap();
    }
}
