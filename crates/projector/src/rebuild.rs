//! Folding the whole log again: to compare the views with it, or to put right what differs.

mod compare;
mod fold;

use std::time::Duration;

use ledger::record::RecordError;
use store::rows::ViewKey;
use store::{CommitError, Lease, Store, StoreError};

use self::compare::differing;
use self::fold::Fold;

/// How long a projector waits for a rebuild that died while it held the lease.
const HOLD_TTL: Duration = Duration::from_secs(30);
/// How often that is renewed.
const HOLD_RENEW: Duration = Duration::from_secs(10);

/// Why the log could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The views could not be put right.
    #[error("the views were not put right: {0}")]
    Mend(#[from] CommitError),
    /// A record cannot be read.
    #[error("record {position}: {source}")]
    Record {
        /// Where.
        position: u64,
        /// Why.
        source: RecordError,
    },
    /// A record's type or data is unknown to this program.
    #[error("record {position} cannot be folded by this version: {reason}")]
    Event {
        /// Where.
        position: u64,
        /// Why.
        reason: String,
    },
}

/// The names of view rows that are missing, too many, or other than a fresh fold of the log has them, in order. Only reads.
/// Exact while nothing is written.
///
/// # Errors
/// [`RebuildError`].
pub async fn compare(
    store: &Store,
    mut progress: impl FnMut(u64, u64),
) -> Result<Vec<ViewKey>, RebuildError> {
    let mut fold = Fold::default();
    fold.catch_up(store, &mut progress).await?;
    Ok(differing(store, &fold).await?.into_iter().collect())
}

/// Makes the views what a fresh fold of the log says, beside a projector that goes on.
///
/// The log is folded while it writes. Then the lease is taken from it for as long as the rest takes: what came meanwhile is
/// folded in, the views are compared, and rows that differ are written in one transaction under the fence. The projector
/// notices at its next write, waits, and begins again from what the store holds once the lease is given back. Inputs are
/// taken all the time.
///
/// # Errors
/// [`RebuildError`]; then the views are as they were.
pub async fn replace(
    store: &Store,
    owner: &str,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, RebuildError> {
    let mut fold = Fold::default();
    fold.catch_up(store, &mut progress).await?;
    // That took long, this does not: so little is left for the time nobody writes.
    fold.catch_up(store, &mut progress).await?;
    let lease = store.seize_lease(owner, HOLD_TTL).await?;
    let replaced = tokio::select! {
        replaced = put_right(store, &lease, fold, &mut progress) => replaced,
        error = hold(store, &lease) => Err(error.into()),
    };
    // If this fails, the lease runs out by itself.
    let _ = store.release_lease(&lease).await;
    replaced
}

/// The part under the lease: the log, the disclosures and the views stay as they are. Views are compared here and not before:
/// a projector that goes on from a state that is wrong can make rows wrong that were right a moment ago.
async fn put_right(
    store: &Store,
    lease: &Lease,
    mut fold: Fold,
    progress: &mut impl FnMut(u64, u64),
) -> Result<u64, RebuildError> {
    fold.catch_up(store, progress).await?;
    if store.disclosures_before(fold.next).await? != fold.disclosures {
        // Something was erased while it was being folded: what was folded may still hold it.
        fold = Fold::default();
        fold.catch_up(store, progress).await?;
    }
    let wrong: Vec<ViewKey> = differing(store, &fold).await?.into_iter().collect();
    store.mend_views(lease, fold.next, fold.mend(&wrong)).await?;
    Ok(fold.next)
}

/// Renews the lease until it is lost.
async fn hold(store: &Store, lease: &Lease) -> CommitError {
    loop {
        tokio::time::sleep(HOLD_RENEW).await;
        match store.renew_lease(lease, HOLD_TTL).await {
            Ok(true) | Err(StoreError::Transient(_)) => {}
            Ok(false) | Err(_) => return CommitError::FenceLost,
        }
    }
}
