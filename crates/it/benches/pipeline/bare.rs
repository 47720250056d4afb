//! The limits of the door and of the whole, as processes of their own: one that parses a form and answers, and one that also keeps
//! and signs what came ([`crate::line`]).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::routing::{get, post};
use axum::{Form, Router};
use it::nats::NatsServer;
use it::postgres::PostgresDatabase;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::line::{Line, Place};
use crate::site::Kind;
use crate::slow;
use crate::wire::{self, Connection};

/// Set in the environment of the process that is to be bare: where its line stands, or [`HANDLER`].
pub const VARIABLE: &str = "AHADI_BENCH_BARE";
const HANDLER: &str = "handler";
/// How long what was taken may take to be written before the benchmark gives up.
const DRAIN_MAX: Duration = Duration::from_secs(120);

/// A process of this kind, with the servers it stands on. Killed when dropped.
pub struct Bare {
    pub address: SocketAddr,
    child: Child,
    postgres: Option<PostgresDatabase>,
    // Held until the end: the server is stopped, and the directory removed, when dropped.
    _nats: Option<NatsServer>,
    _directory: Option<TempDir>,
}

impl Bare {
    /// A handler that parses and answers, without keeping anything.
    pub async fn handler() -> Bare {
        let (child, address) = spawn(HANDLER).await;
        Bare { address, child, postgres: None, _nats: None, _directory: None }
    }

    /// The same that keeps and signs what came.
    pub async fn line(kind: Kind) -> Bare {
        let directory = tempfile::tempdir().unwrap();
        let (mut postgres, mut nats) = (None, None);
        if kind == Kind::Servers {
            postgres = Some(PostgresDatabase::create().await);
            nats = Some(NatsServer::start("AHADI_NATS_SERVER", directory.path()));
        }
        let place = Place {
            directory: directory.path().to_owned(),
            nats: nats.as_ref().map(NatsServer::url),
            database: postgres.as_ref().map(PostgresDatabase::url),
        };
        let (child, address) = spawn(&serde_json::to_string(&place).unwrap()).await;
        Bare { address, child, postgres, _nats: nats, _directory: Some(directory) }
    }

    /// Processor time it has used, seconds.
    pub fn cpu(&self) -> f64 {
        crate::site::cpu(self.child.id().unwrap())
    }

    /// Waits until nothing that was taken waits to be written; gives the seconds that took.
    pub async fn drain(&self) -> f64 {
        let start = Instant::now();
        let mut connection = Connection::open(self.address).await.unwrap();
        while connection.exchange(&wire::get("/left")).await.unwrap().body != b"0" {
            assert!(start.elapsed() < DRAIN_MAX, "the bare line does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        start.elapsed().as_secs_f64()
    }

    pub async fn stop(mut self) {
        self.child.kill().await.unwrap();
        if let Some(postgres) = self.postgres {
            postgres.drop_it().await;
        }
    }
}

async fn spawn(what: &str) -> (Child, SocketAddr) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(VARIABLE, what).envs(slow::variables());
    let mut child = command.stdout(std::process::Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next_line().await.unwrap().unwrap().parse().unwrap();
    (child, address)
}

/// Serves until it is killed.
pub async fn serve(what: &str) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let routes = if what == HANDLER {
        Router::new().route("/hook", post(take))
    } else {
        let line = Line::begin(serde_json::from_str(what).unwrap()).await;
        let (keeping, asked) = (line.clone(), line);
        let keep = move |Form(form): Form<HashMap<String, String>>| async move {
            keeping.keep(&form).await;
            "OK"
        };
        Router::new()
            .route("/hook/{*kind}", post(keep))
            .route("/left", get(move || async move { asked.left().to_string() }))
    };
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, routes).await.unwrap();
}

async fn take(Form(form): Form<HashMap<String, String>>) -> &'static str {
    std::hint::black_box(form.len());
    "OK"
}
