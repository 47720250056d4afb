//! Arrivals: which bodies of webhooks are kept on a stream, and which deliveries said nothing new.

use std::collections::BTreeMap;

use ledger::hash::sha256;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Event;

/// Under these names the body of a webhook is disclosed: as text, or as base64 of bytes that were none.
pub const RAW_NAMES: [&str; 2] = ["raw", "raw_base64"];

/// The bodies kept on one stream, by the start of their hash: the version of the record that discloses each.
///
/// Part of the state, so that a body that came before is told from one that only says the same. Folded from the
/// disclosures: with an erased body goes its hash.
///
/// Two are equal that hold the same bodies: with which version each is kept is about the order of arrival, on which a view
/// does not depend.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bodies(pub BTreeMap<String, u64>);

impl PartialEq for Bodies {
    fn eq(&self, other: &Bodies) -> bool {
        self.0.keys().eq(other.0.keys())
    }
}

impl Eq for Bodies {}

impl Bodies {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        for raw in RAW_NAMES.iter().filter_map(|name| event.private.get(name)) {
            self.0.entry(body_key(raw)).or_insert(event.version);
        }
    }

    /// The version of the record that discloses this body.
    pub fn version_of(&self, raw: &str) -> Option<u64> {
        self.0.get(&body_key(raw)).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The first 16 hex digits of a body's SHA-256: enough to tell the few bodies of one stream apart.
fn body_key(raw: &str) -> String {
    sha256(raw.as_bytes()).to_string()[..16].to_owned()
}

/// A fact that was told before, told again. It leads to no record; that it came is kept beside the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The input it came in.
    pub input: Uuid,
    /// 0-based place of the fact in its webhook.
    pub ordinal: u32,
    /// When the door took it.
    pub received_at: Timestamp,
    /// The stream on which it already stands.
    pub stream: String,
    /// Version of the record on that stream that discloses this very body; none where the body stands on another stream
    /// or was erased.
    pub version: Option<u64>,
    /// Type of record that the fact would have been.
    pub kind: &'static str,
    /// The provider's time.
    pub occurred_at: Option<Timestamp>,
    /// Whether the sender proved who it is.
    pub authenticated: bool,
    /// Whether its signature was right, but made too long ago.
    pub stale: bool,
}
