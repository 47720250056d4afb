//! JSON bodies: flat ones read into the same fields as forms, nested ones as documents, and ours as they are written.

pub(crate) mod document;
pub(crate) mod members;

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::form::Fields;
use crate::reading::ReadError;

/// Reads a JSON object of strings, numbers and booleans; `null` is an absent field, and lists and objects are
/// further fields nobody reads, kept as their JSON text.
///
/// # Errors
/// [`ReadError::NotJson`], or a limit of [`Fields`].
pub(crate) fn read(body: &[u8]) -> Result<Fields, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    // An object's members as a list, since a map would silently keep the last of two equal names.
    let members = deserializer.deserialize_map(Members).map_err(|_| ReadError::NotJson)?;
    deserializer.end().map_err(|_| ReadError::NotJson)?;
    let mut fields = Fields::new();
    let Some(members) = members else {
        return Err(ReadError::TooManyFields { max: crate::form::FORM_FIELDS_MAX });
    };
    for (name, value) in members {
        match value {
            Value::Null => {}
            Value::String(text) => fields.push(&name, &text)?,
            other => fields.push(&name, &other.to_string())?,
        }
    }
    Ok(fields)
}

/// The members in order, or none where there are more than the limit.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Option<Vec<(String, Value)>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.len() == crate::form::FORM_FIELDS_MAX {
                map.next_value::<IgnoredAny>()?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            members.push((name, map.next_value::<Value>()?));
        }
        Ok(Some(members))
    }
}
