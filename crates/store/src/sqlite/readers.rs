//! The connections that read, each used by one thread at a time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connect;
use crate::apart::blocking;
use crate::error::{Interrupted, StoreError};

/// Connections that can only read, opened when they are first needed and then kept. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readers(Arc<Inner>);

struct Inner {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// As many as there may be connections.
    places: Arc<Semaphore>,
    max: u32,
}

impl Readers {
    /// Opens nothing yet.
    pub(super) fn new(path: &Path, max: u32) -> Readers {
        let places = Arc::new(Semaphore::new(max as usize));
        Readers(Arc::new(Inner { path: path.to_owned(), idle: Mutex::default(), places, max }))
    }

    /// Does `work` on a connection, on a thread that may wait.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| Interrupted)?;
        let inner = Arc::clone(&self.0);
        blocking(move || {
            let idle = inner.idle().pop();
            let connection = idle.map_or_else(|| connect::reader(&inner.path), Ok)?;
            let read = work(&connection);
            // A failed read, too, leaves the connection as it was.
            inner.idle().push(connection);
            drop(place);
            read
        })
        .await
    }

    /// Closes all, waiting for those in use.
    pub(super) async fn close(&self) {
        let all = self.0.places.acquire_many(self.0.max).await;
        self.0.places.close();
        drop(all);
        self.0.idle().clear();
    }
}

impl Inner {
    /// A panic elsewhere cannot leave the list half changed.
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
