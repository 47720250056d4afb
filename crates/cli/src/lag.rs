//! How far the projector is behind, wherever it runs: what was taken in, beside what the ledger says it has read.

use std::sync::Arc;

use http_surface::health::{Lag, LagOf};
use journal::{Bus, Journal};
use store::Reader;
use store::rows::SourcePosition;

use crate::system::System;

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
