//! The whole store: opening it, and the half that writes.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use ledger::hash::{Hash, leaf_hash};
use ledger::time::Timestamp;

use crate::apart::apart;
use crate::board::Board;
use crate::error::{CommitError, Fault, OpenError, StoreError};
use crate::keys::Keys;
use crate::lease::{Lease, millis};
use crate::postgres::Postgres;
use crate::reader::Reader;
use crate::rows::{CheckpointRow, Commit, Mend, PersonRow};
use crate::sqlite::{self, Sqlite};

/// Connections for reading, unless told otherwise.
const READERS: u32 = 8;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Origin of the ledger, as in its records. A new database is made for it; another ledger's is refused.
    pub origin: String,
    /// Whether migrations may run. Without, a database that lacks some is refused.
    pub migrate: bool,
    /// Most connections for reading, at least 1.
    pub readers: u32,
}

impl OpenOptions {
    /// For this origin, with migrations, and a default number of readers.
    pub fn new(origin: impl Into<String>) -> OpenOptions {
        OpenOptions { origin: origin.into(), migrate: true, readers: READERS }
    }
}

/// What retention took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Inputs in quarantine whose raw bytes went.
    pub quarantined: u64,
    /// Notes about erased inputs.
    pub work: u64,
}

/// The two databases. Both are known here, so a `match` is all the machinery there is.
#[derive(Clone)]
pub(crate) enum Backend {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

/// Runs a method on whichever database is open, to its end even if the caller leaves: on Postgres in a task of its own;
/// on SQLite it is one piece of work, which a thread does.
macro_rules! on_backend {
    ($self:expr, $db:ident => $unit:expr) => {
        match $self.backend.clone() {
            Backend::Postgres($db) => apart(async move { $unit.await }).await,
            Backend::Sqlite($db) => $unit.await,
        }
    };
}
pub(crate) use on_backend;

/// An open store. Reads as its [`Reader`] does, and writes. Cheap to clone.
///
/// Each call runs to its end even when its future is dropped.
#[derive(Clone)]
pub struct Store {
    reader: Reader,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backend", &self.backend_name()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens `postgres://…` or `sqlite://path` (the file is made if need be), brings its schema up to date if that is
    /// allowed, and checks that it holds this ledger and keeps what it confirms.
    ///
    /// # Errors
    /// [`OpenError`], each variant with what to do about it.
    pub async fn open(url: &str, options: OpenOptions) -> Result<Store, OpenError> {
        let url = url.to_owned();
        apart(async move {
            let backend = match url.split_once(':').map(|(scheme, _)| scheme) {
                Some("postgres" | "postgresql") => Backend::Postgres(Postgres::open(&url, &options).await?),
                Some("sqlite") => Backend::Sqlite(Sqlite::open(&url, &options).await?),
                _ => return Err(OpenError::Address(Fault::new("unknown scheme"))),
            };
            let tip = match &backend {
                Backend::Postgres(db) => db.tip().await,
                Backend::Sqlite(db) => db.tip().await,
            };
            let size = match tip {
                Ok(tip) => tip.size,
                Err(StoreError::Transient(fault)) => return Err(OpenError::Unreachable(fault)),
                Err(StoreError::Corrupt(fault) | StoreError::Permanent(fault)) => {
                    return Err(OpenError::Refused(fault));
                }
            };
            Ok(Store { reader: Reader { backend, board: Board::new(size) } })
        })
        .await
    }

    /// The half that cannot write.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Whether a batch can well be loaded while one of so many inputs is written. If not, that one is soon written, and what
    /// comes meanwhile makes one batch with one flush.
    pub fn loads_beside(&self, inputs: usize) -> bool {
        match &self.reader.backend {
            // The server writes on another core, and a commit waits for its disk.
            Backend::Postgres(_) => true,
            Backend::Sqlite(_) => inputs >= sqlite::BESIDE_INPUTS_MIN,
        }
    }

    /// The half that writes keys of the interface.
    pub fn keys(&self) -> Keys {
        Keys::new(&self.reader)
    }

    /// Takes the right to append, for `ttl` by the clock of the database, unless another owner has it. An owner takes
    /// its own lease anew at once, with a new fence: so owners need names of their own, one per running process.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acquire_lease(&self, owner: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let (owner, ttl) = (owner.to_owned(), millis(ttl));
        on_backend!(self, db => db.acquire_lease(owner, ttl))
    }

    /// Takes the right to append for `ttl` from whoever has it, who then writes nothing more and finds out at its next
    /// write. For a short piece of work beside a service that goes on afterwards.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seize_lease(&self, owner: &str, ttl: Duration) -> Result<Lease, StoreError> {
        let (owner, ttl) = (owner.to_owned(), millis(ttl));
        on_backend!(self, db => db.seize_lease(owner, ttl))
    }

    /// Holds the right to append for `ttl` from now; `false` when it is lost to another owner.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let (lease, ttl) = (lease.clone(), millis(ttl));
        on_backend!(self, db => db.renew_lease(lease, ttl))
    }

    /// Lets another owner take over at once; `false` when one already has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_lease(&self, lease: &Lease) -> Result<bool, StoreError> {
        let lease = lease.clone();
        on_backend!(self, db => db.release_lease(lease))
    }

    /// Writes one batch in one transaction, then announces it on the [`Board`].
    ///
    /// # Errors
    /// [`CommitError`]; except after [`CommitError::Transient`], nothing of the batch was written.
    pub async fn commit(&self, lease: &Lease, commit: Commit) -> Result<(), CommitError> {
        let (lease, board) = (lease.clone(), self.board.clone());
        let announce = move |size, commit: Commit| {
            let opens_tasks = commit.views.tasks.iter().any(|of_stream| !of_stream.tasks.is_empty());
            let outcomes = commit.inbox.into_iter().map(|row| (row.input, row.outcome));
            board.announce(size, opens_tasks, outcomes, commit.records);
        };
        match self.backend.clone() {
            Backend::Postgres(db) => {
                apart(async move {
                    check_leaves(&commit)?;
                    let size = db.commit(&lease, &commit).await?;
                    announce(size, commit);
                    Ok(())
                })
                .await
            }
            Backend::Sqlite(db) => db.commit(lease, commit, announce).await,
        }
    }

    /// Keeps a signed checkpoint. The same size and root again changes nothing.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a larger one is there or the log is smaller; [`CommitError::Permanent`] when
    /// another root was signed for that size, which must never happen.
    pub async fn insert_checkpoint(
        &self,
        lease: &Lease,
        checkpoint: CheckpointRow,
    ) -> Result<(), CommitError> {
        let lease = lease.clone();
        on_backend!(self, db => db.insert_checkpoint(lease, checkpoint))
    }

    /// Notes how far a follower has come: the position of the next record it will handle.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_cursor(&self, follower: &str, position: u64) -> Result<(), StoreError> {
        let follower = follower.to_owned();
        on_backend!(self, db => db.set_cursor(follower, position))
    }

    /// Erases disclosures, by position and digest, for ever, and says how many there were. Views hold opened values
    /// too and must be folded anew.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn erase_disclosures(
        &self,
        lease: &Lease,
        disclosures: &[(u64, String)],
    ) -> Result<u64, CommitError> {
        let (lease, disclosures) = (lease.clone(), disclosures.to_vec());
        on_backend!(self, db => db.erase_disclosures(lease, disclosures))
    }

    /// Empties the index of persons, which is about to be made anew.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn begin_persons(&self, lease: &Lease) -> Result<(), CommitError> {
        let lease = lease.clone();
        on_backend!(self, db => db.begin_persons(lease))
    }

    /// The index of persons is whole again, and was made with the key of this name.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn end_persons(&self, lease: &Lease, key: Hash) -> Result<(), CommitError> {
        let lease = lease.clone();
        on_backend!(self, db => db.end_persons(lease, key))
    }

    /// Adds rows to the index of persons. Those that are there change nothing.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn add_persons(&self, lease: &Lease, rows: Vec<PersonRow>) -> Result<(), CommitError> {
        let lease = lease.clone();
        on_backend!(self, db => db.add_persons(lease, rows))
    }

    /// The retention of what stands in the database in raw form: inputs in quarantine that were received before this
    /// time lose their bytes (the outcome stays), and it is forgotten which inputs were erased.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire(&self, before: Timestamp) -> Result<Expired, StoreError> {
        let store = self.clone();
        apart(async move { on_backend!(store, db => db.expire(before)) }).await
    }

    /// Overwrites what was deleted, as far as a database can be told to: SQLite moves its write-ahead log into the file
    /// and empties it, Postgres vacuums the tables that held personal values.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost, and it can be asked for again.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        let store = self.clone();
        apart(async move { on_backend!(store, db => db.scrub()) }).await
    }

    /// Puts the views right in one transaction, provided that the lease holds and that the log still has the `size` records
    /// which say what is right. On Postgres this works as the login, which must own the tables.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when the log has grown: fold the rest and try again.
    pub async fn mend_views(&self, lease: &Lease, size: u64, mend: Mend) -> Result<(), CommitError> {
        let (store, lease) = (self.clone(), lease.clone());
        apart(async move { on_backend!(store, db => db.mend_views(lease, size, mend)) }).await
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Postgres(db) => db.close().await,
            Backend::Sqlite(db) => db.close().await,
        }
    }
}

/// A leaf that is not the hash of its record would be signed and could never be proven.
pub(crate) fn check_leaves(commit: &Commit) -> Result<(), CommitError> {
    match commit.records.iter().find(|record| leaf_hash(record.jws.as_bytes()) != record.leaf) {
        None => Ok(()),
        Some(record) => {
            let message = format!("the leaf at position {} is not the hash of its record", record.position);
            Err(CommitError::Permanent(Fault::new(message)))
        }
    }
}
