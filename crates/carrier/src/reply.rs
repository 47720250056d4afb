//! What the simulated people answer to a text message.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::message::Sms;

/// Digits in a confirmation code.
const CODE_DIGITS: usize = 4;

/// A closure that makes an answer of a message.
pub type Rule = Arc<dyn Fn(&Sms) -> Option<String> + Send + Sync>;

/// What one phone answers to each message it gets.
#[derive(Clone, Default)]
pub enum Reply {
    /// Nothing.
    #[default]
    Silent,
    /// This text, with `{code}` replaced by the four digits that follow `YES` or `NDIO` in the message. Without such
    /// a code in the message nothing is answered.
    Template(String),
    /// Whatever the closure makes of the message; `None` is silence.
    Custom(Rule),
}

impl Reply {
    /// `YES <code>`, in English.
    #[must_use]
    pub fn yes() -> Self {
        Reply::Template("YES {code}".to_owned())
    }

    /// `NDIO <code>`, in Swahili.
    #[must_use]
    pub fn ndio() -> Self {
        Reply::Template("NDIO {code}".to_owned())
    }

    /// An answer computed by `rule`.
    pub fn custom(rule: impl Fn(&Sms) -> Option<String> + Send + Sync + 'static) -> Self {
        Reply::Custom(Arc::new(rule))
    }

    /// The answer to `sms`, if there is one.
    #[must_use]
    pub fn answer(&self, sms: &Sms) -> Option<String> {
        match self {
            Reply::Silent => None,
            Reply::Template(template) if template.contains("{code}") => {
                let code = code_after(&sms.text, "YES").or_else(|| code_after(&sms.text, "NDIO"))?;
                Some(template.replace("{code}", code))
            }
            Reply::Template(template) => Some(template.clone()),
            Reply::Custom(rule) => rule(sms),
        }
    }
}

/// The rules of all phones.
#[derive(Clone, Default)]
pub struct Replies {
    /// By phone.
    pub phones: BTreeMap<String, Reply>,
    /// For phones not listed.
    pub otherwise: Reply,
}

impl Replies {
    /// The rule of `phone`.
    #[must_use]
    pub fn of(&self, phone: &str) -> &Reply {
        self.phones.get(phone).unwrap_or(&self.otherwise)
    }
}

/// The four digits that follow `word` in `text` (in any case, as a word of its own, with blanks or a hyphen
/// between), as a person would read them off the message.
#[must_use]
pub fn code_after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut tokens =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|token| !token.is_empty()).peekable();
    while let Some(token) = tokens.next() {
        if token.eq_ignore_ascii_case(word)
            && let Some(next) = tokens.peek()
            && next.len() == CODE_DIGITS
            && next.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Some(next);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, word: &str, expected: Option<&str>) {
        assert_eq!(code_after(text, word), expected, "{text:?} {word}");
    }

    #[test]
    fn codes_are_read_off_messages() {
        check("Reply YES 4821 to confirm", "YES", Some("4821"));
        check("jibu NDIO 0007 kukubali au HAPANA 0007", "NDIO", Some("0007"));
        check("yes-4821", "YES", Some("4821"));
        check("YES, 4821.", "YES", Some("4821"));
        check("Reply YES or NO, then YES 1234", "YES", Some("1234"));
        check("YES 48211", "YES", None);
        check("YES 482", "YES", None);
        check("EYES 4821", "YES", None);
        check("YES", "YES", None);
        check("NDIO 4821", "YES", None);
        check("", "YES", None);
    }
}
