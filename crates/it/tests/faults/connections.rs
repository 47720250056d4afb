//! A database server that ends sessions, breaks connections in the middle, and is away for a while.

use std::time::Duration;

use it::chance::Chance;
use it::proxy::Proxy;
use it::{Setup, SourceKind, StoreKind};
use sqlx::{Connection, PgConnection};

use crate::history;
use crate::reference;
use crate::rig::Rig;

/// Entries appended before something happens to the database.
const PART: usize = 20;
/// Longest pause between an append and what happens, milliseconds: in it the entries are read, planned, written.
const PAUSE_MS_MAX: u64 = 60;
/// How long the server lets nobody in.
const AWAY: Duration = Duration::from_millis(900);

#[tokio::test(flavor = "multi_thread")]
async fn from_the_journal() {
    check(SourceKind::Journal, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nats() {
    check(SourceKind::Nats, 2).await;
}

async fn check(source: SourceKind, seed: u64) {
    let mut rig = Rig::new(Setup { store: StoreKind::Postgres, source }).await;
    let direct = rig.postgres.as_ref().unwrap().url();
    let mut behind = reqwest::Url::parse(&direct).unwrap();
    let server = format!("{}:{}", behind.host_str().unwrap(), behind.port().unwrap_or(5432));
    let proxy = Proxy::start(server).await;
    behind.set_host(Some(&proxy.address().ip().to_string())).unwrap();
    behind.set_port(Some(proxy.address().port())).unwrap();
    rig.database_url = Some(behind.to_string());
    rig.boot().await;
    let entries = history::entries();
    let mut chance = Chance::new(seed);
    let (mut ended, mut broken) = (0, 0);
    for (n, part) in entries.chunks(PART).enumerate() {
        rig.append(part).await;
        tokio::time::sleep(Duration::from_millis(chance.below(PAUSE_MS_MAX))).await;
        match n % 5 {
            0 | 2 => ended += end_sessions(&direct).await,
            4 => {
                proxy.shut();
                tokio::time::sleep(AWAY).await;
                proxy.cut();
            }
            _ => broken += proxy.cut(),
        }
        if n % 3 == 0 {
            rig.settle(&entries[..n * PART]).await;
        }
    }
    rig.settle(&entries).await;
    assert!(ended > 0 && broken > 0, "{ended} sessions ended, {broken} connections broken");
    rig.halt().await;
    rig.database_url = None;
    assert!(rig.end().await == reference::log().await, "the log is another");
}

/// Ends all sessions on the database but our own.
async fn end_sessions(url: &str) -> usize {
    let mut database = PgConnection::connect(url).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended: Vec<bool> = sqlx::query_scalar(sql).fetch_all(&mut database).await.unwrap();
    database.close().await.unwrap();
    ended.len()
}
