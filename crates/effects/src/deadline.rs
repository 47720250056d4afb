//! The clock: says, as an input like any other, that the time of a contract is over.
//!
//! When a contract is due stands in the task view. What becomes of it the fold decides, by the time of the input: folding
//! the same inputs again expires the same contracts, whenever that is done.

use std::collections::HashSet;
use std::time::Duration;

use contract::input::{Body, Deadline};
use contract::provider::Via;
use ledger::time::Timestamp;
use store::rows::TaskRow;
use store::{Reader, StoreError};
use tokio_util::sync::CancellationToken;

use crate::door::{Door, DoorError, Stamp};

/// How often the view is looked at. A contract expires at most so much late, and a few milliseconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Deadlines told at once; what is due behind them is found when these are folded.
const ROWS: u32 = 4_096;

/// Watches the deadlines of contracts.
pub struct Timekeeper {
    door: Door,
    reader: Reader,
    /// Deadlines that were said to be over and still stand in the view: not folded yet.
    said: HashSet<(String, u32)>,
}

/// Why the clock was not read.
#[derive(Debug, thiserror::Error)]
pub enum DeadlineError {
    /// The view cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The input was not journaled.
    #[error(transparent)]
    Door(#[from] DoorError),
}

impl std::fmt::Debug for Timekeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Timekeeper({} said)", self.said.len())
    }
}

impl Timekeeper {
    /// Reads the view, and says through the door what is over.
    pub fn new(door: Door, reader: Reader) -> Timekeeper {
        Timekeeper { door, reader, said: HashSet::new() }
    }

    /// Looks once a second until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.look(self.door.now()).await {
                tracing::warn!(%error, "deadlines cannot be watched");
            }
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(LOOK_EVERY) => {} }
        }
    }

    /// Journals an input, received at `now`, for each contract whose time was over then. Gives how many.
    ///
    /// # Errors
    /// [`DeadlineError`]; what was journaled before it stays.
    pub async fn look(&mut self, now: Timestamp) -> Result<usize, DeadlineError> {
        let due = self.due(now).await?;
        let standing: HashSet<(String, u32)> = due.iter().map(key).collect();
        self.said.retain(|said| standing.contains(said));
        let mut told = 0;
        for row in due {
            if self.said.contains(&key(&row)) {
                continue;
            }
            let Some(contract_id) = row.stream.strip_prefix("contract/") else { continue };
            let stamp = Stamp { received_at: now, ..self.door.stamp()? };
            let deadline = Body::Deadline(Deadline { contract_id: contract_id.to_owned() });
            self.door.take_stamped(stamp, Via::Effect, true, deadline).await?;
            self.said.insert(key(&row));
            told += 1;
        }
        Ok(told)
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<TaskRow>, StoreError> {
        // Those said before stay due until they are folded.
        let max = ROWS + u32::try_from(self.said.len()).unwrap_or(u32::MAX - ROWS);
        self.reader.tasks_due("deadline", now, max).await
    }
}

fn key(row: &TaskRow) -> (String, u32) {
    (row.stream.clone(), row.task)
}
