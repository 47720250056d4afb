//! Query parameters: each at most once, faults named like those of bodies.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::body::field::Faults;
use crate::problem::{Kind, Problem};

/// Most parameters of one request.
const PARAMETERS_MAX: usize = 32;

/// The parameters of a request. A raw `+` has become a blank, as forms want it; readers of phone numbers undo that.
#[derive(Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Problem> {
        Query::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    /// Reads a raw query.
    ///
    /// # Errors
    /// 400 for a parameter that stands twice, or too many.
    pub fn read(raw: &str) -> Result<Query, Problem> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(raw.as_bytes()) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(Problem::new(
                    Kind::Malformed,
                    format!("More than {PARAMETERS_MAX} query parameters."),
                ));
            }
            if parameters.iter().any(|(n, _)| *n == name) {
                let mut path = String::new();
                crate::body::json::push_name(&mut path, &name);
                return Err(Problem::field(Kind::Malformed, &path, "stands twice in the query"));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Query(parameters))
    }

    /// A parameter that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(n, _)| n == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A whole number within bounds, or `default` where it is left out.
    pub fn whole_number<T>(&self, name: &str, min: T, max: T, default: T, faults: &Faults) -> T
    where
        T: FromStr + PartialOrd + std::fmt::Display + Copy,
    {
        match self.get(name).map(str::parse::<T>) {
            None => default,
            Some(Ok(value)) if min <= value && value <= max => value,
            Some(_) => {
                faults.note(name, format!("must be a whole number from {min} to {max}"));
                default
            }
        }
    }

    /// The parameters but those named, written again for a link.
    pub fn without(&self, names: &[&str]) -> form_urlencoded::Serializer<'static, String> {
        let mut kept = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(n, _)| !names.contains(&n.as_str())) {
            kept.append_pair(name, value);
        }
        kept
    }
}
