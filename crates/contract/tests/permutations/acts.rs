//! Acts asked of providers, for histories.

use contract::command::Command;
use contract::control::{Action, ControlCall, ControlConference, Said, UploadMedia};
use contract::entity::Entity;
use contract::provider::Provider;
use contract::report::{FailureReason, Report};
use ledger::time::Timestamp;

use crate::memory::Shelf;
use crate::telling::{CALLS, CONFERENCE, PHONES};

/// An act on a conference of ours, on one of three rooms that are not, on a call, or a file.
pub fn asked(kind: usize) -> Command {
    let said = Said {
        member: Some("needle-member".to_owned()),
        text: Some("needle words".to_owned()),
        voice: None,
        url: Some("https://files.example/secret-room-tune.mp3".to_owned()),
        to: Some(PHONES[2].to_owned()),
        leg: None,
    };
    let action = [Action::Mute, Action::Kick, Action::Speak, Action::End][kind % 4];
    let room = |id: String, begun: Option<i64>| {
        let begun = begun.map(|at| Timestamp::from_millis(at).unwrap());
        let (provider, room) = (Provider::TryVox, "secret-room".to_owned());
        Command::ControlConference(ControlConference {
            conference_id: id,
            provider,
            room,
            begun,
            action,
            said: said.clone(),
        })
    };
    match kind {
        0..4 => room(CONFERENCE.to_owned(), None),
        4..8 => room(format!("ATVoice_00000000000{kind}"), Some(1_772_000_000_000)),
        8..10 => room(format!("ATVoice_0000000000{kind:02}"), Some(1_772_000_100_000)),
        10..13 => Command::ControlCall(ControlCall {
            provider: Provider::AfricasTalking,
            call_id: CALLS[kind - 10].to_owned(),
            action: Action::Transfer,
            said,
        }),
        n => Command::UploadMedia(UploadMedia {
            media_id: format!("{n:032x}"),
            provider: Provider::AfricasTalking,
            said,
        }),
    }
}

/// The result of the n-th act that has none.
pub fn result(shelf: &Shelf, n: usize, done: bool) -> Option<Report> {
    let open = shelf.entities().into_iter().flat_map(|(stream, entity)| {
        let controls = match entity {
            Entity::Call(call) => call.controls,
            Entity::Conference(conference) => conference.controls,
            Entity::Media(media) => media.controls,
            _ => return Vec::new(),
        };
        controls.open.into_keys().map(|control| (stream.clone(), control)).collect()
    });
    let (stream, control) = open.collect::<Vec<_>>().into_iter().nth(n)?;
    Some(if done {
        Report::Controlled {
            stream,
            control,
            reference: Some("d50e8400-e29b-41d4-a716-446655440000".to_owned()),
        }
    } else {
        Report::ControlFailed { stream, control, reason: FailureReason::UnknownOutcome }
    })
}
