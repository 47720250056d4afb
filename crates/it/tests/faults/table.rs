//! Every step of the projector, failing before it happened and failing after: on both stores and from both sources the
//! service goes on by itself, and the log is byte for byte the one of a run without faults.

use std::sync::Arc;

use it::{Setup, SourceKind, StoreKind};
use projector::faults::{Step, Way};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::events;
use crate::history::{self, ENTRIES};
use crate::reference;
use crate::rig::Rig;

/// How many times in a row a step fails.
const TIMES: u32 = 2;
/// Cases at once.
const AT_ONCE: usize = 4;

const STEPS: [Step; 6] =
    [Step::Needs, Step::Load, Step::Plan, Step::Commit, Step::Swap, Step::InsertCheckpoint];
/// Steps that only a service on NATS has.
const STEPS_OF_PUBLISHING: [Step; 2] = [Step::Publish, Step::SetCursor];

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_from_the_journal() {
    all_steps(StoreKind::Sqlite, SourceKind::Journal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_from_nats() {
    all_steps(StoreKind::Sqlite, SourceKind::Nats).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_from_the_journal() {
    all_steps(StoreKind::Postgres, SourceKind::Journal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_from_nats() {
    all_steps(StoreKind::Postgres, SourceKind::Nats).await;
}

async fn all_steps(store: StoreKind, source: SourceKind) {
    let publishes = source != SourceKind::Journal;
    let steps = STEPS.into_iter().chain(STEPS_OF_PUBLISHING.into_iter().filter(|_| publishes));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut cases = JoinSet::new();
    for (step, way) in steps.flat_map(|step| [(step, Way::Before), (step, Way::After)]) {
        let places = Arc::clone(&places);
        cases.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            check(Setup { store, source }, step, way).await;
        });
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

async fn check(setup: Setup, step: Step, way: Way) {
    let entries = history::entries();
    let (before, rest) = entries.split_at(ENTRIES / 3);
    let (during, after) = rest.split_at(ENTRIES / 3);
    let mut rig = Rig::start(setup).await;
    rig.append(before).await;
    rig.settle(before).await;
    rig.faults.fail(step, way, TIMES);
    rig.append(during).await;
    rig.settle(during).await;
    assert!(rig.faults.fired() > 0, "{step:?} {way:?}: the fault was met");
    rig.append(after).await;
    rig.settle(after).await;
    // What took effect is not done again, so the second time may come later.
    assert_eq!(rig.faults.fired(), TIMES, "{step:?} {way:?}: the fault was met each time");
    rig.halt().await;
    let log = rig.log_if_sound(&[]).await;
    // Compared as a whole, shown as the first place that differs.
    let differs = log.iter().zip(reference::log().await).position(|(this, that)| this != that);
    assert_eq!(differs, None, "{setup:?} {step:?} {way:?}: the log is another");
    assert_eq!(log.len(), reference::log().await.len(), "{setup:?} {step:?} {way:?}");
    if let Some(nats) = &rig.nats {
        events::check(&nats.url(), &log).await;
    }
    rig.end().await;
}
