//! Commands of one record each, from many clients at once: taken by the door, folded, signed, committed, answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use contract::command::{Command, InvokeCall};
use contract::input::Body;
use contract::phone::{Country, Phone};
use contract::provider::Via;
use it::{Setup, SourceKind, StoreKind, World};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::line::{Line, Place};
use crate::table::Row;
use crate::{CONNECTIONS, ROUNDS, round};

/// The program that drives other people's event stores (crates/peers); without it they are left out.
const PEERS_PROGRAM: &str = "AHADI_PEERS";
/// Their names, as that program knows them. None hashes, chains or signs.
const PEERS: [&str; 5] = ["umadb", "umadb-condition", "cqrs-es", "disintegrate", "message-db"];

pub async fn rows() -> Vec<Row> {
    let setup = Setup { store: StoreKind::Postgres, source: SourceKind::Journal };
    let world = World::start(setup).await;
    let url = world.config().database();
    let program = std::env::var(PEERS_PROGRAM).ok();
    let row = |limit: &str, target: &str| Row::new("one-record commands, PostgreSQL", "/s", limit, target);
    let mut rows = vec![row("unsigned INSERT and COMMIT each, /s", ">= 45000"), row("bare line, /s", "")];
    let peers = PEERS.iter().filter(|_| program.is_some());
    rows.extend(peers.map(|peer| row(&format!("{peer}, /s"), "1.6")));
    for _ in 0..ROUNDS {
        let ours = ours(&world).await;
        rows.iter_mut().for_each(|row| row.ours.push(ours));
        rows[0].limits.push(one_by_one(&url).await);
        rows[1].limits.push(bare(&url).await);
        if let Some(program) = &program {
            for (peer, row) in PEERS.iter().zip(&mut rows[2..]) {
                row.limits.push(theirs(program, peer).await);
            }
        }
    }
    world.sound().await;
    rows
}

/// Commands a second of another store, from as many clients, for as long.
async fn theirs(program: &str, peer: &str) -> f64 {
    let (seconds, clients) = (round().as_secs_f64().to_string(), CONNECTIONS.to_string());
    let told = tokio::process::Command::new(program).args([peer, &seconds, &clients]).output().await.unwrap();
    assert!(told.status.success(), "{peer}: {}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8_lossy(&told.stdout).lines().last().unwrap().parse().unwrap()
}

async fn ours(world: &World) -> f64 {
    let system = world.system();
    let door = system.door.clone().unwrap();
    let (done, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let phone = Phone::read("+254700000001", Country::from_code("KE").unwrap()).unwrap();
    let clients = (0..CONNECTIONS).map(|_| {
        let (door, board, done, phone) =
            (door.clone(), system.store.board().clone(), done.clone(), phone.clone());
        tokio::spawn(async move {
            while start.elapsed() < round() {
                let stamp = door.stamp().unwrap();
                let outcome = board.wait(stamp.id);
                let command = InvokeCall {
                    dial_id: stamp.id.simple().to_string(),
                    phone: phone.clone(),
                    provider: None,
                };
                let body = Body::Command(Command::InvokeCall(command));
                door.take_stamped(stamp, Via::Api, true, body).await.unwrap();
                assert!(outcome.await.unwrap().contains("recorded"));
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// The same two syncs, of a journal and of PostgreSQL, and a signature; nothing else.
async fn bare(url: &str) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let place = Place { directory: directory.path().to_owned(), nats: None, database: Some(url.to_owned()) };
    let line = Line::begin(place).await;
    let (done, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let clients = (0..CONNECTIONS).map(|client| {
        let (line, done) = (line.clone(), done.clone());
        tokio::spawn(async move {
            let fields = [("sessionId", format!("client/{client}")), ("phone", "+254700000001".to_owned())];
            let form = fields.map(|(name, value)| (name.to_owned(), value)).into();
            while start.elapsed() < round() {
                line.carry_out(&form).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// What most event stores do: each client inserts its event and commits, unsigned and unchained.
async fn one_by_one(url: &str) -> f64 {
    let mut admin = PgConnection::connect(url).await.unwrap();
    let table =
        "CREATE TABLE IF NOT EXISTS bare_events (position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                 stream TEXT, version BIGINT, payload TEXT, UNIQUE (stream, version))";
    sqlx::query(table).execute(&mut admin).await.unwrap();
    let (done, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let clients = (0..CONNECTIONS).map(|client| {
        let (done, url) = (done.clone(), url.to_owned());
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let payload = "x".repeat(650);
            let stream = format!("client/{client}");
            let mut version = 0_i64;
            while start.elapsed() < round() {
                version += 1;
                let sql = "INSERT INTO bare_events (stream, version, payload) VALUES ($1, $2, $3)";
                let insert = sqlx::query(sql).bind(&stream).bind(version).bind(&payload);
                insert.execute(&mut connection).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let rate = done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    sqlx::query("DROP TABLE bare_events").execute(&mut admin).await.unwrap();
    rate
}

/// A contract to be drafted, different from every other.
pub fn contract(n: usize) -> Value {
    json!({
        "transcript": format!("Ninety bags of maize at 3,200 shillings each, delivered to the depot by Friday. Lot {n}."),
        "contract_type": "agricultural_supply",
        "parties": [
            { "phone": "+254700000001", "role": "buyer", "name": "Amina" },
            { "phone": "+254700000002", "role": "seller", "name": "Baraka" },
        ],
        "terms": {
            "product": "maize", "quantity": "90", "unit": "bag", "unit_price": 3200, "total_amount": "288000.00",
            "currency": "KES", "delivery_location": "depot", "delivery_deadline": "2026-03-06",
        },
    })
}
