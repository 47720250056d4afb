//! The views as they stand against a fold of the log.

use std::collections::{BTreeSet, HashSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use store::rows::{ViewKey, ViewRow, ViewTable};
use store::{Store, StoreError, ViewScan};
use tokio::task::JoinHandle;

use super::fold::Fold;

/// A row that is there, against the fold.
enum Verdict {
    Right,
    Other(ViewKey),
    TooMany(ViewKey),
}

/// The names of rows that are missing, too many, or other. A row that changes meanwhile may be named though it is right.
pub(super) async fn differing(store: &Store, fold: &Fold) -> Result<BTreeSet<ViewKey>, StoreError> {
    let judge = |row: &ViewRow| {
        if fold.holds(row) {
            return Verdict::Right;
        }
        let key = row.key();
        if fold.names(&key) { Verdict::Other(key) } else { Verdict::TooMany(key) }
    };
    let (mut wrong, mut there) = (BTreeSet::new(), 0);
    each_page(store, |rows| {
        for verdict in rows.par_iter().map(judge).collect::<Vec<_>>() {
            there += usize::from(!matches!(verdict, Verdict::TooMany(_)));
            if let Verdict::Other(key) | Verdict::TooMany(key) = verdict {
                wrong.insert(key);
            }
        }
    })
    .await?;
    if there < fold.keys().count() {
        let mut found = HashSet::new();
        each_page(store, |rows| found.extend(rows.iter().map(ViewRow::key))).await?;
        wrong.extend(fold.keys().filter(|key| !found.contains(key)));
    }
    Ok(wrong)
}

/// Hands on all rows of all views. While one page is looked at, the next is read.
async fn each_page(store: &Store, mut look: impl FnMut(Vec<ViewRow>)) -> Result<(), StoreError> {
    for table in ViewTable::ALL {
        let mut reading = read(store.view_scan(table));
        loop {
            let (scan, rows) = reading.await.expect("reading neither panics nor is cancelled");
            let rows = rows?;
            if rows.is_empty() {
                break;
            }
            reading = read(scan);
            look(rows);
        }
    }
    Ok(())
}

fn read(mut scan: ViewScan) -> JoinHandle<(ViewScan, Result<Vec<ViewRow>, StoreError>)> {
    tokio::spawn(async move {
        let rows = scan.next_page().await;
        (scan, rows)
    })
}
