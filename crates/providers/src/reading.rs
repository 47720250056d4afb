//! What reading a webhook gives, and why one cannot be read.

use contract::fact::Fact;

/// A webhook as read: what it says, and what the answer to it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it says; empty where it is authentic but nothing in it has a word of ours.
    pub facts: Vec<Fact>,
    /// Whether the call goes on, so that the provider waits for a call script.
    pub active: bool,
    /// What the answer needs.
    pub echo: Echo,
}

impl Reading {
    /// The same for a webhook whose address names our conference or dialling, as we gave it when the call was placed. An id
    /// that is none of ours changes nothing.
    #[must_use]
    pub fn of_request(mut self, id: Option<&str>) -> Reading {
        let Some(id) = crate::leg::request(id) else { return self };
        for fact in &mut self.facts {
            if let Some(leg) = fact.what.leg_mut() {
                leg.request = Some(id.clone());
            }
        }
        self.echo.client_request_id = Some(id);
        self
    }
}

/// Ids and circumstances an answer is chosen by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echo {
    /// The provider's id of the call, or our id of the conference.
    pub session_id: String,
    /// What we named the dialling when we asked for it, where the provider sends it back.
    pub client_request_id: Option<String>,
    /// The call was already passed on to another number: answering with a dial again would redial for ever.
    pub dialled: bool,
}

/// Why a body cannot be read. A webhook with unknown kinds, words or further fields *can* be read.
///
/// No variant holds a value of the body, and a field is named only where its name is plain ASCII, so that every
/// text made from this is safe to log and to send back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The content type is not one this webhook takes (HTTP 415).
    #[error("the content type is not supported; send {expected}")]
    ContentType {
        /// What is taken.
        expected: &'static str,
    },
    /// The content type says form, the body is JSON.
    #[error("the content type says form, but the body looks like JSON")]
    NotForm,
    /// The content type says JSON, the body is no JSON object.
    #[error("the content type says JSON, but the body is not a JSON object")]
    NotJson,
    /// More fields than any provider sends.
    #[error("more than {max} fields")]
    TooManyFields {
        /// The most taken.
        max: usize,
    },
    /// A field's name is longer than any provider's.
    #[error("the name of field {field} is longer than {max} bytes")]
    NameTooLong {
        /// Its place, `#3`.
        field: String,
        /// The most taken.
        max: usize,
    },
    /// A field's value is longer than any provider's.
    #[error("field {field} is longer than {max} bytes")]
    ValueTooLong {
        /// Its name or place.
        field: String,
        /// The most taken.
        max: usize,
    },
    /// Not the encoding the content type promises.
    #[error("field {field}: {reason}")]
    Encoding {
        /// Its name or place.
        field: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A field without which nothing can be said.
    #[error("field {field} is missing")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field that must be right is not (HTTP 422).
    #[error("field {field}: {reason}")]
    Invalid {
        /// Its name.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A field stands twice with different values, and the order of fields must mean nothing.
    #[error("field {field} stands twice with different values")]
    Ambiguous {
        /// Its name.
        field: &'static str,
    },
    /// Read well, but a kind of notice the ledger has no word for; acknowledge and do nothing.
    #[error("nothing is recorded about this kind of notice: {kind}")]
    Ignored {
        /// Which kind.
        kind: &'static str,
    },
}

impl ReadError {
    /// The field it is about, where there is one.
    pub fn field(&self) -> Option<&str> {
        match self {
            ReadError::NameTooLong { field, .. }
            | ReadError::ValueTooLong { field, .. }
            | ReadError::Encoding { field, .. } => Some(field),
            ReadError::Missing { field }
            | ReadError::Invalid { field, .. }
            | ReadError::Ambiguous { field } => Some(field),
            ReadError::ContentType { .. }
            | ReadError::NotForm
            | ReadError::NotJson
            | ReadError::TooManyFields { .. }
            | ReadError::Ignored { .. } => None,
        }
    }
}
