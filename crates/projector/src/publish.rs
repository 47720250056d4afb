//! The publisher: a follower that puts every record on the bus, for whoever listens.
//!
//! A CloudEvent in binary mode (CloudEvents 1.0, NATS binding): attributes in headers, the body is the signed record
//! itself, so a listener can verify what it receives. At least once, in order; listeners drop repeats by `ce-id`.

use std::time::Duration;

use journal::{Bus, OutEvent, encode_token};
use store::rows::RecordRow;
use store::{Lease, Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::faults::{Faults, Step};

/// Name of the stored cursor.
const FOLLOWER: &str = "publisher";
/// Most records published before the cursor is stored.
const RECORDS_MAX: u32 = 500;
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

impl Publisher {
    /// Publishes until asked to stop. Whatever is away is waited for.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut size = self.store.board().size();
        while !stop.is_cancelled() {
            let active = self.active.borrow_and_update().is_some();
            let done = if active { self.round().await } else { Ok(true) };
            match done {
                Ok(false) => {}
                Ok(true) => tokio::select! {
                    () = stop.cancelled() => return,
                    changed = size.changed() => if changed.is_err() { return },
                    changed = self.active.changed() => if changed.is_err() { return },
                },
                Err(reason) => {
                    tracing::info!(%reason, "records wait to be published");
                    tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(PAUSE) => {} }
                }
            }
        }
    }

    /// Publishes one page; says whether nothing is left.
    async fn round(&self) -> Result<bool, String> {
        let store = |e: StoreError| e.to_string();
        let from = self.store.cursor(FOLLOWER).await.map_err(store)?.unwrap_or(0);
        let records = self.store.records(from, RECORDS_MAX).await.map_err(store)?;
        let Some(last) = records.last().map(|r| r.position) else { return Ok(true) };
        let events = records.iter().map(|record| event(record, &self.origin)).collect();
        let publish = self.bus.publish_events(events);
        self.faults.around(Step::Publish, publish).await.map_err(|e| e.to_string())?;
        // Dying here publishes the page again under the same ids.
        let stored = self.store.set_cursor(FOLLOWER, last + 1);
        self.faults.around(Step::SetCursor, stored).await.map_err(store)?;
        Ok(false)
    }
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
            header("ce-sequence", format!("{:020}", record.position)),
            header("ce-datacontenttype", "application/jose".into()),
        ],
        msg_id: record.id.to_string(),
        payload: record.jws.clone().into_bytes(),
    }
}
