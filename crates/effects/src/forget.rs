//! Deleting what an erasure leaves outside the ledger: recordings, and raw inputs in journal and stream.
//!
//! The values went with the commit that recorded the erasure; it noted what is still to be deleted. Deleting twice does
//! no harm, so nothing is journaled before; that all is gone is journaled after, and recorded.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use contract::report::{Report, TaskRef};
use journal::{AppendError, Bus, BusError, Journal};
use ledger::hash::Hash;
use ledger::time::Timestamp;
use store::rows::{WorkKind, WorkRow};
use store::{Reader, StoreError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::door::{Door, DoorError};
use crate::recording::{BlobError, Blobs};

/// How long nothing is looked at when nothing is heard, and the pause after something failed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it is asked whether a report is folded.
const OUTCOME_EVERY: Duration = Duration::from_millis(50);
/// How often a journal is compared with what was erased by others.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);
/// Erasures begun in one round.
const TASKS_MAX: u32 = 256;

/// Deletes what erasures leave. Cheap to clone.
#[derive(Clone)]
pub struct Forgetter {
    door: Door,
    blobs: Blobs,
    bus: Option<Bus>,
}

impl fmt::Debug for Forgetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forgetter")
    }
}

/// Why something is not deleted yet. It is tried again.
#[derive(Debug, thiserror::Error)]
enum ForgetError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Journal(#[from] AppendError),
    #[error(transparent)]
    Door(#[from] DoorError),
}

impl Forgetter {
    /// For the recordings in `blobs`, the journal behind the door, and the stream of the bus.
    pub fn new(door: Door, blobs: Blobs, bus: Option<Bus>) -> Forgetter {
        Forgetter { door, blobs, bus }
    }

    /// Deletes what is due until told to stop.
    pub async fn run(&self, reader: Reader, stop: CancellationToken) {
        let mut tasks = reader.board().tasks();
        while !stop.is_cancelled() {
            tasks.mark_unchanged();
            let done = stop.run_until_cancelled(self.round(&reader)).await;
            let failed = matches!(done, Some(Err(_)));
            if let Some(Err(error)) = done {
                tracing::warn!(%error, "an erasure is not completed yet");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                // The reader holds the other end, so this is never an error.
                _ = tasks.changed(), if !failed => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn round(&self, reader: &Reader) -> Result<(), ForgetError> {
        for task in reader.tasks_due("erasure", self.door.now(), TASKS_MAX).await? {
            let work = reader.erasure_work(&task.stream).await?;
            let (recordings, inputs) = self.delete(&work).await?;
            let task = TaskRef { stream: task.stream, task: task.task, attempt: 1 };
            tracing::info!(stream = task.stream, recordings, inputs, "erasure completed");
            let report = self.door.report(Report::ErasureDone { task, recordings, inputs }).await?;
            while reader.outcome(report.id).await?.is_none() {
                tokio::time::sleep(OUTCOME_EVERY).await;
            }
        }
        Ok(())
    }

    async fn delete(&self, work: &[WorkRow]) -> Result<(u32, u32), ForgetError> {
        let (mut recordings, mut inputs) = (0, 0);
        for row in work {
            match row.kind {
                WorkKind::Recording => {
                    if let Ok(sha256) = row.what.parse::<Hash>() {
                        self.blobs.delete(&sha256).await?;
                    }
                    recordings += 1;
                }
                WorkKind::Input => {
                    if let (Some(bus), Some((source, position))) = (&self.bus, &row.place) {
                        bus.erase_input(source, *position).await?;
                    }
                    inputs += 1;
                }
            }
        }
        self.door.journal().forget(ids(work)).await?;
        Ok((recordings, inputs))
    }
}

fn ids(work: &[WorkRow]) -> Vec<Uuid> {
    let inputs = work.iter().filter(|row| row.kind == WorkKind::Input);
    inputs.filter_map(|row| row.what.parse().ok()).collect()
}

/// Deletes from a journal what was erased while nobody looked after it. To be called before its rows are relayed again.
///
/// # Errors
/// [`StoreError`]; what the journal says is logged.
pub async fn catch_up(journal: &Journal, reader: &Reader) -> Result<(), StoreError> {
    let erased = ids(&reader.erased_inputs(Timestamp::EPOCH).await?);
    forget(journal, erased).await;
    Ok(())
}

/// Deletes from a journal whatever is erased from now on, by whichever process, until told to stop.
pub async fn follow(journal: Journal, reader: Reader, stop: CancellationToken) {
    let (mut from, mut known) = (Timestamp::EPOCH, HashSet::new());
    loop {
        match reader.erased_inputs(from).await {
            Ok(erased) => {
                let new: Vec<Uuid> = ids(&erased).into_iter().filter(|id| !known.contains(id)).collect();
                if forget(&journal, new.clone()).await {
                    from = erased.last().map_or(from, |row| row.erased_at);
                    known.extend(new);
                }
            }
            Err(error) => tracing::warn!(%error, "what was erased cannot be read"),
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(FOLLOW_EVERY) => {} }
    }
}

async fn forget(journal: &Journal, ids: Vec<Uuid>) -> bool {
    if ids.is_empty() {
        return true;
    }
    match journal.forget(ids).await {
        Ok(0) => true,
        Ok(rows) => {
            tracing::info!(rows, "erased inputs deleted from the journal");
            true
        }
        Err(error) => {
            tracing::warn!(%error, "erased inputs are not deleted from the journal yet");
            false
        }
    }
}
