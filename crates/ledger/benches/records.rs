//! Writing, sealing, logging and verifying records: `cargo bench -p ledger`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ledger::bundle::Bundle;
use ledger::hash::{leaf_hash, sha256};
use ledger::json::{self, Canonical};
use ledger::key::RecordKey;
use ledger::object;
use ledger::record::{Draft, Source, open, payload, record_id};
use ledger::stream::StreamId;
use ledger::tile::{TILE_WIDTH, TileId, TileSet};
use ledger::time::Timestamp;
use ledger::tree::Tree;
use ledger::verify::{KnownKeys, Pins, check_each_record, check_record, check_records};
use serde::Serialize;
use uuid::Uuid;

#[allow(dead_code)] // Its `main` prints the bundle.
#[path = "../examples/bundle.rs"]
mod example;

const ORIGIN: &str = "bench.test/ahadi";
/// Signatures checked together: what one core of `ahadi verify` takes at a time.
const TOGETHER: usize = 4_096;

/// A closed type as events are, its fields not in canonical order.
#[derive(Serialize)]
#[serde(tag = "type", content = "data")]
enum Event {
    #[serde(rename = "call.ended")]
    Ended { outcome: &'static str, duration_s: u32, cause: &'static str, direction: &'static str },
}

const EVENT: Event =
    Event::Ended { outcome: "completed", duration_s: 45, cause: "normal_clearing", direction: "outbound" };

fn key() -> RecordKey {
    RecordKey::from_seed(&sha256(b"bench record key").0)
}

fn draft(n: u64) -> Draft<Canonical> {
    let (data, kind) = Canonical::of(&EVENT).unwrap().into_data_and_type().unwrap();
    let input = Uuid::from_u128(0x0195_6af1_7000_7000_8000_0000_0000_0000 + u128::from(n));
    Draft {
        stream: StreamId::new(format!("call/africastalking/ATVId_{n:032x}")).unwrap(),
        version: 3,
        prev: Some(sha256(&n.to_le_bytes())),
        id: record_id(ORIGIN, input, 0),
        kind,
        occurred_at: None,
        occurred_at_assumed_zone: None,
        recorded_at: Timestamp::from_millis(1_767_000_000_000).unwrap(),
        source: Source { input, via: "africastalking".to_owned(), authenticated: true },
        data,
        disclosures: ["phone", "line", "raw"].map(|name| sha256(name.as_bytes()).base64url()).to_vec(),
    }
}

fn records(count: usize) -> Vec<String> {
    let key = key();
    (0..count as u64).map(|n| payload(ORIGIN, &draft(n)).unwrap().seal(&key).jws).collect()
}

fn writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    group.bench_function("canonicalise an event", |b| b.iter(|| Canonical::of(black_box(&EVENT)).unwrap()));
    let value = object! {"cause": "normal_clearing", "direction": "outbound", "duration_s": 45i64, "outcome": "completed"};
    group.bench_function("canonicalise a value", |b| b.iter(|| black_box(&value).canonical()));
    let (draft, key) = (draft(1), key());
    group.bench_function("payload", |b| b.iter(|| payload(ORIGIN, black_box(&draft)).unwrap()));
    let written = payload(ORIGIN, &draft).unwrap();
    group.bench_function("seal", |b| b.iter(|| black_box(&written).seal(&key)));
    let signed = written.seal(&key).jws;
    let signed = signed.rsplit_once('.').unwrap().0;
    group.bench_function("sign alone", |b| b.iter(|| key.sign(black_box(signed.as_bytes()))));
    group.finish();
}

fn logging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    let jws = records(1).pop().unwrap();
    group.bench_function("leaf", |b| b.iter(|| leaf_hash(black_box(jws.as_bytes()))));
    let leaves: Vec<_> = (0..u64::from(TILE_WIDTH)).map(|n| sha256(&n.to_le_bytes())).collect();
    group.throughput(Throughput::Elements(leaves.len() as u64));
    group.bench_function("tile of 256 leaves", |b| {
        b.iter_batched(
            || leaves.clone(),
            |leaves| {
                let mut tree = Tree::empty();
                let nodes = tree.extend(leaves.iter().copied());
                let mut tiles = TileSet::new();
                tiles.insert(TileId::new(0, 0, TILE_WIDTH).unwrap(), leaves).unwrap();
                (nodes, tiles, tree.root())
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn verifying(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify");
    let key = key();
    let known: KnownKeys = BTreeMap::from([(key.kid().to_owned(), key.public().clone())]);
    let all = records(TOGETHER);
    group.bench_function("open a record", |b| b.iter(|| open(black_box(&all[0])).unwrap()));
    let opened = open(&all[0]).unwrap();
    let text = String::from_utf8(opened.payload.clone()).unwrap();
    group.bench_function("parse a payload", |b| b.iter(|| json::parse_canonical(text.as_bytes()).unwrap()));
    group.bench_function("strict signature", |b| b.iter(|| opened.verify(black_box(key.public())).unwrap()));
    group.bench_function("a record", |b| b.iter(|| check_record(black_box(&all[0]), &[], &known)));
    group.sample_size(10).throughput(Throughput::Elements(TOGETHER as u64));
    group.bench_function("4096 records one by one", |b| {
        b.iter(|| check_each_record(all.iter().map(|jws| (jws.as_str(), Vec::new())), &known));
    });
    group.bench_function("4096 records together", |b| {
        b.iter(|| check_records(all.iter().map(|jws| (jws.as_str(), Vec::new())), &known));
    });
    group.finish();
}

/// A contract's bundle, from a log of some hundred records.
fn bundle(criterion: &mut Criterion) {
    let text = example::story().to_json();
    criterion.bench_function("verify/bundle", |b| {
        b.iter(|| Bundle::from_json(black_box(text.as_bytes())).unwrap().verify(&Pins::default(), &[]));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(30);
    targets = writing, logging, verifying, bundle
}
criterion_main!(benches);
