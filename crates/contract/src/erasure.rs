//! Forgetting a person: which private values go, and what is left of the streams they stood on.
//!
//! ```text
//!  number ─► token ─► records ─► Dossier (their streams, whole, and those negotiated on) ─► Selection
//! ```
//!
//! What goes is decided here alone, and an export of everything about one person shows exactly that. Nothing in a record
//! changes: the values lie beside the log, and a record names the digests of those that went.

mod dossier;
mod state;

pub use dossier::{Dossier, Held, HeldValue, Selection};
use serde::{Deserialize, Serialize};
pub use state::{Erasure, erasure_stream};

/// Digests in one record: with room to spare below the longest payload.
pub const DIGESTS_MAX: usize = 500;

/// Why a person is forgotten: a closed list, since it stands in the log for ever (grounds of the Kenyan Data Protection
/// Act §40 and GDPR article 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The person asked for it and nothing speaks against it.
    Request,
    /// The person no longer agrees to being recorded.
    ConsentWithdrawn,
    /// The person objects to the processing.
    Objection,
    /// What the values were kept for is over.
    NoLongerNeeded,
    /// They should not have been taken in.
    Unlawful,
    /// A law or an authority demands it.
    LegalObligation,
}

impl Ground {
    /// All of them.
    pub const ALL: [Ground; 6] = [
        Ground::Request,
        Ground::ConsentWithdrawn,
        Ground::Objection,
        Ground::NoLongerNeeded,
        Ground::Unlawful,
        Ground::LegalObligation,
    ];

    /// The word in requests and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Ground::Request => "request",
            Ground::ConsentWithdrawn => "consent_withdrawn",
            Ground::Objection => "objection",
            Ground::NoLongerNeeded => "no_longer_needed",
            Ground::Unlawful => "unlawful",
            Ground::LegalObligation => "legal_obligation",
        }
    }
}
