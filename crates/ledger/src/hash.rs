//! SHA-256 values and the three ways the ledger hashes: plain, leaf and node (RFC 6962 §2.1).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Domain byte in front of a leaf (RFC 6962 §2.1).
const LEAF_PREFIX: u8 = 0x00;
/// Domain byte in front of an inner node (RFC 6962 §2.1).
const NODE_PREFIX: u8 = 0x01;

/// Characters of a hash in base64url without padding.
pub const DIGEST_CHARS: usize = 43;

/// A SHA-256 value. Shown, read and serialised as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// A text that is not a hash in the expected spelling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not exactly 64 lower-case hex digits.
    #[error("a hash is 64 lower-case hex digits")]
    Hex,
    /// Not canonical base64 of exactly 32 bytes.
    #[error("a hash is 32 bytes in canonical base64")]
    Base64,
}

impl Hash {
    /// Standard base64 with padding, as C2SP notes, tiles and proofs spell a hash (44 characters).
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads [`Hash::base64`]; refuses non-canonical trailing bits and any other length.
    pub fn from_base64(text: &str) -> Result<Hash, HashError> {
        let bytes = STANDARD.decode(text).map_err(|_| HashError::Base64)?;
        Ok(Hash(bytes.try_into().map_err(|_| HashError::Base64)?))
    }

    /// base64url without padding, as JOSE and SD-JWT spell a digest (43 characters).
    pub fn base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads [`Hash::base64url`]; refuses non-canonical trailing bits and any other length.
    pub fn from_base64url(text: &str) -> Result<Hash, HashError> {
        // The decoder wants room for a whole last group.
        let mut bytes = [0; 36];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| HashError::Base64)?;
        Ok(Hash(bytes[..length].try_into().map_err(|_| HashError::Base64)?))
    }

    /// As [`Hash::base64url`], written into `buffer`.
    pub fn base64url_in<'b>(&self, buffer: &'b mut [u8; DIGEST_CHARS]) -> &'b str {
        let written = URL_SAFE_NO_PAD.encode_slice(self.0, buffer).expect("32 bytes make 43 characters");
        std::str::from_utf8(&buffer[..written]).expect("base64 is ASCII")
    }

    /// 64 lower-case hex digits.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Hash, HashError> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| HashError::Hex)?;
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Hash(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, HashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(HashError::Hex),
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Plain SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// The leaf of the log for one entry: `SHA-256(0x00 ‖ entry)` (RFC 6962 §2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([LEAF_PREFIX]).chain_update(entry).finalize().into())
}

/// The parent of two subtrees: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 §2.1).
pub fn node_hash(l: &Hash, r: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([NODE_PREFIX]).chain_update(l.0).chain_update(r.0).finalize().into())
}
