//! Reports of what we did outside.

use super::{Stop, silence, voice};
use crate::entity::{Entity, call_stream, message_stream};
use crate::event::{
    Attempt, CallFact, DialFailed, DialPlaced, EventData, MessageAccepted, RecordingFetched, TaskFailed,
};
use crate::fact::{Direction, Leg};
use crate::message::{OutgoingMessage, SendStatus};
use crate::outcome::QuarantineReason;
use crate::recording::{Recording, Recordings};
use crate::report::{DialledLeg, FailureReason, Report, TaskRef};
use crate::world::{Recorder, World};

pub(super) fn decide(report: &Report, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    match report {
        Report::MessageAttempted(task) => attempted(task, recorder),
        Report::MessageAccepted { task, provider, message_id, .. } => {
            let message = message_stream(*provider, message_id);
            accepted(task, *provider, &message, recorder)
        }
        Report::MessageFailed { task, reason, again } => message_failed(task, *reason, *again, recorder),
        Report::Dialled { stream, provider, legs, line } => {
            dialled(stream, *provider, legs, line.as_deref(), recorder)
        }
        Report::DialFailed { stream, reason } => dial_failed(stream, *reason, recorder),
        Report::Controlled { stream, control, reference } => {
            super::control::done(stream, *control, reference.as_deref(), recorder)
        }
        Report::ControlFailed { stream, control, reason } => {
            super::control::failed(stream, *control, *reason, recorder)
        }
        Report::RecordingFetched { task, sha256, bytes, media_type, duration_ms, transcribe } => {
            let fetched = RecordingFetched {
                task: task.task,
                bytes: *bytes,
                media_type: media_type.clone(),
                duration_ms: *duration_ms,
            };
            recording_fetched(task, sha256, fetched, recorder)?;
            if *transcribe { voice::request_of_conference(task, recorder) } else { Ok(()) }
        }
        Report::Transcribed { task, turns } => voice::transcribed(task, turns, recorder),
        Report::TranscriptFailed { task, reason, again } => {
            voice::transcript_failed(task, *reason, *again, recorder)
        }
        Report::CallLooked { stream, provider, attempt, found } => {
            silence::decide(stream, *provider, *attempt, found, recorder)
        }
        Report::ErasureDone { task, recordings, inputs } => {
            super::erase::done(task, *recordings, *inputs, recorder)
        }
        Report::RecordingFailed { task, reason, again } => recording_failed(task, *reason, *again, recorder),
    }
}

pub(super) fn unknown() -> Stop {
    Stop::Quarantine(QuarantineReason::UnknownTask)
}

fn message<'w>(world: &'w World, task: &TaskRef) -> Result<&'w OutgoingMessage, Stop> {
    let Some(Entity::Contract(agreement)) = world.entity(&task.stream) else { return Err(unknown()) };
    agreement.messages.0.get(&task.task).ok_or_else(unknown)
}

fn attempted(task: &TaskRef, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let known = message(recorder.world, task)?;
    let over = matches!(known.status, SendStatus::Accepted | SendStatus::Failed);
    if over || known.attempts >= task.attempt {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data = EventData::MessageAttempted(Attempt { task: task.task, attempt: task.attempt });
    Ok(recorder.record(&task.stream, data, None, &[])?)
}

fn accepted(
    task: &TaskRef,
    provider: crate::provider::Provider,
    stream: &str,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = message(recorder.world, task)?;
    if known.message.as_deref() == Some(stream) || known.sent_again.contains(stream) {
        return Err(Stop::Already(task.stream.clone()));
    }
    // A second acceptance under another id means it was sent twice; the log shows it.
    let data = EventData::MessageAccepted(MessageAccepted {
        task: task.task,
        attempt: task.attempt,
        provider,
        message: stream.to_owned(),
    });
    Ok(recorder.record(&task.stream, data, None, &[])?)
}

fn message_failed(
    task: &TaskRef,
    reason: FailureReason,
    again: bool,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = message(recorder.world, task)?;
    let over = matches!(known.status, SendStatus::Accepted | SendStatus::Failed);
    // Of an attempt that failed already, or of one before the attempt that is being made.
    let told = known.attempts > task.attempt
        || known.attempts == task.attempt && known.status == SendStatus::Requested;
    if over || told {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data = EventData::MessageFailed(TaskFailed { task: task.task, attempt: task.attempt, reason, again });
    Ok(recorder.record(&task.stream, data, None, &[])?)
}

fn dialled(
    stream: &str,
    provider: crate::provider::Provider,
    legs: &[DialledLeg],
    line: Option<&str>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let Some(Entity::Conference(conference)) = recorder.world.entity(stream) else { return Err(unknown()) };
    if !conference.legs.is_empty() {
        return Err(Stop::Already(stream.to_owned()));
    }
    let parties = conference.parties.clone();
    let data = EventData::DialPlaced(DialPlaced { provider, legs: legs.to_vec() });
    recorder.record(stream, data, None, &[])?;
    // A report without a line was journaled before calls were recorded from it: it has to lead to the same records again.
    let Some(line) = line else { return Ok(()) };
    for leg in legs {
        let Some(call_id) = &leg.call_id else { continue };
        let phone = parties.get(leg.party as usize).and_then(Option::as_deref);
        started(stream, &call_stream(provider, call_id), phone, line, recorder)?;
    }
    Ok(())
}

/// A call is known from the answer that names it, so that one of which nothing is ever told is missed.
fn started(
    request: &str,
    call: &str,
    phone: Option<&str>,
    line: &str,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let request = request.split_once('/').map(|(_, id)| id.to_owned());
    let leg = Leg { direction: Some(Direction::Outbound), request, ..Leg::default() };
    let conflict = match recorder.world.entity(call) {
        Some(Entity::Call(known)) => !known.contradictions(&leg, phone, Some(line)).is_empty(),
        _ => false,
    };
    let ends = [("phone", phone), ("line", Some(line))];
    let private: Vec<(&str, &str)> =
        ends.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let data = EventData::CallStarted(CallFact { leg, conflict, stale: false });
    Ok(recorder.record(call, data, None, &private)?)
}

fn dial_failed(stream: &str, reason: FailureReason, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let Some(Entity::Conference(conference)) = recorder.world.entity(stream) else { return Err(unknown()) };
    if !conference.legs.is_empty() || conference.failure.is_some() {
        return Err(Stop::Already(stream.to_owned()));
    }
    Ok(recorder.record(stream, EventData::DialFailed(DialFailed { reason }), None, &[])?)
}

fn recording<'w>(world: &'w World, task: &TaskRef) -> Result<&'w Recording, Stop> {
    let recordings: &Recordings = match world.entity(&task.stream) {
        Some(Entity::Call(call)) => &call.recordings,
        Some(Entity::Conference(conference)) => &conference.recordings,
        _ => return Err(unknown()),
    };
    recordings.0.values().find(|r| r.task == task.task).ok_or_else(unknown)
}

fn recording_fetched(
    task: &TaskRef,
    sha256: &str,
    fetched: RecordingFetched,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = recording(recorder.world, task)?;
    if known.url.is_none() && known.fetched.is_none() {
        // It was on its way when its person was forgotten.
        return super::erase::late(Some(sha256), recorder);
    }
    let data = match known.fetched.as_ref().map(|f| f.sha256.as_deref()) {
        None => EventData::RecordingFetched(fetched),
        // Erased: nobody can say any more whether these are the same bytes.
        Some(None) => return Err(Stop::Already(task.stream.clone())),
        Some(Some(first)) if first == sha256 || known.altered_sha256.contains(sha256) => {
            return Err(Stop::Already(task.stream.clone()));
        }
        Some(Some(_)) => EventData::RecordingAltered(fetched),
    };
    Ok(recorder.record(&task.stream, data, None, &[("sha256", sha256)])?)
}

fn recording_failed(
    task: &TaskRef,
    reason: FailureReason,
    again: bool,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = recording(recorder.world, task)?;
    if known.fetched.is_some() || known.attempts >= task.attempt {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data =
        EventData::RecordingFailed(TaskFailed { task: task.task, attempt: task.attempt, reason, again });
    Ok(recorder.record(&task.stream, data, None, &[])?)
}
