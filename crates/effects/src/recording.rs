//! Fetching recordings: from the address a webhook named to bytes of our own, with their hash.
//!
//! The address proves nothing and may point anywhere, so it is asked with care ([`AllowList`]) and within limits
//! ([`FetchLimits`]). What counts are the bytes: they are on disk before the report that names their hash is made.
//! Fetching changes nothing outside, so unlike a message it is not journaled before.

use std::fmt;
use std::sync::Arc;

use contract::entity::Entity;
use contract::recording::{Recording, Recordings};
use contract::report::{FailureReason, Report, TaskRef};

use crate::client::ClientError;
use crate::door::{Door, DoorError};

mod blob;
mod fetch;
mod guard;
mod sniff;

pub use blob::{BlobError, Blobs};
pub use fetch::{FetchLimits, REDIRECTS_MAX};
pub use guard::{AllowList, AllowListError};

use fetch::Downloader;

/// Fetches the recordings that streams name. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    downloader: Downloader,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

impl Fetcher {
    /// A fetcher that stores what it gets in `blobs`.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Panics
    /// When the process has installed no cryptography for TLS.
    pub fn new(door: Door, blobs: Blobs, allow: AllowList, limits: FetchLimits) -> Result<Fetcher, ClientError> {
        let downloader = Downloader::new(blobs, allow, limits)?;
        Ok(Fetcher { inner: Arc::new(Inner { door, downloader }) })
    }

    /// Makes one attempt at a recording of the stream in `state`, and journals the result. Does nothing where the
    /// state says that the recording is there, given up, or already further.
    ///
    /// # Errors
    /// [`DoorError`] when the result could not be journaled; then nothing happened, but for bytes that lie in the store
    /// and will be fetched again.
    pub async fn attempt(&self, task: &TaskRef, state: &Entity) -> Result<(), DoorError> {
        match recordings(state).and_then(|all| all.0.values().find(|one| one.task == task.task)) {
            Some(recording) if is_open(recording) && recording.attempts + 1 == task.attempt => {
                self.fetch(task, recording.url.as_deref()).await
            }
            _ => Ok(()),
        }
    }

    async fn fetch(&self, task: &TaskRef, url: Option<&str>) -> Result<(), DoorError> {
        // Erased while we were on the way to it: nothing is left to be done, and nothing to be said.
        let Some(url) = url else { return Ok(()) };
        let (stream, number, attempt) = (&task.stream, task.task, task.attempt);
        let report = match self.inner.downloader.download(url).await {
            Ok(fetched) => {
                tracing::info!(stream, task = number, attempt, bytes = fetched.bytes, "recording fetched");
                Report::RecordingFetched {
                    task: task.clone(),
                    sha256: fetched.sha256,
                    bytes: fetched.bytes,
                    media_type: fetched.media_type.to_owned(),
                    duration_ms: fetched.duration_ms,
                }
            }
            Err(error) => {
                let (reason, again) = (error.reason(), error.again());
                if reason == FailureReason::StorageError {
                    tracing::error!(stream, task = number, attempt, ?error, "recording not stored");
                } else {
                    tracing::warn!(stream, task = number, attempt, ?reason, again, %error, "recording not fetched");
                }
                Report::RecordingFailed { task: task.clone(), reason, again }
            }
        };
        self.inner.door.report(report).await?;
        Ok(())
    }
}

fn recordings(state: &Entity) -> Option<&Recordings> {
    match state {
        Entity::Call(call) => Some(&call.recordings),
        Entity::Conference(conference) => Some(&conference.recordings),
        Entity::Contract(_) | Entity::Message(_) | Entity::Keys(_) => None,
    }
}

fn is_open(recording: &Recording) -> bool {
    recording.fetched.is_none() && !recording.given_up
}
