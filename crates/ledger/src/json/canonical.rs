//! Values of the program's own types, written in canonical form in one pass.
//!
//! Going through [`Value`](super::Value) costs a map and a string per member. Here the members of an object are written where they
//! come, and only moved where they did not come in order. A property test holds the bytes against [`Value::canonical`](super::Value::canonical)
//! and a general canonicaliser.

use std::fmt;

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{
    ProfileError, Value, check_integer, check_key, check_text, deeper, parse_canonical, write_integer,
    write_string,
};

/// JSON of the profile in its canonical form (RFC 8785), as text. Only this module and the reader of records make one, so that
/// the text needs no check wherever it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical(String);

impl Canonical {
    /// Writes a value of any serialisable type.
    ///
    /// # Errors
    /// [`ProfileError`] where it lies outside the profile; for what no JSON can hold, such as a map with keys that are
    /// no strings, [`ProfileError::Key`].
    pub fn of(value: &impl Serialize) -> Result<Canonical, ProfileError> {
        let mut out = String::with_capacity(128);
        value.serialize(Writer { out: &mut out, depth: 0 }).map_err(|Refused(error)| error)?;
        Ok(Canonical(out))
    }

    /// A text that was read as canonical to the byte.
    pub(super) fn read(text: &str) -> Canonical {
        Canonical(text.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as a tree.
    pub fn value(&self) -> Value {
        parse_canonical(self.0.as_bytes())
            .expect("nothing else than canonical text of the profile becomes one of these")
    }

    /// The value under `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<Value> {
        let value = Named(self.0.strip_prefix('{')?).take_while(|(name, _)| *name <= key).last();
        let (_, text) = value.filter(|(name, _)| *name == key)?;
        Some(Canonical::read(text).value())
    }

    /// How many arrays and objects lie inside each other.
    pub(crate) fn depth(&self) -> usize {
        let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
        for byte in self.0.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
        }
        deepest
    }

    /// Takes an object apart that has the two members `data` and `type` and no others, the second a plain word: as
    /// serde writes a variant tagged by these names.
    pub fn into_data_and_type(self) -> Option<(Canonical, String)> {
        const BEFORE: &str = "{\"data\":";
        const BETWEEN: &str = ",\"type\":\"";
        // The keys are in order and the word has no quotation marks, so the first member ends at the last such mark.
        let (data, word) = self.0.strip_prefix(BEFORE)?.strip_suffix("\"}")?.rsplit_once(BETWEEN)?;
        if word.contains(['"', '\\']) {
            return None;
        }
        let (word, end) = (word.to_owned(), BEFORE.len() + data.len());
        let mut text = self.0;
        text.truncate(end);
        text.drain(..BEFORE.len());
        Some((Canonical(text), word))
    }
}

/// The members of an object in canonical text that are left: name, and the text of the value.
struct Named<'a>(&'a str);

impl<'a> Iterator for Named<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        // A key of the profile needs no escapes.
        let (name, rest) = self.0.strip_prefix('"')?.split_once("\":")?;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        let end = rest.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b',' | b'}' if depth == 0 => return true,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            false
        })?;
        self.0 = rest.get(end + 1..)?;
        Some((name, rest.get(..end)?))
    }
}

/// Why a value was not written.
#[derive(Debug)]
struct Refused(ProfileError);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Refused {}

impl Error for Refused {
    /// What a type says of itself when it cannot be written: it has no form in JSON.
    fn custom<T: fmt::Display>(_: T) -> Refused {
        Refused(ProfileError::Key)
    }
}

impl From<ProfileError> for Refused {
    fn from(error: ProfileError) -> Refused {
        Refused(error)
    }
}

struct Writer<'a> {
    out: &'a mut String,
    /// Arrays and objects around this value.
    depth: usize,
}

impl<'a> Writer<'a> {
    fn items(self) -> Result<Items<'a>, Refused> {
        let depth = deeper(self.depth)?;
        self.out.push('[');
        Ok(Items { out: self.out, depth, first: true, close: "]" })
    }

    fn members(self) -> Result<Members<'a>, Refused> {
        let depth = deeper(self.depth)?;
        self.out.push('{');
        let start = self.out.len();
        Ok(Members { out: self.out, depth, start, members: Vec::new(), sorted: true, close: "}" })
    }

    /// An object of one member, as a variant with content is written.
    fn tagged(self, variant: &str) -> Result<Writer<'a>, Refused> {
        let depth = deeper(self.depth)?;
        check_key(variant)?;
        self.out.push('{');
        write_string(variant, self.out);
        self.out.push(':');
        Ok(Writer { out: self.out, depth })
    }

    fn integer(self, number: i64) -> Result<(), Refused> {
        check_integer(number)?;
        write_integer(number, self.out);
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident $number:ty),*) => {$(
        fn $method(self, number: $number) -> Result<(), Refused> {
            self.integer(i64::try_from(number).map_err(|_| ProfileError::IntegerRange)?)
        }
    )*};
}

impl<'a> serde::Serializer for Writer<'a> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Members<'a>;

    integers!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128);
    integers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128);

    fn serialize_f32(self, _: f32) -> Result<(), Refused> {
        Err(ProfileError::NotInteger.into())
    }

    fn serialize_f64(self, _: f64) -> Result<(), Refused> {
        Err(ProfileError::NotInteger.into())
    }

    fn serialize_bool(self, truth: bool) -> Result<(), Refused> {
        self.out.push_str(if truth { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, character: char) -> Result<(), Refused> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        check_text(text)?;
        write_string(text, self.out);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        let mut items = self.items()?;
        bytes.iter().try_for_each(|byte| items.item(byte))?;
        items.finish()
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refused> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        let Writer { out, depth } = self.tagged(variant)?;
        value.serialize(Writer { out: &mut *out, depth })?;
        out.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Refused> {
        self.items()
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Refused> {
        self.items()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Refused> {
        self.items()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Refused> {
        Ok(Items { close: "]}", ..self.tagged(variant)?.items()? })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'a>, Refused> {
        self.members()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'a>, Refused> {
        self.members()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'a>, Refused> {
        Ok(Members { close: "}}", ..self.tagged(variant)?.members()? })
    }
}

/// An array under way.
struct Items<'a> {
    out: &'a mut String,
    depth: usize,
    first: bool,
    close: &'static str,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        value.serialize(Writer { out: &mut *self.out, depth: self.depth })
    }

    fn finish(self) -> Result<(), Refused> {
        self.out.push_str(self.close);
        Ok(())
    }
}

macro_rules! items {
    ($($of:ident $method:ident),*) => {$(
        impl $of for Items<'_> {
            type Ok = ();
            type Error = Refused;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.item(value)
            }
            fn end(self) -> Result<(), Refused> {
                self.finish()
            }
        }
    )*};
}
items!(SerializeSeq serialize_element, SerializeTuple serialize_element);
items!(SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

/// An object under way.
struct Members<'a> {
    out: &'a mut String,
    depth: usize,
    /// Where its first member begins.
    start: usize,
    members: Vec<Member>,
    /// Whether each key so far was greater than the one before.
    sorted: bool,
    close: &'static str,
}

/// Where a member stands: its key between quotation marks from `start` on, its value up to `end`.
struct Member {
    start: usize,
    key_bytes: usize,
    end: usize,
}

impl Member {
    fn key<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start + 1..self.start + 1 + self.key_bytes]
    }
}

impl Members<'_> {
    fn key(&mut self, key: &str) -> Result<(), Refused> {
        check_key(key)?;
        if let Some(before) = self.members.last() {
            self.sorted &= before.key(self.out) < key;
            self.out.push(',');
        }
        self.members.push(Member { start: self.out.len(), key_bytes: key.len(), end: 0 });
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(Writer { out: &mut *self.out, depth: self.depth })?;
        let member = self.members.last_mut().expect("serde gives a key before its value");
        member.end = self.out.len();
        Ok(())
    }

    fn finish(mut self) -> Result<(), Refused> {
        if !self.sorted {
            self.sort()?;
        }
        self.out.push_str(self.close);
        Ok(())
    }

    fn sort(&mut self) -> Result<(), Refused> {
        let written = self.out.clone();
        self.members.sort_unstable_by_key(|member| member.key(&written));
        if self.members.windows(2).any(|pair| pair[0].key(&written) == pair[1].key(&written)) {
            return Err(ProfileError::DuplicateKey.into());
        }
        self.out.truncate(self.start);
        for (index, member) in self.members.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.out.push_str(&written[member.start..member.end]);
        }
        Ok(())
    }
}

macro_rules! fields {
    ($($of:ident),*) => {$(
        impl $of for Members<'_> {
            type Ok = ();
            type Error = Refused;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Refused> {
                self.key(key)?;
                self.value(value)
            }
            fn end(self) -> Result<(), Refused> {
                self.finish()
            }
        }
    )*};
}
fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        let mut text = String::new();
        key.serialize(Writer { out: &mut text, depth: 0 }).map_err(|_| ProfileError::Key)?;
        // A string that holds what no key may hold is refused as a key, escaped or not.
        let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        self.key(key.ok_or(ProfileError::Key)?)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.value(value)
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}
