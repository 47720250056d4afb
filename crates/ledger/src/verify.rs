//! Verification: one report, from a whole log ([`Auditor`]) or from a bundle ([`crate::bundle::Bundle::verify`]).
//!
//! | level | question |
//! |---|---|
//! | L0 | is this the document the chain speaks of, and are these the values it commits to? |
//! | L1 | is each record well-formed, of this log, and strictly signed by a key entitled to that position? |
//! | L2 | is each stream complete from version 1, chained, in time order, every id once? |
//! | L3 | does each record stand under a checkpoint whose signature verifies? |
//! | L4 | does the log agree with every checkpoint the auditor kept? |
//! | L5 | is it *all* of the log: every entry, every tile, every stored hash, every erasure? |
//!
//! Three rules hold everywhere. What is missing is `NOT CHECKED`, never `PASS`. Nothing supplied beside a record is
//! believed where it can be computed from the record. After a fault the checks go on, and each step names the first
//! position at which it fails.

mod aside;
mod auditor;
mod chain;
mod closed;
mod entry;
mod erasure;
mod log;
mod notes;
mod report;
mod storage;
mod tally;

pub use aside::{PARTS, SHARES};
pub use auditor::Auditor;
pub(crate) use auditor::{check_record_authority, note_pins};
pub(crate) use chain::Chain;
pub use closed::{Closed, Judged};
pub use entry::{CheckedRecord, KnownKeys, check_each_record, check_record, check_records};
pub(crate) use entry::{commitments_in, match_disclosures};
pub use report::{Finding, Level, Report, Status, Step};
pub use storage::StoredColumns;
pub(crate) use tally::{Check, Place, Tally};

use crate::checkpoint::LogVerifier;
use crate::key::PublicKey;

/// What the auditor knows from elsewhere: printed, from a second repository, from an earlier visit. What is not pinned
/// is taken from the material itself, which then proves no more than that it agrees with itself; the report says so.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// Origin of the log.
    pub origin: Option<String>,
    /// The key that names the others.
    pub root: Option<PublicKey>,
    /// The key that signs checkpoints.
    pub log_vkey: Option<LogVerifier>,
}

/// The field of a record's data in which it quotes the SHA-256 of a document.
pub const DOCUMENT_FIELD: &str = "document_sha256";

/// The name of the disclosure that holds a document's text.
pub const DOCUMENT_NAME: &str = "document";

/// The type of the record that says which disclosures were erased. Every digest that stands anywhere in its data, as a
/// string of 43 characters of base64url, counts as erased.
pub const ERASED_KIND: &str = "personal.erased";
