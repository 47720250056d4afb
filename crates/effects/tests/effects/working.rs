//! The workers with all that stands around them: journal, projector, ledger, carrier.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use carrier::{ApiMode, Carrier, Config};
use contract::call::Call;
use contract::command::{Command, ContractType, CreateContract, Language, Party, Terms};
use contract::entity::{Entity, call_stream};
use contract::fact::{Fact, Private, Subject, What};
use contract::input::{Body, Webhook};
use contract::message::{Outgoing, SendStatus};
use contract::outcome::Outcome;
use contract::provider::{Provider, Via};
use contract::report::{FailureReason, Report};
use effects::message::Messenger;
use effects::recording::{AllowList, Blobs, FetchLimits, Fetcher};
use ledger::hash::sha256;
use ledger::key::{Action, KeyStatement, RecordKey, Role};
use ledger::time::Timestamp;
use projector::genesis::Statement;
use projector::writer::{Opener, Writer};
use store::{OpenOptions, Reader, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::stage::{OTIENO, Stage, WANJIKU, account, carrier, client, phones};

const ORIGIN: &str = "effects.example/ledger";

/// Names the key of this ledger.
fn statement() -> Statement {
    let (root, key) = (RecordKey::from_seed(&[8; 32]), RecordKey::from_seed(&[7; 32]));
    let statement = KeyStatement {
        action: Action::Added,
        role: Role::Record,
        origin: ORIGIN.to_owned(),
        public_key: key.public().clone(),
        issued_at: Timestamp::EPOCH,
        from_position: None,
        reason: None,
    };
    Statement { json: statement.sign(&root, Some(&key)).data().canonical(), issued_at: Timestamp::EPOCH }
}

/// A ledger of its own, whose projector can be stopped and started.
pub struct World {
    pub stage: Stage,
    store: Store,
    pub reader: Reader,
}

impl World {
    pub async fn begin() -> World {
        let stage = Stage::set().await;
        let url = format!("sqlite://{}", stage.scratch.path().join("ledger.db").display());
        let store = Store::open(&url, OpenOptions::new(ORIGIN)).await.unwrap();
        World { reader: store.reader(), stage, store }
    }

    /// Folds until stopped.
    pub fn project(&self) -> Running {
        let writer = Writer {
            store: self.store.clone(),
            opener: Opener::Journal(self.stage.journal().clone()),
            key_of: Arc::new(|_| Ok(RecordKey::from_seed(&[7; 32]))),
            root: RecordKey::from_seed(&[8; 32]).public().clone(),
            origin: ORIGIN.to_owned(),
            owner: "effects-test".to_owned(),
            statements: vec![statement()],
            index: None,
            active: watch::Sender::new(None),
            faults: projector::faults::Faults::default(),
        };
        Running::start(|stop| async move {
            writer.run(stop).await.unwrap();
        })
    }

    fn send(&self, carrier: &Carrier) -> Running {
        let messenger = Messenger::new(self.stage.door.clone(), client(), account(carrier));
        let reader = self.reader.clone();
        Running::start(|stop| async move { messenger.run(reader, stop).await })
    }

    /// What an input led to; waits for it.
    pub async fn outcome(&self, input: Uuid) -> Outcome {
        let told = self.reader.board().wait(input);
        let json = match self.reader.outcome(input).await.unwrap() {
            Some(json) => json,
            None => tokio::time::timeout(Duration::from_secs(30), told).await.unwrap().unwrap(),
        };
        serde_json::from_str(&json).unwrap()
    }

    pub async fn state(&self, stream: &str) -> Entity {
        Entity::from_json(&self.reader.stream(stream).await.unwrap().unwrap().state).unwrap()
    }

    /// Waits until the ledger says so.
    pub async fn until<T>(&self, stream: &str, says: impl Fn(&Entity) -> Option<T>) -> T {
        let mut size = self.reader.board().size();
        let waiting = async {
            loop {
                if let Some(said) = says(&self.state(stream).await) {
                    return said;
                }
                size.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap()
    }

    /// Drafts a contract between two parties, and gives its stream.
    async fn draft(&self) -> String {
        let input = self.stage.door.take(Via::Api, true, Body::Command(contract())).await.unwrap();
        match self.outcome(input.id).await {
            Outcome::Recorded { records, .. } => records[0].stream.clone(),
            other => panic!("{other:?}"),
        }
    }
}

pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(CancellationToken) -> F) -> Running {
        let stop = CancellationToken::new();
        Running { task: tokio::spawn(run(stop.clone())), stop }
    }

    pub async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), self.task).await.unwrap().unwrap();
    }
}

fn contract() -> Command {
    let party = |(phone, role): (_, &str)| Party { phone, role: role.to_owned(), name: None };
    let parties = phones(&[WANJIKU, OTIENO]).into_iter().zip(["seller", "buyer"]).map(party).collect();
    Command::CreateContract(Box::new(CreateContract {
        transcript: "500 kg of maize by Friday".to_owned(),
        parties,
        contract_type: ContractType::AgriculturalSupply,
        language: Language::default(),
        terms: Terms { product: Some("maize".to_owned()), ..Terms::default() },
        other_terms: Vec::new(),
        conference_id: None,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: None,
    }))
}

fn messages(state: &Entity) -> &Outgoing {
    let Entity::Contract(agreement) = state else { panic!("not a contract") };
    &agreement.messages
}

fn all_accepted(state: &Entity) -> Option<()> {
    messages(state).0.values().all(|message| message.status == SendStatus::Accepted).then_some(())
}

fn attempts(reports: &[Report]) -> usize {
    reports.iter().filter(|report| matches!(report, Report::MessageAttempted(_))).count()
}

#[tokio::test]
async fn each_party_is_asked_once() {
    let (world, carrier) = (World::begin().await, carrier(Config::default()).await);
    let (projecting, sending) = (world.project(), world.send(&carrier));
    let stream = world.draft().await;
    world.until(&stream, all_accepted).await;

    let mut asked: Vec<String> = carrier.messages().into_iter().map(|sms| sms.to).collect();
    asked.sort();
    assert_eq!(asked, [WANJIKU, OTIENO]);
    sending.end().await;
    // Another worker finds nothing left to do; what it would do, it would do at once.
    let sending = world.send(&carrier);
    let another = world.draft().await;
    world.until(&another, all_accepted).await;
    assert_eq!((carrier.sms_requests(), attempts(&world.stage.reports().await)), (4, 4));
    sending.end().await;
    projecting.end().await;
}

#[tokio::test]
async fn a_message_that_failed_is_tried_again_after_its_delay() {
    let (world, carrier) = (World::begin().await, carrier(Config::default()).await);
    carrier.next_sms_modes([ApiMode::ServerError]);
    let (projecting, sending) = (world.project(), world.send(&carrier));
    let stream = world.draft().await;
    world.until(&stream, all_accepted).await;
    let reports = world.stage.reports().await;
    let failures: Vec<_> = reports
        .iter()
        .filter_map(|report| match report {
            Report::MessageFailed { task, reason, again, .. } => Some((task.attempt, *reason, *again)),
            _ => None,
        })
        .collect();
    assert_eq!(failures, [(1, FailureReason::ProviderError, true)]);
    assert_eq!((carrier.sms_requests(), carrier.messages().len(), attempts(&reports)), (3, 2, 3));
    sending.end().await;
    projecting.end().await;
}

#[tokio::test]
async fn while_the_projector_stands_still_nothing_is_sent_twice() {
    let (world, carrier) = (World::begin().await, carrier(Config::default()).await);
    let projecting = world.project();
    let streams = [
        world.draft().await,
        world.draft().await,
        world.draft().await,
        world.draft().await,
        world.draft().await,
    ];
    projecting.end().await;

    // Ten messages are due. Eight are sent; the view still offers all of them, again and again.
    let sending = world.send(&carrier);
    let mut journaled = world.stage.journal().subscribe();
    let eight_results = 5 + 2 * 8;
    tokio::time::timeout(Duration::from_secs(30), journaled.wait_for(|last| *last >= eight_results))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((carrier.sms_requests(), world.stage.journal().last_position()), (8, eight_results));

    let projecting = world.project();
    for stream in &streams {
        world.until(stream, all_accepted).await;
    }
    assert_eq!((carrier.sms_requests(), attempts(&world.stage.reports().await)), (10, 10));
    sending.end().await;
    projecting.end().await;
}

#[tokio::test]
async fn a_recording_named_by_a_webhook_is_fetched() {
    let (world, carrier) = (World::begin().await, carrier(Config::default()).await);
    let session = carrier.call_in(WANJIKU);
    let recording = carrier.recordings().pop().unwrap();
    let blobs = Blobs::open(&world.stage.scratch.path().join("blobs")).await.unwrap();
    let allow: AllowList = carrier.address().to_string().parse().unwrap();
    let fetcher =
        Fetcher::new(world.stage.door.clone(), blobs, allow, FetchLimits::default(), false).unwrap();
    let reader = world.reader.clone();
    let fetching = Running::start(|stop| async move { fetcher.run(reader, stop).await });
    let projecting = world.project();

    let webhook = named(&session, &recording.url);
    let input = world.stage.door.take(Via::AfricasTalking, true, Body::Webhook(webhook)).await.unwrap();
    assert!(matches!(world.outcome(input.id).await, Outcome::Recorded { .. }));
    let stream = call_stream(Provider::AfricasTalking, &session);
    let hash =
        world.until(&stream, |state| call(state).recordings.0.values().next()?.fetched.clone()?.sha256).await;
    assert_eq!(hash, sha256(&carrier.recording_bytes(&recording.id).unwrap()).to_string());
    fetching.end().await;
    projecting.end().await;
}

fn call(state: &Entity) -> &Call {
    let Entity::Call(call) = state else { panic!("not a call") };
    call
}

/// The webhook in which a recording is named.
fn named(session: &str, url: &str) -> Webhook {
    let fact = Fact {
        subject: Subject::Call { provider: Provider::AfricasTalking, id: session.to_owned() },
        key: format!("{session}:recording"),
        occurred: None,
        what: What::RecordingAvailable { duration_s: Some(45) },
        private: Private { url: Some(url.to_owned()), ..Private::default() },
    };
    Webhook {
        provider: Provider::AfricasTalking,
        route: "voice/events".to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        headers: BTreeMap::new(),
        raw: String::new(),
        raw_base64: false,
        facts: vec![fact],
    }
}
