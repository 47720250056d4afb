//! What is kept beside log and views: how far followers have come, and the keys of the interface.

use ledger::hash::sha256;
use store::rows::ApiKeyRow;

use crate::book::time;
use crate::place::{HOUR, Place};

pub async fn cursors_and_keys_are_kept(place: Place) {
    let store = place.open().await;
    assert_eq!(store.cursor("publisher").await.unwrap(), None);
    for position in [0, 7, 3] {
        store.set_cursor("publisher", position).await.unwrap();
        assert_eq!(store.cursor("publisher").await.unwrap(), Some(position));
    }
    assert_eq!(store.cursor("feed").await.unwrap(), None);

    let key = |id: &str, at: i64| ApiKeyRow {
        id: id.to_owned(),
        secret_sha256: sha256(id.as_bytes()),
        scopes: "contracts:read contracts:write".to_owned(),
        label: "the office".to_owned(),
        created_at: time(at),
        expires_at: (at > 5).then(|| time(99)),
        revoked_at: None,
    };
    let keys = store.keys();
    assert!(keys.insert(key("second", 9)).await.unwrap());
    assert!(keys.insert(key("first", 5)).await.unwrap());
    assert!(!keys.insert(ApiKeyRow { label: "thief".to_owned(), ..key("first", 1) }).await.unwrap());
    assert_eq!(keys.list().await.unwrap(), [key("first", 5), key("second", 9)]);
    assert_eq!(store.reader().api_key("first").await.unwrap(), Some(key("first", 5)));
    assert!(keys.revoke("first", time(50)).await.unwrap());
    assert!(keys.revoke("first", time(60)).await.unwrap());
    assert!(!keys.revoke("none", time(50)).await.unwrap());
    assert_eq!(keys.find("first").await.unwrap().unwrap().revoked_at, Some(time(50)));
    assert_eq!(keys.find("second").await.unwrap().unwrap().revoked_at, None);
    assert_eq!(keys.find("none").await.unwrap(), None);
    // Keys need no lease.
    assert!(store.acquire_lease("other", HOUR).await.unwrap().is_some());
    store.close().await;
}
