//! 9: after faults stop, everything that follows catches up: folding, relaying, signing, publishing, sending.

use std::time::Duration;

use carrier::{ApiMode, Webhook};
use it::{Setup, StoreKind, World, maize};
use projector::faults::{Step, Way};
use sqlx::Connection;

/// Webhooks while one thing fails.
const PART: usize = 30;
/// What the publisher has stored as done is found under this name.
const PUBLISHER: &str = "publisher";

/// How far everything is behind.
#[derive(Debug, PartialEq, Eq)]
struct Lag {
    /// Inputs that were not folded.
    inputs: u64,
    /// Inputs that were not relayed, where there is a bus.
    unrelayed: u64,
    /// Records under no checkpoint.
    unsigned: u64,
    /// Records that were not published, where there is a bus.
    unpublished: u64,
    /// Messages that were not sent.
    messages: usize,
    /// Whether the service says that it is ready.
    ready: bool,
}

const NONE: Lag = Lag { inputs: 0, unrelayed: 0, unsigned: 0, unpublished: 0, messages: 0, ready: true };

pub async fn story(setup: Setup) {
    let mut world = World::start(setup).await;
    world.carrier.set_replies(maize::replies());
    world.carrier.set_sms_mode(ApiMode::ServerError);
    let drafted = maize::draft(&world, None).await;
    let mut webhooks = carrier::webhooks(91);
    let faults = [(Step::Load, Way::Before), (Step::Commit, Way::After), (Step::Swap, Way::Before)];
    for (met, (step, way)) in (1..).zip(faults) {
        world.faults.fail(step, way, 1);
        let part: Vec<Webhook> = webhooks.by_ref().take(PART).collect();
        tokio::join!(world.deliver(part, 8), hurt(&world));
        until(async || world.faults.fired() == met, "the fault was not met").await;
    }
    if let Some(nats) = &mut world.nats {
        nats.kill();
    }
    world.deliver(webhooks.by_ref().take(PART).collect(), 8).await;
    assert_ne!(lag(&world).await, NONE, "nothing is behind, so nothing has to catch up");
    if let Some(nats) = &mut world.nats {
        nats.restart();
    }
    world.carrier.set_sms_mode(ApiMode::Normal);
    // From here on nothing fails, and nobody starts the service anew.
    assert_catches_up(&world).await;
    let id = drafted["contract_id"].as_str().unwrap();
    assert_eq!(world.json(&format!("/v1/contracts/{id}")).await["status"], "confirmed");
    world.sound().await;
}

/// Keeps the database busy, or breaks all connections to it.
async fn hurt(world: &World) {
    let url = world.config().database();
    match world.setup.store {
        StoreKind::Sqlite => {
            let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
            let busy = "PRAGMA busy_timeout = 20000";
            sqlx::query(busy).execute(&mut database).await.unwrap();
            let held = database.begin_with("BEGIN IMMEDIATE").await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            held.rollback().await.unwrap();
            database.close().await.unwrap();
        }
        StoreKind::Postgres => {
            let mut database = sqlx::PgConnection::connect(&url).await.unwrap();
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            sqlx::query(sql).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        }
    }
}

async fn lag(world: &World) -> Lag {
    let system = world.system();
    let journal = system.door.as_ref().unwrap().journal();
    let stats = journal.stats().await.unwrap();
    let signed = system.store.latest_checkpoint().await.unwrap().map_or(0, |row| row.size);
    let mut inputs = 0;
    let mut after = 0;
    loop {
        let batch = journal.read(after, 1_000, 16 * 1024 * 1024).await.unwrap();
        for positioned in &batch.entries {
            inputs += u64::from(system.store.outcome(positioned.entry.id).await.unwrap().is_none());
        }
        if batch.entries.is_empty() {
            break;
        }
        after = batch.through;
    }
    let published = system.store.cursor(PUBLISHER).await.unwrap().unwrap_or(0);
    // Last, for it grows and the others follow.
    let tip = system.store.tip().await.unwrap();
    let tasks = system.store.tasks(10_000).await.unwrap();
    Lag {
        inputs,
        unrelayed: if world.nats.is_some() { stats.unrelayed } else { 0 },
        unsigned: tip.size - signed,
        unpublished: if world.nats.is_some() { tip.size - published } else { 0 },
        messages: tasks.iter().filter(|task| task.kind == "message").count(),
        ready: world.get("/readyz").await.0 == 200,
    }
}

async fn assert_catches_up(world: &World) {
    let caught_up = async || {
        world.carrier.idle().await;
        lag(world).await == NONE
    };
    until(caught_up, "something stays behind").await;
}

/// Waits for something that will come to be, however slow the machine.
async fn until(mut is_so: impl AsyncFnMut() -> bool, otherwise: &str) {
    for _ in 0..1_200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("after a minute: {otherwise}");
}
