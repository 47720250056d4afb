//! How far the projector is behind, wherever it runs: what was taken in, beside what the ledger says it has read.

use std::sync::Arc;
use std::time::Duration;

use http_surface::health::{Lag, LagOf};
use journal::{Bus, Journal};
use store::rows::SourcePosition;
use store::{Lease, Reader};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::system::System;

/// How often a journal is told how far the fold is behind.
const TOLD_EVERY: Duration = Duration::from_millis(100);
/// Inputs in that time below which nobody asks: so few do not make a backlog.
const ASKED_FROM: u64 = 200;

/// Tells the lag of the ledger this process works with.
pub fn of(system: &System) -> LagOf {
    let (reader, bus) = (system.store.reader(), system.bus.clone());
    let journal = system.door.as_ref().map(|door| door.journal().clone());
    Arc::new(move || {
        let (reader, bus, journal) = (reader.clone(), bus.clone(), journal.clone());
        Box::pin(async move {
            let working = reader.lease_status().await.is_ok_and(|lease| lease.held);
            Lag { working, inputs: inputs(&reader, bus.as_ref(), journal.as_ref()).await }
        })
    })
}

/// Tells the journal of a process that also folds how far the fold is behind, so that those who bring more give way. Asks only while
/// much comes in, and until the backlog is gone.
pub async fn tell(
    reader: Reader,
    bus: Option<Bus>,
    journal: Journal,
    active: watch::Receiver<Option<Lease>>,
    stop: CancellationToken,
) {
    let mut seen = journal.last_position();
    loop {
        tokio::select! { () = stop.cancelled() => break, () = tokio::time::sleep(TOLD_EVERY) => {} }
        let last = journal.last_position();
        let came = last.saturating_sub(seen);
        seen = last;
        if came < ASKED_FROM && journal.behind() == 0 {
            continue;
        }
        // Where another process folds, or the database or the bus is away, waiting would help nobody.
        let folds = active.borrow().is_some();
        let known = if folds { inputs(&reader, bus.as_ref(), Some(&journal)).await } else { None };
        journal.tell_behind(known.unwrap_or(0));
    }
    journal.tell_behind(0);
}

/// Inputs that were taken and are not folded, as far as this process can know: those in the stream, and those of its own
/// journal that are not in the stream yet. What other ingresses have not relayed, they tell themselves.
async fn inputs(reader: &Reader, bus: Option<&Bus>, journal: Option<&Journal>) -> Option<u64> {
    // Read before the ends, which only grow: the lag is never told too small.
    let read_to = reader.tip().await.ok()?.read_to;
    let behind = |source: &str, last: u64| last.saturating_sub(position(&read_to, source));
    let Some(bus) = bus else {
        let journal = journal?;
        return Some(behind(journal.identity(), journal.last_position()));
    };
    let waiting = match journal {
        Some(journal) => journal.stats().await.ok()?.unrelayed,
        None => 0,
    };
    let stream = bus.extent().await.ok()?;
    Some(waiting + behind(&stream.incarnation, stream.last))
}

fn position(read_to: &[SourcePosition], source: &str) -> u64 {
    read_to.iter().find(|p| p.source == source).map_or(0, |p| p.position)
}
