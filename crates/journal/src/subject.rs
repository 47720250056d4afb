//! Subjects of inputs on the bus: `<root>.in.v1.<shard>.<source>.<kind>.<key>`; the root is usually `ahadi`.
//!
//! Providers' ids contain dots, spaces, `*` and `>`, which mean something in a NATS subject. Each token is therefore
//! written with `A-Z a-z 0-9 _ -` as they are and every other byte as `=` and two upper-case hex digits. The empty token
//! is a lone `=`. A token that would be longer than [`TOKEN_BYTES_MAX`] is cut and ends in `==` and a 16-digit hash: it
//! still separates keys, but cannot be read back (the headers carry the key whole).

use std::fmt::Write as _;

use crate::entry::Entry;

/// Longest token: four of them and the prefix stay under the 256 bytes NATS recommends for a subject.
const TOKEN_BYTES_MAX: usize = 60;
/// `==` and 16 hex digits.
const HASH_SUFFIX_BYTES: usize = 18;

/// A token read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// The text it was made from.
    Text(String),
    /// The token was cut; the text cannot be known from it.
    Cut,
    /// Not a token this module writes.
    Invalid,
}

/// The subject an entry is published on.
#[must_use]
pub fn input_subject(root: &str, shard: u32, entry: &Entry) -> String {
    let [source, kind, key] = [&entry.source, &entry.kind, &entry.key].map(|text| encode_token(text));
    format!("{root}.in.v1.{shard}.{source}.{kind}.{key}")
}

/// The wildcard that takes in all inputs of a shard.
#[must_use]
pub fn input_filter(root: &str, shard: u32) -> String {
    format!("{root}.in.v1.{shard}.>")
}

/// One subject token for any text, at most 60 bytes long.
#[must_use]
pub fn encode_token(text: &str) -> String {
    let whole = encode_whole(text);
    if whole.len() <= TOKEN_BYTES_MAX {
        return whole;
    }
    let mut cut = TOKEN_BYTES_MAX - HASH_SUFFIX_BYTES;
    // An escape is three bytes; one that straddles the cut goes.
    if let Some(start) = whole[cut - 2..cut].find('=') {
        cut = cut - 2 + start;
    }
    format!("{}=={:016x}", &whole[..cut], fnv1a_64(text.as_bytes()))
}

/// Reads a token back.
#[must_use]
pub fn decode_token(token: &str) -> Decoded {
    match token.split_once("==") {
        Some((_, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => Decoded::Cut,
        Some(_) => Decoded::Invalid,
        None => decode_whole(token).map_or(Decoded::Invalid, Decoded::Text),
    }
}

/// The same writing without a limit, for header values: they may hold neither CR nor LF nor anything but ASCII.
pub(crate) fn encode_whole(text: &str) -> String {
    if text.is_empty() {
        return "=".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            out.push(char::from(byte));
        } else {
            write!(out, "={byte:02X}").expect("writing to a string cannot fail");
        }
    }
    out
}

pub(crate) fn decode_whole(token: &str) -> Option<String> {
    if token == "=" {
        return Some(String::new());
    }
    if token.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let [first, tail @ ..] = rest {
        match first {
            b'=' => {
                let [high, low, tail @ ..] = tail else { return None };
                let byte = upper_hex(*high)? << 4 | upper_hex(*low)?;
                if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
                    return None;
                }
                bytes.push(byte);
                rest = tail;
            }
            b'_' | b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                bytes.push(*first);
                rest = tail;
            }
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

fn upper_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// FNV-1a, 64 bit. Not against an adversary: two keys with one token share a subject, and nothing else.
fn fnv1a_64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
