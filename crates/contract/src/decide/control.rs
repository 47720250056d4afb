//! Acts asked of providers, and what came of them.

use uuid::Uuid;

use super::Stop;
use crate::control::{Action, ControlCall, ControlConference, Controls, Said, UploadMedia};
use crate::entity::{Entity, call_stream, conference_stream, media_stream};
use crate::event::{ConferenceFound, ControlDone, ControlFailed, ControlRequested, EventData};
use crate::outcome::{QuarantineReason, Refusal};
use crate::provider::Provider;
use crate::report::FailureReason;
use crate::world::{Recorder, World, space};

pub(super) fn conference(command: &ControlConference, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = match met(command, recorder.world) {
        Some(stream) => stream,
        None => {
            let stream = conference_stream(&command.conference_id);
            let (provider, begun_at) = (command.provider, command.begun);
            let data = EventData::ConferenceFound(ConferenceFound { provider, begun_at });
            recorder.record(&stream, data, None, &[("room", &command.room)])?;
            stream
        }
    };
    request(&stream, command.provider, command.action, &command.said, recorder)
}

/// The stream of a conference we know: ours by its id, or the same room of the same beginning. Two commands can meet a
/// room at once, each with an id of its own; the first one's is kept.
fn met(command: &ControlConference, world: &World) -> Option<String> {
    let own = conference_stream(&command.conference_id);
    if world.entity(&own).is_some() {
        return Some(own);
    }
    let same = |stream: &&String| {
        let Some(Entity::Conference(known)) = world.entity(stream) else { return false };
        known.provider == Some(command.provider)
            && known.begun_at.is_some()
            && known.begun_at == command.begun
    };
    world.linked(space::ROOM, &command.room).find(same).cloned()
}

pub(super) fn call(command: &ControlCall, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = call_stream(command.provider, &command.call_id);
    // One that was placed a moment ago may be known by the answer to its dialling only.
    let placed = recorder.world.linked(space::CALL, &stream).next().is_some();
    if recorder.world.entity(&stream).is_none() && !placed {
        return Err(Refusal::NotFound { what: "call".into() }.into());
    }
    request(&stream, command.provider, command.action, &command.said, recorder)
}

pub(super) fn media(command: &UploadMedia, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = media_stream(&command.media_id);
    if recorder.world.entity(&stream).is_some() {
        return Err(Stop::Already(stream));
    }
    request(&stream, command.provider, Action::UploadMedia, &command.said, recorder)
}

fn request(
    stream: &str,
    provider: Provider,
    action: Action,
    said: &Said,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let control = recorder.input.id;
    let data = EventData::ControlRequested(ControlRequested { control, action, provider });
    Ok(recorder.record(stream, data, None, &said.private())?)
}

pub(super) fn done(
    stream: &str,
    control: Uuid,
    reference: Option<&str>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    open(stream, control, recorder)?;
    let private: Vec<(&str, &str)> = reference.map(|id| ("reference", id)).into_iter().collect();
    Ok(recorder.record(stream, EventData::ControlDone(ControlDone { control }), None, &private)?)
}

pub(super) fn failed(
    stream: &str,
    control: Uuid,
    reason: FailureReason,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    open(stream, control, recorder)?;
    let data = EventData::ControlFailed(ControlFailed { control, reason });
    Ok(recorder.record(stream, data, None, &[])?)
}

/// That an act was asked for, and has no result yet.
fn open(stream: &str, control: Uuid, recorder: &Recorder<'_>) -> Result<(), Stop> {
    let controls: &Controls = match recorder.world.entity(stream) {
        Some(Entity::Call(call)) => &call.controls,
        Some(Entity::Conference(conference)) => &conference.controls,
        Some(Entity::Media(media)) => &media.controls,
        _ => return Err(Stop::Quarantine(QuarantineReason::UnknownTask)),
    };
    if controls.open.contains_key(&control) { Ok(()) } else { Err(Stop::Already(stream.to_owned())) }
}
