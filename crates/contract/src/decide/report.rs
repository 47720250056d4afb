//! Reports of what we did outside.

use super::{Stop, silence, voice};
use crate::entity::{Entity, call_stream, message_stream};
use crate::event::{
    Attempt, CallFact, DialFailed, DialPlaced, EventData, MessageAccepted, MessageFailed, RecordingChecked,
    RecordingFetched, TaskFailed,
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
        Report::MessageAccepted { task, provider, message_id, receipt, .. } => {
            let data = MessageAccepted {
                task: task.task,
                attempt: task.attempt,
                provider: *provider,
                message: message_stream(*provider, message_id),
                receipt: receipt.clone(),
            };
            accepted(task, data, recorder)
        }
        Report::MessageFailed { task, reason, again, receipt } => {
            let (number, attempt, receipt) = (task.task, task.attempt, receipt.clone());
            let data = MessageFailed { task: number, attempt, reason: *reason, again: *again, receipt };
            message_failed(task, data, recorder)
        }
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
        Report::RecordingFetched {
            task,
            sha256,
            bytes,
            media_type,
            duration_ms,
            transcribe,
            check_after_s,
        } => {
            let fetched = RecordingFetched {
                task: task.task,
                bytes: *bytes,
                media_type: media_type.clone(),
                duration_ms: *duration_ms,
                check_after_s: *check_after_s,
            };
            let is_first = recording_fetched(task, sha256, fetched, recorder)?;
            if *transcribe && is_first { voice::request_of_conference(task, recorder) } else { Ok(()) }
        }
        Report::Transcribed { task, turns } => voice::transcribed(task, turns, recorder),
        Report::TranscriptFailed { task, reason, again } => {
            voice::transcript_failed(task, *reason, *again, recorder)
        }
        Report::TermsRead { task, claims } => voice::terms_read(task, claims, recorder),
        Report::TermsFailed { task, reason, again } => voice::terms_failed(task, *reason, *again, recorder),
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

fn accepted(task: &TaskRef, data: MessageAccepted, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let known = message(recorder.world, task)?;
    if known.message.as_ref() == Some(&data.message) || known.sent_again.contains(&data.message) {
        return Err(Stop::Already(task.stream.clone()));
    }
    // A second acceptance under another id means it was sent twice; the log shows it.
    Ok(recorder.record(&task.stream, EventData::MessageAccepted(data), None, &[])?)
}

fn message_failed(task: &TaskRef, data: MessageFailed, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let known = message(recorder.world, task)?;
    let over = matches!(known.status, SendStatus::Accepted | SendStatus::Failed);
    // Of an attempt that failed already, or of one before the attempt that is being made.
    let told = known.attempts > task.attempt
        || known.attempts == task.attempt && known.status == SendStatus::Requested;
    if over || told {
        return Err(Stop::Already(task.stream.clone()));
    }
    Ok(recorder.record(&task.stream, EventData::MessageFailed(data), None, &[])?)
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

/// Says whether these are the first bytes of it. Those are the evidence: what comes later is held against them.
fn recording_fetched(
    task: &TaskRef,
    sha256: &str,
    fetched: RecordingFetched,
    recorder: &mut Recorder<'_>,
) -> Result<bool, Stop> {
    let known = recording(recorder.world, task)?;
    if known.url.is_none() && known.fetched.is_none() {
        // It was on its way when its person was forgotten.
        return super::erase::late(Some(sha256), recorder).map(|()| false);
    }
    let first = match known.fetched.as_ref().map(|f| f.sha256.as_deref()) {
        None => {
            let data = EventData::RecordingFetched(fetched);
            recorder.record(&task.stream, data, None, &[("sha256", sha256)])?;
            return Ok(true);
        }
        // Erased: nobody can say any more whether these are the same bytes.
        Some(None) => return Err(Stop::Already(task.stream.clone())),
        Some(Some(first)) => first,
    };
    let (same, altered) = (first == sha256, known.altered_sha256.contains(sha256));
    if !same && !altered {
        let data = EventData::RecordingAltered(RecordingFetched { check_after_s: None, ..fetched });
        recorder.record(&task.stream, data, None, &[("sha256", sha256)])?;
        return Ok(false);
    }
    if !is_awaited(known, task) {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data = RecordingChecked { task: task.task, attempt: task.attempt, same };
    recorder.record(&task.stream, EventData::RecordingChecked(data), None, &[])?;
    Ok(false)
}

/// Whether this attempt is the one that is due.
fn is_awaited(known: &Recording, task: &TaskRef) -> bool {
    known.next().is_some_and(|(attempts, _)| attempts + 1 == task.attempt)
}

fn recording_failed(
    task: &TaskRef,
    reason: FailureReason,
    again: bool,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = recording(recorder.world, task)?;
    let failed = TaskFailed { task: task.task, attempt: task.attempt, reason, again };
    let data = match known.fetched {
        None if known.attempts < task.attempt => EventData::RecordingFailed(failed),
        Some(_) if is_awaited(known, task) => EventData::RecordingCheckFailed(failed),
        _ => return Err(Stop::Already(task.stream.clone())),
    };
    Ok(recorder.record(&task.stream, data, None, &[])?)
}
