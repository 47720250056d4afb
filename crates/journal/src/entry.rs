//! The unit the journal keeps and the bus carries.

use std::fmt;

use uuid::Uuid;

/// Largest payload, in bytes: with its headers it stays under the 1 MiB a NATS server accepts by default.
pub const ENTRY_BYTES_MAX: usize = 900 * 1024;
/// Longest `source` or `kind`, in bytes: they become tokens of a NATS subject, which has to stay readable.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest `key`, in bytes: providers' ids are far shorter, and each byte may become three in a header.
pub const KEY_BYTES_MAX: usize = 512;

/// One thing that happened outside, before anybody has said what it means.
///
/// `source`, `kind` and `key` are visible in NATS subjects and headers: they must carry nothing personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Chosen by the appender; also the id under which NATS drops repeats. The journal does not look for repeats.
    pub id: Uuid,
    /// Where it came from, for example a provider's name.
    pub source: String,
    /// What sort of thing it is, in the words of the source.
    pub kind: String,
    /// What it is about, for example a call id.
    pub key: String,
    /// When it was received, in milliseconds since 1970 UTC.
    pub received_at_ms: i64,
    /// The bytes themselves, at most [`ENTRY_BYTES_MAX`].
    pub payload: Vec<u8>,
}

impl fmt::Debug for Entry {
    // Neither payload nor key: the first holds personal values, the second might in careless hands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id)
            .field("source", &self.source)
            .field("kind", &self.kind)
            .field("received_at_ms", &self.received_at_ms)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A field of an [`Entry`] is longer than the journal or the bus can carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} has {bytes} bytes, more than {limit}")]
pub struct EntryError {
    /// The field's name.
    pub field: &'static str,
    /// Its length in bytes.
    pub bytes: usize,
    /// The most it may have.
    pub limit: usize,
}

impl Entry {
    /// Checks the lengths of all fields.
    ///
    /// # Errors
    /// The first field that is too long.
    pub fn check(&self) -> Result<(), EntryError> {
        let fields = [
            ("source", self.source.len(), NAME_BYTES_MAX),
            ("kind", self.kind.len(), NAME_BYTES_MAX),
            ("key", self.key.len(), KEY_BYTES_MAX),
            ("payload", self.payload.len(), ENTRY_BYTES_MAX),
        ];
        match fields.into_iter().find(|(_, bytes, limit)| bytes > limit) {
            Some((field, bytes, limit)) => Err(EntryError { field, bytes, limit }),
            None => Ok(()),
        }
    }
}

/// An entry with its place in the source it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positioned {
    /// 1-based and increasing; a journal's row number or a stream's sequence. Comparable within one source only.
    pub position: u64,
    /// What is there.
    pub entry: Entry,
}

/// Positions a source no longer holds: pruned, deleted, or aged out. Both ends are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// First missing position.
    pub first: u64,
    /// Last missing position.
    pub last: u64,
}

/// Something in the stream that no journal put there: it cannot be read as an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Where it is.
    pub position: u64,
    /// Why it is not an entry.
    pub reason: String,
}

/// What one read found, in order of position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The entries, positions increasing.
    pub entries: Vec<Positioned>,
    /// Positions passed over because nothing is there any more.
    pub gaps: Vec<Gap>,
    /// Positions passed over because what is there is not an entry.
    pub strays: Vec<Stray>,
    /// Everything up to and including this position is in this batch or was before it: what the reader stores once the
    /// batch is folded, and passes as `after` next time. Equals `after` if nothing was found.
    pub through: u64,
}

impl Batch {
    /// Nothing was found and the position has not moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.gaps.is_empty() && self.strays.is_empty()
    }

    pub(crate) fn starting_after(after: u64) -> Batch {
        Batch { through: after, ..Batch::default() }
    }

    /// Moves to `position`, where something is, noting what lies between as missing.
    pub(crate) fn step_to(&mut self, position: u64) {
        self.skip_to(position.saturating_sub(1));
        self.through = position;
    }

    /// Moves to `position`, noting everything up to and including it as missing.
    pub(crate) fn skip_to(&mut self, position: u64) {
        if position > self.through {
            self.gaps.push(Gap { first: self.through + 1, last: position });
            self.through = position;
        }
    }
}

/// A reader's word that it will never again need what `source` holds up to `position`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Covered {
    /// [`Source::identity`](crate::Source::identity) of what was read.
    pub source: String,
    /// The last position covered, inclusive.
    pub position: u64,
}
