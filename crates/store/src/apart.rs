//! Running a unit of database work apart from the caller.
//!
//! A caller's future can be dropped at any await: a client hangs up, a timeout fires. In sqlx 0.9.0 a transaction whose
//! beginning is dropped can stay open in its pooled connection, and what is written there later is silently lost. So
//! every unit that is not done at once goes on in a task of its own, to its end, whether or not anyone still waits for it.

use std::future::{Future, poll_fn};
use std::task::Poll;

use crate::error::Interrupted;

/// Runs `unit` to its end: begun by the caller, ended in a task of its own. What it asks first is thus on its way at once, and
/// not when the runtime comes to the task; where both cores are busy that takes as long as the work itself.
pub(crate) async fn apart<T, E>(unit: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Interrupted> + Send + 'static,
{
    let mut unit = Box::pin(unit);
    // This never waits, so that no caller can leave between it and the task.
    if let Poll::Ready(result) = poll_fn(|context| Poll::Ready(unit.as_mut().poll(context))).await {
        return result;
    }
    match tokio::spawn(unit).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Interrupted.into()),
    }
}

/// Does `work`, which waits for a disk, on a thread that may wait.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Interrupted> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Interrupted.into()),
    }
}
