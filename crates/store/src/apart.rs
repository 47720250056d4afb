//! Running a unit of database work apart from the caller.
//!
//! A caller's future can be dropped at any await: a client hangs up, a timeout fires. In sqlx 0.9.0 a transaction whose
//! beginning is dropped can stay open in its pooled connection, and what is written there later is silently lost. So
//! every unit runs in a task of its own, to its end, whether or not anyone still waits for it.

use std::future::Future;

use crate::error::Interrupted;

/// Runs `unit` to its end in a task of its own.
pub(crate) async fn apart<T, E>(unit: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Interrupted> + Send + 'static,
{
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
