//! `Idempotency-Key`: a command that is sent again is answered again, and done once
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! Nothing is kept for this but what is kept anyway. The id of the input is derived from the API key and the client's key,
//! so that the second input is the first, in whichever process it comes in; the inbox has its outcome for ever, and with
//! it a fingerprint of what was asked. The answer is written again from the outcome and the contract as it stood then.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use ledger::hash::{Hash, sha256};
use uuid::Uuid;

use crate::auth::Caller;
use crate::problem::{Kind, Problem};

/// Longest key taken, in characters. Clients send UUIDs, of 36.
const KEY_CHARS_MAX: usize = 255;
/// The header.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of a request, if it has one, and what the request was sent to.
pub struct Once(Option<Sent>);

struct Sent {
    key: String,
    target: String,
}

/// A request under a key: which input it is, and what it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Id of the input.
    pub id: Uuid,
    /// Fingerprint of what is asked. The caller's secret is in it, so that it tells nothing to others.
    pub request: Hash,
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Once, Problem> {
        let mut values = parts.headers.get_all(&IDEMPOTENCY_KEY).iter();
        let Some(value) = values.next() else { return Ok(Once(None)) };
        let key = if values.next().is_some() { None } else { read(value) };
        let key = key.ok_or_else(|| {
            let detail = "Idempotency-Key: must stand once, with 1 to 255 printable ASCII characters.";
            Problem::new(Kind::Malformed, detail)
        })?;
        let target = format!("{} {}", parts.method, parts.uri.path());
        Ok(Once(Some(Sent { key, target })))
    }
}

impl Once {
    /// The request under its key, by whom and for what. None where the client sent no key.
    pub fn asked(&self, caller: &Caller, what: &[u8]) -> Option<Asked> {
        let Sent { key, target } = self.0.as_ref()?;
        let hash = |purpose: &str, parts: &[&[u8]]| {
            let mut bytes = purpose.as_bytes().to_vec();
            bytes.extend_from_slice(&caller.mark.0);
            for part in parts {
                // Lengths, so that no two lists of parts give the same bytes.
                bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part);
            }
            sha256(&bytes)
        };
        let id = hash("ahadi.idempotency", &[key.as_bytes()]);
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&id.0[..16]);
        let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        let request = hash("ahadi.request", &[key.as_bytes(), target.as_bytes(), what]);
        Some(Asked { id, request })
    }
}

impl Asked {
    /// One of several inputs that a request leads to: an id of its own, for the same request.
    pub(crate) fn part(&self, name: &str) -> Asked {
        let mut bytes = b"ahadi.idempotency.part".to_vec();
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(name.as_bytes());
        let mut id = [0_u8; 16];
        id.copy_from_slice(&sha256(&bytes).0[..16]);
        Asked { id: uuid::Builder::from_custom_bytes(id).into_uuid(), request: self.request }
    }
}

/// A quoted string (RFC 9651 §3.3.3), or the bare word that most clients send.
fn read(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let key = match text.strip_prefix('"') {
        None => text.to_owned(),
        Some(rest) => {
            let inner = rest.strip_suffix('"')?;
            let mut key = String::with_capacity(inner.len());
            let mut characters = inner.chars();
            while let Some(c) = characters.next() {
                match c {
                    '\\' => key.push(characters.next().filter(|c| matches!(c, '"' | '\\'))?),
                    '"' => return None,
                    other => key.push(other),
                }
            }
            key
        }
    };
    let is_printable = key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    ((1..=KEY_CHARS_MAX).contains(&key.len()) && is_printable).then_some(key)
}

/// The keys whose first request is still being answered by this process.
#[derive(Clone, Debug, Default)]
pub struct Flights(Arc<Mutex<HashSet<Uuid>>>);

/// As long as it lives, the same key is refused.
#[derive(Debug)]
pub struct Flight {
    flights: Flights,
    id: Uuid,
}

impl Flights {
    /// Takes the key, or 409 while another request has it.
    pub fn begin(&self, id: Uuid) -> Result<Flight, Problem> {
        if self.set().insert(id) {
            return Ok(Flight { flights: self.clone(), id });
        }
        Err(Flights::taken())
    }

    /// 409: somebody is at it.
    pub(crate) fn taken() -> Problem {
        let detail = "A request with this Idempotency-Key is being answered; send it again in a moment.";
        Problem::new(Kind::InFlight, detail)
            .with_header(axum::http::header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    fn set(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        // A set of ids is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.set().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_as_clients_send_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(read(&HeaderValue::from_str(text).unwrap()).as_deref(), expected, "{text}");
        };
        check("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        check("\"8e03978e\"", Some("8e03978e"));
        check("\"a\\\"b\\\\c\"", Some("a\"b\\c"));
        check("", None);
        check("\"\"", None);
        check("\"open", None);
        check("\"a\"b\"", None);
        check("\"a\\b\"", None);
        check(&"x".repeat(255), Some("x".repeat(255).as_str()));
        check(&"x".repeat(256), None);
        assert_eq!(read(&HeaderValue::from_bytes(b"\xff").unwrap()), None);
    }

    #[test]
    fn a_key_is_taken_until_its_flight_is_over() {
        let flights = Flights::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let flight = flights.begin(one).unwrap();
        assert_eq!(flights.begin(one).unwrap_err().kind(), Kind::InFlight);
        drop(flights.begin(other).unwrap());
        drop(flight);
        flights.begin(one).unwrap();
    }
}
