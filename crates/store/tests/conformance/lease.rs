//! Who may write.

use std::time::Duration;

use ledger::hash::sha256;
use store::rows::{CheckpointRow, Mend};
use store::{CommitError, Lease, Store};

use crate::book::{Book, disclosure, time};
use crate::place::{HOUR, Place};

/// Every kind of write under this lease is refused, and none leaves a trace.
async fn check_writes_nothing(place: &Place, store: &Store, lease: &Lease, book: &Book) {
    let before = place.contents().await;
    let batch = book.clone().batch(&["call/a/1"]);
    assert_eq!(store.commit(lease, batch).await, Err(CommitError::FenceLost));
    let checkpoint =
        CheckpointRow { size: 1, root: sha256(b"root"), note: "note".to_owned(), signed_at: time(1) };
    assert_eq!(store.insert_checkpoint(lease, checkpoint).await, Err(CommitError::FenceLost));
    let erased = store.erase_disclosures(lease, &[(0, disclosure(0, 0).digest())]).await;
    assert_eq!(erased, Err(CommitError::FenceLost));
    let mended = store.mend_views(lease, book.tree.size(), Mend::default()).await;
    assert_eq!(mended, Err(CommitError::FenceLost));
    assert_eq!(place.contents().await, before);
    assert!(!store.renew_lease(lease, HOUR).await.unwrap());
    assert!(!store.release_lease(lease).await.unwrap());
}

pub async fn one_owner_writes_at_a_time(place: Place) {
    let store = place.open().await;
    let mut book = Book::new();
    let first = store.acquire_lease("first", HOUR).await.unwrap().unwrap();
    assert_eq!(store.acquire_lease("second", HOUR).await.unwrap(), None);
    let mut batch = book.batch(&["call/a/1"]);
    batch.disclosures = vec![crate::book::disclosure(0, 0)];
    store.commit(&first, batch).await.unwrap();

    // The first owner sleeps past its time; only then the second gets in, and the first has lost.
    assert!(store.renew_lease(&first, Duration::ZERO).await.unwrap());
    let second = store.acquire_lease("second", HOUR).await.unwrap().unwrap();
    assert!(second.fence() > first.fence());
    check_writes_nothing(&place, &store, &first, &book).await;
    store.commit(&second, book.batch(&["call/a/1"])).await.unwrap();

    // The same owner again, after a restart, has a new fence too.
    let third = store.acquire_lease("second", HOUR).await.unwrap().unwrap();
    assert!(third.fence() > second.fence());
    check_writes_nothing(&place, &store, &second, &book).await;

    // Whoever seizes it has it, although another holds it.
    let seized = store.seize_lease("rebuild", HOUR).await.unwrap();
    assert!(seized.fence() > third.fence());
    check_writes_nothing(&place, &store, &third, &book).await;
    assert_eq!(store.acquire_lease("second", HOUR).await.unwrap(), None);
    store.commit(&seized, book.batch(&["call/a/1"])).await.unwrap();
    store.close().await;
}

pub async fn of_many_who_ask_one_gets_it(place: Place) {
    let store = place.open().await;
    for _ in 0..20 {
        let asking: Vec<_> = (0..8)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { store.acquire_lease(&format!("owner {n}"), HOUR).await.unwrap() })
            })
            .collect();
        let mut got = Vec::new();
        for one in asking {
            got.extend(one.await.unwrap());
        }
        assert_eq!(got.len(), 1, "{got:?}");
        assert_eq!(store.lease_status().await.unwrap().owner, got[0].owner());
        assert!(store.release_lease(&got[0]).await.unwrap());
    }
    store.close().await;
}

pub async fn a_released_lease_writes_nothing(place: Place) {
    let (store, lease) = place.open_to_write().await;
    assert!(store.release_lease(&lease).await.unwrap());
    assert!(!store.lease_status().await.unwrap().held);
    check_writes_nothing(&place, &store, &lease, &Book::new()).await;
    assert!(store.acquire_lease("other", HOUR).await.unwrap().is_some());
    store.close().await;
}

pub async fn time_is_that_of_the_database(place: Place) {
    let store = place.open().await;
    let lease = store.acquire_lease("first", Duration::ZERO).await.unwrap().unwrap();
    assert!(!store.lease_status().await.unwrap().held, "a lease for no time is over at once");
    // Nobody took it, so it can still be renewed and used.
    assert!(store.renew_lease(&lease, Duration::MAX).await.unwrap());
    let status = store.lease_status().await.unwrap();
    assert_eq!((status.owner.as_str(), status.fence, status.held), ("first", lease.fence(), true));
    assert_eq!(store.acquire_lease("second", HOUR).await.unwrap(), None);
    // Another process sees the same.
    let other = place.open().await;
    assert_eq!(other.acquire_lease("second", HOUR).await.unwrap(), None);
    place.execute("UPDATE lease SET expires_at = expires_at - 3155760000000").await.unwrap();
    assert!(other.acquire_lease("second", HOUR).await.unwrap().is_some());
    other.close().await;
    store.close().await;
}
