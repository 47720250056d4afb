//! The index from persons to the records that name them.

use ledger::hash::sha256;
use store::rows::{Commit, Erasure, PersonRow};

use crate::book::Book;
use crate::place::Place;

fn person(name: &str, position: u64) -> PersonRow {
    PersonRow { token: sha256(name.as_bytes()).into(), position }
}

pub async fn persons_are_found_as_long_as_records_name_them(place: Place) {
    let (store, lease) = place.open_to_write().await;
    let mut book = Book::new();
    let (amina, baraka) = (sha256(b"amina"), sha256(b"baraka"));
    let persons = vec![person("amina", 0), person("baraka", 0), person("amina", 2)];
    store.commit(&lease, Commit { persons, ..book.batch(&["call/a/1"; 3]) }).await.unwrap();
    let persons = vec![person("baraka", 3)];
    store.commit(&lease, Commit { persons, ..book.batch(&["call/a/1"]) }).await.unwrap();
    assert_eq!(store.person(amina).await.unwrap(), [0, 2]);
    assert_eq!(store.person(baraka).await.unwrap(), [0, 3]);
    assert!(store.person(sha256(b"nobody")).await.unwrap().is_empty());
    let mut of_some = store.person_rows(0, 3).await.unwrap();
    of_some.sort_by_key(|row| (row.position, row.token != person("amina", 0).token));
    assert_eq!(of_some, [person("amina", 0), person("baraka", 0), person("amina", 2)]);

    // One is forgotten: of the record that names both, the other's row stays.
    let indexed = vec![person("baraka", 0)];
    let erasure = Erasure { unindexed: vec![0, 2], indexed, ..Erasure::default() };
    store.commit(&lease, Commit { erasure, ..book.batch(&["call/a/1"]) }).await.unwrap();
    assert!(store.person(amina).await.unwrap().is_empty());
    assert_eq!(store.person(baraka).await.unwrap(), [0, 3]);

    // Made anew, with another key; what is there twice is there once.
    store.begin_persons(&lease).await.unwrap();
    assert!(store.person(baraka).await.unwrap().is_empty());
    assert_eq!(store.person_key().await.unwrap(), None);
    for _ in 0..2 {
        store.add_persons(&lease, vec![person("baraka", 4), person("baraka", 1)]).await.unwrap();
    }
    store.add_persons(&lease, vec![person("amina", 99)]).await.expect_err("a record that is not there");
    store.end_persons(&lease, sha256(b"key")).await.unwrap();
    assert_eq!(store.person(baraka).await.unwrap(), [1, 4]);
    assert_eq!(store.person_key().await.unwrap(), Some(sha256(b"key")));
    store.close().await;
}
