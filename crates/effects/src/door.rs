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

/// Greatest count the ids of one millisecond can show, in twelve bits.
const COUNT_MAX: u16 = 0xfff;
/// Counts begin at random, and leave room for two thousand ids in the same millisecond.
const COUNT_FIRST_MAX: u16 = 0x7ff;

/// Takes inputs and journals them. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    journal: Journal,
    /// Latest time given out, milliseconds: this door's clock never runs backwards. Written by all handlers.
    latest: Arc<AtomicI64>,
    stamping: Arc<Mutex<Stamping>>,
}

/// What stamps are made of.
struct Stamping {
    drawn: Drawn,
    counted: Counted,
}

/// The newest id's place in its millisecond.
#[derive(Default)]
struct Counted {
    millis: u64,
    count: u16,
}

impl Counted {
    /// Makes a UUIDv7 that is greater than those before it, also in the same millisecond: its twelve bits behind the time
    /// count (RFC 9562, section 6.2, method 1). So who asks what came first of one millisecond is answered by the ids.
    fn id(&mut self, millis: u64, mut random: [u8; ID_BYTES]) -> Uuid {
        let [high, low, ..] = random;
        self.count = if millis == self.millis {
            (self.count + 1).min(COUNT_MAX)
        } else {
            u16::from_be_bytes([high, low]) & COUNT_FIRST_MAX
        };
        self.millis = millis;
        random[..2].copy_from_slice(&self.count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
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
    /// UUIDv7. Of two stamps of this door the later has the greater id.
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
        let stamping = Stamping { drawn, counted: Counted::default() };
        Door { journal, latest: Arc::new(AtomicI64::new(0)), stamping: Arc::new(Mutex::new(stamping)) }
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
        let mut stamping = self.stamping.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = stamping.drawn.take()?;
        let (mut seed, mut random) = ([0; SEED_BYTES], [0; ID_BYTES]);
        seed.copy_from_slice(&bytes[..SEED_BYTES]);
        random.copy_from_slice(&bytes[SEED_BYTES..]);
        // Read under the lock: ids grow as the time does.
        let received_at = self.now();
        let id = stamping.counted.id(u64::try_from(received_at.millis()).unwrap_or(0), random);
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

    #[test]
    fn ids_grow_within_a_millisecond_and_with_time() {
        let (mut counted, mut before) = (Counted::default(), Uuid::nil());
        for n in 0..10_000_u64 {
            // Bytes that fall, so that nothing but the count makes the ids grow; a new millisecond every 2,000.
            let random = [u8::MAX - (n % 251) as u8; ID_BYTES];
            let id = counted.id(1_700_000_000_000 + n / 2_000, random);
            assert!(id > before, "{id} follows {before}");
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            before = id;
        }
    }
}
