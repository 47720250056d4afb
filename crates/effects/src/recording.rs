//! Fetching recordings: from the address a webhook named to bytes of our own, with their hash.
//!
//! The address proves nothing and may point anywhere, so it is asked with care ([`AllowList`]) and within limits
//! ([`FetchLimits`]). What counts are the bytes: they are on disk before the report that names their hash is made.
//! Fetching changes nothing outside, so unlike a message it is not journaled before.
//!
//! What was fetched is fetched once more after a while, and whenever somebody names it again. Other bytes are an alarm
//! (`recording.altered`) and are kept beside the first ones, which stay the evidence.

use std::fmt;
use std::sync::Arc;

use contract::entity::Entity;
use contract::recording::{Fetched, Recording, Recordings};
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
    check_after_s: Option<u32>,
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
        Ok(Fetcher { inner: Arc::new(Inner { door, downloader, transcribe }), check_after_s: None })
    }

    /// What is fetched from now on is fetched once more so many seconds later: the address may give other bytes then.
    pub fn checking_after(self, seconds: Option<u32>) -> Fetcher {
        Fetcher { check_after_s: seconds, ..self }
    }

    /// Fetches what is due until told to stop; what was begun then is given up, and begun anew next time.
    pub async fn run(&self, reader: Reader, stop: CancellationToken) {
        let worker =
            |kind| Worker { kind, at_once: AT_ONCE, reader: reader.clone(), door: self.inner.door.clone() };
        let attempt = |task: TaskRef, state: Entity| {
            let (fetcher, stop) = (self.clone(), stop.clone());
            async move { stop.run_until_cancelled(fetcher.attempt(&task, &state)).await.unwrap_or(Ok(None)) }
        };
        // What was never fetched does not wait behind what is only looked at again.
        let (first, again) = (worker("recording"), worker("check"));
        tokio::join!(first.run(stop.clone(), &attempt), again.run(stop.clone(), &attempt));
    }

    /// Makes one attempt at a recording of the stream in `state`, and journals the result. Gives the id of the report;
    /// none where the state says that the recording is there, given up, erased or already further, and nothing was done.
    ///
    /// # Errors
    /// [`DoorError`] when the result could not be journaled; then nothing happened, but for bytes that lie in the store
    /// and will be fetched again.
    pub async fn attempt(&self, task: &TaskRef, state: &Entity) -> Result<Option<Uuid>, DoorError> {
        let recording = recordings(state).and_then(|all| all.0.values().find(|one| one.task == task.task));
        let is_due = |one: &&Recording| one.next().is_some_and(|(attempts, _)| attempts + 1 == task.attempt);
        match recording.filter(is_due).map(|one| (&one.url, &one.fetched)) {
            Some((Some(url), before)) => self.fetch(task, url, before.as_ref()).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn fetch(&self, task: &TaskRef, url: &str, before: Option<&Fetched>) -> Result<Uuid, DoorError> {
        let (stream, number, attempt) = (&task.stream, task.task, task.attempt);
        let report = match self.inner.downloader.download(url).await {
            Ok(fetched) => {
                if before
                    .and_then(|before| before.sha256.as_ref())
                    .is_some_and(|first| *first != fetched.sha256)
                {
                    tracing::error!(stream, task = number, "a recording gives other bytes than before");
                }
                tracing::info!(stream, task = number, attempt, bytes = fetched.bytes, "recording fetched");
                Report::RecordingFetched {
                    task: task.clone(),
                    sha256: fetched.sha256,
                    bytes: fetched.bytes,
                    media_type: fetched.media_type.to_owned(),
                    duration_ms: fetched.duration_ms,
                    transcribe: self.inner.transcribe,
                    check_after_s: self.check_after_s,
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
