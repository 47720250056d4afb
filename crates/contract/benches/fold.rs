//! Folding inputs and reading terms: `cargo bench -p contract`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use contract::decide::decide;
use contract::fact::{Direction, Fact, Leg, Private, Subject, What};
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::provider::{Provider, Via};
use contract::terms::{self, extract};
use contract::world::World;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ledger::hash::sha256;
use ledger::time::Timestamp;
use uuid::Uuid;

const TRANSCRIPT: &str = "Buyer: Hello, is this Wanjala?\nSeller: Speaking.\nBuyer: I am looking for maize, 500 kilos, Grade A.\n\
    Seller: I have it. Fifty-five shillings a kilo.\nBuyer: Fifty, and I take all of it.\nSeller: Fifty is fine.\n\
    Buyer: Deliver to Nairobi Market by the 25th of March, please.\nSeller: By the 25th. Half of it paid before delivery?\n\
    Buyer: Half before, the rest when I have it. Agreed?\nSeller: Agreed.";

fn inputs() -> Vec<Input> {
    (0..999_u64)
        .map(|n| {
            let (call, step) = (n / 3, n % 3);
            let id = format!("ATVId_{call:032x}");
            let leg = Leg { direction: Some(Direction::Outbound), ..Leg::default() };
            let (word, what) = match step {
                0 => ("ringing", What::CallRinging(leg)),
                1 => ("answered", What::CallAnswered(leg)),
                _ => ("ended", What::CallEnded(Leg { duration_s: Some(45), ..leg })),
            };
            let fact = Fact {
                key: format!("{id}:{word}"),
                subject: Subject::Call { provider: Provider::AfricasTalking, id: id.clone() },
                occurred: None,
                what,
                private: Private {
                    phone: Some(format!("+2547000{call:05}")),
                    line: Some("+254700000000".into()),
                    ..Private::default()
                },
            };
            Input {
                v: INPUT_VERSION,
                id: Uuid::from_u128(u128::from(n) + 1),
                via: Via::AfricasTalking,
                received_at: Timestamp::from_millis(1_767_000_000_000).unwrap(),
                authenticated: true,
                seed: Seed(sha256(&n.to_le_bytes())),
                body: Body::Webhook(Webhook {
                    provider: Provider::AfricasTalking,
                    route: "voice/events".into(),
                    content_type: "application/x-www-form-urlencoded".into(),
                    headers: BTreeMap::new(),
                    raw: format!("sessionId={id}&isActive=1&callSessionState=Answered&direction=Outbound"),
                    raw_base64: false,
                    facts: vec![fact],
                }),
            }
        })
        .collect()
}

fn folding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold");
    let inputs = inputs();
    group.throughput(Throughput::Elements(inputs.len() as u64));
    group.bench_function("999 webhooks of calls", |b| {
        b.iter_batched(
            || World::new("bench.test/ahadi", None),
            |mut world| {
                inputs.iter().for_each(|input| {
                    black_box(decide(input, &mut world));
                });
                world
            },
            BatchSize::SmallInput,
        );
    });
    let journaled: Vec<Vec<u8>> = inputs.iter().map(Input::to_bytes).collect();
    group.bench_function("999 inputs read from the journal's bytes", |b| {
        b.iter(|| journaled.iter().map(|bytes| Input::from_bytes(bytes).unwrap()).collect::<Vec<_>>());
    });
    group.finish();
}

fn reading_terms(criterion: &mut Criterion) {
    let date = "2026-03-10".parse().unwrap();
    let call = terms::Call { transcript: TRANSCRIPT, subject: terms::Subject::Goods, date };
    assert!(!extract(&call).is_empty(), "the transcript holds a deal");
    criterion.bench_function("terms/a short call", |b| b.iter(|| extract(black_box(&call))));
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(30);
    targets = folding, reading_terms
}
criterion_main!(benches);
