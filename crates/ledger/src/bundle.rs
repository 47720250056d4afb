//! Bundles: one file with everything an auditor needs to check one stream offline.
//!
//! The file is JSON, and only a container: white space and the order of members do not matter, and nothing in it is
//! believed because it stands there. [`Bundle::verify`] recomputes hashes from the records, follows the proofs to the
//! checkpoint, and builds the key ring from the log's own key records.
//!
//! ```text
//! { "v": "ahadi.bundle/1", "origin": …, "stream": …,
//!   "document": "<contract.json, byte for byte>",             optional
//!   "records": [ { "position": 17, "jws": "…" } ],             streams from version 1, in log order
//!   "disclosures": { "17": ["…"] }, "document_disclosures": ["…"],
//!   "proofs": [ "c2sp.org/tlog-proof@v1\n…" ],                 one per record
//!   "checkpoint": "<signed note>",
//!   "keys": { "root": {JWK}, "log_vkey": "…", "records": [ { "position": 0, "jws": "…", "proof": "…" } ] } }
//! ```
//!
//! What a bundle cannot show is that nothing newer exists: a later record of the stream, or a later word on a key.
//! Whoever wants to know that audits the whole log.

mod audit;

use std::collections::BTreeMap;
use std::fmt;

pub use audit::Kept;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::key::{KeyError, PublicKey};
use crate::tile::decimal;

/// Value of `v` in every bundle.
pub const BUNDLE_VERSION: &str = "ahadi.bundle/1";

/// A bundle as read from its file; see the module for its form. Disclosures are personal, so it does not show itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// [`BUNDLE_VERSION`].
    pub v: String,
    /// Origin of the log.
    pub origin: String,
    /// The stream the bundle is about.
    pub stream: String,
    /// The document whose hash the stream quotes, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Every record of the stream, and of streams it links to, in log order.
    pub records: Vec<BundleRecord>,
    /// Disclosures given, by the position of their record.
    #[serde(deserialize_with = "by_position")]
    pub disclosures: BTreeMap<u64, Vec<String>>,
    /// Disclosures given for commitments inside the document.
    pub document_disclosures: Vec<String>,
    /// An inclusion proof (C2SP tlog-proof) for each of `records`, under `checkpoint`.
    pub proofs: Vec<String>,
    /// The checkpoint (signed note).
    pub checkpoint: String,
    /// Whose signatures these are.
    pub keys: BundleKeys,
}

/// A record and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleRecord {
    /// Position in the log.
    pub position: u64,
    /// The record.
    pub jws: String,
}

/// The keys of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleKeys {
    /// The key that names the others; an auditor pins it.
    pub root: Jwk,
    /// The key that signs checkpoints, as verifier key (C2SP signed-note).
    pub log_vkey: String,
    /// The stream `ledger/keys` from version 1.
    pub records: Vec<BundleKeyRecord>,
}

/// A record of the key stream with its own proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleKeyRecord {
    /// Position in the log.
    pub position: u64,
    /// The record.
    pub jws: String,
    /// Its inclusion proof under the bundle's checkpoint.
    pub proof: String,
}

/// An Ed25519 public key as JWK (RFC 8037 §2), with its required members alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    /// `Ed25519`
    pub crv: String,
    /// `OKP`
    pub kty: String,
    /// The key, base64url without padding.
    pub x: String,
}

impl From<&PublicKey> for Jwk {
    fn from(key: &PublicKey) -> Jwk {
        Jwk { crv: "Ed25519".to_owned(), kty: "OKP".to_owned(), x: key.x() }
    }
}

impl Jwk {
    /// The key it stands for.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        if self.crv == "Ed25519" && self.kty == "OKP" {
            PublicKey::from_x(&self.x)
        } else {
            Err(KeyError::Jwk)
        }
    }
}

/// Why a file is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not JSON of a bundle's form. Says where, and quotes no value.
    #[error("not a bundle: fault at line {line}, column {column}")]
    Form {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A form this version does not know.
    #[error("a bundle of another version than {BUNDLE_VERSION}")]
    Version,
}

impl Bundle {
    /// Reads the file. Unknown and repeated members are refused. How large a file may be is for the caller to say.
    pub fn from_json(bytes: &[u8]) -> Result<Bundle, BundleError> {
        let bundle: Bundle = serde_json::from_slice(bytes)
            .map_err(|error| BundleError::Form { line: error.line(), column: error.column() })?;
        if bundle.v == BUNDLE_VERSION { Ok(bundle) } else { Err(BundleError::Version) }
    }

    /// The file: JSON, indented for people, with a newline at its end.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("strings and numbers always serialise");
        text.push('\n');
        text
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Bundle");
        shown
            .field("origin", &self.origin)
            .field("stream", &self.stream)
            .field("records", &self.records.len());
        shown.finish_non_exhaustive()
    }
}

/// A map whose keys are positions in decimal, each once.
fn by_position<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<u64, Vec<String>>, D::Error> {
    struct ByPosition;

    impl<'de> Visitor<'de> for ByPosition {
        type Value = BTreeMap<u64, Vec<String>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("disclosures by position")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut positions = BTreeMap::new();
            while let Some((key, encoded)) = map.next_entry::<String, Vec<String>>()? {
                let position =
                    decimal(&key).ok_or_else(|| A::Error::custom("a position is a decimal number"))?;
                if positions.insert(position, encoded).is_some() {
                    return Err(A::Error::custom("a position stands twice"));
                }
            }
            Ok(positions)
        }
    }

    deserializer.deserialize_map(ByPosition)
}
