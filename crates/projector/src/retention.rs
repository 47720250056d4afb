//! What is kept in raw form is kept for a stated time: a job that sees to it in the database. Journals and streams see to
//! it themselves (`cover`, `journal::Bus`).

use std::time::Duration;

use ledger::time::Timestamp;
use store::{Lease, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::Clock;

/// How often the database is looked through.
const INTERVAL: Duration = Duration::from_secs(600);

/// Deletes raw inputs in quarantine that are older than the retention, while this process is the writer, until asked to
/// stop.
pub async fn keep(
    store: Store,
    mut active: watch::Receiver<Option<Lease>>,
    retention: Duration,
    clock: Clock,
    stop: CancellationToken,
) {
    let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    loop {
        let writes = active.borrow_and_update().is_some();
        let before = clock().millis().saturating_sub(retention_ms);
        if let (true, Ok(before)) = (writes, Timestamp::from_millis(before)) {
            match store.expire(before).await {
                Ok(expired) if expired.quarantined == 0 => {}
                Ok(expired) => {
                    tracing::info!(inputs = expired.quarantined, "raw inputs in quarantine expired");
                    if let Err(error) = store.scrub().await {
                        tracing::warn!(%error, "what expired is not overwritten yet");
                    }
                }
                Err(error) => tracing::warn!(%error, "quarantine not looked through"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
            changed = active.changed() => if changed.is_err() { return },
        }
    }
}
