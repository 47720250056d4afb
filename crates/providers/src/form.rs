//! Form bodies (`application/x-www-form-urlencoded`), read strictly: bytes that are no form are refused with the
//! field's name, never repaired.
//!
//! ```text
//!  sessionId=ATVId_1&callerNumber=%2B254700000001&isActive=1
//!  └── name ─┘ └ value ┘             └ percent-decoded, `+` is a blank
//! ```

use ledger::hash::sha256;

use crate::reading::ReadError;
use crate::word::told;

/// Most fields of one body. Providers send about 25.
pub const FORM_FIELDS_MAX: usize = 64;
/// Longest field name, in bytes. The longest known one has 28.
pub const FORM_NAME_BYTES_MAX: usize = 64;
/// Longest field value, in bytes. The longest known ones are addresses of recordings and long text messages.
pub const FORM_VALUE_BYTES_MAX: usize = 4 * 1024;
/// Longest id of a call, message or session, in bytes. Known ones have up to 38.
pub const ID_BYTES_MAX: usize = 128;
/// Hex digits of a digest in a fact's key: 64 bits, enough to tell apart the events of one call.
const KEY_DIGEST_HEX: usize = 16;

/// What a content type says about a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Form,
    Json,
    Absent,
    Other,
}

impl Media {
    /// Reads a `Content-Type` value, with or without parameters; empty is absent.
    pub(crate) fn of(content_type: &str) -> Media {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "" => Media::Absent,
            "application/x-www-form-urlencoded" => Media::Form,
            "application/json" => Media::Json,
            _ => Media::Other,
        }
    }
}

/// The fields of a body in the order they came. Their names and values stand in one text, one behind the other, so that
/// reading a body takes memory twice and not twice for each field.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields {
    text: String,
    marks: Vec<Mark>,
}

/// Where a field stands in the text. A body has some twenty fields and is asked for some twenty names: most are told
/// apart by the length of the name and its first letter.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// Where the name ends, and the value begins.
    name_end: usize,
    /// Where the value ends.
    end: usize,
    /// Where the name is, without white space around it.
    bare: (usize, usize),
    /// The first byte of that in lower case; 0 where there is none.
    initial: u8,
}

impl Mark {
    /// Of the field whose name begins at `start`.
    fn of(text: &str, start: usize, name_end: usize) -> Mark {
        let name = &text[start..name_end];
        let bare = name.trim_start();
        let from = name_end - bare.len();
        let bare = bare.trim_end();
        let initial = bare.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
        Mark { name_end, end: text.len(), bare: (from, from + bare.len()), initial }
    }

    /// Whether the name is this one, without regard to case and to white space around it.
    fn is_named(&self, text: &str, name: &str) -> bool {
        let (from, to) = self.bare;
        to - from == name.len()
            && name.as_bytes().first().is_none_or(|first| first.eq_ignore_ascii_case(&self.initial))
            && text[from..to].eq_ignore_ascii_case(name)
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fields({})", self.marks.len())
    }
}

/// Reads a form body whose content type must say so, or say nothing.
///
/// # Errors
/// [`ReadError`]: not a form, over a limit, invalid percent escapes or UTF-8, a NUL character.
pub fn read(body: &[u8], content_type: &str) -> Result<Fields, ReadError> {
    match Media::of(content_type) {
        Media::Form | Media::Absent => {}
        Media::Json | Media::Other => {
            return Err(ReadError::ContentType { expected: "application/x-www-form-urlencoded" });
        }
    }
    // A JSON body read as a form is one field with a strange name: it would look empty and be acknowledged.
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return Err(ReadError::NotForm);
    }
    let pairs = || body.split(|b| *b == b'&').filter(|p| !p.is_empty());
    let marks = Vec::with_capacity(pairs().count().min(FORM_FIELDS_MAX));
    // What is decoded is never longer.
    let mut fields = Fields { text: String::with_capacity(body.len()), marks };
    for (index, pair) in pairs().enumerate() {
        let (name, value) = match pair.iter().position(|b| *b == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        let start = fields.text.len();
        decode(name, &mut fields.text)
            .map_err(|reason| ReadError::Encoding { field: format!("#{}", index + 1), reason })?;
        let name_end = fields.text.len();
        decode(value, &mut fields.text).map_err(|reason| {
            let name = &fields.text[start..name_end];
            ReadError::Encoding { field: label(name, index), reason }
        })?;
        fields.check(&fields.text[start..name_end], &fields.text[name_end..])?;
        fields.marks.push(Mark::of(&fields.text, start, name_end));
    }
    Ok(fields)
}

impl Fields {
    /// No field yet.
    pub(crate) fn new() -> Fields {
        Fields { text: String::new(), marks: Vec::new() }
    }

    /// Adds a field, keeping the limits.
    pub(crate) fn push(&mut self, name: &str, value: &str) -> Result<(), ReadError> {
        self.check(name, value)?;
        let start = self.text.len();
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(value);
        self.marks.push(Mark::of(&self.text, start, name_end));
        Ok(())
    }

    /// Whether the next field can be this.
    fn check(&self, name: &str, value: &str) -> Result<(), ReadError> {
        let index = self.marks.len();
        if index == FORM_FIELDS_MAX {
            return Err(ReadError::TooManyFields { max: FORM_FIELDS_MAX });
        }
        if name.len() > FORM_NAME_BYTES_MAX {
            return Err(ReadError::NameTooLong {
                field: format!("#{}", index + 1),
                max: FORM_NAME_BYTES_MAX,
            });
        }
        if value.len() > FORM_VALUE_BYTES_MAX {
            return Err(ReadError::ValueTooLong { field: label(name, index), max: FORM_VALUE_BYTES_MAX });
        }
        // No provider sends NUL, and a database's text cannot hold it.
        if name.contains('\0') || value.contains('\0') {
            return Err(ReadError::Encoding { field: label(name, index), reason: "holds a NUL character" });
        }
        Ok(())
    }

    /// Names and values as they came, in that order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.marks.iter().map(move |mark| {
            let field = (&self.text[start..mark.name_end], &self.text[mark.name_end..mark.end]);
            start = mark.end;
            field
        })
    }

    /// The value of a field exactly as it came, also where it is empty; names are compared without regard to case.
    ///
    /// # Errors
    /// [`ReadError::Ambiguous`] where it stands twice with different values.
    pub fn raw(&self, name: &'static str) -> Result<Option<&str>, ReadError> {
        let named = self.marks.iter().filter(|mark| mark.is_named(&self.text, name));
        let mut values = named.map(|mark| &self.text[mark.name_end..mark.end]);
        let first = values.next();
        if values.any(|value| Some(value) != first) {
            Err(ReadError::Ambiguous { field: name })
        } else {
            Ok(first)
        }
    }

    /// The value of a field without white space around it; none where it is absent, empty or the word `None`.
    ///
    /// # Errors
    /// [`ReadError::Ambiguous`] where it stands twice with different values.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, ReadError> {
        Ok(self.raw(name)?.and_then(told))
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Ambiguous`].
    pub fn required(&self, name: &'static str) -> Result<&str, ReadError> {
        self.get(name)?.ok_or(ReadError::Missing { field: name })
    }

    /// An id that must be there: letters, digits and `. _ ~ -`, so that it can stand in a stream name and a key.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Ambiguous`], [`ReadError::Invalid`].
    pub fn id(&self, name: &'static str) -> Result<&str, ReadError> {
        let id = self.required(name)?;
        is_id(id).map_err(|reason| ReadError::Invalid { field: name, reason })?;
        Ok(id)
    }

    /// A number as told, with the `+` back that form encoding turned into a blank.
    ///
    /// # Errors
    /// [`ReadError::Ambiguous`].
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<String>, ReadError> {
        Ok(self.raw(name)?.and_then(plus_restored))
    }

    /// 16 hex digits that are the same for the same names and values in any order, case of names and spelling of
    /// the leading `+`. Stands in keys where nothing else tells two events apart.
    pub fn digest(&self) -> String {
        let mut pairs: Vec<(String, String)> = self
            .iter()
            .filter_map(|(name, value)| Some((name.trim().to_ascii_lowercase(), plus_restored(value)?)))
            .collect();
        pairs.sort();
        pairs.dedup();
        let canonical = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        key_digest(&canonical)
    }
}

/// Whether a text is an id: letters, digits and `. _ ~ -`, not too long; else why not.
pub(crate) fn is_id(text: &str) -> Result<(), &'static str> {
    if text.len() > ID_BYTES_MAX {
        return Err("is longer than an id can be");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-')) {
        return Err("is not an id");
    }
    Ok(())
}

/// The digest of a text as it stands in keys.
pub(crate) fn key_digest(text: &str) -> String {
    let mut hex = sha256(text.as_bytes()).hex();
    hex.truncate(KEY_DIGEST_HEX);
    hex
}

/// A body written without percent escapes sends `+2547…`, which decodes to ` 2547…`.
fn plus_restored(value: &str) -> Option<String> {
    let told = told(value)?;
    let lost = value.starts_with(' ') && told.as_bytes().first().is_some_and(u8::is_ascii_digit);
    Some(if lost { format!("+{told}") } else { told.to_owned() })
}

/// A field's name for messages: itself where it is a plain word, else its place. A name can hold anything, also a
/// telephone number.
fn label(name: &str, index: usize) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= FORM_NAME_BYTES_MAX
        && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-');
    if plain { name.to_owned() } else { format!("#{}", index + 1) }
}

/// Adds a name or a value: percent escapes and `+` undone, every other byte stands for itself.
fn decode(bytes: &[u8], text: &mut String) -> Result<(), &'static str> {
    const NOT_UTF8: &str = "is not UTF-8";
    if !bytes.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        text.push_str(std::str::from_utf8(bytes).map_err(|_| NOT_UTF8)?);
        return Ok(());
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    return Err("has an invalid percent escape");
                };
                decoded.push(u8::try_from(high * 16 + low).expect("two hex digits are at most 255"));
                rest = &tail[2..];
            }
            other => decoded.push(*other),
        }
    }
    text.push_str(std::str::from_utf8(&decoded).map_err(|_| NOT_UTF8)?);
    Ok(())
}
