//! Reading fields out of a request: every wrong field is found and named, not only the first.
//!
//! A read that fails notes its fault and answers none; the caller goes on, and asks [`Faults::refuse`] at the end.

use std::cell::RefCell;
use std::str::FromStr;

use contract::phone::{Country, Phone};

use super::json::{Node, push_name};
use super::text;
use crate::problem::{Fault, Kind, Problem};

/// Faults found so far.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    /// None yet.
    pub fn new() -> Faults {
        Faults::default()
    }

    /// Notes one.
    pub fn note(&self, field: impl Into<String>, reason: impl Into<String>) {
        self.0.borrow_mut().push(Fault { field: field.into(), reason: reason.into() });
    }

    /// All faults as one refusal, or the value that was read. A value is only missing where a fault was noted.
    ///
    /// # Errors
    /// The refusal, of this kind.
    pub fn refuse<T>(self, kind: Kind, value: Option<T>) -> Result<T, Problem> {
        let faults = self.0.into_inner();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ if faults.is_empty() => Err(Problem::field(kind, "body", "is not complete")),
            _ => Err(Problem::fields(kind, faults)),
        }
    }
}

/// An object being read.
#[derive(Clone)]
pub struct Object<'a> {
    members: &'a [(String, Node)],
    path: String,
    faults: &'a Faults,
}

/// A field that is there and not null.
pub struct Field<'a> {
    node: &'a Node,
    path: String,
    faults: &'a Faults,
}

impl<'a> Object<'a> {
    /// The body itself, which must be an object.
    pub fn body(node: &'a Node, faults: &'a Faults) -> Option<Object<'a>> {
        Field { node, path: String::new(), faults }.object()
    }

    /// A member; null counts as left out.
    pub fn get(&self, name: &str) -> Option<Field<'a>> {
        let (_, node) = self.members.iter().find(|(n, _)| n == name)?;
        if *node == Node::Null {
            return None;
        }
        let path = self.path_of(name);
        Some(Field { node, path, faults: self.faults })
    }

    /// A member that must be there.
    pub fn required(&self, name: &str) -> Option<Field<'a>> {
        let field = self.get(name);
        if field.is_none() {
            self.faults.note(self.path_of(name), "is required");
        }
        field
    }

    /// Members in the order sent.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        self.members.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// The path of a member.
    pub fn path_of(&self, name: &str) -> String {
        let mut path = self.path.clone();
        push_name(&mut path, name);
        path
    }

    /// Notes a fault of a member.
    pub fn fault(&self, name: &str, reason: impl Into<String>) {
        self.faults.note(self.path_of(name), reason);
    }
}

impl<'a> Field<'a> {
    /// Notes a fault of this field.
    pub fn fault<T>(&self, reason: impl Into<String>) -> Option<T> {
        let path = if self.path.is_empty() { "body" } else { &self.path };
        self.faults.note(path, reason);
        None
    }

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        self.fault(format!("must be {expected}, not {}", self.node.type_name()))
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.node, Node::List(_))
    }

    /// Whether it is a string.
    pub fn is_text(&self) -> bool {
        matches!(self.node, Node::Text(_))
    }

    /// Whatever it is, as compact JSON.
    pub fn to_json(&self) -> String {
        self.node.to_json()
    }

    /// An object.
    pub fn object(&self) -> Option<Object<'a>> {
        match self.node {
            Node::Object(members) => Some(Object { members, path: self.path.clone(), faults: self.faults }),
            _ => self.wrong_type("an object"),
        }
    }

    /// A list, item by item; null items are faults of their own.
    pub fn list(&self) -> Option<Vec<Field<'a>>> {
        let Node::List(items) = self.node else { return self.wrong_type("a list") };
        let item =
            |(index, node)| Field { node, path: format!("{}[{index}]", self.path), faults: self.faults };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A text in its normal form, white space around it removed; empty is a fault.
    pub fn text(&self, bytes_max: usize) -> Option<String> {
        let text = self.text_as_sent(bytes_max)?;
        let trimmed = text.trim();
        if trimmed.is_empty() { self.fault("is empty") } else { Some(trimmed.to_owned()) }
    }

    /// A text in its normal form; may be empty.
    pub fn text_as_sent(&self, bytes_max: usize) -> Option<String> {
        let Node::Text(text) = self.node else { return self.wrong_type("a string") };
        match text::normal(text, bytes_max) {
            Ok(text) => Some(text),
            Err(error) => self.fault(error.to_string()),
        }
    }

    /// The decimal text of a number, or a text, as it was sent.
    pub fn number_or_text(&self, bytes_max: usize) -> Option<String> {
        match self.node {
            Node::Number(text) => Some(text.clone()),
            Node::Text(_) => self.text(bytes_max),
            _ => self.wrong_type("a number or a string"),
        }
    }

    /// A number or text read by a type's own rules.
    pub fn parsed<T: FromStr>(&self, bytes_max: usize) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.number_or_text(bytes_max)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => self.fault(error.to_string()),
        }
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.node {
            Node::Bool(flag) => Some(*flag),
            _ => self.wrong_type("true or false"),
        }
    }

    /// A whole number within bounds, sent as a number.
    pub fn whole_number(&self, min: u32, max: u32) -> Option<u32> {
        let Node::Number(text) = self.node else { return self.wrong_type("a whole number") };
        match text.parse::<u32>() {
            Ok(value) if (min..=max).contains(&value) => Some(value),
            _ => self.fault(format!("must be a whole number from {min} to {max}")),
        }
    }

    /// `true` or `false`.
    pub fn truth(&self) -> Option<bool> {
        match self.node {
            Node::Bool(value) => Some(*value),
            _ => self.wrong_type("true or false"),
        }
    }

    /// A telephone number, sent as text.
    pub fn phone(&self, country: Country) -> Option<Phone> {
        let Node::Text(text) = self.node else { return self.wrong_type("a phone number as a string") };
        match Phone::read(text, country) {
            Ok(phone) => Some(phone),
            Err(error) => self.fault(error.to_string()),
        }
    }

    /// One word of a closed list.
    pub fn word<T>(&self, known: &[(&str, T)]) -> Option<T>
    where
        T: Clone,
    {
        let Node::Text(text) = self.node else { return self.wrong_type("a string") };
        match known.iter().find(|(word, _)| word == text) {
            Some((_, value)) => Some(value.clone()),
            None => {
                let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
                self.fault(format!("must be one of {}", words.join(", ")))
            }
        }
    }
}
