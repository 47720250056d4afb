//! Reads fixtures, and folds them in a world of its own.

use std::collections::BTreeMap;
use std::path::Path;

use contract::call::Call;
use contract::decide::decide;
use contract::entity::{Entity, call_stream};
use contract::fact::Fact;
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::outcome::Outcome;
use contract::phone::Country;
use contract::provider::{Provider, Via};
use contract::world::World;
use ledger::hash::sha256;
use ledger::time::Timestamp;
use providers::africastalking::time::Zone;
use providers::africastalking::voice;
use providers::{ReadError, Reading, minivoice, tryvox, voicepact};
use uuid::Uuid;

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const JSON: &str = "application/json";
pub const KENYA: Country = Country::KENYA;
pub const ZONE: Zone = Zone::NAIROBI;

/// Folds body after body, as they come in.
pub struct Desk {
    world: World,
    inputs: u64,
}

/// The bytes of a fixture, by folder and name.
pub fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// Reads bytes as the webhook of the folder's provider would.
pub fn try_read(folder: &str, body: &[u8], content_type: &str) -> Result<Reading, ReadError> {
    match folder {
        "africastalking" => voice::read(body, content_type, KENYA, &ZONE),
        "voicepact" => voicepact::read_webhook(body, content_type, KENYA, &ZONE),
        "minivoice" => minivoice::webhook::read(body, content_type, KENYA),
        _ => tryvox::webhook::read(body, content_type, KENYA),
    }
}

pub fn try_fixture(path: &str) -> Result<Reading, ReadError> {
    let content_type = if path.ends_with(".json") { JSON } else { FORM };
    try_read(path.split('/').next().unwrap(), &fixture(path), content_type)
}

/// What a fixture says.
pub fn facts(path: &str) -> Vec<Fact> {
    try_fixture(path).unwrap_or_else(|error| panic!("{path}: {error}")).facts
}

/// The only thing a fixture says.
pub fn fact(path: &str) -> Fact {
    let mut all = facts(path);
    assert_eq!(all.len(), 1, "{path}");
    all.remove(0)
}

impl Desk {
    pub fn new() -> Desk {
        Desk { world: World::new("ledger.example/oddities", None), inputs: 0 }
    }

    /// Takes a fixture; gives the types of the records it led to, none where it told nothing new.
    pub fn take(&mut self, path: &str) -> Vec<String> {
        self.take_body(path.split('/').next().unwrap(), &fixture(path), facts(path))
    }

    pub fn take_body(&mut self, folder: &str, raw: &[u8], facts: Vec<Fact>) -> Vec<String> {
        let provider = match folder {
            "minivoice" => Provider::MiniVoice,
            "tryvox" => Provider::TryVox,
            _ => Provider::AfricasTalking,
        };
        self.inputs += 1;
        let body = Body::Webhook(Webhook {
            provider,
            route: "events".to_owned(),
            content_type: FORM.to_owned(),
            headers: BTreeMap::new(),
            raw: String::from_utf8(raw.to_vec()).unwrap(),
            raw_base64: false,
            facts,
        });
        let at = Timestamp::from_millis(1_772_800_000_000 + i64::try_from(self.inputs).unwrap()).unwrap();
        let input = Input {
            v: INPUT_VERSION,
            id: Uuid::from_u128(u128::from(self.inputs)),
            via: Via::from(provider),
            received_at: at,
            authenticated: true,
            seed: Seed(sha256(&self.inputs.to_be_bytes())),
            body,
        };
        match decide(&input, &mut self.world).unwrap() {
            Outcome::Recorded { records, .. } => records.into_iter().map(|record| record.kind).collect(),
            Outcome::AlreadyApplied { .. } => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    /// The state of a call.
    pub fn call(&self, provider: Provider, id: &str) -> Call {
        match self.world.entity(&call_stream(provider, id)) {
            Some(Entity::Call(call)) => (**call).clone(),
            other => panic!("{id}: {other:?}"),
        }
    }

    /// The state of the call of Africa's Talking that a fixture is about.
    pub fn leg(&self, path: &str) -> Call {
        self.call(Provider::AfricasTalking, facts(path)[0].subject.id())
    }
}

impl Desk {
    /// The state of a conference.
    pub fn conference(&self, id: &str) -> contract::conference::Conference {
        match self.world.entity(&contract::entity::conference_stream(id)) {
            Some(Entity::Conference(conference)) => (**conference).clone(),
            other => panic!("{id}: {other:?}"),
        }
    }
}
