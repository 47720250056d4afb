//! Tells the journals what they need not keep any longer.

use std::time::Duration;

use journal::{Bus, Covered, Journal};
use ledger::time::Timestamp;
use store::rows::SourcePosition;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::checkpoint::Clock;

/// How often a journal is pruned and coverage is announced.
const INTERVAL: Duration = Duration::from_secs(60);

/// Announces coverage on the bus, for journals of other processes.
pub async fn announce(bus: Bus, mut covered: watch::Receiver<Vec<SourcePosition>>, stop: CancellationToken) {
    loop {
        let positions = covered.borrow_and_update().clone();
        for position in positions {
            if let Err(error) = bus.announce_covered(&as_covered(position)).await {
                tracing::debug!(%error, "coverage was not announced; it will be");
            }
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(INTERVAL) => {} }
        tokio::select! { () = stop.cancelled() => return, changed = covered.changed() => if changed.is_err() { return } }
    }
}

/// Removes journal rows that a checkpoint covers and that are older than the retention, until asked to stop.
pub async fn prune(
    journal: Journal,
    covered: watch::Receiver<Vec<SourcePosition>>,
    retention: Duration,
    clock: Clock,
    stop: CancellationToken,
) {
    let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    loop {
        let covered: Vec<Covered> = covered.borrow().iter().cloned().map(as_covered).collect();
        let before: Timestamp = clock();
        for covered in covered {
            match journal.prune(&covered, before.millis().saturating_sub(retention_ms)).await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "journal pruned"),
                Err(error) => tracing::warn!(%error, "journal not pruned"),
            }
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(INTERVAL) => {} }
    }
}

fn as_covered(position: SourcePosition) -> Covered {
    Covered { source: position.source, position: position.position }
}
