//! View changes as they are written: each row once, in a fixed order.

use std::collections::BTreeMap;

use crate::rows::{CallRow, ContractRow, LinkChange, StreamRow, TaskRow, Views};

/// [`Views`] with one change per row, the last one asked for: one statement may touch a row only once. Ordered by key,
/// so that two writers never wait for each other in a circle.
pub(crate) struct Settled<'a> {
    pub(crate) streams: Vec<&'a StreamRow>,
    pub(crate) contracts: Vec<&'a ContractRow>,
    pub(crate) calls: Vec<&'a CallRow>,
    pub(crate) links_added: Vec<&'a LinkChange>,
    pub(crate) links_removed: Vec<&'a LinkChange>,
    /// Streams whose tasks are replaced.
    pub(crate) task_streams: Vec<&'a str>,
    pub(crate) tasks: Vec<&'a TaskRow>,
    pub(crate) counters: Vec<&'a (String, u64)>,
}

impl<'a> Settled<'a> {
    pub(crate) fn of(views: &'a Views) -> Settled<'a> {
        let links = last_by(&views.links, |link| (&link.space, &link.key, &link.stream));
        let (links_added, links_removed) = links.into_iter().partition(|link| link.add);
        let tasks = last_by(&views.tasks, |tasks| &tasks.stream);
        Settled {
            streams: last_by(&views.streams, |row| &row.stream),
            contracts: last_by(&views.contracts, |row| &row.contract_id),
            calls: last_by(&views.calls, |row| &row.stream),
            links_added,
            links_removed,
            task_streams: tasks.iter().map(|tasks| tasks.stream.as_str()).collect(),
            tasks: tasks.iter().flat_map(|tasks| last_by(&tasks.tasks, |task| task.task)).collect(),
            counters: last_by(&views.counters, |(name, _)| name),
        }
    }
}

fn last_by<'a, R, K: Ord>(rows: &'a [R], key: impl Fn(&'a R) -> K) -> Vec<&'a R> {
    rows.iter().map(|row| (key(row), row)).collect::<BTreeMap<K, &R>>().into_values().collect()
}
