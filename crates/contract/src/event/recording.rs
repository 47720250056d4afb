//! What stands in the `data` of the records of recordings.

use serde::{Deserialize, Serialize};

/// Data of `recording.available`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingAvailable {
    /// Length the provider states, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// It contradicts what was told before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
    /// It came with a signature that was right, but made too long ago.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// Data of `recording.fetched` and `recording.altered`. The hash itself is a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFetched {
    /// Version of the `recording.available` it belongs to.
    pub task: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// By the first bytes of the file.
    pub media_type: String,
    /// Length in milliseconds where the format told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// After how many seconds it is to be fetched once more; none: not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_after_s: Option<u32>,
}

/// Data of `recording.checked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingChecked {
    /// Version of the `recording.available` it belongs to.
    pub task: u32,
    /// 1-based.
    pub attempt: u32,
    /// Whether it gave the bytes that were fetched first; else those of an alteration that is on the ledger.
    pub same: bool,
}
