//! A ledger as the projector writes it: keys, a conference with its calls, contracts with their answers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cli::keyfiles::{self, KeyFiles};
use contract::command::{Answer, AnswerContract, Command, CreateConference, CreateContract, Party};
use contract::entity::Entity;
use contract::fact::{Fact, Leg, Private, Subject, What};
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::provider::{Provider, Via};
use contract::report::{DialledLeg, LegStatus, Report};
use ledger::hash::sha256;
use ledger::key::KeyRing;
use ledger::time::Timestamp;
use ledger::tree::Tree;
use projector::genesis;
use projector::plan::{self, Read, Tail};
use store::rows::CheckpointRow;
use store::{Lease, OpenOptions, Store};
use uuid::Uuid;

pub const ORIGIN: &str = "ledger.example/one";
/// Enough for a log of more than one tile.
pub const CONTRACTS: usize = 60;
pub const PHONES: [&str; 2] = ["+254700000001", "+254700000002"];
pub const NAMES: [&str; 2] = ["Wanjiku Example", "Otieno Example"];
const CONFERENCE: &str = "ATVoice_00000000000a";

/// A ledger that is being written.
pub struct Story {
    pub store: Store,
    pub keys: KeyFiles,
    pub lease: Lease,
    tail: Tail,
    /// Makes seeds and ids differ from those of another story.
    name: &'static str,
    inputs: u64,
    clock: Timestamp,
    lock: std::path::PathBuf,
}

impl Story {
    /// A new ledger in a data directory, which may hold keys already.
    pub async fn begin(directory: &Path, name: &'static str) -> Story {
        let clock = "2026-03-06T10:00:00.000Z".parse().unwrap();
        let keys = keyfiles::open(&directory.join("keys"), ORIGIN, clock).unwrap();
        let url = format!("sqlite://{}", directory.join("ledger.db").display());
        let store = Store::open(&url, OpenOptions::new(ORIGIN)).await.unwrap();
        let lease = store.acquire_lease("story", Duration::from_secs(600)).await.unwrap().unwrap();
        let ring = Arc::new(KeyRing::new(ORIGIN, Some(keys.root.clone())));
        let tail = Tail { tree: Tree::empty(), last_recorded_at: None, ring };
        let lock = directory.join("checkpoint");
        let mut story = Story { store, keys, lease, tail, name, inputs: 0, clock, lock };
        let statements = genesis::reads(&story.keys.statements);
        story.fold(statements).await;
        story
    }

    /// The whole of it: some [`CONTRACTS`] that both parties confirmed, and one that waits.
    pub async fn whole(directory: &Path, name: &'static str) -> Story {
        let mut story = Story::begin(directory, name).await;
        story.conference().await;
        story.checkpoint().await;
        let drafts = (0..CONTRACTS).map(|n| draft(n, (n == 0).then_some(CONFERENCE))).collect();
        story.happen(Via::Api, drafts).await;
        story.checkpoint().await;
        for party in 0..PHONES.len() {
            story.answers(party).await;
        }
        story.happen(Via::Api, vec![draft(CONTRACTS, None)]).await;
        story.checkpoint().await;
        story
    }

    async fn conference(&mut self) {
        let create = Command::CreateConference(CreateConference {
            conference_id: CONFERENCE.to_owned(),
            parties: PHONES.iter().map(|phone| phone.parse().unwrap()).collect(),
            contract_type: contract::command::ContractType::default(),
            expected_duration_s: 600,
            provider: None,
            room: None,
        });
        self.happen(Via::Api, vec![Body::Command(create)]).await;
        let leg = |party: u32| DialledLeg {
            party,
            call_id: Some(format!("ATVId_{party}")),
            status: LegStatus::Queued,
        };
        let dialled = Report::Dialled {
            stream: format!("conference/{CONFERENCE}"),
            provider: Provider::AfricasTalking,
            legs: vec![leg(0), leg(1)],
            line: None,
        };
        self.happen(Via::Effect, vec![Body::Report(dialled)]).await;
        let reports = (0..PHONES.len()).flat_map(|n| [reported(n, "started"), reported(n, "answered")]);
        self.happen(Via::AfricasTalking, reports.collect()).await;
    }

    async fn answers(&mut self, party: usize) {
        let mut bodies = Vec::new();
        for n in 0..CONTRACTS {
            bodies.push(self.answer(n, party).await);
        }
        self.happen(Via::Api, bodies).await;
    }

    /// A party's yes to one contract, with the code it was sent.
    pub async fn answer(&self, n: usize, party: usize) -> Body {
        let contract_id = contract_id(n);
        let row = self.store.stream(&format!("contract/{contract_id}")).await.unwrap().unwrap();
        let Ok(Entity::Contract(agreement)) = Entity::from_json(&row.state) else { panic!("no contract") };
        let code = agreement.parties[party].code.clone().unwrap();
        let phone = PHONES[party].parse().unwrap();
        Body::Command(Command::AnswerContract(AnswerContract {
            contract_id,
            phone,
            code,
            answer: Answer::Yes,
        }))
    }

    /// Folds inputs in one batch.
    pub async fn happen(&mut self, via: Via, bodies: Vec<Body>) {
        let reads = bodies.into_iter().map(|body| {
            self.inputs += 1;
            self.clock = Timestamp::from_millis(self.clock.millis() + 250).unwrap();
            let seed = sha256(format!("{} {}", self.name, self.inputs).as_bytes());
            Read::Input(Box::new(Input {
                v: INPUT_VERSION,
                id: Uuid::from_slice(&seed.0[..16]).unwrap(),
                via,
                received_at: self.clock,
                authenticated: true,
                seed: Seed(seed),
                body,
            }))
        });
        let reads = reads.collect();
        self.fold(reads).await;
    }

    async fn fold(&mut self, reads: Vec<Read>) {
        let loaded = self.store.load(&plan::load(&reads)).await.unwrap();
        let plan = plan::plan(reads, loaded, &self.tail, ORIGIN, &self.keys.records[0], None).unwrap();
        assert!(!plan.commit.records.is_empty(), "every step of the story is recorded");
        self.store.commit(&self.lease, plan.commit).await.unwrap();
        self.tail = plan.tail;
    }

    /// Signs what is there: first into the file, then into the database.
    pub async fn checkpoint(&self) {
        let (size, root) = (self.tail.tree.size(), self.tail.tree.root());
        let note = self.keys.log.sign(size, &root);
        std::fs::write(&self.lock, &note).unwrap();
        let row = CheckpointRow { size, root, note, signed_at: self.clock };
        self.store.insert_checkpoint(&self.lease, row).await.unwrap();
    }

    pub async fn end(self) {
        self.store.release_lease(&self.lease).await.unwrap();
        self.store.close().await;
    }
}

/// Id of contract number `n`, from 0.
pub fn contract_id(n: usize) -> String {
    format!("AGRI-2026-{:06}", n + 1)
}

/// The wish for one more contract.
pub fn draft(n: usize, conference: Option<&str>) -> Body {
    let party = |at: usize, role: &str| Party {
        phone: PHONES[at].parse().unwrap(),
        role: role.to_owned(),
        name: Some(NAMES[at].to_owned()),
    };
    Body::Command(Command::CreateContract(Box::new(CreateContract {
        transcript: format!("We agree on {} kg of maize.", 100 + n),
        parties: vec![party(0, "seller"), party(1, "buyer")],
        contract_type: contract::command::ContractType::default(),
        language: contract::command::Language::default(),
        terms: serde_json::from_value(serde_json::json!({
            "product": "maize", "quantity": (100 + n).to_string(), "unit": "kg",
            "total_amount": "5000.00", "currency": "KES",
        }))
        .unwrap(),
        other_terms: Vec::new(),
        conference_id: conference.map(str::to_owned),
        terms_evidence: None,
        first_of_conference: false,
        // Beyond the time of whoever runs this: a service over the story adds no record.
        expires_at: Some("2999-01-01T00:00:00.000Z".parse().unwrap()),
    })))
}

fn reported(n: usize, word: &str) -> Body {
    let what = if word == "started" {
        What::CallStarted(Leg::default())
    } else {
        What::CallAnswered(Leg::default())
    };
    let fact = Fact {
        subject: Subject::Call { provider: Provider::AfricasTalking, id: format!("ATVId_{n}") },
        key: format!("ATVId_{n}:{word}"),
        occurred: None,
        what,
        private: Private { phone: Some(PHONES[n].to_owned()), ..Private::default() },
    };
    Body::Webhook(Webhook {
        provider: Provider::AfricasTalking,
        route: "voice/events".into(),
        content_type: "application/x-www-form-urlencoded".into(),
        headers: std::collections::BTreeMap::new(),
        raw: String::new(),
        raw_base64: false,
        facts: vec![fact],
    })
}
