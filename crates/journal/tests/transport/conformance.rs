//! What every source has to do, run over each of them.

use std::collections::HashSet;
use std::time::Duration;

use journal::{Batch, Entry, Journal, ReadError, Regression, Relay, RelayOptions, Source};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::nats::{Streams, urls};
use crate::sample::{Scratch, entries, entry, ids};

/// Long enough never to pass on a machine that works.
const PATIENCE: Duration = Duration::from_secs(20);
const ANY: usize = usize::MAX;

/// A journal, and whatever lies between it and the source.
struct Path {
    journal: Journal,
    streams: Option<Streams>,
    relay: Option<(CancellationToken, JoinHandle<()>)>,
    _scratch: Scratch,
}

impl Path {
    async fn direct() -> Path {
        let scratch = Scratch::new();
        Path { journal: scratch.journal().await, streams: None, relay: None, _scratch: scratch }
    }

    async fn over(url: &str) -> Path {
        let mut path = Path::direct().await;
        let streams = Streams::make(url).await;
        let relay = Relay::new(path.journal.clone(), streams.bus.clone(), RelayOptions::default());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::spawn(async move { relay.run(stopped).await.unwrap() });
        path.streams = Some(streams);
        path.relay = Some((stop, running));
        path
    }

    async fn source(&self) -> Source {
        match &self.streams {
            None => Source::journal(self.journal.clone()),
            Some(streams) => Source::jetstream(streams.bus.clone()).await.unwrap(),
        }
    }

    async fn end(self) {
        if let Some((stop, running)) = self.relay {
            stop.cancel();
            running.await.unwrap();
        }
        if let Some(streams) = self.streams {
            streams.remove().await;
        }
        self.journal.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_a_source() {
    check(Path::direct().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_the_newest_server_is_a_source() {
    check(Path::over(&urls()[0]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_the_oldest_server_is_a_source() {
    check(Path::over(&urls()[1]).await).await;
}

async fn check(path: Path) {
    let source = path.source().await;
    empty_at_first(&source).await;
    let mut sent = in_order_with_growing_positions(&path, &source).await;
    waits_for_what_comes(&path, &source, &mut sent).await;
    limits_hold(&source, &sent).await;
    goes_on_from_a_position(&path, &source, &sent).await;
    a_read_given_up_loses_nothing(&path, &source, &mut sent).await;
    a_big_batch(&path, &mut sent).await;
    knows_its_end(&path, &source, &sent).await;
    path.end().await;
}

async fn empty_at_first(source: &Source) {
    assert_eq!(source.last().await.unwrap(), 0);
    let batch = source.read(0, 10, ANY, Duration::ZERO).await.unwrap();
    assert_eq!(batch, Batch::default());
}

async fn in_order_with_growing_positions(path: &Path, source: &Source) -> Vec<Entry> {
    let sent = entries(0..10);
    for entry in &sent {
        path.journal.append(entry.clone()).await.unwrap();
    }
    let found = read_from(source, 0, sent.len(), 3).await;
    assert_eq!(found, sent, "everything of an entry arrives as it was");
    sent
}

async fn waits_for_what_comes(path: &Path, source: &Source, sent: &mut Vec<Entry>) {
    let after = source.last().await.unwrap();
    let next = entry(10);
    let (batch, appended) =
        tokio::join!(source.read(after, ANY, ANY, PATIENCE), path.journal.append(next.clone()));
    appended.unwrap();
    assert_eq!(ids(batch.unwrap().entries.iter().map(|row| &row.entry)), [next.id]);
    sent.push(next);
}

async fn limits_hold(source: &Source, sent: &[Entry]) {
    let one = source.read(0, 1, ANY, PATIENCE).await.unwrap();
    assert_eq!(one.entries.len(), 1);
    let at_least_one = source.read(0, ANY, 1, PATIENCE).await.unwrap();
    assert_eq!(at_least_one.entries.len(), 1);
    let two = sent[0].payload.len() + 1;
    let up_to_the_limit = source.read(0, ANY, two, PATIENCE).await.unwrap();
    assert!((1..=2).contains(&up_to_the_limit.entries.len()));
}

async fn goes_on_from_a_position(path: &Path, source: &Source, sent: &[Entry]) {
    let all = read_rows(source, 0, sent.len(), ANY).await;
    for (start, (position, _)) in all.iter().enumerate() {
        let again = path.source().await;
        assert_eq!(again.identity(), source.identity());
        assert_eq!(read_rows(&again, *position, sent.len() - start - 1, 4).await, all[start + 1..]);
        assert_eq!(again.regressed(*position, Some(sent[start].id)).await.unwrap(), None);
    }
    // One source, jumping about.
    for start in [7, 2, 2, 9] {
        let (position, _) = all[start];
        assert_eq!(read_rows(source, position, 1, 1).await, all[start + 1..start + 2]);
    }
}

async fn a_read_given_up_loses_nothing(path: &Path, source: &Source, sent: &mut Vec<Entry>) {
    let start = source.last().await.unwrap();
    let more = entries(100..400);
    let appending = path.journal.clone();
    let to_append = more.clone();
    let writer = tokio::spawn(async move {
        for entry in to_append {
            appending.append(entry).await.unwrap();
        }
    });
    let mut found = Vec::new();
    let mut after = start;
    let mut turn = 0_u32;
    while found.len() < more.len() {
        turn += 1;
        let read = source.read(after, 7, ANY, PATIENCE);
        // Most turns stop at the first place where the read would wait.
        let batch = if turn.is_multiple_of(3) {
            read.await.unwrap()
        } else {
            match tokio::time::timeout(Duration::from_micros(u64::from(turn) * 37 % 900), read).await {
                Ok(batch) => batch.unwrap(),
                Err(_) => continue,
            }
        };
        after = batch.through;
        found.extend(batch.entries.into_iter().map(|row| row.entry.id));
    }
    writer.await.unwrap();
    assert_eq!(found, ids(&more));
    sent.extend(more);
}

async fn a_big_batch(path: &Path, sent: &mut Vec<Entry>) {
    let mut more = entries(1_000..4_000);
    more[0].payload = vec![b'x'; journal::ENTRY_BYTES_MAX];
    let positions = path.journal.append_all(more.clone()).await.unwrap();
    assert_eq!(positions.len(), more.len());
    sent.extend(more);
    let source = path.source().await;
    let found = read_from(&source, 0, sent.len(), ANY).await;
    assert_eq!(ids(&found), ids(&*sent));
    let distinct: HashSet<_> = ids(&found).into_iter().collect();
    assert_eq!(distinct.len(), sent.len());
}

async fn knows_its_end(path: &Path, source: &Source, sent: &[Entry]) {
    let last = source.last().await.unwrap();
    let batch = source.read(last, ANY, ANY, Duration::ZERO).await.unwrap();
    assert!(batch.is_empty());
    assert_eq!(batch.through, last);
    let beyond = Regression::Shorter { after: last + 5, last };
    assert_eq!(source.regressed(last + 5, None).await.unwrap(), Some(beyond.clone()));
    match path.source().await.read(last + 5, ANY, ANY, PATIENCE).await {
        Err(ReadError::Regressed(found)) => assert_eq!(found, beyond),
        other => panic!("{other:?}"),
    }
    let other = sent[0].id;
    assert_eq!(
        source.regressed(last, Some(other)).await.unwrap(),
        Some(Regression::Rewritten { position: last })
    );
}

/// Reads `count` entries in steps of at most `step`, checking positions on the way.
async fn read_rows(source: &Source, after: u64, count: usize, step: usize) -> Vec<(u64, Entry)> {
    let mut found = Vec::new();
    let mut at = after;
    while found.len() < count {
        let batch = source.read(at, step.min(count - found.len()), ANY, PATIENCE).await.unwrap();
        assert!(!batch.entries.is_empty(), "{} of {count} entries came", found.len());
        assert!(batch.gaps.is_empty() && batch.strays.is_empty());
        for row in batch.entries {
            assert!(row.position > at);
            at = row.position;
            found.push((row.position, row.entry));
        }
        assert_eq!(batch.through, at);
    }
    found
}

async fn read_from(source: &Source, after: u64, count: usize, step: usize) -> Vec<Entry> {
    read_rows(source, after, count, step).await.into_iter().map(|(_, entry)| entry).collect()
}
