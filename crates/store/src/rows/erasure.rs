//! Rows of the index of persons, and what an erasure takes and leaves to be done.

use ledger::hash::Hash;
use ledger::time::Timestamp;
use uuid::Uuid;

/// A person as the index holds them: the first 128 bits of the keyed hash of the number. They tell persons apart as well as
/// all of it does: among 10^9 persons, that any two share them has a probability of some 10^-21.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonToken(pub(crate) Uuid);

impl From<Hash> for PersonToken {
    fn from(token: Hash) -> PersonToken {
        PersonToken(Uuid::from_slice(&token.0[..16]).expect("a hash has 32 bytes"))
    }
}

/// A record under the token of a person its private values name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonRow {
    /// Who.
    pub token: PersonToken,
    /// The record.
    pub position: u64,
}

/// What one commit takes from beside the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Disclosures that go, by position and digest.
    pub disclosures: Vec<(u64, String)>,
    /// Records that lose disclosures: their rows in the index go.
    pub unindexed: Vec<u64>,
    /// Rows of the index that they have from now on.
    pub indexed: Vec<PersonRow>,
    /// Inputs in quarantine whose raw bytes go.
    pub unquarantined: Vec<Uuid>,
    /// What is to be deleted outside the database.
    pub work: Vec<WorkRow>,
    /// Erasures that are completed: the hashes of their recordings go.
    pub completed: Vec<String>,
}

impl Erasure {
    /// Whether there is nothing to it, as in nearly every commit.
    pub fn is_empty(&self) -> bool {
        *self == Erasure::default()
    }
}

/// Something that an erasure leaves to be deleted outside the database. `Debug` leaves out what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct WorkRow {
    /// Stream of the erasure.
    pub erasure: String,
    /// What kind of thing.
    pub kind: WorkKind,
    /// Id of the input, or SHA-256 of the recording in hex.
    pub what: String,
    /// Where an input was found: identity of the source and position in it.
    pub place: Option<(String, u64)>,
    /// When the erasure was recorded.
    pub erased_at: Timestamp,
}

impl std::fmt::Debug for WorkRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WorkRow({}, {:?})", self.erasure, self.kind)
    }
}

/// What is to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// A raw input, in journals and streams.
    Input,
    /// The audio of a recording.
    Recording,
}

impl WorkKind {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkKind::Input => "input",
            WorkKind::Recording => "recording",
        }
    }
}
