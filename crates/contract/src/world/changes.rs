//! What a batch changes, carried over to the next one, which may be planned before this one is written.

use std::collections::{BTreeSet, HashMap};

use ledger::hash::Hash;
use ledger::time::Timestamp;
use uuid::Uuid;

use super::{LinkEdit, StreamState, World};

/// Everything a batch changed of what the next one may look at. It stands above what a store says that may not have
/// written the batch yet, and changes nothing where the store has. `Debug` shows sizes only.
#[derive(Default)]
pub struct Changes {
    streams: HashMap<String, StreamState>,
    seen: Vec<(String, Hash)>,
    links: Vec<LinkEdit>,
    counters: Vec<(String, u64)>,
    handled: Vec<Uuid>,
    last_recorded_at: Option<Timestamp>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Changes({} streams, {} inputs)", self.streams.len(), self.handled.len())
    }
}

impl Changes {
    /// The streams to which new links lead that the next batch follows, and which are neither here nor loaded: a store
    /// follows the links it has, and these it may not have yet.
    pub fn lacking(
        &self,
        is_followed: impl Fn(&str, &str) -> bool,
        is_loaded: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let added = self.links.iter().filter(|edit| edit.add && is_followed(edit.space, &edit.key));
        let streams = added.map(|edit| &edit.stream);
        let lacking: BTreeSet<&String> =
            streams.filter(|stream| !self.streams.contains_key(*stream) && !is_loaded(stream)).collect();
        lacking.into_iter().cloned().collect()
    }
}

impl World {
    /// What this batch changed; `handled` are its inputs.
    pub fn into_changes(self, handled: Vec<Uuid>) -> Changes {
        let counters = self.counters_changed.iter().map(|name| (name.clone(), self.counter(name))).collect();
        let mut streams = self.streams;
        streams.retain(|_, state| std::mem::take(&mut state.changed));
        Changes {
            counters,
            streams,
            seen: self.newly_seen,
            links: self.link_edits,
            handled,
            last_recorded_at: self.last_recorded_at,
        }
    }

    /// Puts what the batch before changed above what was loaded.
    pub fn put_changes(&mut self, changes: Changes) {
        self.streams.extend(changes.streams);
        for (key, digest) in changes.seen {
            self.put_seen(key, digest);
        }
        for edit in changes.links {
            let streams = self.links.entry((edit.space.to_owned(), edit.key)).or_default();
            if edit.add {
                streams.insert(edit.stream);
            } else {
                streams.remove(&edit.stream);
            }
        }
        self.counters.extend(changes.counters);
        self.handled.extend(changes.handled);
        self.last_recorded_at = changes.last_recorded_at.or(self.last_recorded_at);
    }
}
