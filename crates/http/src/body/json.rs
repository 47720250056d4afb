//! JSON as it was sent: numbers keep their text, members keep their order, and what could be read in two ways is
//! refused.
//!
//! `serde_json`'s own value keeps the last of two equal names and turns a long number into a double; both would change
//! what a client said. So the text is taken apart level by level: a container into the raw texts of its parts, and
//! these one by one, never deeper than [`JSON_DEPTH_MAX`].

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::{Kind, Problem};

/// Deepest nesting; requests of ours need four levels.
pub const JSON_DEPTH_MAX: usize = 32;
/// Most values in one body: bounds the memory that a body of `[0,0,0,…` can make us use.
pub const JSON_VALUES_MAX: usize = 20_000;
/// Longest number, in characters. Amounts have 28 digits at most.
pub const NUMBER_CHARS_MAX: usize = 64;
/// Longest member name, in bytes.
const NAME_BYTES_MAX: usize = 1024;

/// A JSON value. `Debug` shows only its type, since it may hold anything personal.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as the decimal text that was sent.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Members in the order sent; each name once.
    Object(Vec<(String, Node)>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name())
    }
}

impl Node {
    /// The word for its type, in messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::Text(_) => "a string",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        }
    }

    /// The value as compact JSON, numbers as they were sent.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match self {
            Node::Null => out.push_str("null"),
            Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Node::Number(text) => out.push_str(text),
            Node::Text(text) => write_string(text, out),
            Node::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Node::Object(members) => {
                out.push('{');
                for (n, (name, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("a string is JSON"));
}

/// Reads one JSON value and nothing behind it.
///
/// # Errors
/// 400 for what is not JSON in UTF-8, or stands deeper, longer or more often than the limits, naming the place; a
/// name that stands twice in one object.
pub fn parse(bytes: &[u8]) -> Result<Node, Problem> {
    let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| {
        let detail = match (bytes.is_empty(), std::str::from_utf8(bytes)) {
            (true, _) => "The body is empty; JSON was expected.".to_owned(),
            (_, Err(_)) => "The body is not UTF-8.".to_owned(),
            // The message names what was expected and where, never what stood there.
            _ => format!("The body is not JSON: {error}."),
        };
        Problem::new(Kind::Malformed, detail)
    })?;
    let mut parser = Parser { path: Vec::new(), values: 0 };
    parser.node(raw)
}

/// Where the parser is.
struct Parser {
    path: Vec<Step>,
    values: usize,
}

enum Step {
    Name(String),
    Index(usize),
}

impl Parser {
    fn node(&mut self, raw: &RawValue) -> Result<Node, Problem> {
        self.values += 1;
        if self.values > JSON_VALUES_MAX {
            return Err(Problem::new(
                Kind::Malformed,
                format!("The body has more than {JSON_VALUES_MAX} values."),
            ));
        }
        let text = raw.get();
        let nests = matches!(text.as_bytes().first(), Some(b'{' | b'['));
        if nests && self.path.len() >= JSON_DEPTH_MAX {
            return Err(self.fault(&format!("is nested more than {JSON_DEPTH_MAX} levels deep")));
        }
        Ok(match text.as_bytes().first() {
            Some(b'{') => Node::Object(self.members(text)?),
            Some(b'[') => Node::List(self.items(text)?),
            Some(b'"') => Node::Text(self.read(text)?),
            Some(b't') => Node::Bool(true),
            Some(b'f') => Node::Bool(false),
            Some(b'n') => Node::Null,
            _ if text.len() > NUMBER_CHARS_MAX => {
                return Err(self.fault(&format!("is a number of more than {NUMBER_CHARS_MAX} characters")));
            }
            _ => Node::Number(text.to_owned()),
        })
    }

    fn members(&mut self, text: &str) -> Result<Vec<(String, Node)>, Problem> {
        let Members(raw) = self.read(text)?;
        let mut names = HashSet::with_capacity(raw.len());
        for (name, _) in &raw {
            if name.len() > NAME_BYTES_MAX {
                return Err(self.fault(&format!("has a name of more than {NAME_BYTES_MAX} bytes")));
            }
            if !names.insert(name.as_str()) {
                self.path.push(Step::Name(name.clone()));
                return Err(self.fault("stands twice in one object"));
            }
        }
        drop(names);
        let mut members = Vec::with_capacity(raw.len());
        for (name, value) in raw {
            self.path.push(Step::Name(name.clone()));
            members.push((name, self.node(value)?));
            self.path.pop();
        }
        Ok(members)
    }

    fn items(&mut self, text: &str) -> Result<Vec<Node>, Problem> {
        let Items(raw) = self.read(text)?;
        let mut items = Vec::with_capacity(raw.len());
        for (index, value) in raw.into_iter().enumerate() {
            self.path.push(Step::Index(index));
            items.push(self.node(value)?);
            self.path.pop();
        }
        Ok(items)
    }

    /// The whole was valid JSON before, so what fails here is a string: half a surrogate pair.
    fn read<'t, T: Deserialize<'t>>(&self, text: &'t str) -> Result<T, Problem> {
        serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                self.fault(&format!("has more than {JSON_VALUES_MAX} values"))
            }
            _ => self.fault("holds an invalid escape"),
        })
    }

    fn fault(&self, reason: &str) -> Problem {
        Problem::field(Kind::Malformed, &self.place(), reason)
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Name(name) => push_name(&mut place, name),
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        if place.is_empty() { "body".to_owned() } else { place }
    }
}

/// Adds a member to a path. A name that is no plain word is not repeated: it can hold anything.
pub(crate) fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let plain = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    path.push_str(if plain { name } else { "*" });
}

/// Members with their values unread.
struct Members<'t>(Vec<(String, &'t RawValue)>);
/// Items unread.
struct Items<'t>(Vec<&'t RawValue>);
struct MembersVisitor;
struct ItemsVisitor;

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Members<'t>, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'t> Deserialize<'t> for Items<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Items<'t>, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

impl<'t> Visitor<'t> for MembersVisitor {
    type Value = Members<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Members<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            if members.len() == JSON_VALUES_MAX {
                return Err(serde::de::Error::custom("too many members"));
            }
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl<'t> Visitor<'t> for ItemsVisitor {
    type Value = Items<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<Items<'t>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == JSON_VALUES_MAX {
                return Err(serde::de::Error::custom("too many items"));
            }
            items.push(item);
        }
        Ok(Items(items))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What comes out again, or the sentence of the refusal.
    fn check(text: &str, expected: Result<&str, &str>) {
        let read = parse(text.as_bytes());
        let read = read.as_ref().map(Node::to_json).map_err(|p| p.detail().to_owned());
        match (&read, expected) {
            (Ok(json), Ok(expected)) => assert_eq!(json, expected),
            (Err(detail), Err(part)) => assert!(detail.contains(part), "{detail:?} does not hold {part:?}"),
            _ => panic!("{text:.60}: {read:?}"),
        }
    }

    #[test]
    fn numbers_and_order_are_kept() {
        check(
            r#" {"b":25000.10,"a":1e400, "c":[-0,12345678901234567890123456789.5]} "#,
            Ok(r#"{"b":25000.10,"a":1e400,"c":[-0,12345678901234567890123456789.5]}"#),
        );
        check(r#""\u0041\n\"""#, Ok(r#""A\n\"""#));
        check("null", Ok("null"));
        check("[]", Ok("[]"));
        check("{}", Ok("{}"));
        check("[true,false]", Ok("[true,false]"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        check(r#"{"terms":{"a":1,"a":2}}"#, Err("terms.a: stands twice"));
        check(r#"{"a":1,"\u0061":2}"#, Err("a: stands twice"));
        check(r#"{"a":[{"b":"\ud800"}]}"#, Err("a[0].b: holds an invalid escape"));
        check(r#"{"+254712345678":"\ud800"}"#, Err("*: holds an invalid escape"));
        check(r#"{"a":"\ud800\u0041"}"#, Err("a: holds an invalid escape"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "{",
            "{]",
            "{'a':1}",
            "[1,]",
            "01",
            "+1",
            "1.",
            ".5",
            "NaN",
            "Infinity",
            "-Infinity",
            "tru",
            "1 2",
            "{\"a\":\"\n\"}",
            "\u{feff}{}",
        ] {
            check(text, Err("The body is not JSON"));
        }
        check("", Err("The body is empty"));
        assert!(parse(b"\"\xff\"").unwrap_err().detail().contains("not UTF-8"));
        let utf16: Vec<u8> = "{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(parse(&utf16).unwrap_err().kind(), Kind::Malformed);
    }

    #[test]
    fn limits() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check(&nested(JSON_DEPTH_MAX), Ok(&nested(JSON_DEPTH_MAX)));
        check(&nested(JSON_DEPTH_MAX + 1), Err("levels deep"));
        check(&nested(5_000), Err("levels deep"));
        check(
            &format!("{{\"a\":{}}}", "9".repeat(NUMBER_CHARS_MAX)),
            Ok(&format!("{{\"a\":{}}}", "9".repeat(64))),
        );
        check(&format!("{{\"a\":{}}}", "9".repeat(NUMBER_CHARS_MAX + 1)), Err("a: is a number of more than"));
        check(&format!("[{}0]", "0,".repeat(JSON_VALUES_MAX)), Err("more than 20000 values"));
        check(
            &format!("[[{}0],[{}0]]", "0,".repeat(12_000), "0,".repeat(12_000)),
            Err("more than 20000 values"),
        );
    }
}
