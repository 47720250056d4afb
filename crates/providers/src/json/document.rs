//! Nested JSON bodies, read whole; their values are asked for by path (`call.id`).

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::form::{FORM_VALUE_BYTES_MAX, Fields, is_id, key_digest};
use crate::reading::ReadError;
use crate::word::told;

/// Most members of a body's outermost object. Providers send about 20.
const MEMBERS_MAX: usize = 256;

/// A JSON object as it came. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Document(Vec<(String, Node)>);

/// One value of a document.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Document {
    /// Reads a body.
    ///
    /// # Errors
    /// [`ReadError::NotJson`] for anything but one JSON object; [`ReadError::TooManyFields`].
    pub(crate) fn read(body: &[u8]) -> Result<Document, ReadError> {
        match serde_json::from_slice(body) {
            Ok(Node::Object(members)) if members.len() > MEMBERS_MAX => {
                Err(ReadError::TooManyFields { max: MEMBERS_MAX })
            }
            Ok(Node::Object(members)) => Ok(Document(members)),
            _ => Err(ReadError::NotJson),
        }
    }

    /// The fields of a form as a document without depth.
    pub(crate) fn of(fields: &Fields) -> Document {
        let member = |(name, value): (&str, &str)| (name.to_owned(), Node::Text(value.to_owned()));
        Document(fields.iter().map(member).collect())
    }

    /// The value at a path; none where it or an object above it is absent or `null`.
    ///
    /// # Errors
    /// [`ReadError::Ambiguous`] where a name on the way stands twice with different values.
    pub(crate) fn get(&self, path: &'static str) -> Result<Option<&Node>, ReadError> {
        let mut members = &self.0;
        let mut found = None;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let mut named = members.iter().filter(|(n, _)| n == name).map(|(_, node)| node);
            let Some(node) = named.next() else { return Ok(None) };
            if named.any(|other| other != node) {
                return Err(ReadError::Ambiguous { field: path });
            }
            match node {
                Node::Object(inner) if names.peek().is_some() => members = inner,
                Node::Null => return Ok(None),
                _ if names.peek().is_some() => return Ok(None),
                _ => found = Some(node),
            }
        }
        Ok(found)
    }

    /// The text, number or boolean at a path, without white space around it; none where it is absent, empty, the word
    /// `None`, a list or an object.
    ///
    /// # Errors
    /// As [`Document::get`]; [`ReadError::ValueTooLong`], [`ReadError::Encoding`] for a NUL character, which a
    /// database's text cannot hold.
    pub(crate) fn text(&self, path: &'static str) -> Result<Option<String>, ReadError> {
        self.get(path)?.map_or(Ok(None), |node| node.text(path))
    }

    /// The first of these paths that has a text.
    ///
    /// # Errors
    /// As [`Document::text`].
    pub(crate) fn first(&self, paths: &[&'static str]) -> Result<Option<String>, ReadError> {
        for path in paths {
            if let Some(text) = self.text(path)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The first of these paths that has a whole number of seconds; a number that is none is left out, the raw body
    /// keeps it.
    ///
    /// # Errors
    /// As [`Document::text`].
    pub(crate) fn seconds(&self, paths: &[&'static str]) -> Result<Option<u32>, ReadError> {
        Ok(self.first(paths)?.and_then(|text| text.parse().ok()))
    }

    /// An id that must be there, fit to stand in a stream name and a key.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Invalid`], and as [`Document::text`].
    pub(crate) fn id(&self, path: &'static str) -> Result<String, ReadError> {
        let id = self.text(path)?.ok_or(ReadError::Missing { field: path })?;
        is_id(&id).map_err(|reason| ReadError::Invalid { field: path, reason })?;
        Ok(id)
    }

    /// 16 hex digits that are the same for the same values in any order of members and any layout.
    pub(crate) fn digest(&self) -> String {
        let mut canonical = String::new();
        write_members(&self.0, &mut canonical);
        key_digest(&canonical)
    }
}

impl Node {
    /// See [`Document::text`].
    pub(crate) fn text(&self, path: &'static str) -> Result<Option<String>, ReadError> {
        let text = match self {
            Node::Text(text) => text.clone(),
            Node::Number(number) => number.to_string(),
            Node::Flag(flag) => flag.to_string(),
            Node::Null | Node::List(_) | Node::Object(_) => return Ok(None),
        };
        if text.len() > FORM_VALUE_BYTES_MAX {
            return Err(ReadError::ValueTooLong { field: path.to_owned(), max: FORM_VALUE_BYTES_MAX });
        }
        if text.contains('\0') {
            return Err(ReadError::Encoding { field: path.to_owned(), reason: "holds a NUL character" });
        }
        Ok(told(&text).map(str::to_owned))
    }
}

fn write_members(members: &[(String, Node)], canonical: &mut String) {
    let mut written: Vec<String> = members
        .iter()
        .map(|(name, node)| {
            let mut member = quoted(name);
            member.push(':');
            write_node(node, &mut member);
            member
        })
        .collect();
    written.sort();
    written.dedup();
    canonical.push('{');
    canonical.push_str(&written.join(","));
    canonical.push('}');
}

fn write_node(node: &Node, canonical: &mut String) {
    match node {
        Node::Null => canonical.push_str("null"),
        Node::Flag(flag) => write!(canonical, "{flag}").expect("writing to a string cannot fail"),
        Node::Number(number) => write!(canonical, "{number}").expect("writing to a string cannot fail"),
        Node::Text(text) => canonical.push_str(&quoted(text)),
        Node::List(items) => {
            canonical.push('[');
            for item in items {
                write_node(item, canonical);
                canonical.push(',');
            }
            canonical.push(']');
        }
        Node::Object(members) => write_members(members, canonical),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Keeps every member, also of two with one name, which a map would silently make one.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}
