//! Reading JSON strictly. Written out rather than taken from a general parser, because general parsers keep the last of
//! two equal keys, turn large integers into floats, and change with the features other crates switch on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Canonical, ProfileError, Value, check_integer, check_key, check_text, deeper, write_string};

/// Reads one JSON value of the profile, white space around its parts allowed (RFC 8259 §2).
pub fn parse(bytes: &[u8]) -> Result<Value, ProfileError> {
    read(bytes, check_text)
}

/// Reads one JSON value and requires the bytes to be its canonical form (RFC 8785).
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, ProfileError> {
    if let Some(value) = read_canonical(bytes) {
        return Ok(value);
    }
    // Something is wrong; the slow way finds out what.
    let value = parse(bytes)?;
    let canonical = value.canonical();
    if canonical.as_bytes() == bytes {
        return Ok(value);
    }
    let offset = canonical.bytes().zip(bytes).take_while(|(a, b)| a == *b).count();
    Err(ProfileError::NotCanonical { offset })
}

/// As [`parse`], but strings may hold any Unicode text: a disclosed value can be what somebody else sent.
pub(crate) fn parse_any_text(bytes: &[u8]) -> Result<Value, ProfileError> {
    read(bytes, |_| Ok(()))
}

/// Reads one JSON value that is in canonical form to the byte, in one pass; none where it is not.
fn read_canonical(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader::canonical(std::str::from_utf8(bytes).ok()?);
    let value = reader.value(0).ok()?;
    reader.is_at_end().then_some(value)
}

fn read(bytes: &[u8], check: fn(&str) -> Result<(), ProfileError>) -> Result<Value, ProfileError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ProfileError::NotUtf8)?;
    let mut reader = Reader { text, at: 0, check, canonical: false };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(ProfileError::TrailingBytes { offset: reader.at });
    }
    Ok(value)
}

/// A place in a text.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    check: fn(&str) -> Result<(), ProfileError>,
    /// Takes nothing but what [`Value::canonical`] would write; what else is wrong is not told apart.
    canonical: bool,
}

/// What is not canonical in a reader of canonical text; only that there was a fault is looked at.
const NOT_CANONICAL: ProfileError = ProfileError::NotCanonical { offset: 0 };

impl<'a> Reader<'a> {
    /// At the start of a text that should be canonical.
    pub(crate) fn canonical(text: &'a str) -> Reader<'a> {
        Reader { text, at: 0, check: check_text, canonical: true }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Passes over exactly these bytes.
    pub(crate) fn pass(&mut self, expected: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(expected.as_bytes()).then(|| self.at += expected.len())
    }

    /// The text of a string without escapes, which is all a field of a record but its data needs.
    pub(crate) fn plain(&mut self) -> Option<&'a str> {
        self.pass("\"")?;
        let rest = self.text.get(self.at..)?;
        let end = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20)?;
        let text = rest.get(..end)?;
        self.at += end;
        self.pass("\"")?;
        (self.check)(text).is_ok().then_some(text)
    }

    /// `null`, or a string that can be read as something.
    pub(crate) fn null_or<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
        if self.pass("null").is_some() { Some(None) } else { read(self.plain()?).map(Some) }
    }

    /// A number of the profile.
    pub(crate) fn number(&mut self) -> Option<i64> {
        self.integer().ok()?.as_int()
    }

    /// An object of canonical text inside `depth` arrays and objects, of which no tree is made.
    pub(crate) fn canonical_below(&mut self, depth: usize) -> Option<Canonical> {
        let from = self.at;
        self.pass_object(deeper(depth).ok()?)?;
        self.text.get(from..self.at).map(Canonical::read)
    }

    /// Passes over a value; the same that [`Reader::value`] reads.
    fn pass_value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.pass_string(),
            b'[' => self.pass_array(deeper(depth).ok()?),
            b'{' => self.pass_object(deeper(depth).ok()?),
            _ => self.value(depth).ok().map(drop),
        }
    }

    fn pass_string(&mut self) -> Option<()> {
        let from = self.at;
        if self.plain().is_some() {
            return Some(());
        }
        // It has an escape, or is none.
        self.at = from;
        self.value(0).ok().map(drop)
    }

    fn pass_array(&mut self, depth: usize) -> Option<()> {
        self.pass("[")?;
        if self.pass("]").is_some() {
            return Some(());
        }
        loop {
            self.pass_value(depth)?;
            if self.pass("]").is_some() {
                return Some(());
            }
            self.pass(",")?;
        }
    }

    /// Keys in rising order, so that each stands once.
    fn pass_object(&mut self, depth: usize) -> Option<()> {
        self.pass("{")?;
        if self.pass("}").is_some() {
            return Some(());
        }
        let mut last = "";
        loop {
            let key = self.plain().filter(|key| check_key(key).is_ok() && *key > last)?;
            last = key;
            self.pass(":")?;
            self.pass_value(depth)?;
            if self.pass("}").is_some() {
                return Some(());
            }
            self.pass(",")?;
        }
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault<T>(&self) -> Result<T, ProfileError> {
        Err(ProfileError::Syntax { offset: self.at })
    }

    fn skip_space(&mut self) {
        if self.canonical {
            return;
        }
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Result<(), ProfileError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            self.fault()
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ProfileError> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.fault()
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, ProfileError> {
        match self.peek() {
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'"') => {
                let text = self.string()?;
                (self.check)(&text)?;
                Ok(Value::String(text))
            }
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b'[') => self.array(deeper(depth)?),
            Some(b'{') => self.object(deeper(depth)?),
            _ => self.fault(),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, ProfileError> {
        self.eat(b'[')?;
        self.skip_space();
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return self.fault(),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ProfileError> {
        if self.canonical {
            return self.canonical_object(depth);
        }
        self.eat(b'{')?;
        self.skip_space();
        let mut entries = BTreeMap::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(entries));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.fault();
            }
            let key = self.string()?;
            check_key(&key)?;
            self.skip_space();
            self.eat(b':')?;
            self.skip_space();
            let Entry::Vacant(vacant) = entries.entry(key) else { return Err(ProfileError::DuplicateKey) };
            vacant.insert(self.value(depth)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(entries));
                }
                _ => return self.fault(),
            }
        }
    }

    /// Keys in rising order, so that each stands once and the map is built in one go.
    fn canonical_object(&mut self, depth: usize) -> Result<Value, ProfileError> {
        self.eat(b'{')?;
        let mut entries: Vec<(String, Value)> = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(BTreeMap::new()));
        }
        loop {
            let key = self.plain().ok_or(NOT_CANONICAL)?;
            check_key(key)?;
            if entries.last().is_some_and(|(last, _)| last.as_str() >= key) {
                return Err(NOT_CANONICAL);
            }
            self.eat(b':')?;
            entries.push((key.to_owned(), self.value(depth)?));
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(entries.into_iter().collect()));
                }
                _ => return self.fault(),
            }
        }
    }

    /// RFC 8259 §6, of which only integers pass.
    fn integer(&mut self) -> Result<Value, ProfileError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits_from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = &self.text[digits_from..self.at];
        if digits.is_empty() {
            return self.fault();
        }
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(ProfileError::Syntax { offset: digits_from });
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) || &self.text[start..self.at] == "-0" {
            return Err(ProfileError::NotInteger);
        }
        // Sixteen digits hold 2^53-1, and nineteen may not fit an i64.
        if digits.len() > 16 {
            return Err(ProfileError::IntegerRange);
        }
        let number: i64 = self.text[start..self.at].parse().map_err(|_| ProfileError::IntegerRange)?;
        check_integer(number)?;
        Ok(Value::Int(number))
    }

    /// RFC 8259 §7. Whether the text is one of the profile's is for the caller to check.
    fn string(&mut self) -> Result<String, ProfileError> {
        self.eat(b'"')?;
        let mut text = String::new();
        let mut plain_from = self.at;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            self.at += rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    text.push_str(&self.text[plain_from..self.at]);
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    text.push_str(&self.text[plain_from..self.at]);
                    let from = self.at;
                    self.at += 1;
                    let character = self.escape()?;
                    if self.canonical && !is_canonical_escape(character, &self.text[from..self.at]) {
                        return Err(NOT_CANONICAL);
                    }
                    text.push(character);
                    plain_from = self.at;
                }
                _ => return self.fault(),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ProfileError> {
        let escaped = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return self.fault(),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode_escape(&mut self) -> Result<char, ProfileError> {
        let first = self.four_hex()?;
        if let Some(scalar) = char::from_u32(first) {
            return Ok(scalar);
        }
        let high = first;
        let pair_follows = self.text.as_bytes()[self.at..].starts_with(b"\\u");
        if high >= 0xdc00 || !pair_follows {
            return Err(ProfileError::LoneSurrogate);
        }
        self.at += 2;
        let low = self.four_hex()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(ProfileError::LoneSurrogate);
        }
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(ProfileError::LoneSurrogate)
    }

    fn four_hex(&mut self) -> Result<u32, ProfileError> {
        let mut number = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return self.fault();
            };
            number = number * 16 + digit;
            self.at += 1;
        }
        Ok(number)
    }
}

/// Whether RFC 8785 §3.2.2.2 spells this character so.
fn is_canonical_escape(character: char, spelling: &str) -> bool {
    let mut literal = String::with_capacity(8);
    write_string(character.encode_utf8(&mut [0; 4]), &mut literal);
    literal.strip_prefix('"').and_then(|literal| literal.strip_suffix('"')) == Some(spelling)
}
