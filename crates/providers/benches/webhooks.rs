//! Reading webhooks: `cargo bench -p providers`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use contract::phone::Country;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use providers::africastalking::time::Zone;
use providers::africastalking::{sms, voice};

const FORM: &str = "application/x-www-form-urlencoded";
const VOICE: &[u8] = include_bytes!("../tests/fixtures/africastalking/voice_answered.form");
const SMS: &[u8] = include_bytes!("../tests/fixtures/africastalking/sms_incoming.form");

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read a webhook");
    group.throughput(Throughput::Elements(1));
    group.bench_function("voice event", |b| {
        b.iter(|| voice::read(black_box(VOICE), FORM, Country::KENYA, &Zone::NAIROBI).unwrap());
    });
    group.bench_function("incoming message", |b| {
        b.iter(|| sms::read_incoming(black_box(SMS), FORM, Country::KENYA, &Zone::NAIROBI).unwrap());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(30);
    targets = reading
}
criterion_main!(benches);
