//! More than can be folded for a while.

use std::time::Duration;

use it::Setup;
use journal::{Entry, Journal};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use crate::rig::{LOOK_EVERY, LOOKS_MAX, Rig};

/// Enough for the door to give way.
const BACKLOG: u128 = 5_000;

/// The journal is told how far the fold is behind while the database lets nobody write, and again when all is folded.
#[tokio::test(flavor = "multi_thread")]
async fn the_door_is_told_of_a_backlog_and_of_its_end() {
    let rig = Rig::start(Setup::EMBEDDED).await;
    let active = rig.system().active.clone().wait_for(Option::is_some).await.map(drop);
    active.expect("it writes");
    assert_eq!((rig.journal().behind(), rig.journal().pause()), (0, Duration::ZERO));
    let url = rig.config("data", &[]).database();
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let held = database.begin_with("BEGIN IMMEDIATE").await.unwrap();
    // Nobody can read these; they are set aside one by one.
    let entry = |n: u128| Entry {
        id: Uuid::from_u128(n),
        source: "api".to_owned(),
        kind: "command".to_owned(),
        key: "k".to_owned(),
        received_at_ms: 1_772_400_000_000,
        payload: b"?".to_vec(),
    };
    let entries: Vec<Entry> = (1..=BACKLOG).map(entry).collect();
    rig.append(&entries).await;
    until(rig.journal(), |behind| u128::from(behind) >= BACKLOG, "nobody told of the backlog").await;
    assert!(rig.journal().pause() > Duration::ZERO, "who brings more waits");
    held.rollback().await.unwrap();
    database.close().await.unwrap();
    rig.fold(&entries).await;
    until(rig.journal(), |behind| behind == 0, "nobody told of its end").await;
    assert_eq!(rig.journal().pause(), Duration::ZERO);
    rig.end().await;
}

async fn until(journal: &Journal, is_so: impl Fn(u64) -> bool, otherwise: &str) {
    for _ in 0..LOOKS_MAX {
        if is_so(journal.behind()) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("{otherwise}");
}
