//! The life of a contract over the whole service: agreed by text, amended, delivered, paid, completed; every step sent
//! twice; and one that nobody answered, whose time is over by a clock that the test holds.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use carrier::{Replies, Reply};
use effects::deadline::Timekeeper;
use it::maize::{self, BUYER, SELLER};
use it::{Setup, SourceKind, StoreKind, World};
use ledger::time::Timestamp;
use serde_json::{Value, json};

/// An answer as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    tag: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The contract it shows, after a step that was taken.
    fn contract(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["contract"].clone()
    }
}

async fn post(world: &World, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = world.http.post(world.url(path)).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default();
    Answer { status, tag, body: answer.text().await.unwrap() }
}

/// The newest code a party was sent, read off its phone.
fn code(world: &World, phone: &str) -> String {
    let messages = world.carrier.messages();
    let mut sent = messages.iter().rev().filter(|sms| sms.to == phone);
    let code = sent.find_map(|sms| carrier::code_after(&sms.text, "YES").map(str::to_owned));
    code.expect("the party was asked")
}

/// A contract, and how its parties act on it.
struct Told<'w> {
    world: &'w World,
    id: String,
}

impl Told<'_> {
    fn path(&self, step: &str) -> String {
        format!("/v1/contracts/{}/{step}", self.id)
    }

    fn by(&self, phone: &str, more: &Value) -> Value {
        let mut body = json!({ "phone_number": phone, "code": code(self.world, phone) });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// Takes a step, and takes it again: with a key to the byte the same answer, without one the same result.
    async fn step(&self, phone: &str, step: &str, more: Value) -> Value {
        let (path, body) = (self.path(step), self.by(phone, &more));
        let key = format!("{step} {phone} {more}").replace('"', "'");
        let first = post(self.world, &path, &[("idempotency-key", &key)], &body).await;
        let contract = first.contract();
        let again = post(self.world, &path, &[("idempotency-key", &format!("\"{key}\""))], &body).await;
        assert_eq!(again, first, "{step} under the same key");
        let plain = post(self.world, &path, &[("if-match", "\"long ago\"")], &body).await;
        assert_eq!((plain.json()["already"].as_bool(), plain.status), (Some(true), 200), "{}", plain.body);
        let mut other = body.clone();
        other["code"] = json!("none");
        let reused = post(self.world, &path, &[("idempotency-key", &key)], &other).await;
        assert_eq!((reused.status, &reused.json()["code"]), (422, &json!("idempotency_key_reused")));
        contract
    }

    async fn now(&self) -> Value {
        self.world.json(&format!("/v1/contracts/{}", self.id)).await
    }

    async fn texts(&self, words: &str) -> usize {
        self.world.settle_messages().await;
        self.world.carrier.messages().iter().filter(|sms| sms.text.contains(words)).count()
    }
}

/// From draft to completion. The parties answer requests as the carrier's phones do.
async fn live(setup: Setup) {
    let mut world = World::start(setup).await;
    world.carrier.set_replies(maize::replies());
    let drafted = maize::draft(&world, None).await;
    let id = drafted["contract_id"].as_str().unwrap().to_owned();
    let kept = {
        let told = Told { world: &world, id: id.clone() };
        world.settle().await;
        assert_eq!(told.now().await["status"], "confirmed");
        assert_eq!(told.texts("is confirmed by all parties").await, 2, "a receipt for each");
        amended(&told, &drafted).await;
        performed(&told).await
    };
    // The process forgets; the ledger does not.
    world.halt().await;
    world.boot().await;
    let told = Told { world: &world, id };
    let (body, first) = kept;
    let again = post(&world, &told.path("pay"), &[("idempotency-key", "a payment")], &body).await;
    assert_eq!(again, first, "the same answer after a restart, however the contract stands now");
    assert_eq!(told.now().await["status"], "completed");
    world.settle_messages().await;
    world.sound().await;
}

/// New terms: agreed to by both, with the old ones kept.
async fn amended(told: &Told<'_>, drafted: &Value) {
    let terms = json!({ "operator": true, "terms": { "product": "white maize", "quantity": "80", "total_amount": 256_000 } });
    let stale = post(told.world, &told.path("amend"), &[("if-match", "\"x\"")], &terms).await;
    assert_eq!(stale.status, 412, "{}", stale.body);
    let tag = post(told.world, &told.path("amend"), &[], &terms).await;
    assert_eq!(tag.contract()["contract_hash"], drafted["contract_hash"], "what was agreed stands");
    told.world.settle().await;
    let contract = told.now().await;
    assert_eq!(contract["terms"]["quantity"], "80");
    assert_eq!(contract["amendment"], Value::Null);
    let old = &contract["earlier_documents"][0];
    assert_eq!((&old["contract_hash"], &old["fate"]), (&drafted["contract_hash"], &json!("superseded")));
    let hash = old["contract_hash"].as_str().unwrap();
    let (status, text) = told.world.get(&format!("/v1/contracts/{}/document?sha256={hash}", told.id)).await;
    assert_eq!((status, ledger::hash::sha256(text.as_bytes()).hex().as_str()), (200, hash));
    let document = told.world.json(&format!("/v1/contracts/{}/document", told.id)).await;
    assert_eq!(document["supersedes"], hash, "the new one names the old one");
    assert_eq!(told.texts("is confirmed by all parties").await, 4);
}

/// Deliveries and payments, and the end. Gives a request and its answer, to be asked for again.
async fn performed(told: &Told<'_>) -> (Value, Answer) {
    let path = told.path("complete");
    let early = post(told.world, &path, &[], &told.by(BUYER, &json!({}))).await;
    assert_eq!(early.status, 409);
    assert!(early.body.contains("possible now: amend, deliver, pay, cancel, dispute"), "{}", early.body);
    let contract = told.step(SELLER, "deliver", json!({ "quantity": 80, "reference": "D-1" })).await;
    assert_eq!((&contract["status"], &contract["reports"][0]["step"]), (&json!("active"), &json!("deliver")));
    assert_eq!(contract["reports"][0]["details"], json!({ "quantity": "80", "reference": "D-1" }));
    let report = contract["reports"][0]["report"].clone();
    told.step(BUYER, "contest", json!({ "report": report, "note": "not yet" })).await;
    let contract = told.step(BUYER, "acknowledge", json!({ "report": report })).await;
    assert_eq!(contract["reports"][0]["answers"], json!([{ "party": 0, "answer": "acknowledged" }]));
    let body = told.by(BUYER, &json!({ "amount": "256000.50", "currency": "KES" }));
    let paid = post(told.world, &told.path("pay"), &[("idempotency-key", "a payment")], &body).await;
    assert_eq!(paid.contract()["reports"][1]["details"]["amount"], "256000.50");
    let contract = told.step(BUYER, "dispute", json!({ "reason": "ten bags are wet" })).await;
    assert_eq!((&contract["status"], &contract["disputes"][0]["party"]), (&json!("disputed"), &json!(0)));
    told.step(SELLER, "resolve", json!({ "resolution": "active" })).await;
    let contract = told.step(BUYER, "resolve", json!({ "resolution": "active" })).await;
    assert_eq!(contract["status"], "active");
    let contract = told.step(SELLER, "complete", json!({})).await;
    assert_eq!((&contract["status"], &contract["waiting_for"][0]["agreed"]), (&json!("active"), &json!([1])));
    let contract = told.step(BUYER, "complete", json!({})).await;
    assert_eq!((&contract["status"], &contract["possible"]), (&json!("completed"), &json!([])));
    assert_eq!(told.texts("all parties say that all is done").await, 2);
    (body, paid)
}

macro_rules! on_every_setup {
    ($($name:ident: $store:ident, $source:ident;)*) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            live(Setup { store: StoreKind::$store, source: SourceKind::$source }).await;
        }
    )* };
}

on_every_setup! {
    a_life_in_one_process: Sqlite, Journal;
    a_life_on_sqlite_and_nats: Sqlite, Nats;
    a_life_on_sqlite_and_an_old_nats: Sqlite, NatsFloor;
    a_life_on_postgres: Postgres, Journal;
    a_life_on_postgres_and_nats: Postgres, Nats;
    a_life_on_postgres_and_an_old_nats: Postgres, NatsFloor;
}

/// Nobody answers. The clock is the test's.
async fn expire(setup: Setup) {
    let world = World::start(setup).await;
    world.carrier.set_replies(Replies { otherwise: Reply::Silent, ..Replies::default() });
    let drafted = maize::draft(&world, None).await;
    let told = Told { world: &world, id: drafted["contract_id"].as_str().unwrap().to_owned() };
    world.settle().await;
    let store = &world.system().store;
    assert_eq!(store.links("open", BUYER).await.unwrap().len(), 1);
    let due: Timestamp = told.now().await["expires_at"].as_str().unwrap().parse().unwrap();
    let mut clock = Timekeeper::new(world.system().door.clone().unwrap(), store.reader());
    assert_eq!(clock.look(due).await.unwrap(), 0, "the last millisecond is still in time");
    let late = Timestamp::from_millis(due.millis() + 1).unwrap();
    assert_eq!(clock.look(late).await.unwrap(), 1);
    assert_eq!(clock.look(late).await.unwrap(), 0, "said once, folded or not");
    world.settle_folding().await;
    let contract = told.now().await;
    assert_eq!((&contract["status"], &contract["possible"]), (&json!("expired"), &json!([])));
    for phone in [BUYER, SELLER] {
        assert!(store.links("open", phone).await.unwrap().is_empty(), "an open question is left");
    }
    let tasks = store.tasks(10_000).await.unwrap();
    assert!(tasks.iter().all(|task| task.kind == "message"), "a deadline is left: {tasks:?}");
    assert_eq!(tasks.len(), 2, "both are told, and nothing else is open");
    let refused = post(&world, &told.path("confirm"), &[], &told.by(BUYER, &json!({}))).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_confirms_expires() {
    for store in [StoreKind::Sqlite, StoreKind::Postgres] {
        expire(Setup { store, source: SourceKind::Journal }).await;
    }
}

/// Many at once under one key make one contract; whoever comes while the first is under way is told so.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_contract() {
    let world = World::start(Setup::EMBEDDED).await;
    world.carrier.set_replies(Replies { otherwise: Reply::Silent, ..Replies::default() });
    let wanted = maize::wanted(None);
    let (path, key) =
        ("/api/v1/contracts/create", [("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324")]);
    let first = post(&world, path, &key, &wanted);
    let sent = futures_util::future::join_all((0..7).map(|_| post(&world, path, &key, &wanted)));
    let (first, others) = tokio::join!(first, sent);
    let answers: Vec<Answer> = others.into_iter().chain([first]).collect();
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| *answer == made[0]), "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 409)), "{answers:?}");
    let mut other = wanted.clone();
    other["transcript"] = json!("something else");
    let reused = post(&world, path, &key, &other).await;
    assert_eq!(reused.status, 422, "{}", reused.body);
    assert_eq!(world.json("/v1/contracts").await["total"], 1);
    let refused = post(&world, path, &[("idempotency-key", "")], &wanted).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    // A refusal is an answer too.
    let told = Told { world: &world, id: made[0].json()["contract_id"].as_str().unwrap().to_owned() };
    world.settle_messages().await;
    let body = told.by(BUYER, &json!({ "quantity": "1" }));
    let key = [("idempotency-key", "too early")];
    let refused = post(&world, &told.path("deliver"), &key, &body).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    for phone in [BUYER, SELLER] {
        assert_eq!(post(&world, &told.path("confirm"), &[], &told.by(phone, &json!({}))).await.status, 200);
    }
    assert_eq!(
        post(&world, &told.path("deliver"), &key, &body).await,
        refused,
        "it was refused, and stays so"
    );
    assert_eq!(post(&world, &told.path("deliver"), &[], &body).await.status, 200);
    world.sound().await;
}
