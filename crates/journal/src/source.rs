//! One way to read inputs, whether from the journal or from JetStream.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::entry::Batch;
use crate::gate::GateError;
use crate::journal::Journal;

pub use crate::jetstream::reader::JetStreamSource;

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source is no longer what the reader's position belongs to. The reader has to open the source again and start
    /// over (from 0 is always right: it knows what it has seen).
    #[error("{0}")]
    Regressed(#[from] Regression),
    /// NATS did not answer within the time given. Reading again is right.
    #[error("NATS is not available: {0}")]
    Unavailable(String),
    /// The server or the stream is not what it has to be.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The journal's file cannot be read.
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] rusqlite::Error),
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// How a source came to hold less than it once did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Regression {
    /// It was made anew; its positions mean something else now.
    #[error("the source is now {found}, but was {expected}")]
    Replaced {
        /// Identity the reader knows.
        expected: String,
        /// Identity it has now.
        found: String,
    },
    /// It lost its tail: its last position is below what was read from it.
    #[error("the source ends at {last}, but was read up to {after}")]
    Shorter {
        /// The reader's position.
        after: u64,
        /// The last position now.
        last: u64,
    },
    /// It lost its tail and has grown again: something else is where the last entry was read.
    #[error("the source holds another entry at {position} than was read there")]
    Rewritten {
        /// The reader's position.
        position: u64,
    },
}

/// Where a reader gets its inputs from. Positions belong to one [`Source::identity`]; a reader stores both together.
pub enum Source {
    /// The journal itself, in this process.
    Journal(JournalSource),
    /// The stream that all journals of a shard are relayed to.
    JetStream(Box<JetStreamSource>),
}

impl Source {
    /// Reads the journal in this process.
    #[must_use]
    pub fn journal(journal: Journal) -> Source {
        Source::Journal(JournalSource { journal })
    }

    /// Reads the input stream of a connected bus, as it is now: if it is made anew later, reads fail with
    /// [`Regression::Replaced`].
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] or [`ReadError::Gate`].
    pub async fn jetstream(bus: crate::Bus) -> Result<Source, ReadError> {
        Ok(Source::JetStream(Box::new(JetStreamSource::open(bus).await?)))
    }

    /// The journal's id, or `<stream>@<time of creation>`.
    #[must_use]
    pub fn identity(&self) -> &str {
        match self {
            Source::Journal(source) => source.journal.identity(),
            Source::JetStream(source) => source.identity(),
        }
    }

    /// The last position there is now; 0 if there never was one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn last(&self) -> Result<u64, ReadError> {
        match self {
            Source::Journal(source) => Ok(source.journal.last_position()),
            Source::JetStream(source) => source.last().await,
        }
    }

    /// Entries after `after`, in order of position: what is there now, or, if nothing is, what comes within `wait`.
    /// At most `entries_max` entries, and none after the one that brings the payloads to `bytes_max`; an empty batch if
    /// nothing came (over a network also if `wait` is too short for the answer). Dropping the future loses nothing: the next read says again where to begin.
    ///
    /// # Errors
    /// [`ReadError`]; with [`ReadError::Unavailable`] only after `wait` has passed.
    pub async fn read(
        &self,
        after: u64,
        entries_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Batch, ReadError> {
        match self {
            Source::Journal(source) => source.read(after, entries_max, bytes_max, wait).await,
            Source::JetStream(source) => source.read(after, entries_max, bytes_max, wait).await,
        }
    }

    /// Whether the source holds less than a reader at `after` has seen of it. `last_id` is the id of the entry read at
    /// `after`, where the reader knows it: only that shows that a source was cut off and has grown again.
    ///
    /// # Errors
    /// [`ReadError`] other than [`ReadError::Regressed`].
    pub async fn regressed(
        &self,
        after: u64,
        last_id: Option<Uuid>,
    ) -> Result<Option<Regression>, ReadError> {
        match self {
            Source::Journal(source) => source.regressed(after, last_id).await,
            Source::JetStream(source) => source.regressed(after, last_id).await,
        }
    }
}

/// Reads a [`Journal`].
pub struct JournalSource {
    journal: Journal,
}

impl JournalSource {
    async fn read(
        &self,
        after: u64,
        entries_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Batch, ReadError> {
        let deadline = Instant::now() + wait;
        let mut last = self.journal.subscribe();
        if *last.borrow() < after {
            let last = *last.borrow();
            return Err(Regression::Shorter { after, last }.into());
        }
        match timeout_at(deadline, last.wait_for(|last| *last > after)).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return Err(ReadError::Closed),
            Err(_) => return Ok(Batch::starting_after(after)),
        }
        self.journal.read(after, entries_max, bytes_max).await
    }

    async fn regressed(&self, after: u64, last_id: Option<Uuid>) -> Result<Option<Regression>, ReadError> {
        let last = self.journal.last_position();
        if last < after {
            return Ok(Some(Regression::Shorter { after, last }));
        }
        let Some(expected) = last_id else { return Ok(None) };
        let found = self.journal.id_at(after).await?;
        Ok(found.filter(|id| *id != expected).map(|_| Regression::Rewritten { position: after }))
    }
}
