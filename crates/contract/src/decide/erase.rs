//! Forgetting a person: its values go with the record that names their digests, in one commit.

use std::collections::{BTreeMap, BTreeSet};

use super::Stop;
use crate::command::ErasePerson;
use crate::entity::Entity;
use crate::erasure::{DIGESTS_MAX, erasure_stream};
use crate::event::{ErasureCompleted, ErasureRequested, EventData, PersonalErased};
use crate::outcome::{QuarantineReason, Refusal};
use crate::report::TaskRef;
use crate::world::{Erased, Recorder, World, space};

/// A request that finds nothing is recorded all the same: it was made and answered, and raw inputs may still hold the
/// number.
pub(super) fn decide(command: &ErasePerson, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let Some(dossier) = recorder.world.dossier.take() else {
        let reason = "cannot be looked up: this ledger has no index of persons".into();
        return Err(Refusal::Invalid { field: "phone".into(), reason }.into());
    };
    let selection = dossier.select();
    let mut by_stream: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, held) in dossier.streams() {
        let positions: BTreeSet<u64> = held.iter().map(|h| h.position).collect();
        let gone = selection.values.iter().filter(|(position, _)| positions.contains(position));
        let digests: Vec<String> = gone.map(|(_, digest)| digest.clone()).collect();
        if !digests.is_empty() {
            by_stream.insert(name, digests);
        }
    }
    let mut refolded = Vec::with_capacity(by_stream.len());
    for name in by_stream.keys() {
        // Nothing has been recorded yet: an erasure is whole or not at all.
        let entity = dossier.refold(name, &selection.values);
        let entity = entity.map_err(|_| Stop::Quarantine(QuarantineReason::Unrecordable))?;
        refolded.extend(entity.map(|entity| (*name, entity)));
    }
    let erasure = erasure_stream(recorder.input.id);
    let requested = EventData::ErasureRequested(ErasureRequested {
        ground: Some(command.ground),
        streams: count(by_stream.len()),
        values: count(selection.values.len()),
        recordings: count(selection.recordings.len()),
    });
    recorder.record(&erasure, requested, None, &[])?;
    for (name, entity) in refolded {
        recorder.world.put_refolded(name, entity);
    }
    for (name, digests) in &by_stream {
        for digests in digests.chunks(DIGESTS_MAX) {
            let (ground, digests) = (command.ground, digests.to_vec());
            let erased = PersonalErased { ground, erasure: erasure.clone(), digests };
            recorder.record(name, EventData::PersonalErased(erased), None, &[])?;
        }
    }
    recorder.world.erased = Erased {
        reindexed: dossier.reindexed(&selection.values),
        recordings: selection.recordings.into_iter().map(|sha256| (erasure.clone(), sha256)).collect(),
        inputs: selection.inputs.into_iter().map(|input| (erasure.clone(), input)).collect(),
        names: selection.names,
        values: selection.values,
        completed: BTreeSet::new(),
    };
    Ok(())
}

/// Recordings and raw inputs are gone as well.
pub(super) fn done(
    task: &TaskRef,
    recordings: u32,
    inputs: u32,
    recorder: &mut Recorder<'_>,
) -> Result<(), Stop> {
    let Some(Entity::Erasure(erasure)) = recorder.world.entity(&task.stream) else {
        return Err(Stop::Quarantine(QuarantineReason::UnknownTask));
    };
    if erasure.completed_at.is_some() {
        return Err(Stop::Already(task.stream.clone()));
    }
    let completed = ErasureCompleted { task: task.task, recordings, inputs };
    recorder.record(&task.stream, EventData::ErasureCompleted(completed), None, &[])?;
    recorder.world.erased.completed.insert(task.stream.clone());
    Ok(())
}

/// A recording that was being fetched, or transcribed, when its person was forgotten: what came of it goes too, and the
/// report that brought it.
pub(super) fn late(recording: Option<&str>, recorder: &mut Recorder<'_>) -> Result<(), Stop> {
    let erasure = erasure_stream(recorder.input.id);
    let recordings = count(recording.iter().len());
    let requested = ErasureRequested { ground: None, streams: 0, values: 0, recordings };
    recorder.record(&erasure, EventData::ErasureRequested(requested), None, &[])?;
    let erased = &mut recorder.world.erased;
    erased.recordings.extend(recording.map(|sha256| (erasure.clone(), sha256.to_owned())));
    erased.inputs.insert((erasure, recorder.input.id));
    Ok(())
}

/// Whether somebody was forgotten who spoke on this call or conference, or on the conference the call is a leg of. Voices and
/// words cannot be divided, so from then on nothing is kept of what was said there, whenever it comes in.
pub(super) fn is_forgotten(stream: &str, world: &World) -> bool {
    let own = |stream: &str| match world.entity(stream) {
        Some(Entity::Call(call)) => call.forgotten,
        Some(Entity::Conference(conference)) => conference.forgotten,
        _ => false,
    };
    own(stream) || world.linked(space::CALL, stream).any(|of| own(of))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
