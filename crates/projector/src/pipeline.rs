//! Batches on their way into the store: while one is written, the next is loaded and planned.
//!
//! Planning takes all cores of this process for milliseconds, writing takes one of the database's; one after the other
//! each waits for the other. So a batch is planned behind one that is not written yet, from what that one changes
//! ([`Changes`]) above what the store says. At most one is on its way: batches are written in order, under one fence, and
//! if one is not written, nothing planned behind it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use contract::erasure::Dossier;
use contract::world::Changes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use ledger::key::RecordKey;
use store::rows::{Loaded, Needs, SourceMove};
use store::{CommitError, Lease, Store, StoreError};

use crate::faults::{Faults, Step};
use crate::plan::{self, Desk, Plan, PlanError, Read, Tail};

/// Most inputs that are planned on the thread that asks: a quarter of a millisecond of work.
const PLANNED_HERE_MAX: usize = 8;

/// The batches of one tenure.
pub struct Pipeline {
    store: Store,
    lease: Lease,
    origin: Arc<str>,
    faults: Faults,
    /// Where the log ends behind everything handed over so far.
    tail: Tail,
    /// What the newest batch handed over changes, until it is known to be written.
    ahead: Changes,
    /// The batch on its way. The store writes it whether or not anybody asks for its end.
    writing: Option<BoxFuture<'static, Result<(), CommitError>>>,
    /// What the next portion needs besides.
    desk: Desk,
}

/// Why the pipeline cannot go on. Nothing of what was planned but not written will be.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store could not be read.
    #[error(transparent)]
    Load(#[from] StoreError),
    /// A stored state cannot be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A batch was not written.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The program is ending.
    #[error("the program is ending")]
    Ending,
}

impl Pipeline {
    /// A pipeline that goes on at `tail`, which the store holds.
    pub fn new(store: Store, lease: Lease, origin: &str, tail: Tail) -> Pipeline {
        let (origin, faults) = (origin.into(), Faults::default());
        Pipeline {
            store,
            lease,
            origin,
            faults,
            tail,
            ahead: Changes::default(),
            writing: None,
            desk: Desk::default(),
        }
    }

    /// The same, with steps that fail where a test wants it.
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Pipeline {
        self.faults = faults;
        self
    }

    /// Puts on the desk what the next portion needs besides.
    pub fn put_desk(&mut self, desk: Desk) {
        self.desk = desk;
    }

    /// The lease under which it writes.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Where the log ends behind everything handed over so far.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// Whether a batch is being written.
    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Loads and plans a portion, to be signed with this key, while the one before it may still be written; none where planning it panics. By then
    /// the one before is written, and a part of the portion can be planned.
    ///
    /// # Errors
    /// [`PipelineError`].
    pub async fn plan(
        &mut self,
        key: Arc<RecordKey>,
        reads: &Arc<[Read]>,
        read_to: Option<SourceMove>,
    ) -> Result<Option<Plan>, PipelineError> {
        let faults = &self.faults;
        // Nothing of what a panic interrupts here is used again.
        let needs =
            catch_unwind(AssertUnwindSafe(|| faults.around_pure(Step::Needs, reads, || plan::load(reads))));
        let planned = match needs {
            Ok(mut needs) => {
                let dossier = self.desk.dossier.iter().flat_map(Dossier::streams);
                needs.streams.extend(dossier.map(|(name, _)| name.to_owned()));
                let loaded = self.load(&needs).await?;
                self.fold(key, reads.clone(), loaded, read_to).await?
            }
            Err(_) => None,
        };
        if planned.is_none() {
            self.settle().await?;
        }
        Ok(planned)
    }

    /// Alone with `self`: the batch on its way may go to another thread, but not be looked at from two, so a shared borrow
    /// could not be held while waiting.
    async fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        let mut loaded = self.faults.around(Step::Load, self.store.load(needs)).await?;
        let streams = plan::lacking(needs, &loaded, &self.ahead);
        if !streams.is_empty() {
            let lacking = Needs { streams, ..Needs::default() };
            loaded.streams.extend(self.store.load(&lacking).await?.streams);
        }
        Ok(loaded)
    }

    /// Plans on a thread that may be busy, for a full batch takes tens of milliseconds; a few inputs take less here than handing
    /// them over and back. None where that panics.
    async fn fold(
        &mut self,
        key: Arc<RecordKey>,
        reads: Arc<[Read]>,
        loaded: Loaded,
        read_to: Option<SourceMove>,
    ) -> Result<Option<Plan>, PipelineError> {
        let (tail, origin) = (self.tail.clone(), Arc::clone(&self.origin));
        let (ahead, faults) = (std::mem::take(&mut self.ahead), self.faults.clone());
        let desk = std::mem::take(&mut self.desk);
        let is_short = reads.len() <= PLANNED_HERE_MAX && desk.dossier.is_none();
        let planning = move || {
            let plan = || plan::plan_with(desk, ahead, &reads, loaded, &tail, &origin, &key, read_to);
            faults.around_pure(Step::Plan, &reads, plan)
        };
        if is_short {
            // Nothing of what a panic interrupts here is used again.
            return catch_unwind(AssertUnwindSafe(planning)).ok().transpose().map_err(PipelineError::from);
        }
        match tokio::task::spawn_blocking(planning).await {
            Ok(planned) => Ok(Some(planned?)),
            Err(error) if error.is_panic() => Ok(None),
            Err(_) => Err(PipelineError::Ending),
        }
    }

    /// Hands over what [`Pipeline::plan`] made of the next inputs, to be written once the one before it is.
    ///
    /// # Errors
    /// [`PipelineError::Commit`] when the one before was not.
    pub async fn write(&mut self, planned: Plan) -> Result<(), PipelineError> {
        self.settle().await?;
        let Plan { commit, tail, changes } = planned;
        let (store, lease, faults) = (self.store.clone(), self.lease.clone(), self.faults.clone());
        let commit = async move { faults.around(Step::Commit, store.commit(&lease, commit)).await };
        let mut writing = commit.boxed();
        // Begun here: a task of its own would have to wait for its turn.
        if let Poll::Ready(written) = futures_util::poll!(&mut writing) {
            writing = ready(written).boxed();
        }
        self.writing = Some(writing);
        (self.tail, self.ahead) = (tail, changes);
        Ok(())
    }

    /// Waits until everything handed over is written. May be dropped and called again.
    ///
    /// # Errors
    /// [`PipelineError::Commit`] when it was not; once.
    pub async fn settle(&mut self) -> Result<(), PipelineError> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.await;
        self.writing = None;
        written?;
        // The store says all of it from now on.
        self.ahead = Changes::default();
        Ok(())
    }
}
