//! USSD: the request of one step of a session, and the answer to it. The menus live elsewhere.

use contract::fact::{Fact, Private, SessionStatus, Subject, What, Wish};
use contract::phone::Country;
use contract::provider::Provider;

use super::number;
use super::time::{self, Zone};
use crate::form::{self, Fields, key_digest};
use crate::reading::ReadError;
use crate::word::plain;

/// Most characters of one screen. Networks cut longer ones.
pub const SCREEN_CHARS_MAX: usize = 182;

/// One step of a session. `Debug` shows only the session.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The provider's id of the session, `ATUid_…`.
    pub session_id: String,
    /// What was dialled, `*483#`.
    pub service_code: Option<String>,
    /// Who: E.164 where it could be normalised, else as given.
    pub phone: Option<String>,
    /// The network, by its number.
    pub network_code: Option<String>,
    /// Everything typed so far, joined with `*`; empty at first. Typed text can hold `*` itself.
    pub text: String,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({})", self.session_id)
    }
}

/// What is posted to the address for USSD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A step that waits for an answer.
    Step(Request),
    /// The notice that a session is over.
    Over(Box<Fact>),
}

impl Request {
    /// The step as a fact. `told` is what is shown in answer to it, where that is known before the step is recorded;
    /// `code` what was typed as a code. What a session has typed so far only grows, so equal texts are one step.
    pub fn fact(&self, wish: Option<Wish>, told: Option<String>, code: Option<String>) -> Fact {
        Fact {
            subject: Subject::Session { provider: Provider::AfricasTalking, id: self.session_id.clone() },
            key: format!("{}:step:{}", self.session_id, key_digest(&self.text)),
            occurred: None,
            what: What::UssdRequested { wish },
            private: Private {
                phone: self.phone.clone(),
                line: self.service_code.clone(),
                text: Some(self.text.clone()),
                told,
                code,
                ..Private::default()
            },
        }
    }

    /// What was typed since `before`, the text of the previous step: the only safe way to find it, since splitting
    /// at `*` breaks on typed stars. None where `before` does not lead to this text, or nothing was added.
    pub fn added(&self, before: &str) -> Option<&str> {
        if before.is_empty() {
            return (!self.text.is_empty()).then_some(self.text.as_str());
        }
        self.text.strip_prefix(before)?.strip_prefix('*')
    }
}

/// Reads one step of a session, or the notice that it is over.
///
/// # Errors
/// [`ReadError`]: no form, no `sessionId`.
pub fn read(body: &[u8], content_type: &str, country: Country, zone: &Zone) -> Result<Read, ReadError> {
    let fields = form::read(body, content_type)?;
    if fields.raw("text")?.is_none() && fields.get("durationInMillis")?.is_some() {
        return Ok(Read::Over(Box::new(over(&fields, country, zone)?)));
    }
    Ok(Read::Step(Request {
        session_id: fields.id("sessionId")?.to_owned(),
        service_code: fields.get("serviceCode")?.map(str::to_owned),
        phone: number(&fields, &["phoneNumber"], country)?,
        network_code: fields.get("networkCode")?.map(str::to_owned),
        text: fields.raw("text")?.unwrap_or_default().to_owned(),
    }))
}

fn over(fields: &Fields, country: Country, zone: &Zone) -> Result<Fact, ReadError> {
    let id = fields.id("sessionId")?.to_owned();
    let status = match plain(fields.get("status")?.unwrap_or_default()).as_str() {
        "success" => SessionStatus::Success,
        "incomplete" => SessionStatus::Incomplete,
        "failed" => SessionStatus::Failed,
        _ => SessionStatus::Unknown,
    };
    let milliseconds = fields.get("durationInMillis")?.and_then(|text| text.parse::<u32>().ok());
    Ok(Fact {
        key: format!("{id}:over"),
        subject: Subject::Session { provider: Provider::AfricasTalking, id },
        occurred: fields.get("date")?.and_then(|text| time::read(text, zone)),
        what: What::UssdEnded { status, duration_s: milliseconds.map(|ms| ms / 1_000) },
        private: Private {
            phone: number(fields, &["phoneNumber"], country)?,
            line: fields.get("serviceCode")?.map(str::to_owned),
            text: fields.raw("input")?.filter(|text| !text.is_empty()).map(str::to_owned),
            ..Private::default()
        },
    })
}

/// Why a text cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// More than a screen.
    #[error("a USSD screen holds at most {SCREEN_CHARS_MAX} characters, the text has {chars}")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// Phones show no control characters but line ends.
    #[error("a USSD screen holds no control characters but line ends")]
    Character,
}

/// The answer to one step, `text/plain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    text: String,
    ends: bool,
}

impl Reply {
    /// Shows a text and waits for an input (`CON `).
    ///
    /// # Errors
    /// [`ReplyError`].
    pub fn ask(text: &str) -> Result<Reply, ReplyError> {
        Reply::new(text, false)
    }

    /// Shows a text and ends the session (`END `).
    ///
    /// # Errors
    /// [`ReplyError`].
    pub fn end(text: &str) -> Result<Reply, ReplyError> {
        Reply::new(text, true)
    }

    fn new(text: &str, ends: bool) -> Result<Reply, ReplyError> {
        let chars = text.chars().count();
        if chars > SCREEN_CHARS_MAX {
            return Err(ReplyError::TooLong { chars });
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(ReplyError::Character);
        }
        Ok(Reply { text: text.to_owned(), ends })
    }
}

impl std::fmt::Display for Reply {
    /// The body of the answer.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.ends { "END" } else { "CON" }, self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(text: &str) -> Request {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("sessionId", "ATUid_1")
            .append_pair("text", text)
            .finish();
        let form = "application/x-www-form-urlencoded";
        match read(body.as_bytes(), form, Country::KENYA, &Zone::NAIROBI).unwrap() {
            Read::Step(request) => request,
            Read::Over(_) => panic!("the session goes on"),
        }
    }

    #[test]
    fn what_was_added_is_found_by_the_previous_text() {
        for (before, now, expected) in [
            ("", "", None),
            ("", "1", Some("1")),
            ("1", "1*2", Some("2")),
            ("1", "1*5*5 bags", Some("5*5 bags")),
            ("1", "1", None),
            ("2", "1*2", None),
            ("1", "12", None),
        ] {
            assert_eq!(request(now).added(before), expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn replies_start_with_their_word_and_fit_a_screen() {
        assert_eq!(Reply::ask("1. Yes\n2. No").unwrap().to_string(), "CON 1. Yes\n2. No");
        assert_eq!(Reply::end("Asante").unwrap().to_string(), "END Asante");
        assert!(Reply::ask(&"é".repeat(SCREEN_CHARS_MAX)).is_ok());
        assert_eq!(Reply::ask(&"x".repeat(183)), Err(ReplyError::TooLong { chars: 183 }));
        assert_eq!(Reply::end("a\rb"), Err(ReplyError::Character));
    }
}
