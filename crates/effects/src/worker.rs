//! The loop that works off the open tasks of one kind.
//!
//! The tasks are a view of the log, so there is nothing to mark or to lose here: a task is begun when the view says that
//! it is due, and the report on it changes the view. Delays between attempts are in the view as well; this loop only
//! looks again, after each commit of this process that leaves open tasks and once a second for everything else.
//!
//! A task stays taken until its result is folded, and so does its place among those at work. Until then the view does
//! not know the result, and would offer a message again that was accepted a moment ago. If the projector stands still,
//! a few tasks are done and no more, until the ledger has caught up with what was done outside.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use contract::entity::Entity;
use contract::outcome::Outcome;
use contract::report::TaskRef;
use store::rows::TaskRow;
use store::{Reader, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::door::{Door, DoorError};

/// How long nothing is looked at when nothing is heard: delays that end, commits of another process, and the pause after
/// the store or the journal failed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the store is asked for the outcome of a report while a projector in another process folds it.
const OUTCOME_EVERY: Duration = Duration::from_millis(100);

/// What a worker works on and with.
pub(crate) struct Worker {
    /// `message` or `recording`.
    pub(crate) kind: &'static str,
    /// Tasks worked on at once.
    pub(crate) at_once: usize,
    pub(crate) reader: Reader,
    pub(crate) door: Door,
}

/// How an attempt ended, for the claim on its task.
enum End {
    /// The view knows, or there was nothing to do.
    Known,
    /// The ledger did not take the report, or nobody knows: the view may offer the attempt again, but it is not to be
    /// made again.
    Unknown,
    /// The report could not be journaled.
    NotJournaled(DoorError),
}

type Ended = ((String, u32), End);

impl Worker {
    /// Works until told to stop, then ends what was begun. `attempt` makes one attempt and gives the id of the last
    /// report it journaled.
    pub(crate) async fn run<W, F>(&self, stop: CancellationToken, attempt: W)
    where
        W: Fn(TaskRef, Entity) -> F,
        F: Future<Output = Result<Option<Uuid>, DoorError>> + Send + 'static,
    {
        let mut tasks = self.reader.board().tasks();
        let mut claims = Claims::default();
        let mut jobs: JoinSet<Ended> = JoinSet::new();
        while !stop.is_cancelled() {
            tasks.mark_unchanged();
            let begun = self.begin(&mut claims, &mut jobs, &stop, &attempt).await;
            if let Err(error) = &begun {
                tracing::warn!(kind = self.kind, %error, "open tasks cannot be read");
            }
            let mut rest = begun.is_err();
            tokio::select! {
                () = stop.cancelled() => {}
                Some(job) = jobs.join_next() => rest |= self.settle(job, &mut claims),
                // The reader holds the other end, so this is never an error.
                _ = tasks.changed(), if !rest => {}
                () = tokio::time::sleep(LOOK_EVERY) => rest = false,
            }
            if rest {
                tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(LOOK_EVERY) => {} }
            }
        }
        while let Some(job) = jobs.join_next().await {
            self.settle(job, &mut claims);
        }
    }

    /// Begins as many due tasks as there are places.
    async fn begin<W, F>(
        &self,
        claims: &mut Claims,
        jobs: &mut JoinSet<Ended>,
        stop: &CancellationToken,
        attempt: &W,
    ) -> Result<(), StoreError>
    where
        W: Fn(TaskRef, Entity) -> F,
        F: Future<Output = Result<Option<Uuid>, DoorError>> + Send + 'static,
    {
        let places = self.at_once.saturating_sub(jobs.len());
        for row in self.due(claims, places).await? {
            let Some(stream) = self.reader.stream(&row.stream).await? else { continue };
            let key = (row.stream.clone(), row.task);
            let task =
                TaskRef { stream: row.stream, task: row.task, attempt: row.attempts.saturating_add(1) };
            claims.take(&task);
            let state = match Entity::from_json(&stream.state) {
                Ok(state) => state,
                Err(error) => {
                    // The claim stays, or this would be said for ever.
                    tracing::error!(
                        stream = task.stream,
                        line = error.line(),
                        "a state cannot be read; rebuild the views"
                    );
                    continue;
                }
            };
            let (reader, stop, work) = (self.reader.clone(), stop.clone(), attempt(task, state));
            jobs.spawn(async move {
                let end = match work.await {
                    Ok(Some(report)) => folded(&reader, report, &stop).await,
                    Ok(None) => End::Known,
                    Err(error) => End::NotJournaled(error),
                };
                (key, end)
            });
        }
        Ok(())
    }

    /// At most `places` due tasks of this kind that are free.
    async fn due(&self, claims: &Claims, places: usize) -> Result<Vec<TaskRow>, StoreError> {
        if places == 0 {
            return Ok(Vec::new());
        }
        // The view may offer every task that is taken, and as many others are wanted as there are places.
        let rows_max = u32::try_from(places + claims.0.len()).unwrap_or(u32::MAX);
        let rows = self.reader.tasks_due(self.kind, self.door.now(), rows_max).await?;
        Ok(rows.into_iter().filter(|row| claims.is_free(row)).take(places).collect())
    }

    /// Frees what a job had taken, or not. Says whether to rest before the next task.
    fn settle(&self, job: Result<Ended, tokio::task::JoinError>, claims: &mut Claims) -> bool {
        match job {
            Ok((key, End::Known)) => claims.free(&key),
            Ok((key, End::Unknown)) => {
                tracing::warn!(
                    kind = self.kind,
                    stream = key.0,
                    task = key.1,
                    "the ledger did not take a report"
                );
                claims.end(&key);
            }
            Ok((key, End::NotJournaled(error))) => {
                tracing::error!(kind = self.kind, %error, "a report could not be journaled");
                claims.free(&key);
                return true;
            }
            // Its claim stays: a task that makes us panic is not tried again by this process.
            Err(error) => tracing::error!(kind = self.kind, %error, "an attempt ended in a panic"),
        }
        false
    }
}

/// Waits until a report is folded.
async fn folded(reader: &Reader, report: Uuid, stop: &CancellationToken) -> End {
    let mut told = reader.board().wait(report);
    loop {
        // A database that does not answer is asked again.
        if let Ok(Some(outcome)) = reader.outcome(report).await {
            return end(&outcome);
        }
        tokio::select! {
            // Nothing is begun any more, so nobody needs to know.
            () = stop.cancelled() => return End::Known,
            Ok(outcome) = &mut told => return end(&outcome),
            () = tokio::time::sleep(OUTCOME_EVERY) => {}
        }
    }
}

fn end(outcome: &str) -> End {
    match serde_json::from_str(outcome) {
        Ok(Outcome::Recorded { .. } | Outcome::AlreadyApplied { .. }) => End::Known,
        Ok(Outcome::Refused(_) | Outcome::Quarantined { .. }) | Err(_) => End::Unknown,
    }
}

/// Which attempts this process has begun and the view may not know of.
#[derive(Debug, Default)]
struct Claims(HashMap<(String, u32), Claim>);

#[derive(Debug)]
struct Claim {
    attempt: u32,
    is_running: bool,
}

impl Claims {
    fn is_free(&self, row: &TaskRow) -> bool {
        let claim = self.0.get(&(row.stream.clone(), row.task));
        claim.is_none_or(|claim| !claim.is_running && row.attempts >= claim.attempt)
    }

    fn take(&mut self, task: &TaskRef) {
        self.0.insert((task.stream.clone(), task.task), Claim { attempt: task.attempt, is_running: true });
    }

    /// The attempt is over, but must not be made a second time.
    fn end(&mut self, key: &(String, u32)) {
        if let Some(claim) = self.0.get_mut(key) {
            claim.is_running = false;
        }
    }

    /// What the view says holds again.
    fn free(&mut self, key: &(String, u32)) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(task: u32, attempts: u32) -> TaskRow {
        let not_before = ledger::time::Timestamp::from_millis(0).unwrap();
        TaskRow { stream: "contract/A".to_owned(), task, kind: "message".to_owned(), attempts, not_before }
    }

    #[test]
    fn a_task_is_begun_once_per_attempt() {
        let mut claims = Claims::default();
        let key = ("contract/A".to_owned(), 2);
        assert!(claims.is_free(&row(2, 0)));
        claims.take(&TaskRef { stream: key.0.clone(), task: 2, attempt: 1 });
        assert!(!claims.is_free(&row(2, 0)), "begun, not yet folded");
        assert!(!claims.is_free(&row(2, 1)), "the attempt is folded, its result is not");
        assert!(claims.is_free(&row(3, 0)), "another task of the stream");
        claims.end(&key);
        assert!(
            !claims.is_free(&row(2, 0)),
            "the ledger did not take the report: not the same attempt again"
        );
        assert!(claims.is_free(&row(2, 1)), "the next one");
        claims.free(&key);
        assert!(claims.is_free(&row(2, 0)));
    }
}
