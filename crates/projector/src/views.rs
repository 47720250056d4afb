//! The rows of the views, from the states of streams.

use contract::call::{Call, Progress};
use contract::entity::{Entity, OpenTask};
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

/// All rows of a stream but its links.
pub(crate) fn add(stream: &str, state: &StreamState, views: &mut Views) {
    views.streams.push(head(stream, state));
    views.contracts.extend(contract(stream, state));
    views.calls.extend(call(stream, state));
    if may_have_tasks(&state.entity) {
        views.tasks.push(StreamTasks { stream: stream.to_owned(), tasks: tasks(stream, state) });
    }
}

/// Head and state.
pub(crate) fn head(stream: &str, state: &StreamState) -> StreamRow {
    StreamRow {
        stream: stream.to_owned(),
        version: state.head.version,
        head: state.head.prev.unwrap_or(Hash([0; 32])),
        recorded_at: state.recorded_at,
        state: state.entity.to_json(),
    }
}

/// The id of the contract of this stream: `AGRI-2026-000001`.
pub(crate) fn contract_id(stream: &str) -> String {
    stream.split('/').next_back().unwrap_or_default().to_owned()
}

/// By what a contract is listed; none for other streams.
pub(crate) fn contract(stream: &str, state: &StreamState) -> Option<ContractRow> {
    let Entity::Contract(agreement) = &state.entity else { return None };
    Some(ContractRow {
        contract_id: contract_id(stream),
        stream: stream.to_owned(),
        status: agreement.status.as_str().to_owned(),
        contract_type: agreement.contract_type.as_str().to_owned(),
        created_at: agreement.created_at,
        document_sha256: agreement.document_sha256,
    })
}

/// By what a call is found; none for other streams.
pub(crate) fn call(stream: &str, state: &StreamState) -> Option<CallRow> {
    let Entity::Call(call) = &state.entity else { return None };
    Some(CallRow { stream: stream.to_owned(), progress: found_by(call).to_owned() })
}

/// What is still to be done outside.
pub(crate) fn tasks(stream: &str, state: &StreamState) -> Vec<TaskRow> {
    let row = |task: OpenTask| TaskRow {
        stream: stream.to_owned(),
        task: task.task,
        kind: task.kind.to_owned(),
        attempts: task.attempts,
        not_before: task.not_before,
    };
    state.entity.open_tasks().into_iter().map(row).collect()
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
