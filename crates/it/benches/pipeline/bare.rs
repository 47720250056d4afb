//! The limit of the door: a handler that parses the same form and answers, without keeping anything.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::Form;
use axum::routing::post;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Set in the environment of the process that is to be the bare handler.
pub const VARIABLE: &str = "AHADI_BENCH_BARE";

/// The handler as a process of its own, as the service is one. Killed when dropped.
pub struct Bare {
    pub address: SocketAddr,
    child: Child,
}

impl Bare {
    pub async fn start() -> Bare {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(VARIABLE, "1").stdout(std::process::Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        Bare { address, child }
    }

    /// Processor time it has used, seconds.
    pub fn cpu(&self) -> f64 {
        crate::site::cpu(self.child.id().unwrap())
    }
}

/// Serves until it is killed.
pub async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/hook", post(take));
    axum::serve(listener, routes).await.unwrap();
}

async fn take(Form(form): Form<HashMap<String, String>>) -> &'static str {
    std::hint::black_box(form.len());
    "OK"
}
