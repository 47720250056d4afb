//! The ways providers write a script, and what each of them cannot say.

use crate::africastalking::xml;
use crate::minivoice::actions::{self, Form};
use crate::tryvox::{voxml_json, voxml_xml};

use super::Script;

/// A provider's way to write a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Voice XML of Africa's Talking.
    AfricasTalking,
    /// JSON actions of MiniVoice, in the typed form of its conference document.
    MiniVoice,
    /// VoxML of TryVox as XML, as its conference document has it.
    TryVoxXml,
    /// VoxML of TryVox as JSON, as its reference has it.
    TryVoxJson,
}

impl Dialect {
    /// An answer with nothing to do.
    pub fn nothing(self) -> Rendered {
        let (content_type, body) = match self {
            Dialect::AfricasTalking => (xml::CONTENT_TYPE, xml::NOTHING),
            Dialect::MiniVoice => (actions::CONTENT_TYPE, actions::NOTHING),
            Dialect::TryVoxXml => (voxml_xml::CONTENT_TYPE, voxml_xml::NOTHING),
            Dialect::TryVoxJson => (voxml_json::CONTENT_TYPE, voxml_json::NOTHING),
        };
        Rendered { content_type, body: body.to_owned() }
    }
}

/// A script as it is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The content type of the answer.
    pub content_type: &'static str,
    /// The body. It may hold people's numbers.
    pub body: String,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rendered({}, {} bytes)", self.content_type, self.body.len())
    }
}

/// A step a provider cannot do, or of which nobody knows how it is written there. Told when a script is configured,
/// not when somebody is on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {step}: {reason}")]
pub struct Inexpressible {
    /// 1-based.
    pub step: usize,
    /// What cannot be said.
    pub reason: &'static str,
}

impl Script {
    /// Whether a dialect can say all of it.
    ///
    /// # Errors
    /// [`Inexpressible`]: the first step it cannot.
    pub fn check(&self, dialect: Dialect) -> Result<(), Inexpressible> {
        self.render(dialect).map(drop)
    }

    /// The script in a dialect.
    ///
    /// # Errors
    /// As [`Script::check`].
    pub fn render(&self, dialect: Dialect) -> Result<Rendered, Inexpressible> {
        match dialect {
            Dialect::AfricasTalking => {
                self.each(|step| xml::inexpressible(step).map_or(Ok(()), Err))?;
                Ok(Rendered { content_type: xml::CONTENT_TYPE, body: xml::render(self) })
            }
            Dialect::MiniVoice => {
                let body = actions::render(self, Form::Typed)?;
                Ok(Rendered { content_type: actions::CONTENT_TYPE, body })
            }
            Dialect::TryVoxXml => {
                Ok(Rendered { content_type: voxml_xml::CONTENT_TYPE, body: voxml_xml::render(self)? })
            }
            Dialect::TryVoxJson => {
                Ok(Rendered { content_type: voxml_json::CONTENT_TYPE, body: voxml_json::render(self)? })
            }
        }
    }

    /// What becomes of each step in order, or the first that cannot be said.
    pub(crate) fn each<T>(
        &self,
        say: impl Fn(&super::Step) -> Result<T, &'static str>,
    ) -> Result<Vec<T>, Inexpressible> {
        let numbered = self.steps().iter().zip(1..);
        numbered
            .map(|(step, number)| say(step).map_err(|reason| Inexpressible { step: number, reason }))
            .collect()
    }
}
