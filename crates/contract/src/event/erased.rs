//! What stands in the `data` of records about erasure.

use serde::{Deserialize, Serialize};

use crate::erasure::Ground;

/// Data of `personal.erased`: what went, and why. Says neither what it was nor whose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalErased {
    /// Why.
    pub ground: Ground,
    /// The stream of the erasure it was part of.
    pub erasure: String,
    /// Digests of the disclosures that went, as they stand in the commitments of this stream.
    pub digests: Vec<String>,
}

/// Data of `erasure.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureRequested {
    /// Why; none for a recording that came in after the person it is of was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// Streams that lost values.
    pub streams: u32,
    /// Values that went.
    pub values: u32,
    /// Recordings to be deleted.
    pub recordings: u32,
}

/// Data of `erasure.completed`: what was deleted outside the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCompleted {
    /// Version of the `erasure.requested` it belongs to.
    pub task: u32,
    /// Recordings deleted.
    pub recordings: u32,
    /// Raw inputs deleted.
    pub inputs: u32,
}
