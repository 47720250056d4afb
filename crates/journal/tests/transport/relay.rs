//! The relay against a server that is killed, wiped, and set back to an older store.

use std::collections::HashMap;
use std::time::Duration;

use journal::{
    Bus, Covered, Entry, Gap, Journal, ReadError, Regression, Relay, RelayOptions, RelayStatus, Source,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::nats::{Server, Streams, urls};
use crate::sample::{Scratch, entries, entry, ids};

const ANY: usize = usize::MAX;
const PATIENCE: Duration = Duration::from_secs(30);
/// Looks at the stream far more often than in production, so that a test need not wait.
const BUSY: RelayOptions = RelayOptions { audit_every: Duration::from_millis(50), keep: None };

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
    status: watch::Receiver<RelayStatus>,
}

fn start(journal: &Journal, bus: &Bus, options: RelayOptions) -> Running {
    let relay = Relay::new(journal.clone(), bus.clone(), options);
    let status = relay.status();
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move { relay.run(stopped).await.unwrap() });
    Running { stop, task, status }
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    async fn wait_for(&mut self, what: impl FnMut(&RelayStatus) -> bool) {
        tokio::time::timeout(PATIENCE, self.status.wait_for(what)).await.unwrap().unwrap();
    }
}

/// Waits until every row is marked.
async fn relayed(journal: &Journal) {
    let all = async {
        while journal.stats().await.unwrap().unrelayed > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the relay did not catch up");
}

/// How often each id is in the stream now.
async fn stream_ids(bus: &Bus) -> HashMap<Uuid, usize> {
    let source = Source::jetstream(bus.clone()).await.unwrap();
    let last = source.last().await.unwrap();
    let mut found = HashMap::new();
    let mut after = 0;
    while after < last {
        let batch = source.read(after, ANY, ANY, PATIENCE).await.unwrap();
        assert!(!batch.is_empty(), "nothing after {after} of {last}");
        assert!(batch.strays.is_empty());
        after = batch.through;
        for row in batch.entries {
            *found.entry(row.entry.id).or_default() += 1;
        }
    }
    found
}

async fn assert_each_once(bus: &Bus, sent: &[Entry]) {
    let found = stream_ids(bus).await;
    for id in ids(sent) {
        assert_eq!(found.get(&id), Some(&1), "of {} ids {} are in the stream", sent.len(), found.len());
    }
    assert_eq!(found.len(), sent.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_mid_stream_gets_everything_once() {
    let mut server = Server::start().await;
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let bus = Bus::connect(server.options()).await.unwrap();
    let running = start(&journal, &bus, RelayOptions::default());
    let sent = entries(0..6_000);
    let appending = tokio::spawn({
        let (journal, sent) = (journal.clone(), sent.clone());
        async move {
            for chunk in sent.chunks(20) {
                journal.append_all(chunk.to_vec()).await.unwrap();
            }
        }
    });
    for part in 1..4 {
        let mut status = running.status.clone();
        let some = status.wait_for(|status| status.relayed >= part * 1_000);
        tokio::time::timeout(PATIENCE, some).await.unwrap().unwrap();
        server.restart().await;
    }
    appending.await.unwrap();
    relayed(&journal).await;
    assert_each_once(&bus, &sent).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lost_its_store_is_filled_again() {
    let mut server = Server::start().await;
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let bus = Bus::connect(server.options()).await.unwrap();
    let mut running = start(&journal, &bus, RelayOptions::default());
    let mut sent = entries(0..2_500);
    journal.append_all(sent.clone()).await.unwrap();
    relayed(&journal).await;
    let reader = Source::jetstream(bus.clone()).await.unwrap();
    let after = reader.read(0, 100, ANY, PATIENCE).await.unwrap().through;
    assert!(after > 0);

    server.kill();
    server.replace_store(None);
    let more = entries(2_500..2_600);
    journal.append_all(more.clone()).await.unwrap();
    sent.extend(more);
    server.restart().await;
    running.wait_for(|status| status.forgotten >= 2_500).await;
    relayed(&journal).await;
    assert_each_once(&bus, &sent).await;

    // The reader is told, and not fed from the middle of another stream.
    match reader.read(after, ANY, ANY, PATIENCE).await {
        Err(ReadError::Regressed(Regression::Replaced { expected, .. })) => {
            assert_eq!(expected, reader.identity());
        }
        other => panic!("{other:?}"),
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_deleted_while_connected_is_filled_again() {
    for url in urls() {
        let streams = Streams::make(&url).await;
        let scratch = Scratch::new();
        let journal = scratch.journal().await;
        let sent = entries(0..200);
        journal.append_all(sent.clone()).await.unwrap();
        let mut running = start(&journal, &streams.bus, BUSY);
        relayed(&journal).await;
        let context = async_nats::jetstream::new(streams.bus.client().clone());
        context.delete_stream(&streams.bus.options().input_stream).await.unwrap();
        running.wait_for(|status| status.forgotten >= 200).await;
        relayed(&journal).await;
        assert_each_once(&streams.bus, &sent).await;
        running.stop().await;
        streams.remove().await;
    }
}

/// Two journals feed one stream; the server is set back to an older store, as after a power cut. The other journal comes
/// first and takes the sequences that were lost, so the last sequence alone does not show the loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lost_its_tail_and_grew_again_is_filled_again() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.options()).await.unwrap();
    let (scratch, other_scratch) = (Scratch::new(), Scratch::new());
    let (journal, other) = (scratch.journal().await, other_scratch.journal().await);
    let early = entries(0..300);
    journal.append_all(early.clone()).await.unwrap();
    let running = start(&journal, &bus, RelayOptions::default());
    relayed(&journal).await;
    server.kill();
    let old_store = server.snapshot();
    server.restart().await;
    let late = entries(300..500);
    journal.append_all(late.clone()).await.unwrap();
    relayed(&journal).await;
    let reader = Source::jetstream(bus.clone()).await.unwrap();
    let (mut after, mut last_id) = (0, Uuid::nil());
    while after < 500 {
        let batch = reader.read(after, ANY, ANY, PATIENCE).await.unwrap();
        (after, last_id) = (batch.through, batch.entries.last().unwrap().entry.id);
    }
    running.stop().await;

    server.kill();
    server.replace_store(Some(&old_store));
    server.restart().await;
    let others = entries(1_000..1_400);
    other.append_all(others.clone()).await.unwrap();
    let feeding = start(&other, &bus, RelayOptions::default());
    relayed(&other).await;
    feeding.stop().await;
    assert!(reader.last().await.unwrap() > after, "the stream has grown past the reader");
    let rewritten = Regression::Rewritten { position: after };
    assert_eq!(reader.regressed(after, Some(last_id)).await.unwrap(), Some(rewritten.clone()));
    match reader.read(after, ANY, ANY, PATIENCE).await {
        Err(ReadError::Regressed(found)) => assert_eq!(found, rewritten),
        other => panic!("{other:?}"),
    }

    let mut running = start(&journal, &bus, RelayOptions::default());
    running.wait_for(|status| status.incarnation.is_some()).await;
    assert_eq!(running.status.borrow().forgotten, 200, "exactly the lost tail");
    relayed(&journal).await;
    let everything: Vec<Entry> = early.into_iter().chain(late).chain(others).collect();
    assert_each_once(&bus, &everything).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_opens_its_door_before_the_bus_is_there() {
    let mut server = Server::start().await;
    server.kill();
    let scratch = Scratch::new();
    let journal = scratch.journal().await;
    let bus = Bus::open(server.options()).await.unwrap();
    let mut running = start(&journal, &bus, RelayOptions::default());
    let sent = entries(0..20);
    journal.append_all(sent.clone()).await.unwrap();
    running.wait_for(|status| status.trouble.is_some()).await;
    server.restart().await;
    relayed(&journal).await;
    assert_each_once(&bus, &sent).await;
    running.stop().await;
    server.kill();
    let bus = Bus::open(server.options()).await.unwrap();
    start(&journal, &bus, RelayOptions::default()).stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn covered_rows_leave_the_journal_and_uncovered_ones_stay() {
    for url in urls() {
        let streams = Streams::make(&url).await;
        let scratch = Scratch::new();
        let journal = scratch.journal().await;
        journal.append_all(entries(0..100)).await.unwrap();
        let running =
            start(&journal, &streams.bus, RelayOptions { keep: Some(Duration::from_secs(1)), ..BUSY });
        relayed(&journal).await;
        let source = Source::jetstream(streams.bus.clone()).await.unwrap();
        let elsewhere = Covered { source: "AHADI_IN@another".to_owned(), position: 100 };
        streams.bus.announce_covered(&elsewhere).await.unwrap();
        let covered = Covered { source: source.identity().to_owned(), position: 60 };
        streams.bus.announce_covered(&covered).await.unwrap();
        let pruned = async {
            while journal.stats().await.unwrap().rows > 40 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, pruned).await.unwrap();
        running.stop().await;
        assert_eq!(journal.stats().await.unwrap().rows, 40);
        streams.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_and_strays_are_passed_over_and_reported() {
    for url in urls() {
        let streams = Streams::make(&url).await;
        let bus = &streams.bus;
        let scratch = Scratch::new();
        let journal = scratch.journal().await;
        let sent = entries(0..10);
        journal.append_all(sent.clone()).await.unwrap();
        let running = start(&journal, bus, RelayOptions::default());
        relayed(&journal).await;
        let context = async_nats::jetstream::new(bus.client().clone());
        let subject = journal::input_subject(&bus.options().root, 0, &entry(0));
        context.publish(subject, "from nowhere".into()).await.unwrap().await.unwrap();
        let stream = context.get_stream(&bus.options().input_stream).await.unwrap();
        for sequence in [1, 2, 5] {
            stream.delete_message(sequence).await.unwrap();
        }
        let source = Source::jetstream(bus.clone()).await.unwrap();
        let mut gaps = Vec::new();
        let mut strays = Vec::new();
        let mut found = Vec::new();
        let mut after = 0;
        while after < 11 {
            let batch = source.read(after, ANY, ANY, PATIENCE).await.unwrap();
            assert!(!batch.is_empty());
            after = batch.through;
            gaps.extend(batch.gaps);
            strays.extend(batch.strays);
            found.extend(batch.entries.into_iter().map(|row| row.entry.id));
        }
        assert_eq!(gaps, [Gap { first: 1, last: 2 }, Gap { first: 5, last: 5 }]);
        assert_eq!(strays.len(), 1);
        assert_eq!(strays[0].position, 11);
        assert!(strays[0].reason.contains("header"), "{}", strays[0].reason);
        let kept: Vec<_> = [2, 3, 5, 6, 7, 8, 9].map(|n| sent[n].id).to_vec();
        assert_eq!(found, kept);

        // Everything gone: the position moves on, without waiting for something new.
        stream.purge().await.unwrap();
        let source = Source::jetstream(bus.clone()).await.unwrap();
        let batch = source.read(3, ANY, ANY, Duration::ZERO).await.unwrap();
        assert_eq!((batch.gaps, batch.through), (vec![Gap { first: 4, last: 11 }], 11));
        running.stop().await;
        streams.remove().await;
    }
}
