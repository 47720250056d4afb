//! The keys of the interface: the one thing its handlers may write.

use ledger::time::Timestamp;

use crate::apart::apart;
use crate::error::StoreError;
use crate::reader::Reader;
use crate::rows::ApiKeyRow;
use crate::store::{Backend, on_backend};

/// Creates and revokes keys of the interface, and nothing else. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    backend: Backend,
}

impl Keys {
    pub(crate) fn new(reader: &Reader) -> Keys {
        Keys { backend: reader.backend.clone() }
    }

    /// Adds a key; `false` when its id is taken, and then nothing changed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn insert(&self, key: ApiKeyRow) -> Result<bool, StoreError> {
        on_backend!(self, db => db.insert_api_key(key))
    }

    /// Withdraws a key; `false` when there is none of this id. Withdrawing it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke(&self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        let id = id.to_owned();
        on_backend!(self, db => db.revoke_api_key(id, at))
    }

    /// A key by its public id, whether or not it still works.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, id: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        let id = id.to_owned();
        on_backend!(self, db => db.api_key(id))
    }

    /// All keys, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        on_backend!(self, db => db.api_keys())
    }
}
