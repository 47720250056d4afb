//! Streams: the records of one thing, each chained to the one before.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hash::Hash;

/// Longest name of a stream, so that it fits an index key and a message subject on every store and transport.
pub const STREAM_BYTES_MAX: usize = 200;

/// The stream in which a log names its own keys.
pub const KEYS: &str = "ledger/keys";

/// Name of a stream: `<kind>/<rest>`, for example `call/minivoice/MV-0001`.
///
/// The kind is `[a-z][a-z0-9_]*`; the rest is not empty and made of `A-Z a-z 0-9 . _ ~ % : / + -`; all of it has at
/// most [`STREAM_BYTES_MAX`] bytes. A name stands in the log for ever and in clear, so it never holds a personal value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(String);

/// A text that is not a stream's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// Longer than [`STREAM_BYTES_MAX`].
    #[error("a stream's name has at most {STREAM_BYTES_MAX} bytes")]
    TooLong,
    /// No slash, or an empty or ill-spelled kind before it.
    #[error("a stream's name starts with a kind ([a-z][a-z0-9_]*) and a slash")]
    Kind,
    /// Nothing behind the kind.
    #[error("a stream's name has something behind its kind")]
    Empty,
    /// A character outside the permitted set.
    #[error("a stream's name is made of A-Z a-z 0-9 . _ ~ % : / + -")]
    Character,
}

/// Equal names have equal hashes, as text and as name.
impl Borrow<str> for StreamId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl StreamId {
    /// Checks and takes a name.
    pub fn new(name: impl Into<String>) -> Result<StreamId, StreamError> {
        let name = name.into();
        if name.len() > STREAM_BYTES_MAX {
            return Err(StreamError::TooLong);
        }
        let (kind, rest) = name.split_once('/').ok_or(StreamError::Kind)?;
        let mut kind = kind.bytes();
        if !kind.next().is_some_and(|first| first.is_ascii_lowercase())
            || !kind.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        {
            return Err(StreamError::Kind);
        }
        if rest.is_empty() {
            return Err(StreamError::Empty);
        }
        if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~%:/+-".contains(&b)) {
            return Err(StreamError::Character);
        }
        Ok(StreamId(name))
    }

    /// The stream `ledger/keys`.
    pub fn keys() -> StreamId {
        StreamId(KEYS.to_owned())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first slash.
    pub fn kind(&self) -> &str {
        self.0.split_once('/').map_or("", |(kind, _)| kind)
    }

    /// What stands behind the first slash.
    pub fn rest(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, rest)| rest)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StreamId {
    type Err = StreamError;

    fn from_str(name: &str) -> Result<StreamId, StreamError> {
        StreamId::new(name)
    }
}

impl AsRef<str> for StreamId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for StreamId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StreamId, D::Error> {
        StreamId::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Where a stream stands: what the next record of it has to build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Head {
    /// Version of the last record, 0 for a stream without records.
    pub version: u64,
    /// SHA-256 of the last record's payload bytes, none for a stream without records.
    pub prev: Option<Hash>,
}

impl Head {
    /// The head behind a further record whose payload has this hash.
    #[must_use]
    pub fn next(self, payload_sha256: Hash) -> Head {
        Head { version: self.version + 1, prev: Some(payload_sha256) }
    }
}
