//! What asking a provider about a call without an end leads to.

use super::webhook::Telling;
use super::{Stop, subject_stream};
use crate::arrival::RAW_NAMES;
use crate::call::{Call, Progress};
use crate::entity::Entity;
use crate::event::{CallSilent, EventData, SilentAnswer};
use crate::outcome::QuarantineReason;
use crate::provider::Provider;
use crate::report::Found;
use crate::silence::LOOKS_MAX;
use crate::world::{Recorder, World};

/// Records what the provider told, as if it had called us; and that there is still no end, where there is none.
pub(super) fn decide(
    stream: &str,
    provider: Provider,
    attempt: u32,
    found: &Found,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let known = call(recorder.world, stream)?;
    let looked = known.silence.as_ref().map_or(0, |silence| silence.attempts);
    if known.progress == Progress::Ended || looked >= attempt {
        return Err(Stop::Already(stream.to_owned()));
    }
    let (answer, reason) = match found {
        Found::Told { facts, raw } => {
            // An answer about another call than was asked about is none.
            if facts.iter().any(|fact| subject_stream(&fact.subject).as_deref() != Some(stream)) {
                return Err(Stop::Quarantine(QuarantineReason::UnknownTask));
            }
            let telling = Telling { provider, facts, raw: (RAW_NAMES[0], raw), stale: false };
            match telling.take(recorder) {
                Ok(()) | Err(Stop::Already(_)) => {}
                Err(other) => return Err(other),
            }
            if call(recorder.world, stream)?.progress == Progress::Ended {
                return Ok(());
            }
            (SilentAnswer::GoesOn, None)
        }
        Found::Unknown {} => (SilentAnswer::Unknown, None),
        Found::CannotAsk {} => (SilentAnswer::CannotAsk, None),
        Found::Failed { reason } => (SilentAnswer::Failed, Some(*reason)),
    };
    let again = attempt < LOOKS_MAX && worth_another_look(answer);
    let silent = CallSilent { answer, reason, attempt, again };
    Ok(recorder.record(stream, EventData::CallSilent(silent), None, &[])?)
}

/// Whether the same question may get another answer later.
fn worth_another_look(answer: SilentAnswer) -> bool {
    matches!(answer, SilentAnswer::GoesOn | SilentAnswer::Failed)
}

fn call<'w>(world: &'w World, stream: &str) -> Result<&'w Call, Stop> {
    match world.entity(stream) {
        Some(Entity::Call(call)) => Ok(call),
        _ => Err(Stop::Quarantine(QuarantineReason::UnknownTask)),
    }
}
