//! The door: the one place where an input gets its id, its time and its randomness, and is journaled.
//!
//! Nothing that can change the ledger comes in another way. An input counts only after [`Door::take`] returned: then it
//! is on disk, and will reach the ledger or a quarantine with a reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use contract::input::{Body, INPUT_VERSION, Input, Seed};
use contract::provider::Via;
use contract::report::Report;
use journal::{AppendError, Entry, Journal};
use ledger::hash::Hash;
use ledger::time::Timestamp;
use uuid::Uuid;

/// Takes inputs and journals them. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    journal: Journal,
    /// Latest time given out, milliseconds: this door's clock never runs backwards. Written by all handlers.
    latest: Arc<AtomicI64>,
}

/// Why an input was not taken. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The journal refused it: full, broken, or the input is too large.
    #[error("the journal did not take the input: {0}")]
    Journal(#[from] AppendError),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
}

/// What every input gets at the door.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// UUIDv7.
    pub id: Uuid,
    /// When.
    pub received_at: Timestamp,
    /// 32 random bytes.
    pub seed: Seed,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    /// A door in front of a journal.
    pub fn new(journal: Journal) -> Door {
        Door { journal, latest: Arc::new(AtomicI64::new(0)) }
    }

    /// The journal behind it.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The time, milliseconds precise, never earlier than any given out before.
    pub fn now(&self) -> Timestamp {
        // The clock is read here and nowhere else on the way into the ledger.
        #[allow(clippy::disallowed_methods)]
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(wall.as_millis()).unwrap_or(i64::MAX);
        let before = self.latest.fetch_max(wall, Ordering::Relaxed);
        Timestamp::from_millis(wall.max(before))
            .unwrap_or_else(|_| Timestamp::from_millis(0).expect("the epoch is a time"))
    }

    /// Draws what an input needs before it can be described: commands that name themselves (a conference id) derive
    /// the name from the seed.
    ///
    /// # Errors
    /// [`DoorError::Random`].
    pub fn stamp(&self) -> Result<Stamp, DoorError> {
        let mut bytes = [0_u8; 48];
        // Random bytes enter here and nowhere else on the way into the ledger.
        #[allow(clippy::disallowed_methods)]
        getrandom::fill(&mut bytes).map_err(|e| DoorError::Random(e.to_string()))?;
        let (seed, tail) = bytes.split_at(32);
        let received_at = self.now();
        let millis = u64::try_from(received_at.millis()).unwrap_or(0);
        let mut random = [0_u8; 10];
        random.copy_from_slice(&tail[..10]);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let seed = Seed(Hash(seed.try_into().expect("the first 32 of 48 bytes")));
        Ok(Stamp { id, received_at, seed })
    }

    /// Journals an input that was stamped before. When this returns, it is on disk.
    ///
    /// # Errors
    /// [`DoorError`]; then nothing was kept and no success may be answered.
    pub async fn take_stamped(
        &self,
        stamp: Stamp,
        via: Via,
        authenticated: bool,
        body: Body,
    ) -> Result<Input, DoorError> {
        let Stamp { id, received_at, seed } = stamp;
        let input = Input { v: INPUT_VERSION, id, via, received_at, authenticated, seed, body };
        self.journal.append(entry(&input)).await?;
        Ok(input)
    }

    /// Stamps and journals an input. When this returns, it is on disk.
    ///
    /// # Errors
    /// As [`Door::take_stamped`].
    pub async fn take(&self, via: Via, authenticated: bool, body: Body) -> Result<Input, DoorError> {
        self.take_stamped(self.stamp()?, via, authenticated, body).await
    }

    /// Journals what came of something we did outside. When this returns, it is on disk.
    ///
    /// # Errors
    /// As [`Door::take_stamped`].
    pub(crate) async fn report(&self, report: Report) -> Result<Input, DoorError> {
        self.take(Via::Effect, true, Body::Report(report)).await
    }
}

/// The journal's form of an input.
pub fn entry(input: &Input) -> Entry {
    let key = input.key();
    // Ids of providers are short; a hostile one is cut, it only steers where the input travels.
    let key = key.char_indices().take_while(|(at, c)| at + c.len_utf8() <= 200).map(|(_, c)| c).collect();
    Entry {
        id: input.id,
        source: input.via.as_str().to_owned(),
        kind: input.kind().to_owned(),
        key,
        received_at_ms: input.received_at.millis(),
        payload: input.to_bytes(),
    }
}
