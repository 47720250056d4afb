//! Disclosures (RFC 9901): the values behind a record's salted commitments.
//!
//! A record carries only digests; the disclosure `[salt, name, value]` lies beside the log and can be deleted. Without
//! its 128-bit salt a digest says nothing, not even about a value that could be guessed, such as a phone number.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize;

use crate::hash::{Hash, sha256};
use crate::json::{self, ProfileError, Value, check_key};

/// The 16 random bytes that hide a value behind its digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl Salt {
    /// Salt `n` of an input: the first 16 bytes of `SHA-256(seed ‖ "ahadi.salt" ‖ n as 4 bytes big-endian)`. The seed is
    /// drawn at random when the input is journaled, so that replaying the input gives the same digests.
    pub fn derive(seed: &[u8; 32], n: u32) -> Salt {
        let mut message = [0u8; 32 + 10 + 4];
        message[..32].copy_from_slice(seed);
        message[32..42].copy_from_slice(b"ahadi.salt");
        message[42..].copy_from_slice(&n.to_be_bytes());
        let hash = sha256(&message);
        message.zeroize();
        let mut salt = [0u8; 16];
        salt.copy_from_slice(&hash.0[..16]);
        Salt(salt)
    }

    /// base64url without padding, 22 characters.
    pub fn base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// Keeps the salt out of logs: with it and the digest a short value can be guessed.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// A disclosure in the form it is kept and handed out, with its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// base64url, without padding, of the JSON array `[salt, name, value]`.
    pub encoded: String,
    /// base64url, without padding, of `SHA-256(encoded as ASCII)`: what stands in `_sd` (RFC 9901 §4.2.3).
    pub digest: String,
}

/// Shows the digest alone; the rest is personal.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Why a text is no disclosure. Never quotes content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// Not canonical base64url without padding.
    #[error("a disclosure is base64url without padding")]
    Base64,
    /// Not JSON of the ledger's shape.
    #[error("a disclosure is a JSON array: {0}")]
    Json(#[from] ProfileError),
    /// Not an array of salt, name and value.
    #[error("a disclosure is [salt, name, value]")]
    Shape,
    /// The salt is not 16 bytes in base64url.
    #[error("a salt is 16 bytes in base64url")]
    Salt,
    /// The name is none, or one that RFC 9901 §4.2.1 reserves.
    #[error("a disclosure's name is made of a-z 0-9 _ and not reserved")]
    Name,
}

impl Disclosure {
    /// Encodes a value. `name` is a key of the JSON profile and `value` keeps the profile but for the text of its strings,
    /// which may be any Unicode; [`Disclosure::parse`] would refuse others.
    pub fn new(salt: &Salt, name: &str, value: &Value) -> Disclosure {
        Disclosure::written(salt, name, 32, |text| value.write(text))
    }

    /// As [`Disclosure::new`], of a text.
    pub fn of_text(salt: &Salt, name: &str, value: &str) -> Disclosure {
        Disclosure::written(salt, name, value.len(), |text| json::write_string(value, text))
    }

    fn written(salt: &Salt, name: &str, bytes: usize, write: impl FnOnce(&mut String)) -> Disclosure {
        let mut text = String::with_capacity(32 + name.len() + bytes + bytes / 8);
        text.push_str("[\"");
        URL_SAFE_NO_PAD.encode_string(salt.0, &mut text);
        text.push_str("\",");
        json::write_string(name, &mut text);
        text.push(',');
        write(&mut text);
        text.push(']');
        let encoded = URL_SAFE_NO_PAD.encode(text.as_bytes());
        text.zeroize();
        let digest = digest(&encoded).base64url();
        Disclosure { encoded, digest }
    }

    /// Reads an encoded disclosure. Any JSON spelling is taken (RFC 9901 §4.2.1 leaves it free), since the digest binds
    /// the encoded text and not the value.
    pub fn parse(encoded: &str) -> Result<(Salt, String, Value), DisclosureError> {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| DisclosureError::Base64)?;
        let Value::Array(parts) = json::parse_any_text(&bytes)? else { return Err(DisclosureError::Shape) };
        let Ok([Value::String(salt), Value::String(name), value]) = <[Value; 3]>::try_from(parts) else {
            return Err(DisclosureError::Shape);
        };
        // Whole groups of three are asked for.
        let mut bytes = [0; 18];
        let salt = match (URL_SAFE_NO_PAD.decode_slice(&salt, &mut bytes), bytes.first_chunk()) {
            (Ok(16), Some(salt)) => Salt(*salt),
            _ => return Err(DisclosureError::Salt),
        };
        if check_key(&name).is_err() || name == "_sd" || name == "_sd_alg" {
            return Err(DisclosureError::Name);
        }
        Ok((salt, name, value))
    }
}

/// The digest of an encoded disclosure, well-formed or not: SHA-256 of its ASCII (RFC 9901 §4.2.3).
pub fn digest(encoded: &str) -> Hash {
    sha256(encoded.as_bytes())
}
