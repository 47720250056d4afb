//! Recordings that clients hand to us, and transcripts: asked for, posted, written by a machine.

use super::{Stop, report::unknown};
use crate::command::{
    AddRecording, AddTranscript, RecordingSource, RequestTerms, RequestTranscript, TRANSCRIPT_BYTES_MAX,
};
use crate::entity::{Entity, conference_stream};
use crate::event::{
    EventData, Origin, RecordingAvailable, RecordingFetched, TaskFailed, TermsRead, TermsRequested,
    TranscriptRecorded, TranscriptRequested,
};
use crate::outcome::Refusal;
use crate::reading::{Claimed, Reading};
use crate::recording::Recordings;
use crate::report::{FailureReason, TaskRef};
use crate::transcript::{self, TURNS_MAX, Transcripts, Turn};
use crate::world::{Recorder, World, space};

pub(super) fn add_recording(command: &AddRecording, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let stream = conference_stream(&command.conference_id);
    if recorder.world.entity(&stream).is_some() {
        return Err(Stop::Already(stream));
    }
    let available =
        EventData::RecordingAvailable(RecordingAvailable { duration_s: None, conflict: false, stale: false });
    match &command.source {
        RecordingSource::Url(url) => Ok(recorder.record(&stream, available, None, &[("url", url)])?),
        RecordingSource::Stored { sha256, bytes, media_type, duration_ms } => {
            recorder.record(&stream, available, None, &[])?;
            let fetched = EventData::RecordingFetched(RecordingFetched {
                task: 1,
                bytes: *bytes,
                media_type: media_type.clone(),
                duration_ms: *duration_ms,
                check_after_s: None,
            });
            recorder.record(&stream, fetched, None, &[("sha256", sha256)])?;
            if command.transcribe { request(&stream, 1, recorder) } else { Ok(()) }
        }
    }
}

pub(super) fn request_transcript(
    command: &RequestTranscript,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    if super::erase::is_forgotten(&command.stream, recorder.world) {
        return Err(Refusal::Forgotten.into());
    }
    let (recordings, transcripts) = said(recorder.world, &command.stream)
        .ok_or_else(|| Refusal::NotFound { what: "call or conference".into() })?;
    let known = recordings.0.values().find(|one| one.task == command.recording);
    if known.is_none_or(|recording| recording.fetched.is_none()) {
        return Err(Refusal::NotFound { what: "recording".into() }.into());
    }
    if transcripts.covers(command.recording) {
        return Err(Stop::Already(command.stream.clone()));
    }
    request(&command.stream, command.recording, recorder)
}

fn request(stream: &str, recording: u32, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let data = EventData::TranscriptRequested(TranscriptRequested { recording });
    Ok(recorder.record(stream, data, None, &[])?)
}

/// After a recording was fetched where a transcriber waits: what was said on a conference is transcribed, other calls
/// are not.
pub(super) fn request_of_conference(task: &TaskRef, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let world = &*recorder.world;
    let is_conference = |stream: &str| stream.starts_with("conference/");
    let of_conference = is_conference(&task.stream)
        || world.linked(space::CALL, &task.stream).any(|stream| is_conference(stream));
    let covered = said(world, &task.stream).is_none_or(|(_, transcripts)| transcripts.covers(task.task));
    if of_conference && !covered { request(&task.stream, task.task, recorder) } else { Ok(()) }
}

pub(super) fn add_transcript(command: &AddTranscript, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let (_, transcripts) = said(recorder.world, &command.stream)
        .ok_or_else(|| Refusal::NotFound { what: "call or conference".into() })?;
    if super::erase::is_forgotten(&command.stream, recorder.world) {
        // Refused, and the input that holds the words goes too.
        super::erase::late(None, recorder)?;
        return Err(Refusal::Forgotten.into());
    }
    let text = transcript::text(&command.turns);
    check(&command.turns, &text)?;
    let same =
        |t: &&transcript::Transcript| t.origin == Some(Origin::Posted) && t.text.as_deref() == Some(&text);
    if transcripts.current().filter(same).is_some() {
        return Err(Stop::Already(command.stream.clone()));
    }
    recorded(&command.stream, None, Origin::Posted, &command.turns, &text, recorder)
}

pub(super) fn transcribed(task: &TaskRef, turns: &[Turn], recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let known = said(recorder.world, &task.stream).and_then(|(_, transcripts)| transcripts.0.get(&task.task));
    if known.is_some_and(|known| known.erased) {
        return super::erase::late(None, recorder);
    }
    open(recorder.world, task)?;
    let text = transcript::text(turns);
    check(turns, &text)?;
    recorded(&task.stream, Some(task.task), Origin::Transcribed, turns, &text, recorder)
}

pub(super) fn transcript_failed(
    task: &TaskRef,
    reason: FailureReason,
    again: bool,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    if open(recorder.world, task)? >= task.attempt {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data = TaskFailed { task: task.task, attempt: task.attempt, reason, again };
    Ok(recorder.record(&task.stream, EventData::TranscriptFailed(data), None, &[])?)
}

/// A transcript is shown to the second reader once, whatever comes of it.
pub(super) fn request_terms(command: &RequestTerms, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let (_, transcripts) = said(recorder.world, &command.stream)
        .ok_or_else(|| Refusal::NotFound { what: "call or conference".into() })?;
    let transcript = transcripts.0.get(&command.transcript).filter(|one| one.text.is_some());
    let transcript = transcript.ok_or_else(|| Refusal::NotFound { what: "transcript".into() })?;
    if transcript.reading.is_some() {
        return Err(Stop::Already(command.stream.clone()));
    }
    let RequestTerms { transcript, contract_type, ref day, .. } = *command;
    let data = EventData::TermsRequested(TermsRequested { transcript, contract_type, day: day.clone() });
    Ok(recorder.record(&command.stream, data, None, &[])?)
}

pub(super) fn terms_read(
    task: &TaskRef,
    claims: &[Claimed],
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    if reading(recorder.world, task)?.erased {
        return super::erase::late(None, recorder);
    }
    if !reading(recorder.world, task)?.is_open() {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data = TermsRead { task: task.task, claims: u32::try_from(claims.len()).unwrap_or(u32::MAX) };
    let whole = serde_json::to_string(claims).expect("claims hold only strings");
    Ok(recorder.record(&task.stream, EventData::TermsRead(data), None, &[("claims", &whole)])?)
}

pub(super) fn terms_failed(
    task: &TaskRef,
    reason: FailureReason,
    again: bool,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = reading(recorder.world, task)?;
    if !known.is_open() || known.attempts >= task.attempt {
        return Err(Stop::Already(task.stream.clone()));
    }
    let data = TaskFailed { task: task.task, attempt: task.attempt, reason, again };
    Ok(recorder.record(&task.stream, EventData::TermsFailed(data), None, &[])?)
}

fn reading<'w>(world: &'w World, task: &TaskRef) -> Result<&'w Reading, Stop> {
    let (_, transcripts) = said(world, &task.stream).ok_or_else(unknown)?;
    transcripts.reading(task.task).map(|(_, reading)| reading).ok_or_else(unknown)
}

fn recorded(
    stream: &str,
    task: Option<u32>,
    origin: Origin,
    turns: &[Turn],
    text: &str,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let data = EventData::TranscriptRecorded(TranscriptRecorded {
        task,
        origin,
        turns: u32::try_from(turns.len()).unwrap_or(u32::MAX),
        languages: transcript::languages(turns),
    });
    let whole = serde_json::to_string(turns).expect("turns hold only strings and whole numbers");
    Ok(recorder.record(stream, data, None, &[("transcript", text), ("turns", &whole)])?)
}

fn check(turns: &[Turn], text: &str) -> Result<(), Refusal> {
    let invalid = |reason: &str| Refusal::Invalid { field: "transcript".into(), reason: reason.into() };
    if text.is_empty() {
        return Err(invalid("is empty"));
    }
    if text.len() > TRANSCRIPT_BYTES_MAX {
        return Err(invalid("is longer than 400000 bytes"));
    }
    if turns.len() > TURNS_MAX { Err(invalid("has more than 5000 turns")) } else { Ok(()) }
}

/// Attempts made so far at a transcript that is still to be made.
fn open(world: &World, task: &TaskRef) -> Result<u32, Stop> {
    let (_, transcripts) = said(world, &task.stream).ok_or_else(unknown)?;
    let known = transcripts.0.get(&task.task).ok_or_else(unknown)?;
    if known.origin.is_some() { Err(Stop::Already(task.stream.clone())) } else { Ok(known.attempts) }
}

fn said<'w>(world: &'w World, stream: &str) -> Option<(&'w Recordings, &'w Transcripts)> {
    match world.entity(stream)? {
        Entity::Call(call) => Some((&call.recordings, &call.transcripts)),
        Entity::Conference(conference) => Some((&conference.recordings, &conference.transcripts)),
        _ => None,
    }
}
