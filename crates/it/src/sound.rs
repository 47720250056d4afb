//! What must hold at the end of every test, whatever happened in between.

use ledger::checkpoint::LogVerifier;
use ledger::key::PublicKey;
use ledger::tile::tiles_for;
use ledger::verify::{Auditor, Pins, Report, StoredColumns};
use store::Store;

/// Audits the whole log in a store: every record, every stored column, every tile, every checkpoint, every disclosure.
pub async fn audit(store: &Store, origin: &str, root: &PublicKey, vkey: &str) -> Report {
    audit_with(store, origin, root, vkey, &[]).await
}

/// [`audit`], and whether the log agrees with checkpoints that somebody kept.
pub async fn audit_with(store: &Store, origin: &str, root: &PublicKey, vkey: &str, kept: &[&str]) -> Report {
    let pins = Pins {
        origin: Some(origin.to_owned()),
        root: Some(root.clone()),
        log_vkey: Some(LogVerifier::from_vkey(vkey).unwrap()),
    };
    let mut auditor = Auditor::new(pins).expecting_all_disclosures();
    let mut scan = store.scan(0).await.unwrap();
    while let Some(page) = scan.next_page().await.unwrap() {
        for (row, disclosures) in page {
            let given: Vec<&str> = disclosures.iter().map(|d| d.encoded.as_str()).collect();
            auditor.push(row.position, &row.jws, &given);
            let columns = StoredColumns {
                stream: row.stream,
                version: row.version,
                prev: row.prev,
                payload_sha256: row.payload_sha256,
                leaf: row.leaf,
            };
            auditor.stored(row.position, columns);
        }
    }
    for id in tiles_for(scan.end()) {
        let hashes = store.tile(id).await.unwrap().unwrap_or_default();
        auditor.tile(id, &hashes);
    }
    for checkpoint in store.checkpoints(0, 100_000).await.unwrap() {
        auditor.checkpoint(&checkpoint.note);
    }
    for note in kept {
        auditor.checkpoint(note);
    }
    auditor.finish(Some(scan.end()))
}

/// Fails the test unless the log is whole and the views equal a fresh fold of it.
pub async fn assert_sound(store: &Store, origin: &str, root: &PublicKey, vkey: &str) {
    assert_sound_with(store, origin, root, vkey, &[]).await;
}

/// [`assert_sound`], with checkpoints that somebody kept.
pub async fn assert_sound_with(store: &Store, origin: &str, root: &PublicKey, vkey: &str, kept: &[&str]) {
    let report = audit_with(store, origin, root, vkey, kept).await;
    assert_eq!(report.exit_code(), 0, "the log is not sound:\n{report}");
    let differences = projector::rebuild::compare(store, |_, _| {}).await.unwrap();
    assert!(differences.is_empty(), "views differ from a fresh fold: {differences:?}");
}
