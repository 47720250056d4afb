//! JSON objects in the making, their members in the order they are put in, as the providers' documents show them.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// An object. `Debug` is not there: it may hold people's numbers.
#[derive(Clone, Default)]
pub(crate) struct Members(Vec<(String, Item)>);

/// One value.
#[derive(Clone)]
pub(crate) enum Item {
    Flag(bool),
    Number(u32),
    Text(String),
    List(Vec<Members>),
    Object(Members),
}

impl Members {
    /// No member yet.
    pub(crate) fn new() -> Members {
        Members::default()
    }

    /// Adds a member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Item>) -> Members {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a member where there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<Item>>) -> Members {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds all members of another object.
    pub(crate) fn and(mut self, others: Members) -> Members {
        self.0.extend(others.0);
        self
    }

    /// The JSON, in one line.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and string-keyed maps are always JSON")
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Item::Flag(flag) => flag.serialize(serializer),
            Item::Number(number) => number.serialize(serializer),
            Item::Text(text) => text.serialize(serializer),
            Item::List(items) => items.serialize(serializer),
            Item::Object(members) => members.serialize(serializer),
        }
    }
}

impl From<bool> for Item {
    fn from(flag: bool) -> Item {
        Item::Flag(flag)
    }
}

impl From<u8> for Item {
    fn from(number: u8) -> Item {
        Item::Number(number.into())
    }
}

impl From<u16> for Item {
    fn from(number: u16) -> Item {
        Item::Number(number.into())
    }
}

impl From<u32> for Item {
    fn from(number: u32) -> Item {
        Item::Number(number)
    }
}

impl From<&str> for Item {
    fn from(text: &str) -> Item {
        Item::Text(text.to_owned())
    }
}

impl From<String> for Item {
    fn from(text: String) -> Item {
        Item::Text(text)
    }
}

impl From<Vec<Members>> for Item {
    fn from(items: Vec<Members>) -> Item {
        Item::List(items)
    }
}

impl From<Members> for Item {
    fn from(members: Members) -> Item {
        Item::Object(members)
    }
}
