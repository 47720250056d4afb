//! Where tests make a step of the pipeline fail: before it happened, or after it happened and before anybody was told.
//!
//! Without the feature `faults`, which only the integration tests turn on, [`Faults`] is empty and every step goes
//! straight through.

use std::future::Future;
use std::io;

use journal::PublishError;
use store::{CommitError, Fault, StoreError};

use crate::plan::Read;

/// A step that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Saying what a batch needs. Pure: failing is a panic.
    Needs,
    /// Reading states from the store.
    Load,
    /// Planning a batch. Pure: failing is a panic.
    Plan,
    /// Writing a batch.
    Commit,
    /// Putting a new note into the checkpoint file.
    Swap,
    /// Publishing a checkpoint.
    InsertCheckpoint,
    /// Putting records on the bus.
    Publish,
    /// Storing how far the publisher has come.
    SetCursor,
}

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Nothing happened.
    Before,
    /// It took effect all the same.
    After,
}

/// What is to fail. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    #[cfg(feature = "faults")]
    armed: Option<std::sync::Arc<armed::Armed>>,
}

/// An error as a step gives it when its world fails for a moment.
pub(crate) trait Injected {
    fn injected() -> Self;
}

impl Injected for StoreError {
    fn injected() -> StoreError {
        StoreError::Transient(Fault::new("injected"))
    }
}

impl Injected for CommitError {
    fn injected() -> CommitError {
        CommitError::Transient(Fault::new("injected"))
    }
}

impl Injected for PublishError {
    fn injected() -> PublishError {
        PublishError::TimedOut
    }
}

impl Injected for io::Error {
    fn injected() -> io::Error {
        io::Error::other("injected")
    }
}

impl Faults {
    /// Does a step, or fails it.
    pub(crate) async fn around<T, E: Injected>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if self.strikes(step, Way::Before) {
            return Err(E::injected());
        }
        let done = work.await?;
        if self.strikes(step, Way::After) { Err(E::injected()) } else { Ok(done) }
    }

    /// Does a step that cannot wait, or fails it.
    pub(crate) fn around_now<T, E: Injected>(
        &self,
        step: Step,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if self.strikes(step, Way::Before) {
            return Err(E::injected());
        }
        let done = work()?;
        if self.strikes(step, Way::After) { Err(E::injected()) } else { Ok(done) }
    }

    /// Does a step that cannot fail, or panics.
    pub(crate) fn around_pure<T>(&self, step: Step, reads: &[Read], work: impl FnOnce() -> T) -> T {
        assert!(!self.strikes(step, Way::Before) && !self.is_poisoned(step, reads), "injected");
        let done = work();
        assert!(!self.strikes(step, Way::After), "injected");
        done
    }

    #[cfg(not(feature = "faults"))]
    #[inline]
    fn strikes(&self, _: Step, _: Way) -> bool {
        false
    }

    #[cfg(not(feature = "faults"))]
    #[inline]
    fn is_poisoned(&self, _: Step, _: &[Read]) -> bool {
        false
    }
}

#[cfg(feature = "faults")]
mod armed;
