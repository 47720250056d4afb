//! Who takes a step: a party, by its number and code in the query or the body, or whoever runs the ledger.

use axum::http::HeaderMap;
use axum::http::header::IF_MATCH;
use contract::command::{Act, Actor, Deed};
use contract::phone::{Country, PHONE_TEXT_BYTES_MAX, Phone};
use ledger::hash::Hash;

use crate::body::field::{Faults, Object};
use crate::body::json::Node;
use crate::problem::{Kind, Problem};
use crate::query::Query;

/// Longest code a client may send, in bytes; ours have four digits.
const CODE_BYTES_MAX: usize = 32;

/// What a request says, besides what is to be done.
pub(crate) struct Request<'a> {
    pub contract_id: &'a str,
    pub query: &'a Query,
    pub headers: &'a HeaderMap,
    pub body: &'a Node,
    pub country: Country,
}

impl Request<'_> {
    /// Reads a step. `by_operator` says that it can be taken without a party.
    ///
    /// # Errors
    /// 422 naming what is missing or wrong; a field that stands in both places with different values.
    pub fn act(
        &self,
        by_operator: bool,
        deed: impl FnOnce(&Object<'_>) -> Option<Deed>,
    ) -> Result<Act, Problem> {
        let faults = Faults::new();
        let read = Object::body(self.body, &faults).and_then(|body| {
            let actor = self.actor(&body, by_operator, &faults);
            let deed = deed(&body);
            Some(Act {
                contract_id: self.contract_id.to_owned(),
                actor: actor?,
                deed: deed?,
                if_head: if_head(self.headers),
            })
        });
        faults.refuse(Kind::Invalid, read)
    }

    /// The step without who takes it and what is done.
    pub fn bare(&self) -> Act {
        let (actor, deed) = (Actor::Operator, Deed::Complete);
        Act { contract_id: self.contract_id.to_owned(), actor, deed, if_head: if_head(self.headers) }
    }

    fn actor(&self, body: &Object<'_>, by_operator: bool, faults: &Faults) -> Option<Actor> {
        let operator = match body.get("operator").filter(|_| by_operator) {
            Some(field) => field.truth()?,
            None => false,
        };
        if operator {
            // Never by mistake: who means a party and forgets to name it does not act as the operator.
            if self.names_a_party(body) {
                faults.note("operator", "cannot be true beside a phone number or a code");
                return None;
            }
            return Some(Actor::Operator);
        }
        let phone = self.phone(body, "phone_number", faults);
        let code = value(body, self.query, "code", faults);
        Some(Actor::Party { phone: phone?, code: code? })
    }

    /// Whether a party is named, well or not.
    pub fn names_a_party(&self, body: &Object<'_>) -> bool {
        let is_given = |name: &str| body.get(name).is_some() || self.query.get(name).is_some();
        is_given("phone_number") || is_given("code")
    }

    /// A telephone number, in the query or the body.
    pub fn phone(&self, body: &Object<'_>, name: &str, faults: &Faults) -> Option<Phone> {
        let text = value(body, self.query, name, faults)?;
        match Phone::read(&text, self.country) {
            Ok(phone) => Some(phone),
            Err(error) => {
                faults.note(name, error.to_string());
                None
            }
        }
    }
}

fn value(body: &Object<'_>, query: &Query, name: &str, faults: &Faults) -> Option<String> {
    let in_body = match body.get(name) {
        Some(field) => Some(field.number_or_text(CODE_BYTES_MAX.max(PHONE_TEXT_BYTES_MAX))?),
        None => None,
    };
    let in_query = query.get(name).map(|text| text.trim().to_owned());
    let fault = |reason: &str| {
        faults.note(name, reason);
        None
    };
    match (in_body, in_query) {
        (Some(a), Some(b)) if a != b => fault("stands in the query and in the body with different values"),
        (Some(text), _) | (None, Some(text)) if text.len() > CODE_BYTES_MAX && name == "code" => {
            drop(text);
            fault("is longer than a code can be")
        }
        (Some(text), _) | (None, Some(text)) => Some(text),
        (None, None) => fault("is required"),
    }
}

/// The heads that `If-Match` names (RFC 9110 §13.1.1); none where there is no such header, or it takes any.
fn if_head(headers: &HeaderMap) -> Vec<Hash> {
    let mut heads = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let text = value.to_str().unwrap_or_default();
        if text.trim() == "*" {
            return Vec::new();
        }
        let tags = text.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
        // A tag that is none of ours names a state that never was.
        heads.extend(tags.map(|tag| tag.parse().unwrap_or(Hash([0; 32]))));
    }
    heads
}
