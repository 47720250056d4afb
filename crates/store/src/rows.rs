//! The rows that cross the border of the store: plain data, the same for both databases.
//!
//! Rows that hold personal values (states, disclosures, phone numbers as link keys, raw inputs) show only what is not
//! personal when they are printed for debugging.

mod debug;
mod erasure;
mod view;

pub use erasure::{Erasure, PersonRow, PersonToken, WorkKind, WorkRow};
pub use view::{Mend, ViewKey, ViewRow, ViewTable};

use ledger::hash::{Hash, sha256};
use ledger::time::Timestamp;
use ledger::tree::Node;
use uuid::Uuid;

/// Everything one batch of inputs changes: written in one transaction, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The position of the first record; must equal the size of the log, else nothing is written.
    pub first_position: u64,
    /// Where the inputs were read: identity of the source and the position of the last one.
    /// `None` for records that came from no source (the genesis of the keys stream).
    pub read_to: Option<SourceMove>,
    /// What became of each input.
    pub inbox: Vec<InboxRow>,
    /// New records, in position order.
    pub records: Vec<RecordRow>,
    /// Personal and confidential values beside the records.
    pub disclosures: Vec<DisclosureRow>,
    /// Completed nodes of the Merkle tree, level 1 and up.
    pub nodes: Vec<Node>,
    /// What has been seen, for ever: dedupe key and digest of the content.
    pub seen: Vec<SeenRow>,
    /// Facts that were told again.
    pub repeats: Vec<RepeatRow>,
    /// Changes of the views.
    pub views: Views,
    /// Under which tokens the new records are found.
    pub persons: Vec<PersonRow>,
    /// What goes from beside the log.
    pub erasure: Erasure,
}

/// A place in a source of inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePosition {
    /// Which journal or stream (and which incarnation of it).
    pub source: String,
    /// Position of the last input read.
    pub position: u64,
}

/// How a batch moves the position in its source: from where the writer believes it to be, else nothing is written. It
/// may go back: a source that lost its end is read again from the start, and the inbox knows what was folded before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMove {
    /// Which journal or stream (and which incarnation of it).
    pub source: String,
    /// The position stored before; 0 where none is.
    pub from: u64,
    /// The position after this batch.
    pub to: u64,
}

/// What became of an input.
#[derive(Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// The input.
    pub input: Uuid,
    /// When the door took it.
    pub received_at: Timestamp,
    /// `contract::outcome::Outcome` as JSON; holds no personal value.
    pub outcome: String,
    /// Set for inputs that were quarantined: the raw entry as journaled, so that nothing is lost.
    pub quarantined: Option<Vec<u8>>,
}

/// A fact that was told before, told again. No view: it leads to no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatRow {
    /// The input it came in.
    pub input: Uuid,
    /// 0-based place of the fact in its webhook.
    pub ordinal: u32,
    /// When the door took it.
    pub received_at: Timestamp,
    /// The stream on which it stands.
    pub stream: String,
    /// Version of the record on that stream that discloses this very body.
    pub version: Option<u64>,
    /// Type of record the fact was the first time.
    pub kind: String,
    /// The provider's time.
    pub occurred_at: Option<Timestamp>,
    /// Whether the sender proved who it is.
    pub authenticated: bool,
    /// Whether its signature was right, but made too long ago.
    pub stale: bool,
}

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// 0-based, gapless.
    pub position: u64,
    /// Stream name.
    pub stream: String,
    /// 1-based place in the stream.
    pub version: u64,
    /// Record id.
    pub id: Uuid,
    /// Record type, `contract.drafted`.
    pub kind: String,
    /// As in the payload.
    pub recorded_at: Timestamp,
    /// SHA-256 of the payload bytes of the version before; none at version 1.
    pub prev: Option<Hash>,
    /// SHA-256 of the payload bytes.
    pub payload_sha256: Hash,
    /// RFC 6962 leaf hash of `jws`.
    pub leaf: Hash,
    /// The record itself: compact JWS.
    pub jws: String,
}

/// A record as it was signed, without what else is stored of it, and what is left of its disclosures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRow {
    /// 0-based, gapless.
    pub position: u64,
    /// The record itself: compact JWS.
    pub jws: String,
    /// In their order.
    pub disclosures: Vec<DisclosureRow>,
}

/// One disclosure of a record, or of the document that a record quotes.
#[derive(Clone, PartialEq, Eq)]
pub struct DisclosureRow {
    /// The record it belongs to.
    pub position: u64,
    /// 0-based order within the record.
    pub ordinal: u32,
    /// Whether it opens a commitment of the record or of its document (contract.json).
    pub scope: Scope,
    /// RFC 9901 disclosure.
    pub encoded: String,
}

impl DisclosureRow {
    /// base64url SHA-256 of `encoded`, as it stands in `_sd`. Computed each time: most who read disclosures do not need it.
    pub fn digest(&self) -> String {
        sha256(self.encoded.as_bytes()).base64url()
    }
}

/// Which commitment a disclosure opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One in the record's own `_sd`. Stored as 0.
    Record,
    /// One inside the document that the record discloses. Stored as 1.
    Document,
}

/// A dedupe key and the digest of what came under it.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenRow {
    /// The key.
    pub key: String,
    /// Digest of the content; a second digest under one key is a conflict.
    pub digest: Hash,
}

/// Changes of the views: rows that replace what stood there. All of it can be computed again from the log.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// Head and folded state of each touched stream.
    pub streams: Vec<StreamRow>,
    /// Touched contracts.
    pub contracts: Vec<ContractRow>,
    /// Touched calls.
    pub calls: Vec<CallRow>,
    /// Links to add or remove. Adding one that is there, or removing one that is not, changes nothing.
    pub links: Vec<LinkChange>,
    /// For each stream whose open tasks changed: all of them, in place of what stood there.
    pub tasks: Vec<StreamTasks>,
    /// New values of counters.
    pub counters: Vec<(String, u64)>,
}

/// Head and state of a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// Stream name.
    pub stream: String,
    /// Version of its newest record.
    pub version: u64,
    /// Payload hash of its newest record.
    pub head: Hash,
    /// When its newest record was recorded.
    pub recorded_at: Timestamp,
    /// Folded state as JSON text (`contract::entity::Entity`), holding opened personal values.
    pub state: String,
}

/// The columns by which contracts are listed and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractRow {
    /// `AGRI-2026-000001`.
    pub contract_id: String,
    /// Its stream.
    pub stream: String,
    /// pending, confirmed, …
    pub status: String,
    /// agricultural_supply, …
    pub contract_type: String,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// SHA-256 of contract.json.
    pub document_sha256: Hash,
}

/// By what calls are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Its stream, `call/<provider>/<call id>`.
    pub stream: String,
    /// Furthest progress: started, ringing, answered, ended, …
    pub progress: String,
}

impl CallRow {
    /// Provider word.
    pub fn provider(&self) -> &str {
        self.stream.split('/').nth(1).unwrap_or_default()
    }

    /// The provider's id, as it stands in the name of the stream.
    pub fn call_id(&self) -> &str {
        self.stream.split('/').next_back().unwrap_or_default()
    }
}

/// Adds or removes one link from a key to a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// Which kind of key: `phone`, `call`, `message`, `code`, …
    pub space: String,
    /// The key.
    pub key: String,
    /// The stream it leads to.
    pub stream: String,
    /// Add, or remove.
    pub add: bool,
}

/// All open tasks of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamTasks {
    /// The stream.
    pub stream: String,
    /// Its open tasks; empty when none is left.
    pub tasks: Vec<TaskRow>,
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Stream it stands on.
    pub stream: String,
    /// 1-based number on the stream.
    pub task: u32,
    /// `message` or `recording`.
    pub kind: String,
    /// How many attempts were made.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
}

/// What the projector asks for before it plans a batch.
#[derive(Clone, Default)]
pub struct Needs {
    /// Inputs that may have been handled before.
    pub inputs: Vec<Uuid>,
    /// Streams to load.
    pub streams: Vec<String>,
    /// Links to follow: the streams they lead to are loaded too.
    pub links: Vec<(String, String)>,
    /// Dedupe keys.
    pub seen: Vec<String>,
    /// Counters.
    pub counters: Vec<String>,
}

/// The answer to [`Needs`]; what is not there is left out.
#[derive(Clone, Default)]
pub struct Loaded {
    /// Inputs already handled.
    pub inputs: Vec<Uuid>,
    /// Streams by name, including those behind links, each once.
    pub streams: Vec<StreamRow>,
    /// Links found: space, key, stream.
    pub links: Vec<(String, String, String)>,
    /// Digests seen under the asked keys.
    pub seen: Vec<SeenRow>,
    /// Counters that exist.
    pub counters: Vec<(String, u64)>,
}

/// Where the log ends.
#[derive(Clone, Debug, Default)]
pub struct Tip {
    /// Number of records.
    pub size: u64,
    /// `recorded_at` of the newest.
    pub last_recorded_at: Option<Timestamp>,
    /// Per level, the hashes right of the last complete tile: what `ledger::tree::Tree::from_edge` takes.
    pub edge: Vec<Vec<Hash>>,
    /// How far each source has been read.
    pub read_to: Vec<SourcePosition>,
}

/// A signed checkpoint as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Tree size.
    pub size: u64,
    /// Root hash.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

/// A key of the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Short public id, part of the key text.
    pub id: String,
    /// SHA-256 of the secret.
    pub secret_sha256: Hash,
    /// What it may do, space separated scopes.
    pub scopes: String,
    /// A name the operator gave.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}
