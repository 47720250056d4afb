//! What the carrier is going to send, and when.

use std::fmt;

use serde_json::Value;

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
    pub(crate) content: Content,
    /// An address of its own, instead of that of its kind.
    pub(crate) url: Option<String>,
    /// Whether the answer is read as instructions.
    pub(crate) wants_instructions: bool,
    /// Whether it tells that its call is over.
    pub(crate) ends: bool,
}

/// What a callback says, in the shape its provider sends.
pub(crate) enum Content {
    /// A form.
    Form(Vec<(&'static str, String)>),
    /// A JSON object.
    Json(Value),
}

impl Draft {
    /// A form for the address of its kind.
    pub(crate) fn form(
        due_ms: u64,
        url_kind: UrlKind,
        subject: &str,
        fields: Vec<(&'static str, String)>,
    ) -> Draft {
        let (subject, content) = (subject.to_owned(), Content::Form(fields));
        Draft { due_ms, url_kind, subject, content, url: None, wants_instructions: false, ends: false }
    }

    /// An event of a call as JSON, for an address.
    pub(crate) fn event(due_ms: u64, subject: &str, url: &str, body: Value) -> Draft {
        let (subject, content) = (subject.to_owned(), Content::Json(body));
        let (url, url_kind) = (Some(url.to_owned()), UrlKind::VoiceEvents);
        Draft { due_ms, url_kind, subject, content, url, wants_instructions: false, ends: false }
    }

    pub(crate) fn encode(self, at_once: u8, late_ms: u64, slow_ms: u64) -> Planned {
        let (body, content_type) = match self.content {
            Content::Form(fields) => {
                let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
                (form, "application/x-www-form-urlencoded")
            }
            Content::Json(value) => (value.to_string(), "application/json"),
        };
        Planned {
            due_ms: self.due_ms + late_ms,
            url_kind: self.url_kind,
            subject: self.subject,
            body,
            at_once,
            slow_ms,
            url: self.url,
            content_type,
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
    /// The form or JSON, encoded.
    pub body: String,
    /// How many equal copies are sent at the same moment.
    pub at_once: u8,
    /// How long the sending of its body pauses in the middle, in milliseconds.
    pub slow_ms: u64,
    pub(crate) url: Option<String>,
    pub(crate) content_type: &'static str,
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
