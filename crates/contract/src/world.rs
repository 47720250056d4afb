//! What the fold knows while it works through a batch: the states of the touched streams, what was seen before, and
//! the records made so far. Pure; the projector fills it from the store and writes what comes out.

mod changes;
mod recorder;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

pub use changes::Changes;
use ledger::disclosure::Disclosure;
use ledger::hash::Hash;
use ledger::key::KeyRing;
use ledger::record::{Draft, Payload, SealError, Source, payload, record_id};
use ledger::stream::{Head, StreamId};
use ledger::time::Timestamp;
pub use recorder::Recorder;
use uuid::Uuid;

use crate::arrival::Repeat;
use crate::entity::{Entity, counted};
use crate::erasure::Dossier;
use crate::event::{Event, EventData, Link, Private};
use crate::fact::Occurred;
use crate::input::Input;
use crate::outcome::Recorded;
use crate::person::Index;

/// A stream as loaded, and as changed by this batch.
#[derive(Clone, Debug)]
pub struct StreamState {
    /// Version and payload hash of its newest record.
    pub head: Head,
    /// When its newest record was recorded.
    pub recorded_at: Timestamp,
    /// Its folded state.
    pub entity: Entity,
    /// Whether this batch changed it.
    pub changed: bool,
}

/// A record made by this batch, not yet signed.
#[derive(Clone, Debug)]
pub struct Made {
    /// Stream name.
    pub stream: String,
    /// Version on the stream.
    pub version: u64,
    /// Record id.
    pub id: Uuid,
    /// Type.
    pub kind: String,
    /// As in the payload.
    pub recorded_at: Timestamp,
    /// Payload hash of the version before.
    pub prev: Option<Hash>,
    /// The payload, to be signed.
    pub payload: Payload,
    /// What opens its commitments.
    pub disclosures: Vec<Disclosure>,
    /// What opens the commitments of its document.
    pub document_disclosures: Vec<Disclosure>,
    /// The tokens of the persons its private values name.
    pub tokens: BTreeSet<Hash>,
}

/// A link to add to or take from the index. Its key may be a phone number, so `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkEdit {
    /// Which kind of key.
    pub space: &'static str,
    /// The key.
    pub key: String,
    /// The stream it leads to.
    pub stream: String,
    /// Add, or remove.
    pub add: bool,
}

impl fmt::Debug for LinkEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkEdit { space, stream, add, .. } = self;
        write!(f, "LinkEdit({} {space} .. {stream})", if *add { "add" } else { "remove" })
    }
}

type Links = BTreeSet<(&'static str, String, String)>;

/// The spaces of links.
pub mod space {
    /// From a phone number to every contract of it.
    pub const PHONE: &str = "phone";
    /// From a phone number to its contracts that wait for an answer.
    pub const OPEN: &str = "open";
    /// From a phone number and the code it was sent to the contract it was sent for.
    pub const CODE: &str = "code";
    /// From the stream of a leg to the conference or dialling it belongs to.
    pub const CALL: &str = "call";
    /// From a conference id to the streams of its legs.
    pub const LEG: &str = "leg";
    /// From the hash of a document that is proposed, or no longer in force, to its contract.
    pub const DOCUMENT: &str = "document";
    /// From the stream of a conference to the contracts negotiated on it.
    pub const NEGOTIATED: &str = "negotiated";
    /// From the name of a room to the conferences that were held in it.
    pub const ROOM: &str = "room";
    /// From a day (`2026-03-02`) to the conferences asked for on it, but for those that are known to be over.
    pub const HELD: &str = "held";
    /// From the stream of a message at a provider to the stream that sent it.
    pub const MESSAGE: &str = "message";
    /// From a phone number to the stream of the person.
    pub const CONTACT: &str = "contact";
    /// From a phone number and an hour to the conferences and diallings that ring it then: see
    /// [`crate::conference::rung_key`].
    pub const RUNG: &str = "rung";
}

/// The working set of one batch. `Debug` shows sizes only: links and states hold phone numbers.
pub struct World {
    origin: String,
    ring: KeyRing,
    last_recorded_at: Option<Timestamp>,
    streams: HashMap<String, StreamState>,
    seen: HashMap<String, BTreeSet<Hash>>,
    links: BTreeMap<(String, String), BTreeSet<String>>,
    counters: BTreeMap<String, u64>,
    handled: HashSet<Uuid>,
    /// Records made, in order.
    pub made: Vec<Made>,
    /// New dedupe keys.
    pub newly_seen: Vec<(String, Hash)>,
    /// Changes of the link index, in order.
    pub link_edits: Vec<LinkEdit>,
    /// Counters changed.
    pub counters_changed: BTreeSet<String>,
    /// Facts that came again, in order.
    pub repeats: Vec<Repeat>,
    /// Computes tokens of persons; none where there is no index.
    pub index: Option<Index>,
    /// What is known about the person that the one input of this batch asks to forget.
    pub dossier: Option<Dossier>,
    /// What this batch takes from beside the log.
    pub erased: Erased,
}

/// What goes, and what is left to be done about it outside the log. `Debug` shows counts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Disclosures, by position and digest.
    pub values: BTreeSet<(u64, String)>,
    /// For each record that loses one, the tokens under which it is found from now on.
    pub reindexed: BTreeMap<u64, BTreeSet<Hash>>,
    /// Recordings to delete, by SHA-256, with the stream of the erasure.
    pub recordings: BTreeSet<(String, String)>,
    /// Raw inputs to delete, with the stream of the erasure.
    pub inputs: BTreeSet<(String, Uuid)>,
    /// Names in lower case, to look for in raw inputs; kept nowhere.
    pub names: BTreeSet<String>,
    /// Erasures that are completed.
    pub completed: BTreeSet<String>,
}

impl fmt::Debug for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Erased({} values, {} inputs)", self.values.len(), self.inputs.len())
    }
}

/// Why an event could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The stream name is not one.
    #[error(transparent)]
    Stream(#[from] ledger::stream::StreamError),
    /// The record is outside the profile or too long.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The stream's kind has no state.
    #[error("no such kind of stream")]
    Kind,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World({} streams, {} made)", self.streams.len(), self.made.len())
    }
}

impl World {
    /// An empty working set for the log `origin` whose newest record was recorded at `last_recorded_at`.
    pub fn new(origin: &str, last_recorded_at: Option<Timestamp>) -> World {
        World {
            origin: origin.to_owned(),
            ring: KeyRing::new(origin, None),
            last_recorded_at,
            streams: HashMap::new(),
            seen: HashMap::new(),
            links: BTreeMap::new(),
            counters: BTreeMap::new(),
            handled: HashSet::new(),
            made: Vec::new(),
            newly_seen: Vec::new(),
            link_edits: Vec::new(),
            counters_changed: BTreeSet::new(),
            repeats: Vec::new(),
            index: None,
            dossier: None,
            erased: Erased::default(),
        }
    }

    /// Name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Fills in the keys of the log; without it there are none, and no root key is asked for.
    pub fn put_ring(&mut self, ring: KeyRing) {
        self.ring = ring;
    }

    /// The keys of the log, with those this batch states. Where their ranges begin and end is not exact for the latter.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    pub(crate) fn ring_mut(&mut self) -> &mut KeyRing {
        &mut self.ring
    }

    /// Fills in a loaded stream.
    pub fn put_stream(&mut self, name: String, head: Head, recorded_at: Timestamp, entity: Entity) {
        self.streams.insert(name, StreamState { head, recorded_at, entity, changed: false });
    }

    /// Fills in a digest seen before.
    pub fn put_seen(&mut self, key: String, digest: Hash) {
        self.seen.entry(key).or_default().insert(digest);
    }

    /// Fills in a link.
    pub fn put_link(&mut self, space: String, key: String, stream: String) {
        self.links.entry((space, key)).or_default().insert(stream);
    }

    /// Fills in a counter.
    pub fn put_counter(&mut self, name: String, value: u64) {
        self.counters.insert(name, value);
    }

    /// Marks an input as handled before.
    pub fn put_handled(&mut self, input: Uuid) {
        self.handled.insert(input);
    }

    /// Whether the input was handled before, or earlier in this batch; marks it.
    pub fn first_time(&mut self, input: Uuid) -> bool {
        self.handled.insert(input)
    }

    /// The state of a stream, if it has one.
    pub fn entity(&self, stream: &str) -> Option<&Entity> {
        self.streams.get(stream).map(|s| &s.entity)
    }

    /// The streams this batch changed.
    pub fn changed(&self) -> impl Iterator<Item = (&String, &StreamState)> {
        self.streams.iter().filter(|(_, state)| state.changed)
    }

    /// Where a link leads.
    pub fn linked(&self, space: &str, key: &str) -> impl Iterator<Item = &String> {
        self.links.get(&(space.to_owned(), key.to_owned())).into_iter().flatten()
    }

    /// Puts the state of a stream in place that was folded anew, without values that went.
    pub(crate) fn put_refolded(&mut self, stream: &str, entity: Entity) {
        let Some(state) = self.streams.get_mut(stream) else { return };
        let before = state.entity.links(stream);
        let now = entity.links(stream);
        state.entity = entity;
        state.changed = true;
        self.relink(&before, &now);
    }

    /// Moves the index from the links a state called for to those it calls for now.
    fn relink(&mut self, before: &Links, now: &Links) {
        for (space, key, stream) in before.difference(now) {
            self.edit_link(space, key, stream, false);
        }
        for (space, key, stream) in now.difference(before) {
            self.edit_link(space, key, stream, true);
        }
    }

    fn edit_link(&mut self, space: &'static str, key: &str, stream: &str, add: bool) {
        let streams = self.links.entry((space.to_owned(), key.to_owned())).or_default();
        if add {
            streams.insert(stream.to_owned());
        } else {
            streams.remove(stream);
        }
        self.link_edits.push(LinkEdit { space, key: key.to_owned(), stream: stream.to_owned(), add });
    }

    /// Digests seen under a key.
    pub fn seen(&self, key: &str) -> Option<&BTreeSet<Hash>> {
        self.seen.get(key)
    }

    /// Remembers a digest under a key for ever.
    pub fn remember(&mut self, key: &str, digest: Hash) {
        if self.seen.entry(key.to_owned()).or_default().insert(digest) {
            self.newly_seen.push((key.to_owned(), digest));
        }
    }

    /// The value of a counter.
    pub fn counter(&self, name: &str) -> u64 {
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// The newest record of a stream, as a link.
    pub fn head_link(&self, stream: &str) -> Option<Link> {
        let state = self.streams.get(stream)?;
        Some(Link { stream: stream.to_owned(), version: state.head.version, hash: state.head.prev? })
    }

    /// The version the next record of a stream will have.
    pub fn next_version(&self, stream: &str) -> u64 {
        self.streams.get(stream).map_or(1, |s| s.head.version + 1)
    }

    /// `recorded_at` of the next record: the input's `received_at`, or that of the newest record where that is later
    /// (clocks of several doors differ; it never decreases within a log).
    pub fn recorded_at(&self, input: &Input) -> Timestamp {
        self.last_recorded_at.map_or(input.received_at, |last| last.max(input.received_at))
    }

    fn append(&mut self, input: &Input, draft: NewRecord, ordinal: u32) -> Result<Recorded, RecordingError> {
        let NewRecord { stream, data, occurred, disclosures, document_disclosures, private } = draft;
        let recorded_at = self.recorded_at(input);
        let head = self.streams.get(&stream).map_or_else(Head::default, |s| s.head);
        let (kind, facts) = data.canonical().map_err(SealError::from)?;
        let draft = Draft {
            stream: StreamId::new(stream.clone())?,
            version: head.version + 1,
            prev: head.prev,
            id: record_id(&self.origin, input.id, ordinal),
            kind: kind.clone(),
            occurred_at: occurred.as_ref().map(|o| o.at),
            occurred_at_assumed_zone: occurred.as_ref().and_then(|o| o.assumed_zone.clone()),
            recorded_at,
            source: Source {
                input: input.id,
                via: input.via.as_str().to_owned(),
                authenticated: input.authenticated,
            },
            data: facts,
            disclosures: disclosures.iter().map(|d| d.digest.clone()).collect(),
        };
        let payload = payload(&self.origin, &draft)?;
        let tokens = self.index.as_ref().map_or_else(BTreeSet::new, |index| index.tokens(private.named()));
        let event = Event { data, occurred, recorded_at, version: draft.version, private };
        let head = Head { version: draft.version, prev: Some(payload.sha256) };
        if !self.fold(&stream, &event, head) {
            return Err(RecordingError::Kind);
        }
        let recorded = Recorded { stream: stream.clone(), version: draft.version, kind: kind.clone() };
        self.made.push(Made {
            stream,
            version: draft.version,
            id: draft.id,
            kind,
            recorded_at,
            prev: draft.prev,
            payload,
            disclosures,
            document_disclosures,
            tokens,
        });
        Ok(recorded)
    }

    /// What an event changes besides the log. False where the stream is of no known kind.
    fn fold(&mut self, stream: &str, event: &Event, head: Head) -> bool {
        let recorded_at = event.recorded_at;
        let state = match self.streams.get_mut(stream) {
            Some(state) => state,
            None => {
                let Some(entity) = Entity::empty(stream) else { return false };
                let new = StreamState { head, recorded_at, entity, changed: true };
                self.streams.entry(stream.to_owned()).or_insert(new)
            }
        };
        let links_before = state.entity.links(stream);
        state.entity.apply(event);
        let links_now = state.entity.links(stream);
        (state.head, state.recorded_at, state.changed) = (head, recorded_at, true);
        self.relink(&links_before, &links_now);
        if let (EventData::ContractDrafted(_), Some((counter, number))) = (&event.data, counted(stream)) {
            let value = self.counters.entry(counter.to_owned()).or_insert(0);
            *value = number.max(*value);
            self.counters_changed.insert(counter.to_owned());
        }
        self.last_recorded_at = Some(recorded_at);
        true
    }
}

struct NewRecord {
    stream: String,
    data: EventData,
    occurred: Option<Occurred>,
    disclosures: Vec<Disclosure>,
    document_disclosures: Vec<Disclosure>,
    private: Private,
}
