//! Waking those who wait, and living with those who leave.

use std::time::Duration;

use store::CommitError;
use store::rows::Commit;

use crate::book::{Book, disclosure, inbox};
use crate::place::{Kind, Place};

pub async fn waiters_are_woken_by_the_commit(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let (input, other) = (book.unique(), book.unique());
    let mut growth = store.reader().board().size();
    assert_eq!(*growth.borrow_and_update(), 0);
    let (waiting, mut idle) = (store.reader().board().wait(input), store.board().wait(other));

    // A refused batch wakes nobody.
    let mut refused = book.clone().batch_for(input, &["call/a/1"]);
    refused.first_position = 5;
    store.commit(&lease, refused).await.unwrap_err();
    assert!(!growth.has_changed().unwrap());

    let outcome = inbox(input).outcome;
    store.commit(&lease, book.batch_for(input, &["call/a/1", "call/a/1"])).await.unwrap();
    assert_eq!(waiting.await.unwrap(), outcome);
    assert_eq!(store.outcome(input).await.unwrap(), Some(outcome));
    assert_eq!(*growth.borrow_and_update(), 2);
    assert!(idle.try_recv().is_err());

    // A batch without records has outcomes all the same.
    store
        .commit(&lease, Commit { first_position: 2, inbox: vec![inbox(other)], ..Commit::default() })
        .await
        .unwrap();
    assert_eq!(idle.await.unwrap(), inbox(other).outcome);
    assert!(!growth.has_changed().unwrap());
    store.close().await;
}

/// Commits whose caller is cut off, each at another moment.
const CUTS: usize = 150;

pub async fn callers_who_leave_do_not_break_commits(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let mut written = Vec::new();
    let mut cut_short = 0;
    for cut in 0..CUTS {
        let input = book.unique();
        let mut batch = book.batch_for(input, &["call/a/1", "call/a/2"]);
        batch.disclosures = vec![disclosure(batch.first_position, 0)];
        written.extend(batch.records.clone());

        let caller = tokio::spawn({
            let (store, lease, batch) = (store.clone(), lease.clone(), batch.clone());
            async move { store.commit(&lease, batch).await }
        });
        let eraser = tokio::spawn({
            let (store, lease) = (store.clone(), lease.clone());
            async move { store.erase_disclosures(&lease, &[(0, "none".to_owned())]).await }
        });
        for _ in 0..cut % 50 {
            tokio::task::yield_now().await;
        }
        caller.abort();
        eraser.abort();
        cut_short += usize::from(caller.await.is_err());

        // Whether or not the cut one was written, doing it again ends with it written once. While the cut one is still
        // under way, SQLite may say busy.
        loop {
            match store.commit(&lease, batch.clone()).await {
                Ok(()) | Err(CommitError::Conflict(_)) => break,
                Err(CommitError::Transient(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    assert!(cut_short > CUTS / 10, "only {cut_short} of {CUTS} were cut short");
    assert_eq!(store.records(0, 1_000).await.unwrap(), written);
    if place.kind == Kind::Postgres {
        check_nothing_left_open(&place).await;
    }
    // Whatever was written into a transaction left open would be gone with its connection.
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.records(0, 1_000).await.unwrap(), written);
    store.close().await;
}

/// The units under way come to their end, and then no connection is inside a transaction.
async fn check_nothing_left_open(place: &Place) {
    let sql = "SELECT state FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL";
    let mut open = place.texts(sql).await;
    for _ in 0..100 {
        if open.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        open = place.texts(sql).await;
    }
    panic!("still inside a transaction: {open:?}");
}
