//! What is recorded about second readings of transcripts.

use serde::{Deserialize, Serialize};

use crate::command::ContractType;

/// Data of `terms.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsRequested {
    /// Which transcript of the stream: the version of the `transcript.requested` it answers, else its own.
    pub transcript: u32,
    /// What is negotiated.
    pub contract_type: ContractType,
    /// The day of the call, `2026-03-10`: what relative days are counted from.
    pub day: String,
}

/// Data of `terms.read`. What the reader said is the disclosure `claims`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsRead {
    /// Version of the `terms.requested` it answers.
    pub task: u32,
    /// How many terms it claims.
    pub claims: u32,
}
