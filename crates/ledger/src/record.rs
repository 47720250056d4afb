//! Records: the signed entries of a ledger.
//!
//! [`seal`] makes one, [`open`] reads one, [`Record::verify`] checks its signature. The crate's front page draws the
//! bytes. The set of fields is closed: a reader that met a field it does not know could not say what was agreed.

pub(crate) mod field;
mod reader;
mod writer;

pub use reader::open;
use uuid::Uuid;
pub use writer::{Facts, Payload, payload, record_id, seal, seal_all};

use crate::hash::{Hash, leaf_hash};
use crate::json::{Canonical, ProfileError, Value};
use crate::key::{Batch, KeyError, PublicKey};
use crate::stream::{Head, StreamId};
use crate::time::Timestamp;

/// Value of `v` in every payload.
pub const RECORD_VERSION: &str = "ahadi.record/1";

/// Value of `typ` in every header.
pub const RECORD_TYP: &str = "ahadi-record+sd-jwt";

/// Longest payload. In base64url with header and signature it stays below [`ENTRY_BYTES_MAX`].
pub const PAYLOAD_BYTES_MAX: usize = 45_000;

/// Longest entry of the log, for an entry bundle gives each 16 bits of length (C2SP tlog-tiles).
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Where a record's facts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Id of the input.
    pub input: Uuid,
    /// The door it came in by, `[a-z0-9_]`, at most 32 bytes; which ones there are is for the ledger's user to say.
    pub via: String,
    /// Whether the sender was authenticated.
    pub authenticated: bool,
}

/// A record before it is signed. Its facts are a [`Value`], or already canonical text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft<D = Value> {
    /// Which thing it is about.
    pub stream: StreamId,
    /// 1-based place in the stream.
    pub version: u64,
    /// SHA-256 of the payload before it in the stream; none at version 1 and only there.
    pub prev: Option<Hash>,
    /// Id of the record, see [`record_id`].
    pub id: Uuid,
    /// The payload's `type`, for example `call.answered`: two or more words `[a-z0-9_]+` with dots between, at most 64
    /// bytes.
    pub kind: String,
    /// When it happened, by the clock of whoever reported it.
    pub occurred_at: Option<Timestamp>,
    /// The time zone assumed where the reported time named none; only beside `occurred_at`.
    pub occurred_at_assumed_zone: Option<String>,
    /// When the ledger learned of it; never decreases within a log.
    pub recorded_at: Timestamp,
    /// Where it comes from.
    pub source: Source,
    /// The facts: an object of the JSON profile, nothing personal in clear.
    pub data: D,
    /// Digests of the disclosures that belong to it, each once, in any order.
    pub disclosures: Vec<String>,
}

/// A signed record with the hashes others build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The record: one line of ASCII.
    pub jws: String,
    /// What the next record of the stream quotes as `prev`.
    pub payload_sha256: Hash,
    /// The leaf of the log.
    pub leaf: Hash,
}

/// Why a draft cannot become a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A field with a value it cannot have.
    #[error("the record's {field} has a value it cannot have")]
    Field {
        /// Name in the payload.
        field: &'static str,
    },
    /// The data lies outside the JSON profile.
    #[error("the record's data: {0}")]
    Profile(#[from] ProfileError),
    /// The payload is longer than [`PAYLOAD_BYTES_MAX`].
    #[error("a payload of {bytes} bytes, where at most {PAYLOAD_BYTES_MAX} are allowed")]
    TooLong {
        /// Length of the payload.
        bytes: usize,
    },
}

/// Why an entry is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Longer than [`ENTRY_BYTES_MAX`].
    #[error("an entry of {bytes} bytes, where at most {ENTRY_BYTES_MAX} are allowed")]
    TooLong {
        /// Length of the entry.
        bytes: usize,
    },
    /// Not three parts with dots between.
    #[error("a record has three parts with dots between")]
    Parts,
    /// A part that is not canonical base64url without padding.
    #[error("the {part} is not canonical base64url without padding")]
    Base64 {
        /// `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// Any other header than the one this ledger writes.
    #[error("the header is not the fixed one with a kid")]
    Header,
    /// Not 64 bytes of signature.
    #[error("a signature has 64 bytes")]
    SignatureLength,
    /// The payload is longer than [`PAYLOAD_BYTES_MAX`].
    #[error("a payload of {bytes} bytes, where at most {PAYLOAD_BYTES_MAX} are allowed")]
    PayloadTooLong {
        /// Length of the payload.
        bytes: usize,
    },
    /// The payload is outside the JSON profile or not canonical.
    #[error("the payload: {0}")]
    Profile(#[from] ProfileError),
    /// The payload is not an object, or has a field that no record has.
    #[error("the payload has a field that no record has")]
    UnknownField,
    /// A field is missing or has a value it cannot have.
    #[error("the record's {field} is missing or has a value it cannot have")]
    Field {
        /// Name in the payload.
        field: &'static str,
    },
    /// The record names another key than the one it was checked with.
    #[error("the record names another key")]
    OtherKey,
    /// The signature does not verify.
    #[error("the record's signature does not verify")]
    Signature,
}

impl RecordError {
    /// The field or part at fault.
    pub fn field(&self) -> &'static str {
        match self {
            RecordError::TooLong { .. } | RecordError::Parts => "jws",
            RecordError::Base64 { part } => part,
            RecordError::Header => "header",
            RecordError::OtherKey => "kid",
            RecordError::SignatureLength | RecordError::Signature => "signature",
            RecordError::PayloadTooLong { .. } | RecordError::Profile(_) | RecordError::UnknownField => {
                "payload"
            }
            RecordError::Field { field } => field,
        }
    }
}

/// A record read back: shape, header, profile and fields are good. Whether it is *signed* by somebody entitled is
/// another question, see [`Record::verify`] and [`crate::key::KeyRing`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Origin of the log it belongs to.
    pub log: String,
    /// Which thing it is about.
    pub stream: StreamId,
    /// 1-based place in the stream.
    pub version: u64,
    /// SHA-256 of the payload before it in the stream.
    pub prev: Option<Hash>,
    /// Id of the record.
    pub id: Uuid,
    /// The payload's `type`.
    pub kind: String,
    /// When it happened, where that was reported.
    pub occurred_at: Option<Timestamp>,
    /// The time zone assumed for `occurred_at`.
    pub occurred_at_assumed_zone: Option<String>,
    /// When the ledger learned of it.
    pub recorded_at: Timestamp,
    /// Where it comes from.
    pub source: Source,
    /// The facts.
    pub data: Canonical,
    /// Digests of its disclosures, sorted, each once (the payload's `_sd`).
    pub commitments: Vec<String>,
    /// Thumbprint of the key that signed it.
    pub kid: String,
    /// The canonical payload bytes.
    pub payload: Vec<u8>,
    /// SHA-256 of the payload bytes.
    pub payload_sha256: Hash,
    jws: String,
    signature: [u8; 64],
}

impl Record {
    /// Checks the signature strictly, with the key the record names.
    pub fn verify(&self, key: &PublicKey) -> Result<(), RecordError> {
        if key.kid() != self.kid {
            return Err(RecordError::OtherKey);
        }
        let (signed, _) = self.jws.rsplit_once('.').ok_or(RecordError::Parts)?;
        key.verify(signed.as_bytes(), &self.signature).map_err(|_: KeyError| RecordError::Signature)
    }

    /// Adds the signature to a batch of its key, which the caller chose by [`Record::kid`].
    pub(crate) fn add_to(&self, batch: &mut Batch<'_>) {
        let (signed, signature) = self.signed();
        batch.add(signed, signature);
    }

    /// What is signed, and the signature.
    pub(crate) fn signed(&self) -> (&[u8], &[u8; 64]) {
        // [`open`] found three parts.
        let (signed, _) = self.jws.rsplit_once('.').unwrap_or_default();
        (signed.as_bytes(), &self.signature)
    }

    /// The record as it stands in the log.
    pub fn jws(&self) -> &str {
        &self.jws
    }

    /// The leaf of the log.
    pub fn leaf(&self) -> Hash {
        leaf_hash(self.jws.as_bytes())
    }

    /// The head of its stream behind this record.
    pub fn head(&self) -> Head {
        Head { version: self.version, prev: Some(self.payload_sha256) }
    }
}
