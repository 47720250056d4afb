//! From the journal to the stream, beside the client library publishing the same messages with as many in flight.

use std::collections::VecDeque;
use std::time::Instant;

use async_nats::jetstream;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use it::nats::NatsServer;
use journal::{Bus, BusOptions, Entry, Journal, Limits, Relay, RelayOptions};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ROUNDS;
use crate::table::Row;

const MESSAGES: usize = 100_000;
/// As the relay holds.
const IN_FLIGHT: usize = 1_000;
/// Bytes of an input, as they are on average.
const PAYLOAD_BYTES: usize = 800;

pub async fn row() -> Row {
    let mut row = Row::new("relay to JetStream", "/s", "async-nats, pipelined, /s", "0.6");
    for round in 0..ROUNDS {
        let directory = tempfile::tempdir().unwrap();
        let nats = NatsServer::start("AHADI_NATS_SERVER", directory.path());
        row.ours.push(ours(&nats.url(), directory.path(), round).await);
        row.limits.push(bare(&nats.url(), round).await);
    }
    row
}

fn entries(round: usize) -> Vec<Entry> {
    let entry = |n: usize| Entry {
        id: Uuid::from_u128(((round * MESSAGES + n) as u128) << 8 | 1),
        source: "africastalking".to_owned(),
        kind: "call".to_owned(),
        key: format!("ATVId_{n:032x}"),
        received_at_ms: 1_767_000_000_000 + n as i64,
        payload: vec![b'x'; PAYLOAD_BYTES],
    };
    (0..MESSAGES).map(entry).collect()
}

async fn ours(url: &str, directory: &std::path::Path, round: usize) -> f64 {
    let journal = Journal::open(&directory.join("journal.db"), Limits::default()).await.unwrap();
    for part in entries(round).chunks(1_000) {
        journal.append_all(part.to_vec()).await.unwrap();
    }
    let bus = Bus::connect(BusOptions::new(url, 0)).await.unwrap();
    let stop = CancellationToken::new();
    let start = Instant::now();
    let relay = Relay::new(journal.clone(), bus, RelayOptions::default());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { relay.run(stop).await }
    });
    while journal.stats().await.unwrap().unrelayed > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    stop.cancel();
    running.await.unwrap().unwrap();
    journal.close().await;
    MESSAGES as f64 / seconds
}

async fn bare(url: &str, round: usize) -> f64 {
    let context = jetstream::new(async_nats::connect(url).await.unwrap());
    let config = jetstream::stream::Config {
        name: "BARE".to_owned(),
        subjects: vec!["bare.>".to_owned()],
        ..jetstream::stream::Config::default()
    };
    context.create_stream(config).await.unwrap();
    let entries = entries(round);
    let start = Instant::now();
    let mut waiting = VecDeque::with_capacity(IN_FLIGHT);
    for entry in entries {
        if waiting.len() == IN_FLIGHT {
            acknowledged(waiting.pop_front()).await;
        }
        let message = PublishMessage::build().message_id(entry.id.to_string()).payload(entry.payload.into());
        let sent = context.send_publish(format!("bare.{}", entry.key), message).await;
        waiting.push_back(sent.unwrap());
    }
    while !waiting.is_empty() {
        acknowledged(waiting.pop_front()).await;
    }
    MESSAGES as f64 / start.elapsed().as_secs_f64()
}

async fn acknowledged(sent: Option<PublishAckFuture>) {
    sent.unwrap().await.unwrap();
}
