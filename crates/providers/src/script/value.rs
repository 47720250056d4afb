//! Checked values that stand in the steps of a script.

use contract::phone::Phone;
use url::Url;

use super::ScriptError;

/// Longest address, in bytes: what web servers take.
pub const ADDRESS_BYTES_MAX: usize = 2 * 1024;
/// Longest number, SIP address or client name, in bytes.
pub const TARGET_BYTES_MAX: usize = 128;
/// Longest name of a queue, room or voice, in bytes.
pub const LABEL_BYTES_MAX: usize = 64;

/// An `http` or `https` address, kept as written. `Debug` hides it: callback addresses hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

/// Whom to dial: a number, a SIP address or a client's name. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(String);

/// The name of a queue, a room or a voice: letters, digits, `.`, `_`, `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

/// A key of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(char);

impl Address {
    /// Takes an absolute `http` or `https` address.
    ///
    /// # Errors
    /// [`ScriptError::TooLong`], [`ScriptError::Address`].
    pub fn new(text: &str) -> Result<Address, ScriptError> {
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(ScriptError::TooLong { what: "address", max: ADDRESS_BYTES_MAX });
        }
        // The parser forgives blanks and line ends inside; a provider would not.
        let sound = text.bytes().all(|b| b.is_ascii_graphic())
            && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if sound { Ok(Address(text.to_owned())) } else { Err(ScriptError::Address) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Target {
    /// Takes a number, a SIP address (`test@ke.sip.africastalking.com`) or a client's name.
    ///
    /// # Errors
    /// [`ScriptError::Blank`], [`ScriptError::TooLong`], [`ScriptError::Character`].
    pub fn new(text: &str) -> Result<Target, ScriptError> {
        if text.is_empty() {
            return Err(ScriptError::Blank { what: "target" });
        }
        if text.len() > TARGET_BYTES_MAX {
            return Err(ScriptError::TooLong { what: "target", max: TARGET_BYTES_MAX });
        }
        // Several targets stand in one attribute, parted by commas.
        let sound = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'_' | b'-' | b'@' | b':'));
        if sound { Ok(Target(text.to_owned())) } else { Err(ScriptError::Character { what: "target" }) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Phone> for Target {
    fn from(phone: &Phone) -> Target {
        Target(phone.as_str().to_owned())
    }
}

impl Label {
    /// Takes a name.
    ///
    /// # Errors
    /// [`ScriptError::Blank`], [`ScriptError::TooLong`], [`ScriptError::Character`].
    pub fn new(text: &str) -> Result<Label, ScriptError> {
        if text.is_empty() {
            return Err(ScriptError::Blank { what: "name" });
        }
        if text.len() > LABEL_BYTES_MAX {
            return Err(ScriptError::TooLong { what: "name", max: LABEL_BYTES_MAX });
        }
        let sound = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if sound { Ok(Label(text.to_owned())) } else { Err(ScriptError::Character { what: "name" }) }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Key {
    /// Takes `0` to `9`, `*` or `#`.
    ///
    /// # Errors
    /// [`ScriptError::Character`].
    pub fn new(key: char) -> Result<Key, ScriptError> {
        if key.is_ascii_digit() || matches!(key, '*' | '#') {
            Ok(Key(key))
        } else {
            Err(ScriptError::Character { what: "key" })
        }
    }

    /// The character on it.
    pub fn char(self) -> char {
        self.0
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Target(..)")
    }
}
