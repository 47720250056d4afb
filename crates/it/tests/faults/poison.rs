//! Inputs on which planning panics: they are set aside with their bytes, and all others lead to the log they would have
//! led to without them.

use contract::outcome::{Outcome, QuarantineReason};
use it::{Setup, SourceKind, StoreKind};
use journal::Entry;
use projector::faults::{Faults, Step};

use crate::history;
use crate::rig::Rig;

/// Which of the history are poison: two side by side, one that nothing precedes in its batch, one alone.
const POISON: [usize; 4] = [110, 111, 0, 250];
/// So many stand in the journal before the service reads it.
const AT_ONCE: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    check(Setup::EMBEDDED, Step::Plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_already_when_saying_what_they_need() {
    check(Setup::EMBEDDED, Step::Needs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_nats_and_postgres() {
    check(Setup { store: StoreKind::Postgres, source: SourceKind::Nats }, Step::Plan).await;
}

async fn check(setup: Setup, step: Step) {
    let entries = history::entries();
    let poison: Vec<&Entry> = POISON.iter().map(|n| &entries[*n]).collect();
    let others: Vec<Entry> = entries.iter().filter(|entry| !poison.contains(entry)).cloned().collect();
    let mut rig = Rig::start(setup).await;
    for entry in &poison {
        rig.faults.poison(step, entry.id);
    }
    rig.append(&entries[..AT_ONCE]).await;
    rig.settle(&entries[..AT_ONCE]).await;
    rig.append(&entries[AT_ONCE..]).await;
    rig.settle(&entries).await;
    // At a start without faults they stay where they are.
    rig.halt().await;
    rig.faults = Faults::default();
    rig.boot().await;
    rig.settle(&entries).await;
    are_set_aside(&rig, &poison).await;
    let log = rig.end().await;
    let mut clean = Rig::start(Setup::EMBEDDED).await;
    clean.append(&others).await;
    clean.settle(&others).await;
    let expected = clean.end().await;
    let differs = log.iter().zip(&expected).position(|(this, that)| this != that);
    assert_eq!((differs, log.len()), (None, expected.len()), "the others led to another log");
}

async fn are_set_aside(rig: &Rig, poison: &[&Entry]) {
    let store = &rig.system().store;
    let rows = store.quarantined(0, 1_000).await.unwrap();
    let expected = Outcome::Quarantined { reason: QuarantineReason::Unrecordable };
    for entry in poison {
        let row = rows.iter().find(|row| row.input == entry.id).expect("it is in quarantine");
        assert_eq!(serde_json::from_str::<Outcome>(&row.outcome).unwrap(), expected);
        assert_eq!(row.quarantined.as_deref(), Some(entry.payload.as_slice()), "with its bytes");
    }
    let unrecordable = rows.iter().filter(|row| row.outcome.contains("unrecordable")).count();
    assert_eq!(unrecordable, poison.len(), "and nothing else");
}
