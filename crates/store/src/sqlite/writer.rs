//! The one connection that writes, and the thread that has it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::backfill::Backfill;
use super::connect;
use crate::error::{Interrupted, OpenError};

/// Work for the thread.
enum Job {
    Do(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(oneshot::Sender<()>),
}

/// Hands work to the thread that writes. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: Sender<Job>,
}

impl Writer {
    /// Opens the connection and starts the thread, which ends when it is told to or nobody is left to tell it.
    pub(super) fn start(path: &Path) -> Result<Writer, OpenError> {
        let mut connection = connect::writer(path)?;
        let mut backfill = Backfill::start(path)?;
        let (jobs, taken) = channel();
        let run = move || {
            connect::count_pages(&connection);
            while let Ok(job) = taken.recv() {
                match job {
                    Job::Do(job) => job(&mut connection),
                    Job::Close(reply) => {
                        drop(taken);
                        backfill.end();
                        drop(connection);
                        // Who asked may have left.
                        let _ = reply.send(());
                        return;
                    }
                }
                backfill.keep_up(&connection, connect::pages());
            }
        };
        connect::thread("store-writer", run)?;
        Ok(Writer { jobs })
    }

    /// Does `work` on the thread, after what was asked for before, and to its end whether or not anyone still waits.
    pub(super) async fn work<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Interrupted> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: &mut Connection| {
            // A panic belongs to who asked; a transaction it left was rolled back on the way.
            let done = catch_unwind(AssertUnwindSafe(|| work(connection)));
            // Who asked may have left.
            let _ = reply.send(done);
        };
        self.jobs.send(Job::Do(Box::new(job))).map_err(|_| Interrupted)?;
        match answer.await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Interrupted.into()),
        }
    }

    /// As [`Writer::work`], in one transaction that takes the write lock first: one that first reads and then writes could
    /// find the database changed in between. Work that fails is undone.
    pub(super) async fn transact<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Interrupted> + From<rusqlite::Error> + Send + 'static,
    {
        self.work(move |connection| transact(connection, work)).await
    }

    /// Closes the connection when all that was asked for is done. What is asked for later is refused.
    pub(super) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).is_ok() {
            // An error says that the thread is gone, and with it the connection.
            let _ = answer.await;
        }
    }
}

/// Does `work` in a transaction.
pub(super) fn transact<T, E: From<rusqlite::Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}
