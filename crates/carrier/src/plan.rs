//! What the carrier is going to send, and when.

use std::fmt;

/// Which of the service's URLs a callback goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UrlKind {
    /// Voice events.
    VoiceEvents,
    /// The voice callback, whose answer tells the carrier what to do.
    VoiceInstruct,
    /// Messages from phones.
    SmsIncoming,
    /// Delivery reports.
    SmsDelivery,
}

/// A callback before faults.
pub(crate) struct Draft {
    /// Milliseconds of the story since the request that caused it.
    pub(crate) due_ms: u64,
    pub(crate) url_kind: UrlKind,
    /// Session or message id.
    pub(crate) subject: String,
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Whether the answer is read as instructions.
    pub(crate) wants_instructions: bool,
}

impl Draft {
    pub(crate) fn encode(self, at_once: u8, late_ms: u64) -> Planned {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        Planned {
            due_ms: self.due_ms + late_ms,
            url_kind: self.url_kind,
            subject: self.subject,
            body,
            at_once,
            wants_instructions: self.wants_instructions,
        }
    }
}

/// One callback of the plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Planned {
    /// Milliseconds of the story between the request that caused it and its sending.
    pub due_ms: u64,
    /// Where it goes.
    pub url_kind: UrlKind,
    /// The session or message it is about.
    pub subject: String,
    /// The form, encoded.
    pub body: String,
    /// How many equal copies are sent at the same moment.
    pub at_once: u8,
    /// Whether the answer is read as instructions.
    pub(crate) wants_instructions: bool,
}

impl fmt::Debug for Planned {
    /// Leaves out the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned")
            .field("due_ms", &self.due_ms)
            .field("url_kind", &self.url_kind)
            .field("subject", &self.subject)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}
