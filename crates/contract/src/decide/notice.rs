//! Telling the parties what happened to their contract.

use super::{Stop, answer};
use crate::event::{EventData, Link, MessageRequested, Template};
use crate::lifecycle::Status;
use crate::text;
use crate::world::Recorder;

/// What is told.
#[derive(Clone, Copy)]
pub(super) struct Notice {
    template: Template,
    /// Whose doing it is.
    by: Option<u32>,
    /// How a dispute ends, or shall end.
    to: Option<Status>,
}

impl Notice {
    pub(super) fn of(template: Template) -> Notice {
        Notice { template, by: None, to: None }
    }

    pub(super) fn by(self, party: Option<u32>) -> Notice {
        Notice { by: party, ..self }
    }

    pub(super) fn to(self, to: Option<Status>) -> Notice {
        Notice { to, ..self }
    }
}

/// Who is told.
#[derive(Clone, Copy)]
pub(super) enum Audience {
    All,
    /// All but the one whose doing it is.
    Others(Option<u32>),
}

/// Asks for one message to each of them. A party whose number was erased is told nothing.
pub(super) fn tell(
    stream: &str,
    notice: Notice,
    audience: Audience,
    links: &[Link],
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let Some(agreement) = answer::agreement(recorder.world, stream) else { return Ok(()) };
    let role = notice.by.and_then(|party| agreement.parties.get(party as usize)).map(|p| p.role.as_str());
    let words = text::Notice {
        contract_id: stream.strip_prefix("contract/").unwrap_or_default(),
        role,
        document: &agreement.document_sha256,
        to: notice.to,
    };
    let text = text::notice(notice.template, &words, agreement.language);
    let phones: Vec<(u32, String)> = (0..)
        .zip(&agreement.parties)
        .filter(|(party, _)| !matches!(audience, Audience::Others(Some(by)) if by == *party))
        .filter_map(|(party, state)| Some((party, state.phone.clone()?)))
        .collect();
    for (party, phone) in phones {
        let data = EventData::MessageRequested(MessageRequested {
            party: Some(party),
            template: notice.template,
            links: links.to_vec(),
        });
        recorder.record(stream, data, None, &[("to", &phone), ("text", &text)])?;
    }
    Ok(())
}
