//! What `deploy/` gives to operators, with the service on it: the accounts of NATS, the roles of PostgreSQL.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::{Client, ConnectOptions};
use cli::command::rebuild::{self, RebuildArguments};
use futures_util::StreamExt;
use it::logs::Logs;
use it::nats::NatsServer;
use it::world::ORIGIN;
use it::{Setup, World, sound};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use store::{OpenOptions, Store};

const STEP: Duration = Duration::from_secs(30);
const PASSWORDS: [(&str, &str); 4] = [
    ("AHADI_NATS_SERVICE_PASSWORD", "service-word"),
    ("AHADI_NATS_OPERATOR_PASSWORD", "operator-word"),
    ("AHADI_NATS_SUBSCRIBER_PASSWORD", "subscriber-word"),
    ("AHADI_NATS_SYSTEM_PASSWORD", "system-word"),
];

fn deploy(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

/// Drafts a contract and sees it recorded.
async fn draft(world: &World) -> String {
    let body = json!({
        "transcript": "Agreement to supply 500 kg of maize",
        "parties": [{"phone": "+254700000011", "role": "buyer"}, {"phone": "+254700000012", "role": "seller"}],
    });
    let (status, answer) = world.post_json("/api/v1/contracts/create", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer["contract_id"].as_str().unwrap().to_owned()
}

async fn connected(url: &str, user: &str) -> Client {
    let options = ConnectOptions::new().user_and_password(user.to_owned(), format!("{user}-word"));
    options.connect(url).await.unwrap()
}

/// What a subscriber may not do: the server says so of each.
async fn refused_to(subscriber: &Client, logs: Logs) {
    for subject in [
        "ahadi.in.v1.0.api.command.x",
        "ahadi.events.v1.call.answered.x",
        "$JS.API.STREAM.DELETE.AHADI_IN",
        "$JS.API.CONSUMER.CREATE.AHADI_EVENTS",
        "$JS.API.CONSUMER.CREATE.AHADI_IN",
    ] {
        subscriber.publish(subject, "{}".into()).await.unwrap();
        let said = format!("Permissions Violation for Publish to \"{subject}\"");
        let seen = async {
            while logs.holding(&[&said]).is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(STEP, seen).await.is_ok(), "{subject} was not refused");
    }
}

/// The service needs no more than its account allows, listeners get all records, and write nothing.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_nats() {
    let logs = Logs::keep();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("nats.conf");
    let given = std::fs::read_to_string(deploy("nats/nats.conf")).unwrap();
    let stored = given.replace("/var/lib/nats", directory.path().join("stored").to_str().unwrap());
    assert_ne!(stored, given);
    std::fs::write(&config, stored).unwrap();
    let nats = NatsServer::start_configured("AHADI_NATS_SERVER", directory.path(), &config, &PASSWORDS);
    let subscriber = connected(&nats.url(), "subscriber").await;
    let mut plain = subscriber.subscribe("ahadi.events.v1.>").await.unwrap();
    subscriber.flush().await.unwrap();

    let url = nats.url().replace("nats://", "nats://service:service-word@");
    let mut world = World::start_with(Setup::EMBEDDED, &[&format!("--nats-url={url}")]).await;
    let contract = draft(&world).await;
    // Its streams are there already, and it goes on reading where it was.
    world.halt().await;
    world.boot().await;
    draft(&world).await;
    world.settle().await;
    let size = world.system().store.tip().await.unwrap().size;

    let violations = || logs.holding(&["Permissions Violation"]);
    assert_eq!(violations(), Vec::<String>::new(), "the service may not do what it has to");
    refused_to(&subscriber, logs).await;
    let before = violations().len();
    let mut heard = Vec::new();
    while (heard.len() as u64) < size {
        let message = tokio::time::timeout(STEP, plain.next()).await.unwrap().unwrap();
        let record = ledger::record::open(std::str::from_utf8(&message.payload).unwrap()).unwrap();
        let headers = message.headers.unwrap();
        assert_eq!(headers.get("ce-id").unwrap().as_str(), record.id.to_string());
        heard.push(headers.get("ce-sequence").unwrap().as_str().parse::<u64>().unwrap());
    }
    assert_eq!(heard, (0..size).collect::<Vec<_>>());

    let operator = async_nats::jetstream::new(connected(&nats.url(), "operator").await);
    let events = operator.get_stream("AHADI_EVENTS").await.unwrap();
    let wanted = pull::Config {
        durable_name: Some("reader".to_owned()),
        ack_policy: AckPolicy::Explicit,
        ..pull::Config::default()
    };
    let mut reader = events.create_consumer(wanted).await.unwrap();
    let inbox = subscriber.new_inbox();
    let mut pulled = subscriber.subscribe(inbox.clone()).await.unwrap();
    let next = "$JS.API.CONSUMER.MSG.NEXT.AHADI_EVENTS.reader";
    let ask = json!({"batch": size, "expires": 20_000_000_000_u64}).to_string();
    subscriber.publish_with_reply(next, inbox, ask.into()).await.unwrap();
    let mut about = 0;
    for _ in 0..size {
        let message = tokio::time::timeout(STEP, pulled.next()).await.unwrap().unwrap();
        about += u32::from(message.subject.ends_with(&contract));
        // Answered where it is acknowledged with a request.
        subscriber.request(message.reply.unwrap(), "+ACK".into()).await.unwrap();
    }
    assert!(about >= 3, "draft and two messages of the first contract");
    assert_eq!(reader.info().await.unwrap().ack_floor.stream_sequence, size);

    world.sound().await;
    assert_eq!(violations().len(), before);
}

/// The login of the service owns nothing and runs the service; the owner migrates and rebuilds, and the service goes on.
#[tokio::test(flavor = "multi_thread")]
async fn roles_of_postgres() {
    let server = std::env::var("AHADI_TEST_POSTGRES_URL").expect("AHADI_TEST_POSTGRES_URL: run `just test`");
    let name = format!("roles_{}", uuid::Uuid::now_v7().simple());
    let (owner, service) = (format!("{name}_owner"), format!("{name}_service"));
    for _ in 0..2 {
        let set = |what: &str, value: &str| format!("--set={what}={value}");
        let done = Command::new("psql")
            .args(["--quiet", "--no-psqlrc", &set("owner_password", "o"), &set("service_password", "s")])
            .args([set("database", &name), set("owner", &owner), set("service", &service)])
            .arg("--file")
            .arg(deploy("postgres/roles.sql"))
            .arg(&server)
            .output()
            .expect("psql can be run; deploy/dev/setup installs it");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let (_, place) = server.rsplit_once('@').unwrap();
    let (host, _) = place.split_once('/').unwrap();
    let url = |login: &str, word: &str| format!("postgres://{login}:{word}@{host}/{name}");

    // The service cannot make the tables; the owner's first command does.
    assert!(Store::open(&url(&service, "s"), OpenOptions::new(ORIGIN)).await.is_err());
    Store::open(&url(&owner, "o"), OpenOptions::new(ORIGIN)).await.unwrap().close().await;

    let mut world =
        World::start_with(Setup::EMBEDDED, &[&format!("--database-url={}", url(&service, "s"))]).await;
    let contract = draft(&world).await;
    world.settle().await;
    let mut login = PgConnection::connect(&url(&service, "s")).await.unwrap();
    for attempt in [
        "UPDATE record SET jws = jws",
        "DELETE FROM record",
        "DELETE FROM checkpoint",
        "UPDATE disclosure SET opened = opened",
        "CREATE TABLE mine ()",
        "ALTER TABLE record DISABLE TRIGGER ALL",
    ] {
        assert!(login.execute(attempt).await.is_err(), "{attempt}");
    }
    login.close().await.unwrap();

    world.halt().await;
    let config = cli::config::Config { database_url: Some(url(&owner, "o")), ..world.config() };
    assert_eq!(rebuild::run(RebuildArguments { config, check: false }).await.unwrap(), 0);
    world.boot().await;
    let (status, _) = world.get(&format!("/v1/contracts/{contract}")).await;
    assert_eq!(status, 200);
    draft(&world).await;
    world.settle().await;

    let keys = world.system().keys.as_ref().unwrap();
    let (root, vkey) = (keys.root.clone(), keys.log.vkey());
    world.halt().await;
    // Comparing with a fresh fold only reads.
    let store = Store::open(&url(&service, "s"), OpenOptions::new(ORIGIN)).await.unwrap();
    sound::assert_sound(&store, ORIGIN, &root, &vkey).await;
    store.close().await;
    world.end().await;
    let mut admin = PgConnection::connect(&server).await.unwrap();
    for end in [format!("DROP DATABASE {name} WITH (FORCE)"), format!("DROP ROLE {owner}, {service}")] {
        admin.execute(AssertSqlSafe(end)).await.unwrap();
    }
}
