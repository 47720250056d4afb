//! A NATS server that comes back without anything it stored: everybody downstream still gets every record.

use it::{Setup, SourceKind, StoreKind};

use crate::events;
use crate::history;
use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_runs() {
    check(StoreKind::Sqlite, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_is_down() {
    check(StoreKind::Postgres, true).await;
}

async fn check(store: StoreKind, down: bool) {
    let mut rig = Rig::start(Setup { store, source: SourceKind::Nats }).await;
    let entries = history::entries();
    let (before, after) = entries.split_at(entries.len() / 2);
    rig.append(before).await;
    rig.settle(before).await;
    if down {
        rig.halt().await;
    }
    let nats = rig.nats.as_mut().expect("this rig has a bus");
    nats.kill();
    nats.forget();
    nats.restart();
    let url = nats.url();
    if down {
        rig.boot().await;
    }
    rig.append(after).await;
    rig.settle(&entries).await;
    let log = rig.log().await;
    events::arrive(&url, log.len() as u64).await;
    rig.halt().await;
    events::check(&url, &log).await;
    rig.end().await;
}
