//! Other event stores doing commands of one event each, from many clients at once.
//!
//! `peers NAME SECONDS CLIENTS` prints commands a second. NAME: `umadb` and `umadb-condition` (its server as a process
//! of its own, over gRPC, as it is meant to be used), `cqrs-es`, `disintegrate` and `message-db` (in the PostgreSQL of
//! AHADI_TEST_POSTGRES_URL; the last is installed from the directory of AHADI_PEERS_MESSAGE_DB). None of them hashes,
//! chains or signs.
#![allow(clippy::unwrap_used)]

mod cqrs;
mod deciding;
mod message_db;
mod scratch;
mod umadb;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes of free text in an event: with the rest of it, about what a record's payload has.
const TEXT_BYTES: usize = 560;
/// Commands on one entity before a client takes up another.
const ENTITY_COMMANDS: u64 = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match words[..] {
            [umadb::SERVE, path, address] => umadb::serve(path, address).await,
            [name, seconds, clients] => {
                let load = Load { seconds: seconds.parse().unwrap(), clients: clients.parse().unwrap() };
                let rate = match name {
                    "umadb" => umadb::run(load, false).await,
                    "umadb-condition" => umadb::run(load, true).await,
                    "cqrs-es" => cqrs::run(load).await,
                    "disintegrate" => deciding::run(load).await,
                    "message-db" => message_db::run(load).await,
                    other => panic!("no peer {other}"),
                };
                println!("{rate:.0}");
            }
            _ => panic!("peers NAME SECONDS CLIENTS"),
        }
    });
}

/// Why a command is refused: none is, but those who decide have to say so.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

/// How many clients, for how long.
#[derive(Clone, Copy)]
struct Load {
    seconds: f64,
    clients: usize,
}

impl Load {
    /// Runs `command` of each client, again and again with the next number. Gives commands a second.
    async fn drive<F, R>(self, command: F) -> f64
    where
        F: Fn(usize, u64) -> R + Clone + Send + 'static,
        R: Future<Output = ()> + Send,
    {
        let (done, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let duration = Duration::from_secs_f64(self.seconds);
        let clients: Vec<_> = (0..self.clients)
            .map(|client| {
                let (command, done) = (command.clone(), done.clone());
                tokio::spawn(async move {
                    for n in 0.. {
                        if start.elapsed() >= duration {
                            break;
                        }
                        command(client, n).await;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
    }
}

/// Text that differs from event to event and does not repeat itself.
fn text(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    });
    letters.take(TEXT_BYTES).collect()
}

/// Name of the entity that a client's command is about.
fn entity(client: usize, n: u64) -> String {
    format!("{}-{client}-{}", std::process::id(), n / ENTITY_COMMANDS)
}
