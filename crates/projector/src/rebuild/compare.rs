//! The views as they stand against a fold of the log.

use std::collections::{BTreeSet, HashSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use store::rows::{ViewKey, ViewRow, ViewTable};
use store::{Store, StoreError, ViewScan};
use tokio::sync::mpsc;

use super::fold::Fold;

/// Pages that were read and not looked at yet. Each reader holds one more.
const PAGES_WAITING: usize = 2;

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

/// Hands on all rows of all views, in no order. While some are looked at, others are read.
async fn each_page(store: &Store, mut look: impl FnMut(Vec<ViewRow>)) -> Result<(), StoreError> {
    let (pages, mut arrived) = mpsc::channel(PAGES_WAITING);
    for table in ViewTable::ALL {
        tokio::spawn(read(store.view_scan(table), pages.clone()));
    }
    // It is over when the last reader is.
    drop(pages);
    while let Some(rows) = arrived.recv().await {
        look(rows?);
    }
    Ok(())
}

/// Reads a view to its end or first error, or until nobody listens.
async fn read(mut scan: ViewScan, pages: mpsc::Sender<Result<Vec<ViewRow>, StoreError>>) {
    loop {
        let rows = scan.next_page().await;
        let more = rows.as_ref().is_ok_and(|rows| !rows.is_empty());
        if pages.send(rows).await.is_err() || !more {
            return;
        }
    }
}
