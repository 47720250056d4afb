//! The JSON profile of the ledger: RFC 8785 canonical form over the part of JSON on which all implementations agree.
//!
//! Keys are `[a-z0-9_]+`; values are strings, integers up to 2^53-1, booleans, null, arrays and objects. No floats:
//! amounts are decimal strings. Strings are in Unicode normal form C and use LF alone as line end. Nothing nests deeper
//! than [`DEPTH_MAX`]. All of it is checked and never repaired, so what was signed is what was said.

mod canonical;
mod reader;
mod serial;

use std::collections::BTreeMap;

pub use canonical::Canonical;
pub(crate) use reader::{Reader, parse_any_text};
pub use reader::{parse, parse_canonical};
use unicode_normalization::is_nfc;

/// Greatest nesting of arrays and objects, the outermost counted: enough for every record, and no parser's stack is at
/// risk.
pub const DEPTH_MAX: usize = 8;

/// Greatest magnitude of an integer, 2^53-1: the last that every JSON implementation keeps exactly (RFC 7493 §2.2).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// A JSON value of the profile's shape. Built by code it may still break a rule of content; [`Value::check`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer, at most 2^53-1 in magnitude.
    Int(i64),
    /// A string, NFC and without CR.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object; keys `[a-z0-9_]+`, for which byte order is RFC 8785's order.
    Object(BTreeMap<String, Value>),
}

/// Why bytes or a value lie outside the profile. Never quotes content, which may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Not JSON (RFC 8259) at this byte.
    #[error("not JSON at byte {offset}")]
    Syntax {
        /// Bytes before the fault.
        offset: usize,
    },
    /// Something stands behind the value.
    #[error("bytes behind the JSON value, from byte {offset}")]
    TrailingBytes {
        /// Bytes before the fault.
        offset: usize,
    },
    /// More than [`DEPTH_MAX`] arrays and objects inside each other.
    #[error("nested deeper than {DEPTH_MAX}")]
    Depth,
    /// A key that is not `[a-z0-9_]+`.
    #[error("a key is made of a-z 0-9 _")]
    Key,
    /// The same key twice in one object.
    #[error("a key stands twice in one object")]
    DuplicateKey,
    /// A number with a fraction or an exponent, or `-0`.
    #[error("a number is an integer without fraction, exponent or negative zero")]
    NotInteger,
    /// An integer beyond 2^53-1 in magnitude.
    #[error("an integer is at most 2^53-1 in magnitude")]
    IntegerRange,
    /// A string escape that names half a surrogate pair.
    #[error("a string holds a lone surrogate")]
    LoneSurrogate,
    /// A string that is not in Unicode normal form C.
    #[error("a string is not in Unicode normal form C")]
    NotNfc,
    /// A string with a carriage return.
    #[error("a string holds a carriage return; line ends are LF")]
    CarriageReturn,
    /// In the profile, but not its own canonical form (RFC 8785).
    #[error("not in canonical form, from byte {offset}")]
    NotCanonical {
        /// Bytes before the first difference from the canonical form.
        offset: usize,
    },
}

impl Value {
    /// The canonical bytes (RFC 8785) as text. For a value outside the profile ([`Value::check`]) the text is JSON, but
    /// no record can hold it.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends [`Value::canonical`] to `out`.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Int(number) => write_integer(*number, out),
            Value::String(text) => write_string(text, out),
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Value::Object(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// Whether the value keeps every rule of the profile.
    pub fn check(&self) -> Result<(), ProfileError> {
        self.check_below(0)
    }

    /// As [`Value::check`], for a value that will stand inside `depth` arrays and objects.
    pub(crate) fn check_below(&self, depth: usize) -> Result<(), ProfileError> {
        match self {
            Value::Null | Value::Bool(_) => Ok(()),
            Value::Int(number) => check_integer(*number),
            Value::String(text) => check_text(text),
            Value::Array(items) => {
                let depth = deeper(depth)?;
                items.iter().try_for_each(|item| item.check_below(depth))
            }
            Value::Object(entries) => {
                let depth = deeper(depth)?;
                entries.iter().try_for_each(|(key, value)| {
                    check_key(key)?;
                    value.check_below(depth)
                })
            }
        }
    }

    /// The value under `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    /// The number, if this is an integer.
    pub fn as_int(&self) -> Option<i64> {
        if let Value::Int(number) = self { Some(*number) } else { None }
    }

    /// The truth value, if this is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The items, if this is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(items) = self { Some(items) } else { None }
    }

    /// The entries, if this is an object.
    pub fn as_object(&self) -> Option<&BTreeMap<String, Value>> {
        if let Value::Object(entries) = self { Some(entries) } else { None }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}

/// One level further in, if that is allowed.
pub(crate) fn deeper(depth: usize) -> Result<usize, ProfileError> {
    if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(ProfileError::Depth) }
}

pub(crate) fn check_key(key: &str) -> Result<(), ProfileError> {
    let permitted = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !key.is_empty() && key.bytes().all(permitted) { Ok(()) } else { Err(ProfileError::Key) }
}

pub(crate) fn check_integer(number: i64) -> Result<(), ProfileError> {
    if (-INTEGER_MAX..=INTEGER_MAX).contains(&number) { Ok(()) } else { Err(ProfileError::IntegerRange) }
}

pub(crate) fn check_text(text: &str) -> Result<(), ProfileError> {
    if text.contains('\r') {
        Err(ProfileError::CarriageReturn)
    } else if text.is_ascii() || is_nfc(text) {
        Ok(())
    } else {
        Err(ProfileError::NotNfc)
    }
}

/// Appends a string literal as RFC 8785 §3.2.2.2 spells it.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => Some("\\\""),
            b'\\' => Some("\\\\"),
            0x08 => Some("\\b"),
            b'\t' => Some("\\t"),
            b'\n' => Some("\\n"),
            0x0c => Some("\\f"),
            b'\r' => Some("\\r"),
            0x00..0x20 => None,
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match short {
            Some(escape) => out.push_str(escape),
            None => {
                out.push_str(if byte < 0x10 { "\\u000" } else { "\\u001" });
                out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// Appends a decimal integer.
pub(crate) fn write_integer(number: i64, out: &mut String) {
    let mut digits = [0_u8; 20];
    let mut from = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        from -= 1;
        digits[from] = b'0' + (rest % 10).to_le_bytes()[0];
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.extend(digits[from..].iter().map(|digit| char::from(*digit)));
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Int(number.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Bool(truth)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        Value::Array(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<BTreeMap<String, Value>> for Value {
    fn from(entries: BTreeMap<String, Value>) -> Value {
        Value::Object(entries)
    }
}

impl From<crate::hash::Hash> for Value {
    fn from(hash: crate::hash::Hash) -> Value {
        Value::String(hash.hex())
    }
}

impl From<crate::time::Timestamp> for Value {
    fn from(time: crate::time::Timestamp) -> Value {
        Value::String(time.to_string())
    }
}

/// An object from its entries; of two with one key the later stands.
pub fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// An object literal: `object! { "role": "buyer", "count": 2u32, "heard": true }`.
#[macro_export]
macro_rules! object {
    ($($key:literal : $value:expr),* $(,)?) => {
        $crate::json::object([$(($key, $crate::json::Value::from($value))),*])
    };
}
