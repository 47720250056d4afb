//! The publisher: a follower that puts every record on the bus, for whoever listens.
//!
//! A CloudEvent in binary mode (CloudEvents 1.0, NATS binding): attributes in headers, the body is the signed record
//! itself, so a listener can verify what it receives. At least once, in order; listeners drop repeats by `ce-id`.
//!
//! The stored cursor says what was acknowledged, but a server can forget that too. So after every new connection, and
//! after every failure, the end of the stream is looked at, and publishing begins again behind what is really there.

use std::time::Duration;

use journal::{Bus, EventsEnd, EventsStream, OutEvent, PublishError, encode_token};
use store::rows::RecordRow;
use store::{Lease, Newest, Store, StoreError};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::faults::{Faults, Step};

/// Name of the stored cursor.
const FOLLOWER: &str = "publisher";
/// The header with the position of the record.
const SEQUENCE: &str = "ce-sequence";
/// Most records published at a time.
const RECORDS_MAX: u32 = 500;
/// Time between two runs while there is something to publish: the records of several small commits go in one, so that the
/// work of a run for itself is not done for each commit. The first record after a pause goes at once.
const RUN_EVERY: Duration = Duration::from_millis(4);
/// How often the cursor is stored. Each time is a transaction with a flush of its own, beside those of the writer.
const STORE_EVERY: Duration = Duration::from_millis(100);
/// Pause after the bus or the store did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Puts records on the bus.
pub struct Publisher {
    /// Where records are read and the cursor is kept.
    pub store: Store,
    /// Where they go.
    pub bus: Bus,
    /// Name of the log: the `ce-source`.
    pub origin: String,
    /// Only the active writer publishes.
    pub active: watch::Receiver<Option<Lease>>,
    /// Nothing, except in tests.
    pub faults: Faults,
}

/// The stream as it was looked at, and how far it holds the log.
struct Progress {
    stream: EventsStream,
    /// What this process writes since, so that it need not be read back.
    newest: Newest,
    /// Position of the next record.
    next: u64,
    /// The same as stored; behind by what was published since.
    stored: u64,
    stored_at: Instant,
}

impl Publisher {
    /// Publishes until asked to stop. Whatever is away is waited for.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut size = self.store.board().size();
        let (mut looked, mut lease) = (None, None);
        while !stop.is_cancelled() {
            let held = self.active.borrow_and_update().clone();
            if held != lease {
                // Under another lease another process may have written and published.
                (looked, lease) = (None, held);
            }
            let begun = Instant::now();
            let done = if lease.is_some() { self.round(&mut looked).await } else { Ok(true) };
            let owes = looked.as_ref().is_some_and(|progress: &Progress| progress.next != progress.stored);
            match done {
                Ok(false) => {}
                Ok(true) => tokio::select! {
                    () = stop.cancelled() => break,
                    changed = later(begun + RUN_EVERY, size.changed()) => if changed.is_err() { return },
                    changed = self.active.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(STORE_EVERY), if owes => {}
                },
                Err(reason) => {
                    looked = None;
                    tracing::info!(%reason, "records wait to be published");
                    tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(PAUSE) => {} }
                }
            }
        }
        if let Some(progress) = &mut looked
            && let Err(reason) = self.store_cursor(progress).await
        {
            tracing::info!(%reason, "the next publisher looks at the stream itself");
        }
    }

    /// Publishes one page; says whether nothing is left.
    async fn round(&self, looked: &mut Option<Progress>) -> Result<bool, String> {
        if looked.as_ref().is_none_or(|looked| !self.bus.is_current(&looked.stream)) {
            *looked = Some(self.look().await?);
        }
        let Some(progress) = looked else { return Err("the stream was not looked at".to_owned()) };
        let records = match progress.newest.take(progress.next, RECORDS_MAX as usize) {
            Some(records) => records,
            None => self.store.records(progress.next, RECORDS_MAX).await.map_err(|e| e.to_string())?,
        };
        if let Some(last) = records.last() {
            let events = records.iter().map(|record| event(record, &self.origin)).collect();
            let publish = self.bus.publish_events(&mut progress.stream, events);
            match self.faults.around(Step::Publish, publish).await {
                Ok(()) => progress.next = last.position + 1,
                Err(PublishError::Replaced) => {
                    self.store.set_cursor(FOLLOWER, 0).await.map_err(|e| e.to_string())?;
                    return Err(PublishError::Replaced.to_string());
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        if progress.next != progress.stored && progress.stored_at.elapsed() >= STORE_EVERY {
            self.store_cursor(progress).await?;
        }
        // A page that is not full was the end of the log; what comes behind it is announced.
        Ok(records.len() < RECORDS_MAX as usize)
    }

    /// Dying before publishes again what came since the last time, under the same ids.
    async fn store_cursor(&self, progress: &mut Progress) -> Result<(), String> {
        let stored = self.store.set_cursor(FOLLOWER, progress.next);
        self.faults.around(Step::SetCursor, stored).await.map_err(|e: StoreError| e.to_string())?;
        (progress.stored, progress.stored_at) = (progress.next, Instant::now());
        Ok(())
    }

    /// Looks at the end of the stream, and sets the cursor back to what is there.
    async fn look(&self) -> Result<Progress, String> {
        // Asked for before the store is, so that nothing written meanwhile is in neither.
        let newest = self.store.board().follow();
        let stream = self.bus.events_stream().await.map_err(|e| e.to_string())?;
        let stored = self.store.cursor(FOLLOWER).await.map_err(|e| e.to_string())?.unwrap_or(0);
        let held = match &stream.end {
            EventsEnd::Empty => 0,
            EventsEnd::Aged => stored,
            EventsEnd::Message(headers) => next_after(headers).unwrap_or(stored),
        };
        if held < stored {
            tracing::warn!(stored, held, "the events stream holds less than was published to it");
            self.store.set_cursor(FOLLOWER, held).await.map_err(|e| e.to_string())?;
        }
        let next = stored.min(held);
        Ok(Progress { stream, newest, next, stored: next, stored_at: Instant::now() })
    }
}

/// Waits for something, and not before this time for it.
async fn later<T>(begin: Instant, awaited: impl Future<Output = T>) -> T {
    tokio::time::sleep_until(begin).await;
    awaited.await
}

/// The position after that of a published record.
fn next_after(headers: &[(String, String)]) -> Option<u64> {
    let (_, value) = headers.iter().find(|(name, _)| name == SEQUENCE)?;
    value.parse::<u64>().ok()?.checked_add(1)
}

/// The message for one record. Subject: `ahadi.events.v1.<kind>.<type>.<id>`.
pub fn event(record: &RecordRow, origin: &str) -> OutEvent {
    let (kind, what) = record.kind.split_once('.').unwrap_or(("other", record.kind.as_str()));
    let id = record.stream.split_once('/').map_or(record.stream.as_str(), |(_, rest)| rest);
    let header = |name: &str, value: String| (name.to_owned(), value);
    OutEvent {
        subject: format!("ahadi.events.v1.{kind}.{}.{}", what.replace('.', "-"), encode_token(id)),
        headers: vec![
            header("ce-specversion", "1.0".into()),
            header("ce-id", record.id.to_string()),
            header("ce-type", record.kind.clone()),
            header("ce-source", origin.to_owned()),
            header("ce-time", record.recorded_at.to_string()),
            header("ce-subject", record.stream.clone()),
            header(SEQUENCE, format!("{:020}", record.position)),
            header("ce-datacontenttype", "application/jose".into()),
        ],
        msg_id: record.id.to_string(),
        payload: record.jws.clone().into_bytes(),
    }
}
