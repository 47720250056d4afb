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
use store::Reader;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::client::ClientError;
use crate::door::{Door, DoorError};
use crate::worker::Worker;

mod audio;
mod blob;
mod duration;
mod fetch;
mod guard;
mod jumping;
mod sniff;

pub use audio::{Audio, AudioError, Stored};
pub use blob::{BlobError, Blobs};
pub use fetch::{FetchLimits, REDIRECTS_MAX};
pub use guard::{AllowList, AllowListError};

use fetch::Downloader;

/// Recordings fetched at once: 4 MiB of buffers, and far more than conferences end at the same time.
const AT_ONCE: usize = 4;

/// Fetches the recordings that streams name. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    downloader: Downloader,
    transcribe: bool,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

impl Fetcher {
    /// A fetcher that stores what it gets in `blobs`. `transcribe`: a transcriber is configured, and what was said on a
    /// conference is to be transcribed.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Panics
    /// When the process has installed no cryptography for TLS.
    pub fn new(
        door: Door,
        blobs: Blobs,
        allow: AllowList,
        limits: FetchLimits,
        transcribe: bool,
    ) -> Result<Fetcher, ClientError> {
        let downloader = Downloader::new(blobs, allow, limits)?;
        Ok(Fetcher { inner: Arc::new(Inner { door, downloader, transcribe }) })
    }

    /// Fetches what is due until told to stop; what was begun then is given up, and begun anew next time.
    pub async fn run(&self, reader: Reader, stop: CancellationToken) {
        let worker = Worker { kind: "recording", at_once: AT_ONCE, reader, door: self.inner.door.clone() };
        let attempt = |task: TaskRef, state: Entity| {
            let (fetcher, stop) = (self.clone(), stop.clone());
            async move { stop.run_until_cancelled(fetcher.attempt(&task, &state)).await.unwrap_or(Ok(None)) }
        };
        worker.run(stop.clone(), attempt).await;
    }

    /// Makes one attempt at a recording of the stream in `state`, and journals the result. Gives the id of the report;
    /// none where the state says that the recording is there, given up, erased or already further, and nothing was done.
    ///
    /// # Errors
    /// [`DoorError`] when the result could not be journaled; then nothing happened, but for bytes that lie in the store
    /// and will be fetched again.
    pub async fn attempt(&self, task: &TaskRef, state: &Entity) -> Result<Option<Uuid>, DoorError> {
        let recording = recordings(state).and_then(|all| all.0.values().find(|one| one.task == task.task));
        match recording.filter(|one| is_open(one) && one.attempts + 1 == task.attempt).map(|one| &one.url) {
            Some(Some(url)) => self.fetch(task, url).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn fetch(&self, task: &TaskRef, url: &str) -> Result<Uuid, DoorError> {
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
                    transcribe: self.inner.transcribe,
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
        Ok(self.inner.door.report(report).await?.id)
    }
}

fn recordings(state: &Entity) -> Option<&Recordings> {
    match state {
        Entity::Call(call) => Some(&call.recordings),
        Entity::Conference(conference) => Some(&conference.recordings),
        Entity::Contract(_)
        | Entity::Message(_)
        | Entity::Media(_)
        | Entity::Erasure(_)
        | Entity::Keys(_)
        | Entity::Contact(_)
        | Entity::Session(_) => None,
    }
}

fn is_open(recording: &Recording) -> bool {
    recording.fetched.is_none() && !recording.given_up
}
