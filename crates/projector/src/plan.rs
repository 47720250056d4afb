//! Planning a batch: what its inputs lead to, as one value that the store writes or does not. No I/O here.

use std::sync::Arc;

use contract::arrival::Repeat;
use contract::command::Command;
use contract::decide::{decide, needs};
use contract::entity::{Entity, KEYS_STREAM};
use contract::input::{Body, Input};
use contract::outcome::{Outcome, QuarantineReason};
use contract::world::{Made, World};
use journal::Entry;
use ledger::key::{KeyError, KeyRing, RecordKey};
use ledger::record::Sealed;
use ledger::stream::Head;
use ledger::time::Timestamp;
use ledger::tree::Tree;
use store::rows::{
    Commit, DisclosureRow, InboxRow, Loaded, Needs, RecordRow, RepeatRow, Scope, SeenRow, SourceMove,
};
use uuid::Uuid;

use crate::views;

/// Below this many records one core signs them faster than threads start.
const PARALLEL_RECORDS_MIN: usize = 24;

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

/// A planned batch.
#[derive(Debug)]
pub struct Plan {
    /// To be written.
    pub commit: Commit,
    /// Where the log ends once it is written.
    pub tail: Tail,
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
        matches!(self, Read::Input(input) if matches!(input.body, Body::Command(Command::StateKey(_))))
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
    let mut world = world(loaded, tail, origin)?;
    let reads = reads.as_ref();
    let mut inbox = Vec::with_capacity(reads.len());
    for read in reads {
        inbox.extend(fold(read, &mut world));
    }
    let sealed = seal(&world.made, key);
    let mut tail = tail.clone();
    let first_position = tail.tree.size();
    let nodes = tail.tree.extend(sealed.iter().map(|s| s.leaf));
    tail.last_recorded_at = world.made.last().map(|m| m.recorded_at).or(tail.last_recorded_at);
    let views = views::changes(&world);
    let seen = world.newly_seen.drain(..).map(|(key, digest)| SeenRow { key, digest }).collect();
    let repeats = world.repeats.drain(..).map(repeat_row).collect();
    let mut records = Vec::with_capacity(sealed.len());
    let mut disclosures = Vec::new();
    for (position, (made, sealed)) in (first_position..).zip(world.made.drain(..).zip(sealed)) {
        disclosures.extend(disclosure_rows(position, &made));
        records.push(record_row(position, made, sealed));
    }
    take_keys(&mut tail.ring, &records)?;
    let commit = Commit { first_position, read_to, inbox, records, disclosures, nodes, seen, repeats, views };
    Ok(Plan { commit, tail })
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
            return Some(row(input.id, input.received_at, &outcome, kept));
        }
        Read::Unreadable { id, received_at, payload } => {
            (*id, *received_at, payload, QuarantineReason::Unreadable)
        }
        Read::Poison { id, received_at, payload } => {
            (*id, *received_at, payload, QuarantineReason::Unrecordable)
        }
    };
    let outcome = Outcome::Quarantined { reason };
    world.first_time(id).then(|| row(id, received_at, &outcome, Some(payload.clone())))
}

fn row(input: Uuid, received_at: Timestamp, outcome: &Outcome, quarantined: Option<Vec<u8>>) -> InboxRow {
    let outcome = serde_json::to_string(outcome).expect("an outcome holds only strings, numbers and lists");
    InboxRow { input, received_at, outcome, quarantined }
}

/// Signs all records, on all cores where there are many. The chain is over payloads, so the order does not matter.
fn seal(made: &[Made], key: &RecordKey) -> Vec<Sealed> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if made.len() < PARALLEL_RECORDS_MIN || cores < 2 {
        return made.iter().map(|m| m.payload.seal(key)).collect();
    }
    let share = made.len().div_ceil(cores);
    std::thread::scope(|scope| {
        let workers: Vec<_> = made
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(|m| m.payload.seal(key)).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("sealing does not panic")).collect()
    })
}

fn record_row(position: u64, made: Made, sealed: Sealed) -> RecordRow {
    RecordRow {
        position,
        stream: made.stream,
        version: made.version,
        id: made.id,
        kind: made.kind,
        recorded_at: made.recorded_at,
        prev: made.prev,
        payload_sha256: sealed.payload_sha256,
        leaf: sealed.leaf,
        jws: sealed.jws,
    }
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

fn disclosure_rows(position: u64, made: &Made) -> impl Iterator<Item = DisclosureRow> {
    let of_record = made.disclosures.iter().map(|d| (Scope::Record, d));
    let of_document = made.document_disclosures.iter().map(|d| (Scope::Document, d));
    (0..).zip(of_record.chain(of_document)).map(move |(ordinal, (scope, d))| DisclosureRow {
        position,
        ordinal,
        scope,
        digest: d.digest.clone(),
        encoded: d.encoded.clone(),
    })
}
