//! A store in memory: between two batches it keeps exactly what a real one keeps, and gives a batch exactly what
//! `needs` asks for. So a need that was forgotten shows as a different log when inputs are batched differently.

use std::collections::{BTreeMap, BTreeSet};

use contract::arrival::Repeat;
use contract::decide::{Needs, decide, needs};
use contract::entity::Entity;
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::outcome::Outcome;
use contract::provider::{Provider, Via};
use contract::world::{LinkEdit, Made, World};
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

impl Shelf {
    /// Folds one batch.
    pub fn fold(&mut self, batch: &[Input]) {
        let mut world = self.load(batch);
        for input in batch {
            if let Some(outcome) = decide(input, &mut world) {
                self.outcomes.push((input.id, outcome));
            }
        }
        self.ring = Some(world.ring().clone());
        self.handled.extend(batch.iter().map(|input| input.id));
        for (stream, state) in world.changed() {
            let kept = (state.head, state.recorded_at, state.entity.to_json());
            self.streams.insert(stream.clone(), kept);
        }
        for name in &world.counters_changed {
            self.counters.insert(name.clone(), world.counter(name));
        }
        for LinkEdit { space, key, stream, add } in world.link_edits {
            let link = (space.to_owned(), key, stream);
            if add {
                self.links.insert(link);
            } else {
                self.links.remove(&link);
            }
        }
        self.seen.extend(world.newly_seen);
        self.repeats.extend(world.repeats);
        self.last_recorded_at = world.made.last().map(|m| m.recorded_at).or(self.last_recorded_at);
        self.log.extend(world.made);
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
                if let Some((head, at, state)) = self.streams.get(name) {
                    world.put_stream(name.clone(), *head, *at, Entity::from_json(state).unwrap());
                }
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
