//! The door: the one place where an input gets its id, its time and its randomness, and is journaled.
//!
//! Nothing that can change the ledger comes in another way. An input counts only after [`Door::take`] returned: then it
//! is on disk, and will reach the ledger or a quarantine with a reason.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contract::input::{Body, INPUT_VERSION, Input, Seed};
use contract::provider::Via;
use contract::report::Report;
use journal::{AppendError, Entry, Journal};
use ledger::hash::Hash;
use ledger::time::Timestamp;
use uuid::Uuid;

/// Longest key an input gets.
const KEY_BYTES_MAX: usize = 200;
/// Random bytes of one input: a seed and what its id needs.
const STAMP_BYTES: usize = SEED_BYTES + ID_BYTES;
const SEED_BYTES: usize = 32;
const ID_BYTES: usize = 10;
/// Inputs whose random bytes are asked for at once: a question to the operating system costs more than the bytes.
const DRAWN_STAMPS: usize = 32;

/// Takes inputs and journals them. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    journal: Journal,
    /// Latest time given out, milliseconds: this door's clock never runs backwards. Written by all handlers.
    latest: Arc<AtomicI64>,
    drawn: Arc<Mutex<Drawn>>,
}

/// Random bytes of the operating system that no input has got yet.
struct Drawn {
    bytes: [u8; STAMP_BYTES * DRAWN_STAMPS],
    left: usize,
}

impl Drawn {
    /// Bytes that nobody got before; their place here is overwritten.
    fn take(&mut self) -> Result<[u8; STAMP_BYTES], DoorError> {
        if self.left == 0 {
            // Random bytes enter here and nowhere else on the way into the ledger.
            #[allow(clippy::disallowed_methods)]
            getrandom::fill(&mut self.bytes).map_err(|e| DoorError::Random(e.to_string()))?;
            self.left = DRAWN_STAMPS;
        }
        self.left -= 1;
        let mut taken = [0; STAMP_BYTES];
        taken.swap_with_slice(&mut self.bytes[self.left * STAMP_BYTES..][..STAMP_BYTES]);
        Ok(taken)
    }
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
        let drawn = Drawn { bytes: [0; STAMP_BYTES * DRAWN_STAMPS], left: 0 };
        Door { journal, latest: Arc::new(AtomicI64::new(0)), drawn: Arc::new(Mutex::new(drawn)) }
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
        // Nothing there panics half-way.
        let bytes = self.drawn.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let (mut seed, mut random) = ([0; SEED_BYTES], [0; ID_BYTES]);
        seed.copy_from_slice(&bytes[..SEED_BYTES]);
        random.copy_from_slice(&bytes[SEED_BYTES..]);
        let received_at = self.now();
        let millis = u64::try_from(received_at.millis()).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let seed = Seed(Hash(seed));
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
    let mut key = input.key();
    // Ids of providers are short; a hostile one is cut, it only steers where the input travels.
    key.truncate(key.floor_char_boundary(KEY_BYTES_MAX));
    Entry {
        id: input.id,
        source: input.via.as_str().to_owned(),
        kind: input.kind().to_owned(),
        key,
        received_at_ms: input.received_at.millis(),
        payload: input.to_bytes(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_random_bytes_are_given_twice_or_kept() {
        let mut drawn = Drawn { bytes: [0; STAMP_BYTES * DRAWN_STAMPS], left: 0 };
        let given: HashSet<_> = (0..3 * DRAWN_STAMPS).map(|_| drawn.take().unwrap()).collect();
        assert_eq!(given.len(), 3 * DRAWN_STAMPS);
        assert_eq!((drawn.left, drawn.bytes), (0, [0; STAMP_BYTES * DRAWN_STAMPS]));
    }
}
