//! The checkpointer: signs the head of the log, never smaller and never different, and only what can be served.

use std::sync::Arc;
use std::time::Duration;

use ledger::checkpoint::{Checkpoint, CheckpointError, LogKey};
use ledger::hash::Hash;
use ledger::proof::ProofError;
use ledger::tile::edge_tiles;
use ledger::time::Timestamp;
use ledger::tree::{Tree, TreeError};
use store::rows::{CheckpointRow, SourcePosition};
use store::{CommitError, Lease, Reader, Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::faults::{Faults, Step};
use crate::lock::{Lock, LockError};

/// Least time between two checkpoints: auditors and witnesses fetch each of them.
const INTERVAL: Duration = Duration::from_secs(1);

/// Gives the time checkpoints are signed at.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the checkpointer needs. Only it holds the log key.
pub struct Checkpointer {
    /// What to sign.
    pub store: Store,
    /// Signs it.
    pub key: Arc<LogKey>,
    /// The last checkpoint, outside the database.
    pub lock: Lock,
    /// Whether this process is the writer, and under which lease.
    pub active: watch::Receiver<Option<Lease>>,
    /// How far each source is covered by a checkpoint: told to the journals.
    pub covered: watch::Sender<Vec<SourcePosition>>,
    /// Gives the time.
    pub clock: Clock,
    /// Allows signing again, after a refusal was understood, with a database that has to catch up first.
    pub recover: bool,
    /// Nothing, except in tests.
    pub faults: Faults,
}

/// Why no checkpoint was signed; each needs an operator.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointerError {
    /// The database is older than what was signed.
    #[error(
        "the database holds {size} records, but a checkpoint for {signed} was signed: an old backup was restored. Start \
         with --recover to fold the missing inputs again from the journal or stream; the records will have the same \
         hashes. Nothing is signed until the log has caught up"
    )]
    Behind {
        /// Records in the database.
        size: u64,
        /// Records in the signed checkpoint.
        signed: u64,
    },
    /// The database holds another history than what was signed.
    #[error(
        "the log in the database has another root at size {size} than the checkpoint that was signed: expected {signed}, \
         found {found}. It was changed behind the service; nothing will be signed. Restore a backup that verifies"
    )]
    Forked {
        /// The size.
        size: u64,
        /// Root that was signed.
        signed: Hash,
        /// Root now.
        found: Hash,
    },
    /// The note in the file is not one of this log.
    #[error("the checkpoint file does not hold a checkpoint of this log: {0}")]
    Note(#[from] CheckpointError),
    /// The file cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The tree in the store is not whole.
    #[error("the tree in the store is not whole: {0}")]
    Tree(#[from] TreeError),
    /// A proof could not be made.
    #[error("the tree in the store is not whole: {0}")]
    Proof(#[from] ProofError),
    /// The store refused.
    #[error("the store refused a checkpoint: {0}")]
    Refused(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Checkpointer {
    /// Compares the database with what was signed before. To be called before anything is written.
    ///
    /// # Errors
    /// [`CheckpointerError::Behind`] (unless `recover`) and [`CheckpointerError::Forked`].
    pub async fn check(&mut self) -> Result<(), CheckpointerError> {
        let latest = self.store.latest_checkpoint().await?;
        let Some(note) = self.lock.note() else {
            // A new machine, or the file was lost: what the database published is the best there is.
            if let Some(latest) = latest {
                tracing::warn!(
                    size = latest.size,
                    "the checkpoint file is missing; made anew from the database"
                );
                self.lock.swap(&latest.note, &self.faults)?;
            }
            return Ok(());
        };
        let signed = Checkpoint::open(note, self.key.verifier())?;
        let size = self.store.tip().await?.size;
        if size < signed.size {
            return if self.recover {
                Ok(())
            } else {
                Err(CheckpointerError::Behind { size, signed: signed.size })
            };
        }
        self.same_root(&signed).await
    }

    async fn same_root(&self, signed: &Checkpoint) -> Result<(), CheckpointerError> {
        let found = root_at(&self.store, signed.size).await?;
        if found == signed.root {
            Ok(())
        } else {
            Err(CheckpointerError::Forked { size: signed.size, signed: signed.root, found })
        }
    }

    /// Signs what is new, at most once a second, until asked to stop.
    ///
    /// # Errors
    /// [`CheckpointerError`] when signing would be wrong. A store that is away is waited for.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), CheckpointerError> {
        let mut size = self.store.board().size();
        loop {
            let lease = self.active.borrow_and_update().clone();
            let Some(lease) = lease else {
                tokio::select! {
                    () = stop.cancelled() => break,
                    changed = self.active.changed() => if changed.is_err() { break } else { continue },
                }
            };
            match self.sign(&lease).await {
                Ok(()) => {}
                Err(CheckpointerError::Store(StoreError::Transient(fault))) => {
                    tracing::info!(%fault, "no checkpoint: the store did not answer");
                }
                // Signing nothing harms nobody: the file is tried again, and first it is found out what it holds.
                Err(CheckpointerError::Lock(error @ LockError::Io { .. })) => {
                    tracing::error!(%error, "no checkpoint");
                }
                Err(error) => return Err(error),
            }
            tokio::select! { () = stop.cancelled() => break, () = tokio::time::sleep(INTERVAL) => {} }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = size.changed() => if changed.is_err() { break },
                // Inputs that added no record move positions without moving the size.
                () = tokio::time::sleep(INTERVAL * 5) => {}
            }
        }
        // A last one, so that a stopped ledger is covered by what it published.
        let lease = self.active.borrow().clone();
        match lease {
            Some(lease) => self.sign(&lease).await,
            None => Ok(()),
        }
    }

    async fn sign(&mut self, lease: &Lease) -> Result<(), CheckpointerError> {
        // Size, edge and positions are of one snapshot: all inputs up to the positions are within the size.
        let tip = self.store.tip().await?;
        self.lock.settle()?;
        let held = self.lock.note().map(|note| Checkpoint::open(note, self.key.verifier())).transpose()?;
        if let Some(held) = &held {
            if tip.size < held.size {
                // Recovering: nothing is signed until the log has caught up.
                return Ok(());
            }
            // Seldom (once a second) and cheap (a few tiles): the new head always extends what was signed.
            self.same_root(held).await?;
        }
        if tip.size == 0 {
            return Ok(());
        }
        if held.as_ref().is_none_or(|held| held.size < tip.size) {
            let root = Tree::from_edge(tip.size, &tip.edge)?.root();
            let note = self.key.sign(tip.size, &root);
            // First the file, then the database: nobody can have seen what the file does not know.
            self.lock.swap(&note, &self.faults)?;
            if !self.publish(lease, tip.size, root, note).await? {
                return Ok(());
            }
        } else if let (Some(held), Some(note)) = (held, self.lock.note().map(str::to_owned)) {
            // The file was written, but the process died before publishing.
            let published = self.store.latest_checkpoint().await?;
            if published.is_none_or(|p| p.size < held.size)
                && !self.publish(lease, held.size, held.root, note).await?
            {
                return Ok(());
            }
        }
        self.covered.send_replace(tip.read_to);
        Ok(())
    }

    async fn publish(
        &self,
        lease: &Lease,
        size: u64,
        root: Hash,
        note: String,
    ) -> Result<bool, CheckpointerError> {
        let row = CheckpointRow { size, root, note, signed_at: (self.clock)() };
        let insert = self.store.insert_checkpoint(lease, row);
        match self.faults.around(Step::InsertCheckpoint, insert).await {
            Ok(()) => Ok(true),
            Err(CommitError::FenceLost | CommitError::Conflict(_) | CommitError::Transient(_)) => Ok(false),
            Err(error) => Err(CheckpointerError::Refused(error.to_string())),
        }
    }
}

/// The root the log had at `size`, from its tiles.
async fn root_at(reader: &Reader, size: u64) -> Result<Hash, CheckpointerError> {
    let tiles = reader.tiles(&edge_tiles(size)).await?;
    Ok(Tree::from_tiles(size, &tiles)?.root())
}
