//! Who listens on the bus gets every record of its kind once, leaving out what it has seen by `ce-id`; each message is
//! the signed record itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, Message};
use futures_util::StreamExt;
use it::world::ORIGIN;
use it::{Setup, SourceKind, StoreKind, World, load, maize};
use ledger::key::PublicKey;
use projector::faults::{Step, Way};
use serde_json::Value;
use store::rows::RecordRow;

/// What an ordinary subscriber listens to.
const CONTRACTS: &str = "ahadi.events.v1.contract.>";
/// A message that nobody says is handled comes again after this.
const ACK_WAIT: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_receives_each_record_once() {
    subscribed(Setup { store: StoreKind::Sqlite, source: SourceKind::Nats }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_of_an_old_server_receives_each_record_once() {
    subscribed(Setup { store: StoreKind::Postgres, source: SourceKind::NatsFloor }).await;
}

async fn subscribed(setup: Setup) {
    let mut world = World::start(setup).await;
    let url = world.nats.as_ref().unwrap().url();
    let consumer = subscribe(&url, CONTRACTS).await;
    // Whoever publishes does some of it twice, and the server dies in between.
    world.faults.fail(Step::Publish, Way::After, 2);
    let (_, first) = maize::agree(&world).await;
    world.nats.as_mut().unwrap().kill();
    world.nats.as_mut().unwrap().restart();
    world.faults.fail(Step::SetCursor, Way::Before, 2);
    world.deliver(load::webhooks(101, 50), 8).await;
    let drafted = maize::draft(&world, None).await;
    world.settle_messages().await;
    let ids = [first.as_str(), drafted["contract_id"].as_str().unwrap()];

    let mut expected = records(&world, "contract.").await;
    assert!(ids.iter().all(|id| expected.values().any(|row| row.stream.ends_with(id))));
    let root = Signers::of(&world).await;
    let (mut seen, mut repeats) = (BTreeSet::new(), 0);
    while !expected.is_empty() {
        let message = next(&consumer).await;
        let headers = message.headers.as_ref().unwrap();
        let id = header(headers, "ce-id");
        if !seen.insert(id.clone()) {
            repeats += 1;
            message.ack().await.unwrap();
            continue;
        }
        let row = expected.remove(&id).expect("a record of a contract, not seen before");
        assert_is_record(&message, &row, &root);
        // The first time it is taken and nothing said, as by a subscriber that dies: it will come again.
        if seen.len() % 2 == 0 {
            message.ack().await.unwrap();
        }
    }
    while repeats == 0 {
        let message = next(&consumer).await;
        repeats += usize::from(!seen.insert(header(message.headers.as_ref().unwrap(), "ce-id")));
    }
    assert_all_published(&world, &url).await;
    world.sound().await;
}

async fn subscribe(url: &str, subject: &str) -> PullConsumer {
    let bus = jetstream::new(async_nats::connect(url).await.unwrap());
    let stream = bus.get_stream("AHADI_EVENTS").await.unwrap();
    let config = pull::Config {
        durable_name: Some("subscriber".to_owned()),
        filter_subject: subject.to_owned(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        ..pull::Config::default()
    };
    stream.create_consumer(config).await.unwrap()
}

/// The next message, which will come.
async fn next(consumer: &PullConsumer) -> Message {
    for _ in 0..60 {
        let batch = consumer.fetch().max_messages(1).expires(Duration::from_secs(1)).messages().await;
        let Ok(mut batch) = batch else { continue };
        if let Some(Ok(message)) = batch.next().await {
            return message;
        }
    }
    panic!("no message within a minute");
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).unwrap_or_else(|| panic!("no {name}")).as_str().to_owned()
}

/// Records of these kinds, by their id.
async fn records(world: &World, kinds: &str) -> BTreeMap<String, RecordRow> {
    let rows = world.system().store.records(0, 10_000).await.unwrap();
    rows.into_iter().filter(|row| row.kind.starts_with(kinds)).map(|row| (row.id.to_string(), row)).collect()
}

/// The keys that sign records.
struct Signers(BTreeMap<String, PublicKey>);

impl Signers {
    async fn of(world: &World) -> Signers {
        let set = world.json("/.well-known/jwks.json").await;
        let key = |jwk: &Value| {
            let key = PublicKey::from_x(jwk["x"].as_str().unwrap()).unwrap();
            (key.kid().to_owned(), key)
        };
        Signers(set["keys"].as_array().unwrap().iter().map(key).collect())
    }
}

/// The message is this record, verifies as such, and says in its headers and subject what the record says.
fn assert_is_record(message: &Message, row: &RecordRow, signers: &Signers) {
    let headers = message.headers.as_ref().unwrap();
    assert_eq!(message.payload, row.jws.as_bytes());
    let record = ledger::record::open(std::str::from_utf8(&message.payload).unwrap()).unwrap();
    record.verify(&signers.0[&record.kid]).unwrap();
    let told = [
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", record.id.to_string()),
        ("ce-type", record.kind.clone()),
        ("ce-source", ORIGIN.to_owned()),
        ("ce-time", record.recorded_at.to_string()),
        ("ce-subject", record.stream.to_string()),
        ("Nats-Msg-Id", record.id.to_string()),
    ];
    for (name, value) in told {
        assert_eq!(header(headers, name), value, "{name}");
    }
    let (kind, what) = record.kind.split_once('.').unwrap();
    let (_, id) = row.stream.split_once('/').unwrap();
    assert_eq!(message.subject.as_str(), format!("ahadi.events.v1.{kind}.{what}.{id}"));
}

/// The stream of events holds every record of the log, in its order.
async fn assert_all_published(world: &World, url: &str) {
    let bus = jetstream::new(async_nats::connect(url).await.unwrap());
    for _ in 0..1_200 {
        let stream = bus.get_stream("AHADI_EVENTS").await.unwrap();
        let size = world.system().store.tip().await.unwrap().size;
        if stream.cached_info().state.messages >= size {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not every record was published within a minute");
}
