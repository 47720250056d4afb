//! The rows of the views, from the states of streams.

use contract::call::{Call, Progress};
use contract::entity::Entity;
use contract::world::{StreamState, World};
use ledger::hash::Hash;
use store::rows::{CallRow, ContractRow, LinkChange, StreamRow, StreamTasks, TaskRow, Views};

/// All view rows that a batch changes.
pub fn changes(world: &World) -> Views {
    let mut views = Views::default();
    for (stream, state) in world.changed() {
        add(stream, state, &mut views);
    }
    // The order in which a hash map gives its streams must not show: rows are written, and locked, in one order.
    views.streams.sort_by(|a, b| a.stream.cmp(&b.stream));
    views.contracts.sort_by(|a, b| a.stream.cmp(&b.stream));
    views.calls.sort_by(|a, b| a.stream.cmp(&b.stream));
    views.tasks.sort_by(|a, b| a.stream.cmp(&b.stream));
    views.links = world
        .link_edits
        .iter()
        .map(|edit| LinkChange {
            space: edit.space.to_owned(),
            key: edit.key.clone(),
            stream: edit.stream.clone(),
            add: edit.add,
        })
        .collect();
    views.counters = world.counters_changed.iter().map(|name| (name.clone(), world.counter(name))).collect();
    views
}

pub(crate) fn add(stream: &str, state: &StreamState, views: &mut Views) {
    let id = || stream.split('/').next_back().unwrap_or_default().to_owned();
    views.streams.push(StreamRow {
        stream: stream.to_owned(),
        version: state.head.version,
        head: state.head.prev.unwrap_or(Hash([0; 32])),
        recorded_at: state.recorded_at,
        state: state.entity.to_json(),
    });
    match &state.entity {
        Entity::Contract(agreement) => views.contracts.push(ContractRow {
            contract_id: id(),
            stream: stream.to_owned(),
            status: agreement.status.as_str().to_owned(),
            contract_type: agreement.contract_type.as_str().to_owned(),
            created_at: agreement.created_at,
            document_sha256: agreement.document_sha256,
        }),
        Entity::Call(call) => {
            views.calls.push(CallRow { stream: stream.to_owned(), progress: found_by(call).to_owned() });
        }
        Entity::Conference(_)
        | Entity::Message(_)
        | Entity::Media(_)
        | Entity::Erasure(_)
        | Entity::Keys(_)
        | Entity::Contact(_)
        | Entity::Session(_) => {}
    }
    if may_have_tasks(&state.entity) {
        let tasks = state.entity.open_tasks().into_iter().map(|task| TaskRow {
            stream: stream.to_owned(),
            task: task.task,
            kind: task.kind.to_owned(),
            attempts: task.attempts,
            not_before: task.not_before,
        });
        views.tasks.push(StreamTasks { stream: stream.to_owned(), tasks: tasks.collect() });
    }
}

/// The word by which calls without an end are found: one that is not looked for any more is left out.
fn found_by(call: &Call) -> &'static str {
    let given_up = call.silence.as_ref().is_some_and(|silence| silence.given_up);
    if given_up && call.progress != Progress::Ended { "silent" } else { call.progress.as_str() }
}

/// Most calls never have a task; their rows need not be looked for.
fn may_have_tasks(entity: &Entity) -> bool {
    match entity {
        Entity::Call(call) => !call.recordings.0.is_empty() || !call.transcripts.is_empty(),
        Entity::Conference(conference) => {
            !conference.recordings.0.is_empty() || !conference.transcripts.is_empty()
        }
        Entity::Contract(_) | Entity::Erasure(_) => true,
        Entity::Message(_) | Entity::Media(_) | Entity::Keys(_) | Entity::Contact(_) | Entity::Session(_) => {
            false
        }
    }
}
