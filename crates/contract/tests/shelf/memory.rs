//! A store in memory: between two batches it keeps exactly what a real one keeps, and gives a batch exactly what
//! `needs` asks for. So a need that was forgotten shows as a different log when inputs are batched differently.

use std::collections::{BTreeMap, BTreeSet};

use contract::arrival::Repeat;
use contract::decide::{Needs, decide, needs};
use contract::entity::Entity;
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::outcome::Outcome;
use contract::provider::{Provider, Via};
use contract::world::{Changes, LinkEdit, Made, StreamState, World};
use ledger::hash::{Hash, sha256};
use ledger::key::KeyRing;
use ledger::stream::Head;
use ledger::time::Timestamp;
use uuid::Uuid;

/// Name of the log in these tests.
pub const ORIGIN: &str = "ledger.example/one";

/// What is kept between batches.
#[derive(Default)]
pub struct Shelf {
    last_recorded_at: Option<Timestamp>,
    streams: BTreeMap<String, (Head, Timestamp, String)>,
    seen: BTreeSet<(String, Hash)>,
    pub links: BTreeSet<(String, String, String)>,
    pub counters: BTreeMap<String, u64>,
    handled: BTreeSet<Uuid>,
    /// The keys of the log; none until the first batch, then without a root key unless one was put in before.
    pub ring: Option<KeyRing>,
    /// Facts that came again, in order.
    pub repeats: Vec<Repeat>,
    /// Every record made.
    pub log: Vec<Made>,
    /// What became of each input that was not handled before, in order.
    pub outcomes: Vec<(Uuid, Outcome)>,
}

/// What a batch leads to and the shelf does not hold yet.
#[allow(dead_code)] // Not every test that shares this file folds ahead.
pub struct Unsaved {
    last_recorded_at: Option<Timestamp>,
    streams: Vec<(String, Head, Timestamp, String)>,
    seen: Vec<(String, Hash)>,
    repeats: Vec<Repeat>,
    links: Vec<LinkEdit>,
    counters: Vec<(String, u64)>,
    handled: Vec<Uuid>,
    log: Vec<Made>,
    outcomes: Vec<(Uuid, Outcome)>,
    ring: KeyRing,
    changes: Changes,
}

impl Shelf {
    /// Folds one batch.
    pub fn fold(&mut self, batch: &[Input]) {
        let unsaved = decided(self.load(batch), batch);
        self.save(unsaved);
    }

    /// Folds batches, each before the one in front of it is saved.
    #[allow(dead_code)] // Not every test that shares this file folds ahead.
    pub fn fold_ahead<'b>(&mut self, batches: impl IntoIterator<Item = &'b [Input]>) {
        let mut waiting: Option<Unsaved> = None;
        for batch in batches {
            let mut world = self.load(batch);
            if let Some(mut before) = waiting.take() {
                let links: BTreeSet<_> = batch.iter().flat_map(|input| needs(input).links).collect();
                let followed = |space: &str, key: &str| links.contains(&(space.to_owned(), key.to_owned()));
                let lacking = before.changes.lacking(followed, |stream| world.entity(stream).is_some());
                for name in lacking {
                    self.put_stream(&name, &mut world);
                }
                world.put_changes(std::mem::take(&mut before.changes));
                world.put_ring(before.ring.clone());
                // Only now: nothing of this batch was looked up in what the one before it saved.
                self.save(before);
            }
            waiting = Some(decided(world, batch));
        }
        if let Some(last) = waiting {
            self.save(last);
        }
    }

    fn save(&mut self, unsaved: Unsaved) {
        let streams = unsaved.streams.into_iter();
        self.streams.extend(streams.map(|(stream, head, at, state)| (stream, (head, at, state))));
        self.counters.extend(unsaved.counters);
        for LinkEdit { space, key, stream, add } in unsaved.links {
            let link = (space.to_owned(), key, stream);
            if add {
                self.links.insert(link);
            } else {
                self.links.remove(&link);
            }
        }
        self.seen.extend(unsaved.seen);
        self.repeats.extend(unsaved.repeats);
        self.handled.extend(unsaved.handled);
        self.ring = Some(unsaved.ring);
        self.last_recorded_at = unsaved.last_recorded_at.or(self.last_recorded_at);
        self.log.extend(unsaved.log);
        self.outcomes.extend(unsaved.outcomes);
    }

    fn put_stream(&self, name: &str, world: &mut World) {
        if let Some((head, at, state)) = self.streams.get(name) {
            world.put_stream(name.to_owned(), *head, *at, Entity::from_json(state).unwrap());
        }
    }

    fn load(&self, batch: &[Input]) -> World {
        let mut world = World::new(ORIGIN, self.last_recorded_at);
        if let Some(ring) = &self.ring {
            world.put_ring(ring.clone());
        }
        for input in batch {
            if self.handled.contains(&input.id) {
                world.put_handled(input.id);
            }
            let Needs { streams, links, seen, counters } = needs(input);
            let linked: Vec<_> =
                self.links.iter().filter(|(s, k, _)| links.contains(&(s.clone(), k.clone()))).collect();
            for name in streams.iter().chain(linked.iter().map(|(_, _, stream)| stream)) {
                self.put_stream(name, &mut world);
            }
            for (space, key, stream) in linked {
                world.put_link(space.clone(), key.clone(), stream.clone());
            }
            for (key, digest) in self.seen.iter().filter(|(key, _)| seen.contains(key)) {
                world.put_seen(key.clone(), *digest);
            }
            for name in counters {
                if let Some(value) = self.counters.get(&name) {
                    world.put_counter(name, *value);
                }
            }
        }
        world
    }

    /// The state of a stream.
    pub fn entity(&self, stream: &str) -> Option<Entity> {
        self.streams.get(stream).map(|(_, _, state)| Entity::from_json(state).unwrap())
    }

    /// All states by stream.
    pub fn entities(&self) -> BTreeMap<String, Entity> {
        self.streams.keys().map(|name| (name.clone(), self.entity(name).unwrap())).collect()
    }
}

fn decided(mut world: World, batch: &[Input]) -> Unsaved {
    let outcomes = batch.iter().filter_map(|input| Some((input.id, decide(input, &mut world)?))).collect();
    let state = |(stream, state): (&String, &StreamState)| {
        (stream.clone(), state.head, state.recorded_at, state.entity.to_json())
    };
    let counter = |name: &String| (name.clone(), world.counter(name));
    let handled: Vec<Uuid> = batch.iter().map(|input| input.id).collect();
    Unsaved {
        last_recorded_at: world.made.last().map(|m| m.recorded_at),
        streams: world.changed().map(state).collect(),
        seen: world.newly_seen.clone(),
        repeats: world.repeats.clone(),
        links: world.link_edits.clone(),
        counters: world.counters_changed.iter().map(counter).collect(),
        handled: handled.clone(),
        log: world.made.clone(),
        outcomes,
        ring: world.ring().clone(),
        changes: world.into_changes(handled),
    }
}

/// An input with id and seed made from `number`.
pub fn input(number: u64, via: Via, authenticated: bool, received_at: Timestamp, body: Body) -> Input {
    let seed = sha256(format!("seed of input {number}").as_bytes());
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    Input {
        v: INPUT_VERSION,
        id: Uuid::from_bytes(id),
        via,
        received_at,
        authenticated,
        seed: Seed(seed),
        body,
    }
}

/// A webhook of Africa's Talking that says this.
pub fn webhook(raw: &str, facts: Vec<contract::fact::Fact>) -> Body {
    Body::Webhook(Webhook {
        provider: Provider::AfricasTalking,
        route: "voice/events".into(),
        content_type: "application/x-www-form-urlencoded".into(),
        headers: BTreeMap::new(),
        raw: raw.to_owned(),
        raw_base64: false,
        facts,
    })
}

/// The bytes of a record, as it would be signed.
#[allow(dead_code)]
pub fn payload(made: &Made) -> String {
    let signer = ledger::key::RecordKey::from_seed(&[9; 32]);
    let record = ledger::record::open(&made.payload.seal(&signer).jws).unwrap();
    String::from_utf8(record.payload).unwrap()
}
