//! 1: what was answered with success is journaled, and ends in the ledger or in quarantine with a reason.

use std::collections::{BTreeMap, HashMap};

use carrier::Webhook;
use contract::input::{Body, Input};
use contract::outcome::{Outcome, QuarantineReason};
use it::load::{self, Poster};
use it::{Setup, SourceKind, World, maize};
use journal::Entry;
use serde_json::Value;
use uuid::Uuid;

/// Webhooks before a trouble, and as many while it lasts.
const PART: usize = 40;
const AT_ONCE: usize = 8;
const CREATE: &str = "/api/v1/contracts/create";

/// What happens while webhooks come in.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// The service is stopped and started.
    Restart,
    /// nats-server is away for a while.
    Away,
    /// nats-server dies in the middle.
    Killed,
    /// nats-server dies and loses all it stored.
    Forgetful,
}

pub async fn story(setup: Setup) {
    let mut world = World::start(setup).await;
    let mut taken = Vec::new();
    let mut commands = Vec::new();
    let bus = [Trouble::Away, Trouble::Killed, Trouble::Forgetful];
    let troubles = match setup.source {
        SourceKind::Journal => &[Trouble::Restart, Trouble::Restart][..],
        SourceKind::Nats | SourceKind::NatsFloor => &bus[..],
    };
    let mut webhooks = carrier::webhooks(31);
    for trouble in troubles.iter().chain([&Trouble::Restart]) {
        let before: Vec<Webhook> = webhooks.by_ref().take(PART).collect();
        let during: Vec<Webhook> = webhooks.by_ref().take(PART).collect();
        let (first, refused) = Poster::to(&world).post_all(before, AT_ONCE).await;
        assert!(refused.is_empty(), "{trouble:?}: nothing was wrong yet");
        taken.extend(first);
        commands.extend(Promise::ask(world.http.clone(), world.url(CREATE)).await);
        taken.extend(trouble.strike(&mut world, during, &mut commands).await);
        world.settle_folding().await;
    }
    let unreadable = journal_something_unreadable(&world).await;
    world.settle_folding().await;
    assert_accounted(&world, &taken, &commands, unreadable).await;
    world.sound().await;
}

impl Trouble {
    /// Lets it happen while webhooks come in, and a command. Gives the webhooks that were taken.
    async fn strike(
        self,
        world: &mut World,
        during: Vec<Webhook>,
        commands: &mut Vec<Promise>,
    ) -> Vec<Webhook> {
        let poster = Poster::to(world);
        let command = tokio::spawn(Promise::ask(world.http.clone(), world.url(CREATE)));
        let posting = async move { poster.post_all(during, AT_ONCE).await };
        let (mut taken, refused) = match self {
            Trouble::Restart => {
                let posting = tokio::spawn(posting);
                world.halt().await;
                world.boot().await;
                posting.await.unwrap()
            }
            Trouble::Away => {
                world.nats.as_mut().unwrap().kill();
                let posted = posting.await;
                assert!(posted.1.is_empty(), "a webhook needs no nats-server");
                world.nats.as_mut().unwrap().restart();
                posted
            }
            Trouble::Killed => {
                let posting = tokio::spawn(posting);
                world.nats.as_mut().unwrap().kill();
                world.nats.as_mut().unwrap().restart();
                posting.await.unwrap()
            }
            Trouble::Forgetful => {
                let posting = tokio::spawn(posting);
                let nats = world.nats.as_mut().unwrap();
                nats.kill();
                nats.forget();
                nats.restart();
                posting.await.unwrap()
            }
        };
        commands.extend(command.await.unwrap());
        // A carrier sends again what was not taken.
        let (again, refused) = Poster::to(world).post_all(refused, AT_ONCE).await;
        assert!(refused.is_empty(), "{self:?}: {} webhooks were never taken", refused.len());
        taken.extend(again);
        taken
    }
}

/// What a command was promised.
#[derive(Debug)]
enum Promise {
    /// A contract of this id and hash.
    Contract(String, String),
    /// An input that will have an outcome.
    Later(Uuid),
}

impl Promise {
    /// Asks for a contract. None where nothing was promised: the service went away.
    async fn ask(http: reqwest::Client, url: String) -> Option<Promise> {
        let answer = http.post(url).json(&maize::wanted(None)).send().await.ok()?;
        let status = answer.status().as_u16();
        let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
        let body: Value = answer.json().await.ok()?;
        match (status, place) {
            (200, _) => {
                let text = |name: &str| body[name].as_str().unwrap().to_owned();
                Some(Promise::Contract(text("contract_id"), text("contract_hash")))
            }
            (503, Some(place)) => {
                Some(Promise::Later(place.strip_prefix("/v1/inputs/").unwrap().parse().unwrap()))
            }
            _ => None,
        }
    }
}

/// An entry such as a newer version might have journaled.
async fn journal_something_unreadable(world: &World) -> Uuid {
    let id = Uuid::now_v7();
    let entry = Entry {
        id,
        source: "api".into(),
        kind: "command".into(),
        key: id.to_string(),
        received_at_ms: 1_772_438_400_000,
        payload: b"{\"v\":99}".to_vec(),
    };
    world.system().door.as_ref().unwrap().journal().append(entry).await.unwrap();
    id
}

/// The records of each input: stream, version and type.
async fn recorded(store: &store::Store) -> HashMap<Uuid, Vec<(String, u64, String)>> {
    let mut recorded: HashMap<Uuid, Vec<(String, u64, String)>> = HashMap::new();
    let mut scan = store.scan(0).await.unwrap();
    while let Some(page) = scan.next_page().await.unwrap() {
        for (row, _) in page {
            let input = ledger::record::open(&row.jws).unwrap().source.input;
            recorded.entry(input).or_default().push((row.stream, row.version, row.kind));
        }
    }
    recorded
}

async fn assert_accounted(world: &World, taken: &[Webhook], commands: &[Promise], unreadable: Uuid) {
    let store = &world.system().store;
    // A worker may report on a task while the log is read: then it is read again.
    let (entries, mut recorded) = loop {
        world.settle_messages().await;
        let (before, recorded) = (entries(world).await, recorded(store).await);
        if entries(world).await.len() == before.len() {
            break (before, recorded);
        }
    };
    let mut journaled: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut refused = 0;
    for entry in entries {
        let outcome = store.outcome(entry.id).await.unwrap().expect("every input has its outcome");
        let here = recorded.remove(&entry.id).unwrap_or_default();
        match serde_json::from_str(&outcome).unwrap() {
            Outcome::Recorded { records, .. } => {
                let said: Vec<_> = records.into_iter().map(|r| (r.stream, r.version, r.kind)).collect();
                assert_eq!(said, here, "what was recorded stands in the log");
            }
            Outcome::AlreadyApplied { stream, .. } => {
                assert!(here.is_empty() && store.stream(&stream).await.unwrap().is_some());
            }
            Outcome::Refused(_) => refused += 1,
            Outcome::Quarantined { reason } => {
                assert_eq!((entry.id, reason), (unreadable, QuarantineReason::Unreadable));
            }
        }
        if let Ok(Input { body: Body::Webhook(webhook), .. }) = Input::from_bytes(&entry.payload) {
            *journaled.entry((webhook.route, webhook.raw)).or_default() += 1;
        }
    }
    assert_eq!(refused, 0, "nothing was asked for that would be refused");
    let strangers: Vec<_> = recorded.into_values().flatten().map(|(stream, ..)| stream).collect();
    assert_eq!(strangers, ["ledger/keys", "ledger/keys"], "records of inputs that nobody handed in");
    for webhook in taken {
        let key = (load::route(webhook.path_kind).to_owned(), webhook.body.clone());
        let left = journaled.get_mut(&key).filter(|left| **left > 0);
        *left.expect("a webhook that was taken is in the journal") -= 1;
    }
    let quarantine = store.quarantined(0, 10).await.unwrap();
    let kept: Vec<_> = quarantine.iter().map(|row| (row.input, row.quarantined.as_deref())).collect();
    assert_eq!(kept, [(unreadable, Some(&b"{\"v\":99}"[..]))], "its bytes are kept");
    let contracts = commands.iter().filter(|promise| matches!(promise, Promise::Contract(..))).count();
    assert!(contracts >= 3, "commands are answered while nothing is wrong");
    for promise in commands {
        match promise {
            Promise::Contract(id, hash) => {
                assert_eq!(world.json(&format!("/v1/contracts/{id}")).await["contract_hash"], hash.as_str());
            }
            Promise::Later(input) => {
                let told = world.json(&format!("/v1/inputs/{input}")).await;
                assert_eq!(told["result"]["outcome"], "recorded", "{told}");
            }
        }
    }
}

async fn entries(world: &World) -> Vec<Entry> {
    let journal = world.system().door.as_ref().unwrap().journal();
    let mut entries = Vec::new();
    loop {
        let after = entries.len() as u64;
        let batch = journal.read(after, 1_000, 16 * 1024 * 1024).await.unwrap();
        assert!(batch.gaps.is_empty() && batch.strays.is_empty());
        if batch.entries.is_empty() {
            return entries;
        }
        entries.extend(batch.entries.into_iter().map(|positioned| positioned.entry));
    }
}
