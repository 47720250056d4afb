//! A person we write to: whether it wants to be written to.
//!
//! The stream is named by the input that first told of the person, never by its number: names of streams are public.

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::{Event, EventData};

/// State of a person.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// E.164 where it could be normalised; none when erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Since when it wants no messages; none while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opted_out_at: Option<Timestamp>,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contact(opted out: {:?})", self.opted_out_at)
    }
}

impl Contact {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::ContactOptedOut(_) => self.opted_out_at = Some(event.recorded_at),
            EventData::ContactOptedIn(_) => self.opted_out_at = None,
            _ => return,
        }
        self.phone = self.phone.take().or_else(|| event.private.get("phone").map(str::to_owned));
    }

    /// Whether it may be written to.
    pub fn may_be_texted(&self) -> bool {
        self.opted_out_at.is_none()
    }
}

/// The stream of a person that an input tells of for the first time.
pub fn new_contact_stream(input: Uuid) -> String {
    format!("contact/{}", input.simple())
}
