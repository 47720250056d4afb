//! Rules for single fields, the same for writing and reading.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::RECORD_TYP;
use crate::hash::Hash;
use crate::json::{INTEGER_MAX, Value};

/// Longest origin of a log, as long as a stream's name.
const ORIGIN_BYTES_MAX: usize = 200;
/// Longest `type`.
const KIND_BYTES_MAX: usize = 64;
/// Longest `via`.
const VIA_BYTES_MAX: usize = 32;
/// Longest `occurred_at_assumed_zone`; names of the tz database have at most 14 bytes a part.
const ZONE_BYTES_MAX: usize = 64;

/// An origin is a URL without scheme; it names the log key too, so it holds neither white space nor a plus (C2SP
/// signed-note).
pub(super) fn is_origin(text: &str) -> bool {
    (1..=ORIGIN_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~%:/-".contains(&b))
}

pub(super) fn is_version(number: u64) -> bool {
    (1..=INTEGER_MAX.unsigned_abs()).contains(&number)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn is_kind(text: &str) -> bool {
    text.len() <= KIND_BYTES_MAX && text.contains('.') && text.split('.').all(is_word)
}

pub(super) fn is_via(text: &str) -> bool {
    text.len() <= VIA_BYTES_MAX && is_word(text)
}

pub(super) fn is_zone(text: &str) -> bool {
    (1..=ZONE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+/:-".contains(&b))
}

pub(super) fn is_digest(text: &str) -> bool {
    Hash::from_base64url(text).is_ok()
}

/// Facts are an object, and hold no commitments of their own: an SD-JWT reader would take them for some (RFC 9901 §7.1).
pub(super) fn is_data(value: &Value) -> bool {
    fn free(value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().all(free),
            Value::Object(entries) => {
                entries.iter().all(|(key, value)| key != "_sd" && key != "_sd_alg" && free(value))
            }
            _ => true,
        }
    }
    value.as_object().is_some() && free(value)
}

/// As [`is_data`], of canonical text: there a colon follows a key and nothing else that ends in a quotation mark, and
/// quotation marks within texts are escaped.
pub(super) fn is_data_text(text: &str) -> bool {
    text.starts_with('{') && !text.contains("\"_sd\":") && !text.contains("\"_sd_alg\":")
}

/// The header's JSON; the key id is base64url and needs no escapes.
pub(crate) fn header(kid: &str) -> String {
    debug_assert!(HEADER_END.contains(RECORD_TYP), "the type stands there as it is elsewhere");
    format!("{HEADER_START}{kid}{HEADER_END}")
}

/// What stands before the key id of a header.
const HEADER_START: &str = r#"{"alg":"EdDSA","kid":""#;
/// What stands behind it; the type is [`RECORD_TYP`].
const HEADER_END: &str = r#"","typ":"ahadi-record+sd-jwt"}"#;

/// The key id of a header, if it is exactly [`header`] of one.
pub(super) fn kid_of(header_json: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(header_json).ok()?;
    let kid = text.strip_prefix(HEADER_START)?.split('"').next()?;
    let (_, end) = text.split_at_checked(HEADER_START.len() + kid.len())?;
    (is_digest(kid) && end == HEADER_END).then(|| kid.to_owned())
}

pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
