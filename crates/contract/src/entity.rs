//! What a stream is about: its name, its folded state, and what the store shall know of it.

use std::collections::BTreeSet;

use ledger::hash::sha256;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;
use crate::arrival::Bodies;
use crate::call::Call;
use crate::conference::{Conference, request_stream};
use crate::contact::Contact;
use crate::control::Media;
use crate::erasure::Erasure;
use crate::event::Event;
use crate::keys::Keys;
use crate::message::Message;
use crate::provider::Provider;
use crate::session::Session;
use crate::world::space;

/// The stream of the key statements.
pub const KEYS_STREAM: &str = "ledger/keys";
/// Longest id written into a stream name as it is; longer ones are written as their hash. Stream names end at 200 bytes.
const TOKEN_BYTES_MAX: usize = 150;

/// The folded state of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// One leg at a provider.
    Call(Box<Call>),
    /// A conference of ours, or a dialling.
    Conference(Box<Conference>),
    /// A contract.
    Contract(Box<Agreement>),
    /// A message at a provider.
    Message(Box<Message>),
    /// A file handed to a provider.
    Media(Box<Media>),
    /// The erasure of a person.
    Erasure(Box<Erasure>),
    /// The keys of this ledger.
    Keys(Keys),
    /// A person we write to.
    Contact(Contact),
    /// A USSD session.
    Session(Box<Session>),
}

/// Something the state says is still to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTask {
    /// Version of the record that asked for it.
    pub task: u32,
    /// `message`, `recording`, `transcript`, `terms`, `deadline` or `erasure`.
    pub kind: &'static str,
    /// Attempts made.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
}

impl Entity {
    /// The empty state for a stream, by the first part of its name; none for a kind we do not have.
    pub fn empty(stream: &str) -> Option<Entity> {
        Some(match stream.split('/').next()? {
            "call" => Entity::Call(Box::default()),
            "conference" | "dial" => Entity::Conference(Box::default()),
            "contract" => Entity::Contract(Box::default()),
            "message" => Entity::Message(Box::default()),
            "media" => Entity::Media(Box::default()),
            "erasure" => Entity::Erasure(Box::default()),
            "ledger" => Entity::Keys(Keys::default()),
            "contact" => Entity::Contact(Contact::default()),
            "ussd" => Entity::Session(Box::default()),
            _ => return None,
        })
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match self {
            Entity::Call(call) => call.apply(event),
            Entity::Conference(conference) => conference.apply(event),
            Entity::Contract(agreement) => agreement.apply(event),
            Entity::Message(message) => message.apply(event),
            Entity::Media(media) => media.apply(event),
            Entity::Erasure(erasure) => erasure.apply(event),
            Entity::Keys(keys) => keys.apply(event),
            Entity::Contact(contact) => contact.apply(event),
            Entity::Session(session) => session.apply(event),
        }
    }

    /// The bodies of webhooks kept on the stream; none where no webhook is about such a thing.
    pub fn bodies(&self) -> Option<&Bodies> {
        match self {
            Entity::Call(call) => Some(&call.bodies),
            Entity::Conference(conference) => Some(&conference.bodies),
            Entity::Message(message) => Some(&message.bodies),
            Entity::Contract(_)
            | Entity::Media(_)
            | Entity::Erasure(_)
            | Entity::Keys(_)
            | Entity::Contact(_)
            | Entity::Session(_) => None,
        }
    }

    /// What is still to be done outside.
    pub fn open_tasks(&self) -> Vec<OpenTask> {
        match self {
            Entity::Call(call) => call.recordings.open_tasks().chain(call.transcripts.open_tasks()).collect(),
            Entity::Conference(conference) => {
                conference.recordings.open_tasks().chain(conference.transcripts.open_tasks()).collect()
            }
            Entity::Contract(agreement) => agreement.open_tasks().collect(),
            Entity::Erasure(erasure) => erasure.open_tasks(),
            Entity::Message(_)
            | Entity::Media(_)
            | Entity::Keys(_)
            | Entity::Contact(_)
            | Entity::Session(_) => Vec::new(),
        }
    }

    /// The links of the index that this state of the stream calls for: space, key, and the stream they lead to.
    pub fn links(&self, stream: &str) -> BTreeSet<(&'static str, String, String)> {
        let mut links = BTreeSet::new();
        match self {
            Entity::Contract(agreement) => {
                for (n, party) in agreement.parties.iter().enumerate() {
                    let Some(phone) = &party.phone else { continue };
                    links.insert((space::PHONE, phone.clone(), stream.to_owned()));
                    // Those of terms that are over too: a late word about them is no guess at others.
                    let old = agreement.past.iter().filter_map(|past| past.codes.get(n)?.as_ref());
                    let codes = agreement.codes(n).chain(old).map(|code| code_key(phone, code));
                    links.extend(codes.map(|key| (space::CODE, key, stream.to_owned())));
                    if agreement.is_open_to(n) {
                        links.insert((space::OPEN, phone.clone(), stream.to_owned()));
                    }
                }
                let on = agreement.negotiated_on.iter();
                links.extend(on.map(|on| (space::NEGOTIATED, on.clone(), stream.to_owned())));
                // The one in force is a column of its own.
                let other = agreement.past.iter().map(|past| past.document_sha256);
                let other = other.chain(agreement.proposal.iter().map(|p| p.document_sha256));
                links.extend(other.map(|hash| (space::DOCUMENT, hash.hex(), stream.to_owned())));
                for message in agreement.messages.0.values() {
                    let taken = message.message.iter().chain(&message.sent_again);
                    links.extend(taken.map(|id| (space::MESSAGE, id.clone(), stream.to_owned())));
                }
            }
            Entity::Conference(conference) => {
                let id = stream.split_once('/').map_or(stream, |(_, id)| id);
                links.extend(conference.rung().map(|key| (space::RUNG, key, stream.to_owned())));
                for call in conference.legs.iter().filter_map(|leg| leg.call.as_ref()) {
                    links.insert((space::CALL, call.clone(), stream.to_owned()));
                    links.insert((space::LEG, id.to_owned(), call.clone()));
                }
                if let Some(room) = &conference.room {
                    links.insert((space::ROOM, room.clone(), stream.to_owned()));
                }
                let asked = conference.requested_at.filter(|_| stream.starts_with("conference/"));
                if let Some(at) = asked.filter(|_| !conference.is_over()) {
                    links.insert((space::HELD, day(at), stream.to_owned()));
                }
            }
            Entity::Contact(contact) => {
                links.extend(contact.phone.iter().map(|p| (space::CONTACT, p.clone(), stream.to_owned())));
            }
            Entity::Call(call) => {
                // The same links that the provider's answer to the dialling leads to, whichever of the two comes first.
                for of in call.requests.iter().filter_map(|id| request_stream(id)) {
                    let id = of.split_once('/').map_or(of.as_str(), |(_, id)| id).to_owned();
                    links.insert((space::LEG, id, stream.to_owned()));
                    links.insert((space::CALL, stream.to_owned(), of));
                }
            }
            Entity::Message(_)
            | Entity::Media(_)
            | Entity::Erasure(_)
            | Entity::Keys(_)
            | Entity::Session(_) => {}
        }
        links
    }

    /// The state as the store keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("states hold only strings, numbers, lists and string-keyed maps")
    }

    /// Reads what [`Entity::to_json`] wrote.
    ///
    /// # Errors
    /// When it was written by another version; the views must be rebuilt then.
    pub fn from_json(text: &str) -> Result<Entity, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Key of a link in [`space::HELD`]: the day in UTC, `2026-03-02`.
pub fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Stream name of a file handed to a provider.
pub fn media_stream(id: &str) -> String {
    format!("media/{}", token(id))
}

/// Key of a link in [`space::CODE`].
pub fn code_key(phone: &str, code: &str) -> String {
    format!("{phone} {code}")
}

/// The counter that the number of a contract came from, and the number: `contract/AGRI-2026-000012` gives
/// `AGRI-2026` and 12.
pub fn counted(stream: &str) -> Option<(&str, u64)> {
    let (counter, number) = stream.strip_prefix("contract/")?.rsplit_once('-')?;
    Some((counter, number.parse().ok()?))
}

/// Stream name of a leg.
pub fn call_stream(provider: Provider, id: &str) -> String {
    format!("call/{}/{}", provider.as_str(), token(id))
}

/// Stream name of a message.
pub fn message_stream(provider: Provider, id: &str) -> String {
    format!("message/{}/{}", provider.as_str(), token(id))
}

/// Stream name of a session.
pub fn session_stream(provider: Provider, id: &str) -> String {
    format!("ussd/{}/{}", provider.as_str(), token(id))
}

/// Stream name of a conference.
pub fn conference_stream(id: &str) -> String {
    format!("conference/{}", token(id))
}

/// Stream name of a dialling.
pub fn dial_stream(id: &str) -> String {
    format!("dial/{}", token(id))
}

/// Stream name of a contract.
pub fn contract_stream(id: &str) -> String {
    format!("contract/{}", token(id))
}

/// Writes an outside id so that it fits into a stream name: letters, digits, `-`, `_`, `.` stay, other bytes become
/// `%XX`; what gets longer than 150 bytes becomes `sha256:` and its hash.
pub fn token(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            text.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
        if text.len() > TOKEN_BYTES_MAX {
            return format!("sha256:{}", sha256(id.as_bytes()));
        }
    }
    if text.is_empty() { "_".to_owned() } else { text }
}

/// Reads back what [`token`] wrote; none for a hash, or what it never writes.
pub fn untoken(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') => byte,
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{token, untoken};

    #[test]
    fn an_id_is_read_back_from_its_name() {
        for id in ["ATVId_1", "call_20260529T120000.000000000", "a b%c/ü", "650e8400-e29b-41d4"] {
            assert_eq!(untoken(&token(id)).as_deref(), Some(id));
        }
        for not in [token(&"x".repeat(200)), "a%2".to_owned(), "a%zz".to_owned(), "%FF".to_owned()] {
            assert_eq!(untoken(&not), None, "{not}");
        }
    }
}
