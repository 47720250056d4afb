//! Two writers of one ledger.

use std::time::Duration;

use cli::system::System;
use it::world::ORIGIN;
use it::{Setup, SourceKind, StoreKind};
use journal::Entry;
use sqlx::{Connection, Executor};
use store::{OpenOptions, Store};

use crate::history::{self, ENTRIES};
use crate::reference;
use crate::rig::{LOOK_EVERY, LOOKS_MAX, Rig, is_settled};

/// Long enough not to run out during a test.
const STOLEN_FOR: Duration = Duration::from_secs(600);

/// The second waits while the first works, and takes over where it stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_waits() {
    let entries = history::entries();
    let (one, rest) = entries.split_at(ENTRIES / 3);
    let (two, three) = rest.split_at(ENTRIES / 3);
    let rig = Rig::new(Setup { store: StoreKind::Postgres, source: SourceKind::Nats }).await;
    rig.give_keys("first");
    rig.give_keys("second");
    let door = System::start(rig.config("data", &["--role=ingress"])).await.unwrap();
    let mut first = System::start(rig.config("first", &["--role=projector"])).await.unwrap();
    append(&door, one).await;
    settle(&mut [&mut first], one).await;
    let owner = first.store.lease_status().await.unwrap().owner;
    let mut second = System::start(rig.config("second", &["--role=projector"])).await.unwrap();
    append(&door, two).await;
    settle(&mut [&mut first, &mut second], two).await;
    assert!(second.active.borrow().is_none() && first.active.borrow().is_some());
    assert_eq!(first.store.lease_status().await.unwrap().owner, owner, "it never changed hands");
    first.stop().await;
    append(&door, three).await;
    settle(&mut [&mut second], &entries).await;
    assert_ne!(second.store.lease_status().await.unwrap().owner, owner);
    second.stop().await;
    door.stop().await;
    assert!(rig.log_if_sound_by("second", &[]).await == reference::log().await, "the log is another");
    rig.postgres.unwrap().drop_it().await;
}

async fn append(door: &System, entries: &[Entry]) {
    door.door.as_ref().unwrap().journal().append_all(entries.to_vec()).await.unwrap();
}

async fn settle(writers: &mut [&mut System], entries: &[Entry]) {
    let store = writers[0].store.clone();
    for _ in 0..LOOKS_MAX {
        if is_settled(&store, entries, true).await {
            return;
        }
        for writer in &mut *writers {
            if let Ok(error) = tokio::time::timeout(LOOK_EVERY, writer.failed()).await {
                panic!("a writer gave up: {error:#}");
            }
        }
    }
    panic!("the writers made no progress");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_without_its_lease_writes_nothing_on_sqlite() {
    loses_its_lease(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_without_its_lease_writes_nothing_on_postgres() {
    loses_its_lease(StoreKind::Postgres).await;
}

/// As if it had slept while its lease ran out: another owner takes it, and the first finds out when it writes.
async fn loses_its_lease(kind: StoreKind) {
    let entries = history::entries();
    let (before, after) = entries.split_at(ENTRIES / 2);
    let mut rig = Rig::start(Setup { store: kind, source: SourceKind::Journal }).await;
    rig.append(before).await;
    rig.settle(before).await;
    let size = rig.system().store.tip().await.unwrap().size;
    let url = rig.config("data", &[]).database();
    let options = OpenOptions { migrate: false, ..OpenOptions::new(ORIGIN) };
    let thief = Store::open(&url, options).await.unwrap();
    assert!(thief.acquire_lease("thief", STOLEN_FOR).await.unwrap().is_none(), "it is held");
    let stolen = steal(kind, &url, &thief).await;
    rig.append(after).await;
    let mut active = rig.system().active.clone();
    let lost = tokio::time::timeout(LOOK_EVERY * LOOKS_MAX, active.wait_for(Option::is_none)).await;
    lost.expect("it notices").unwrap();
    assert_eq!(thief.tip().await.unwrap().size, size, "nothing was written");
    assert!(thief.outcome(after[0].id).await.unwrap().is_none());
    assert_eq!(thief.latest_checkpoint().await.unwrap().unwrap().size, size);
    assert!(thief.release_lease(&stolen).await.unwrap());
    rig.settle(&entries).await;
    thief.close().await;
    assert!(rig.end().await == reference::log().await, "the log is another");
}

/// Makes the lease run out, and takes it before its owner renews it.
async fn steal(kind: StoreKind, url: &str, thief: &Store) -> store::Lease {
    for _ in 0..LOOKS_MAX {
        expire(kind, url).await;
        if let Some(lease) = thief.acquire_lease("thief", STOLEN_FOR).await.unwrap() {
            return lease;
        }
    }
    panic!("the lease could not be taken");
}

async fn expire(kind: StoreKind, url: &str) {
    let sql = "UPDATE lease SET expires_at = 0";
    match kind {
        StoreKind::Sqlite => {
            let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
            database.execute(sql).await.unwrap();
            database.close().await.unwrap();
        }
        StoreKind::Postgres => {
            let mut database = sqlx::PgConnection::connect(url).await.unwrap();
            database.execute(sql).await.unwrap();
            database.close().await.unwrap();
        }
    }
}
