//! Planning a batch: what its inputs lead to, as one value that the store writes or does not. No I/O here.

use std::collections::HashSet;
use std::sync::Arc;

use contract::arrival::Repeat;
use contract::command::Command;
use contract::decide::{decide, needs};
use contract::entity::{Entity, KEYS_STREAM};
use contract::erasure::Dossier;
use contract::input::{Body, Input};
use contract::outcome::{Outcome, QuarantineReason};
use contract::person::Index;
use contract::world::{Changes, World};
use journal::Entry;
use ledger::key::{KeyError, KeyRing, RecordKey};
use ledger::stream::Head;
use ledger::time::Timestamp;
use ledger::tree::Tree;
use store::rows::{Commit, InboxRow, Loaded, Needs, RecordRow, RepeatRow, SeenRow, SourceMove, Views};
use uuid::Uuid;

use crate::erasure::{self, Found};
use crate::seal::{Sealer, sealing};
use crate::views;

/// Where the log ends, as the writer holds it between batches.
#[derive(Clone, Debug)]
pub struct Tail {
    /// The right edge of the tree; its size is the next position.
    pub tree: Tree,
    /// `recorded_at` of the newest record.
    pub last_recorded_at: Option<Timestamp>,
    /// The keys named so far: which statements may follow, and who signs what comes next.
    pub ring: Arc<KeyRing>,
}

/// One entry as it was read: an input, or bytes that are none.
#[derive(Clone, Debug)]
pub enum Read {
    /// An input.
    Input(Box<Input>),
    /// Cannot be read as one; quarantined with its bytes.
    Unreadable {
        /// Id it was journaled under.
        id: Uuid,
        /// When it was journaled.
        received_at: Timestamp,
        /// What was journaled.
        payload: Vec<u8>,
    },
    /// Planning panics on it; quarantined with its bytes.
    Poison {
        /// Id it was journaled under.
        id: Uuid,
        /// When it was journaled.
        received_at: Timestamp,
        /// What was journaled.
        payload: Vec<u8>,
    },
}

/// Why no plan could be made. The writer stops: going on would sign something wrong.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A stored state cannot be read.
    #[error("the stored state of {stream} cannot be read; rebuild the views: {reason}")]
    State {
        /// Which stream.
        stream: String,
        /// Why.
        reason: String,
    },
    /// A key statement would fail every audit of the log.
    #[error("the key statement for position {position} would fail an audit: {reason}")]
    Key {
        /// Where it would stand.
        position: u64,
        /// Why.
        reason: String,
    },
}

/// What a plan needs besides inputs and what was loaded for them.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Computes under which tokens records are found; none keeps no index.
    pub index: Option<Index>,
    /// What is known about the person to be forgotten, where the one input asks for that.
    pub dossier: Option<Dossier>,
    /// Raw inputs that name this person.
    pub found: Found,
    /// Where each input stands in the source, in their order; none where they came from no source.
    pub positions: Vec<u64>,
}

/// A planned batch.
#[derive(Debug)]
pub struct Plan {
    /// To be written.
    pub commit: Commit,
    /// Where the log ends once it is written.
    pub tail: Tail,
    /// What it changes, for planning the next batch before this one is written.
    pub changes: Changes,
}

impl Read {
    /// Reads one journaled entry.
    pub fn entry(entry: Entry) -> Read {
        match Input::from_bytes(&entry.payload) {
            Ok(input) if input.id == entry.id => Read::Input(Box::new(input)),
            _ => Read::Unreadable {
                id: entry.id,
                received_at: Timestamp::from_millis(entry.received_at_ms).unwrap_or(EPOCH),
                payload: entry.payload,
            },
        }
    }

    /// Whether it states something about a key: what follows it may have to be signed with another one.
    pub fn states_key(&self) -> bool {
        let Read::Input(input) = self else { return false };
        matches!(&input.body, Body::Command(command) if matches!(command.bare(), Command::StateKey(_)))
    }

    /// The same entry, to be set aside unread.
    pub fn into_poison(self) -> Read {
        match self {
            Read::Input(input) => {
                Read::Poison { id: input.id, received_at: input.received_at, payload: input.to_bytes() }
            }
            Read::Unreadable { id, received_at, payload } | Read::Poison { id, received_at, payload } => {
                Read::Poison { id, received_at, payload }
            }
        }
    }
}

/// The first instant a record can have; stands in where an entry's own time is no time.
const EPOCH: Timestamp = Timestamp::EPOCH;

/// What must be loaded before the batch can be planned.
pub fn load(reads: &[Read]) -> Needs {
    let mut all = Needs::default();
    for read in reads {
        match read {
            Read::Unreadable { id, .. } | Read::Poison { id, .. } => all.inputs.push(*id),
            Read::Input(input) => {
                all.inputs.push(input.id);
                let one = needs(input);
                all.streams.extend(one.streams);
                all.links.extend(one.links);
                all.seen.extend(one.seen);
                all.counters.extend(one.counters);
            }
        }
    }
    for list in [&mut all.streams, &mut all.seen, &mut all.counters] {
        list.sort_unstable();
        list.dedup();
    }
    all.links.sort_unstable();
    all.links.dedup();
    all
}

/// What must be loaded besides, because of links that the batch before made ([`Changes::lacking`]).
pub fn lacking(needs: &Needs, loaded: &Loaded, ahead: &Changes) -> Vec<String> {
    let followed: HashSet<(&str, &str)> =
        needs.links.iter().map(|(space, key)| (space.as_str(), key.as_str())).collect();
    if followed.is_empty() {
        return Vec::new();
    }
    let held: HashSet<&str> = loaded.streams.iter().map(|row| row.stream.as_str()).collect();
    ahead.lacking(|space, key| followed.contains(&(space, key)), |stream| held.contains(stream))
}

/// Plans a batch: folds the inputs in order, seals the records, grows the tree, computes the views.
///
/// # Errors
/// [`PlanError`] when a stored state cannot be read.
pub fn plan(
    reads: impl AsRef<[Read]>,
    loaded: Loaded,
    tail: &Tail,
    origin: &str,
    key: &RecordKey,
    read_to: Option<SourceMove>,
) -> Result<Plan, PlanError> {
    plan_behind(Changes::default(), reads, loaded, tail, origin, key, read_to)
}

/// As [`plan`], behind a batch that may not be written yet: `ahead` is what that one changes, `tail` where it ends.
///
/// # Errors
/// [`PlanError`] when a stored state cannot be read.
pub fn plan_behind(
    ahead: Changes,
    reads: impl AsRef<[Read]>,
    loaded: Loaded,
    tail: &Tail,
    origin: &str,
    key: &RecordKey,
    read_to: Option<SourceMove>,
) -> Result<Plan, PlanError> {
    plan_with(Desk::default(), ahead, reads, loaded, tail, origin, key, read_to)
}

/// As [`plan_behind`], with what is on the desk.
///
/// # Errors
/// As [`plan`].
#[allow(clippy::too_many_arguments)]
pub fn plan_with(
    desk: Desk,
    ahead: Changes,
    reads: impl AsRef<[Read]>,
    loaded: Loaded,
    tail: &Tail,
    origin: &str,
    key: &RecordKey,
    read_to: Option<SourceMove>,
) -> Result<Plan, PlanError> {
    let mut world = world(loaded, tail, origin)?;
    world.put_changes(ahead);
    (world.index, world.dossier) = (desk.index, desk.dossier);
    let reads = reads.as_ref();
    let first_position = tail.tree.size();
    let mut tail = tail.clone();
    let fold = |sealer: &mut Sealer<'_, '_>| fold_all(reads, &mut world, &mut tail, sealer);
    let ((inbox, views), rows) = sealing(key, first_position, reads.len(), fold);
    let nodes = tail.tree.extend(rows.records.iter().map(|record| record.leaf));
    take_keys(&mut tail.ring, &rows.records)?;
    let seen = world.newly_seen.iter().map(|(key, digest)| SeenRow { key: key.clone(), digest: *digest });
    let seen = seen.collect();
    let recorded_at = tail.last_recorded_at.unwrap_or(EPOCH);
    let mut found = desk.found;
    if let (Some(read_to), false) = (&read_to, world.erased.inputs.is_empty()) {
        found.place(&world.erased, reads, &desk.positions, &read_to.source);
    }
    let erasure = erasure::rows(std::mem::take(&mut world.erased), found, recorded_at);
    let repeats = world.repeats.drain(..).map(repeat_row).collect();
    let changes = world.into_changes(inbox.iter().map(|row| row.input).collect());
    let commit = Commit {
        first_position,
        read_to,
        inbox,
        records: rows.records,
        disclosures: rows.disclosures,
        nodes,
        seen,
        repeats,
        views,
        persons: rows.persons,
        erasure,
    };
    Ok(Plan { commit, tail, changes })
}

/// The fold itself: pure, one input after the other.
fn fold_all(
    reads: &[Read],
    world: &mut World,
    tail: &mut Tail,
    sealer: &mut Sealer<'_, '_>,
) -> (Vec<InboxRow>, Views) {
    let mut inbox = Vec::with_capacity(reads.len());
    for read in reads {
        inbox.extend(fold(read, world));
        tail.last_recorded_at = world.made.last().map(|made| made.recorded_at).or(tail.last_recorded_at);
        sealer.take(world.made.drain(..));
    }
    (inbox, views::changes(world))
}

fn world(loaded: Loaded, tail: &Tail, origin: &str) -> Result<World, PlanError> {
    let mut world = World::new(origin, tail.last_recorded_at);
    world.put_ring((*tail.ring).clone());
    for row in loaded.streams {
        let entity = Entity::from_json(&row.state)
            .map_err(|e| PlanError::State { stream: row.stream.clone(), reason: e.to_string() })?;
        let head = Head { version: row.version, prev: Some(row.head) };
        world.put_stream(row.stream, head, row.recorded_at, entity);
    }
    for row in loaded.seen {
        world.put_seen(row.key, row.digest);
    }
    for (space, key, stream) in loaded.links {
        world.put_link(space, key, stream);
    }
    for (name, value) in loaded.counters {
        world.put_counter(name, value);
    }
    for input in loaded.inputs {
        world.put_handled(input);
    }
    Ok(world)
}

/// Takes in the key statements of a batch as an auditor will.
fn take_keys(ring: &mut Arc<KeyRing>, records: &[RecordRow]) -> Result<(), PlanError> {
    for row in records.iter().filter(|row| row.stream == KEYS_STREAM) {
        let refused = |reason: String| PlanError::Key { position: row.position, reason };
        let record = ledger::record::open(&row.jws).map_err(|e| refused(e.to_string()))?;
        let apply = |ring: &mut KeyRing| -> Result<(), KeyError> {
            ring.signer(row.position, &record)?;
            ring.apply(row.position, &record)
        };
        apply(Arc::make_mut(ring)).map_err(|e| refused(e.to_string()))?;
    }
    Ok(())
}

fn fold(read: &Read, world: &mut World) -> Option<InboxRow> {
    let (id, received_at, payload, reason) = match read {
        Read::Input(input) => {
            let outcome = decide(input, world)?;
            let kept = matches!(outcome, Outcome::Quarantined { .. }).then(|| input.to_bytes());
            return Some(row(input.id, input.received_at, outcome.to_json(input), kept));
        }
        Read::Unreadable { id, received_at, payload } => {
            (*id, *received_at, payload, QuarantineReason::Unreadable)
        }
        Read::Poison { id, received_at, payload } => {
            (*id, *received_at, payload, QuarantineReason::Unrecordable)
        }
    };
    let outcome = Outcome::Quarantined { reason };
    let outcome = serde_json::to_string(&outcome).expect("an outcome holds only strings, numbers and lists");
    world.first_time(id).then(|| row(id, received_at, outcome, Some(payload.clone())))
}

fn row(input: Uuid, received_at: Timestamp, outcome: String, quarantined: Option<Vec<u8>>) -> InboxRow {
    InboxRow { input, received_at, outcome, quarantined }
}

fn repeat_row(repeat: Repeat) -> RepeatRow {
    RepeatRow {
        input: repeat.input,
        ordinal: repeat.ordinal,
        received_at: repeat.received_at,
        stream: repeat.stream,
        version: repeat.version,
        kind: repeat.kind.to_owned(),
        occurred_at: repeat.occurred_at,
        authenticated: repeat.authenticated,
        stale: repeat.stale,
    }
}
