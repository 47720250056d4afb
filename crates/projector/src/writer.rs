//! The loop of the one writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use journal::{ReadError, Source};
use ledger::key::{KeyRing, PublicKey, RecordKey};
use ledger::tree::{Tree, TreeError};
use store::rows::{Loaded, SourceMove};
use store::{CommitError, Lease, Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::faults::{Faults, Step};
use crate::genesis::{self, Statement};
use crate::plan::{self, Plan, PlanError, Read, Tail};
use crate::portion::Portion;
use crate::signer::{self, KeyOf, RingError, Signer, SignerError};

/// Most inputs in one transaction. More gains nothing (measured: 500 to 1,000 rows reach the plateau).
const BATCH_ENTRIES_MAX: usize = 1_000;
/// Most payload bytes in one transaction.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a read waits for something to come before the lease is looked after.
const READ_WAIT: Duration = Duration::from_secs(1);
/// How long a lease holds without being renewed: how long a second projector waits after this one died.
const LEASE_TTL: Duration = Duration::from_secs(10);
/// How often it is renewed.
const LEASE_RENEW: Duration = Duration::from_secs(3);
/// Pause after the database did not answer, or another projector is active.
const PAUSE: Duration = Duration::from_millis(500);

/// What the writer needs. Only it holds the record key.
pub struct Writer {
    /// Where records go.
    pub store: Store,
    /// How to open the source of inputs; opened anew when it regressed.
    pub opener: Opener,
    /// Finds the keys that sign records.
    pub key_of: KeyOf,
    /// The key that names them.
    pub root: PublicKey,
    /// Name of the log.
    pub origin: String,
    /// Name of this process in the lease; unique per running process.
    pub owner: String,
    /// The first records of a new log.
    pub statements: Vec<Statement>,
    /// Tells followers whether this process is the active writer, and under which lease.
    pub active: watch::Sender<Option<Lease>>,
    /// Nothing, except in tests.
    pub faults: Faults,
}

/// Where inputs come from.
#[derive(Clone)]
pub enum Opener {
    /// The journal of this process.
    Journal(journal::Journal),
    /// The stream that journals are relayed to.
    JetStream(journal::Bus),
}

/// Why the writer stopped.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// A stored state cannot be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store holds something that cannot be.
    #[error("the store is not what was written: {0}")]
    Corrupt(String),
    /// The store will never take this.
    #[error("the store refused a batch: {0}")]
    Refused(String),
    /// The right edge of the tree cannot be rebuilt.
    #[error("the tree in the store is not whole: {0}")]
    Tree(#[from] TreeError),
    /// The source will never be readable.
    #[error("the source of inputs: {0}")]
    Source(ReadError),
}

/// Why a tenure ended.
enum End {
    /// Another projector took over, or the database was away: try again later.
    Again(String),
    /// The source holds less than it did, or was made anew: start over with it from 0.
    Regressed(String),
    /// Asked to stop.
    Stopped,
}

/// What became of a portion.
enum Handled {
    Written,
    /// Planning it panicked; nothing was written.
    Panicked,
}

struct Tenure<'w> {
    writer: &'w Writer,
    lease: Lease,
    source: Source,
    /// Where the next read begins.
    position: u64,
    /// What the store holds as the position; differs while a source that regressed is read again.
    stored: u64,
    tail: Tail,
    renew_at: Instant,
    signer: Signer,
}

impl Opener {
    async fn open(&self) -> Result<Source, ReadError> {
        match self {
            Opener::Journal(journal) => Ok(Source::journal(journal.clone())),
            Opener::JetStream(bus) => Source::jetstream(bus.clone()).await,
        }
    }
}

impl Writer {
    /// Writes until asked to stop. Waits for the lease, and for databases and servers that are away.
    ///
    /// Gives the lease it then still holds: a last checkpoint is signed under it. Letting go of it afterwards, with
    /// [`Store::release_lease`], is a courtesy to the next writer; otherwise it runs out by itself.
    ///
    /// # Errors
    /// [`WriterError`] when going on would be wrong.
    pub async fn run(&self, stop: CancellationToken) -> Result<Option<Lease>, WriterError> {
        let mut from_start = false;
        while !stop.is_cancelled() {
            let end = match self.begin(from_start).await? {
                Ok(mut tenure) => {
                    from_start = false;
                    self.active.send_replace(Some(tenure.lease.clone()));
                    let end = tenure.work(&stop).await;
                    if let Ok(End::Stopped) = end {
                        return Ok(Some(tenure.lease));
                    }
                    self.active.send_replace(None);
                    // If this fails, the lease runs out by itself.
                    let _ = self.store.release_lease(&tenure.lease).await;
                    end?
                }
                Err(end) => end,
            };
            match end {
                End::Stopped => break,
                End::Again(reason) => tracing::info!(%reason, "not writing"),
                End::Regressed(reason) => {
                    tracing::warn!(%reason, "the source of inputs regressed; reading it again from its start");
                    from_start = true;
                }
            }
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(PAUSE) => {} }
        }
        Ok(None)
    }

    async fn begin(&self, from_start: bool) -> Result<Result<Tenure<'_>, End>, WriterError> {
        let lease = match self.store.acquire_lease(&self.owner, LEASE_TTL).await {
            Ok(Some(lease)) => lease,
            Ok(None) => return Ok(Err(End::Again("another projector is active".into()))),
            Err(error) => return again(error).map(Err),
        };
        let source = match self.opener.open().await {
            Ok(source) => source,
            Err(error) => return source_end(error).map(Err),
        };
        let renew_at = Instant::now() + LEASE_RENEW;
        let (signer, tail) = (Signer::new(self.key_of.clone()), self.empty_tail());
        let mut tenure =
            Tenure { writer: self, lease, source, position: 0, stored: 0, tail, renew_at, signer };
        if let Err(error) = tenure.reload().await? {
            return Ok(Err(error));
        }
        // Asked before anybody is told that this process writes. Another one may have the key: it must not have to wait.
        if let Err(end) = tenure.key()? {
            let _ = self.store.release_lease(&tenure.lease).await;
            return Ok(Err(end));
        }
        if from_start {
            tenure.position = 0;
        }
        if let Err(error) = tenure.check_source().await? {
            return Ok(Err(error));
        }
        Ok(Ok(tenure))
    }

    fn empty_tail(&self) -> Tail {
        let ring = KeyRing::new(self.origin.clone(), Some(self.root.clone()));
        Tail { tree: Tree::empty(), last_recorded_at: None, ring: Arc::new(ring) }
    }
}

impl Tenure<'_> {
    /// Reads where the log ends and how far the source was read.
    async fn reload(&mut self) -> Result<Result<(), End>, WriterError> {
        let tip = match self.writer.store.tip().await {
            Ok(tip) => tip,
            Err(error) => return again(error).map(Err),
        };
        let tree = Tree::from_edge(tip.size, &tip.edge)?;
        let Writer { store, origin, root, .. } = self.writer;
        let ring = match signer::ring(store, origin, Some(root.clone())).await {
            Ok(ring) => Arc::new(ring),
            Err(RingError::Store(error)) => return again(error).map(Err),
            Err(error) => return Err(WriterError::Corrupt(error.to_string())),
        };
        self.tail = Tail { tree, last_recorded_at: tip.last_recorded_at, ring };
        let identity = self.source.identity();
        self.stored = tip.read_to.iter().find(|p| p.source == identity).map_or(0, |p| p.position);
        self.position = self.stored;
        Ok(Ok(()))
    }

    /// The key that signs what comes next. Nothing is signed while it is not here.
    fn key(&mut self) -> Result<Result<Arc<RecordKey>, End>, WriterError> {
        let at = self.signer.at(&self.tail.ring, self.tail.tree.size(), &self.writer.statements);
        match at {
            Ok(key) => Ok(Ok(key)),
            Err(error @ SignerError::Nobody(_)) => Err(WriterError::Corrupt(error.to_string())),
            Err(error @ SignerError::Missing(_)) => {
                tracing::error!(%error, "nothing is recorded until the key is here");
                Ok(Err(End::Again(error.to_string())))
            }
        }
    }

    async fn check_source(&mut self) -> Result<Result<(), End>, WriterError> {
        match self.source.regressed(self.position, None).await {
            Ok(None) => Ok(Ok(())),
            Ok(Some(regression)) => {
                tracing::warn!(?regression, "the source holds less than was read from it");
                self.position = 0;
                Ok(Ok(()))
            }
            Err(error) => source_end(error).map(Err),
        }
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<End, WriterError> {
        if self.tail.tree.size() == 0
            && let Err(end) = self.begin_log().await?
        {
            return Ok(end);
        }
        loop {
            let read = self.source.read(self.position, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX, READ_WAIT);
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(End::Stopped),
                batch = read => batch,
            };
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return source_end(error),
            };
            if !self.keep_lease().await? {
                return Ok(End::Again("the lease was lost".into()));
            }
            for gap in &batch.gaps {
                tracing::debug!(first = gap.first, last = gap.last, "positions without input");
            }
            for stray in &batch.strays {
                tracing::warn!(position = stray.position, reason = %stray.reason, "not an entry of ours");
            }
            if batch.through == self.position {
                continue;
            }
            if let Err(end) = self.take_in(Portion::from(batch)).await? {
                return Ok(end);
            }
        }
    }

    /// Writes the first records. These are our own: if planning them panics, going on would make a log without keys.
    async fn begin_log(&mut self) -> Result<Result<(), End>, WriterError> {
        let reads: Arc<[Read]> = genesis::reads(&self.writer.statements).into();
        match self.handle(&reads, None).await? {
            Ok(Handled::Written) => Ok(Ok(())),
            Ok(Handled::Panicked) => Err(WriterError::Refused("planning the first records panicked".into())),
            Err(end) => Ok(Err(end)),
        }
    }

    /// Writes a batch whatever is in it. Where planning it panics, it is halved until the input that causes it stands
    /// alone; that one is set aside with its bytes, in its place in the order, and the others go on.
    async fn take_in(&mut self, batch: Portion) -> Result<Result<(), End>, WriterError> {
        let mut waiting = batch.by_keys();
        while let Some(portion) = waiting.pop() {
            let source = self.source.identity().to_owned();
            let read_to = SourceMove { source, from: self.stored, to: portion.through };
            match self.handle(&portion.reads, Some(read_to)).await? {
                Ok(Handled::Written) => {
                    (self.position, self.stored) = (portion.through, portion.through);
                }
                Ok(Handled::Panicked) => waiting.extend(portion.narrow().ok_or_else(|| {
                    WriterError::Refused("planning panicked, although nothing was to be planned".into())
                })?),
                Err(end) => return Ok(Err(end)),
            }
        }
        Ok(Ok(()))
    }

    /// Plans and commits one portion. `Err` inside: the tenure ends.
    async fn handle(
        &mut self,
        reads: &Arc<[Read]>,
        read_to: Option<SourceMove>,
    ) -> Result<Result<Handled, End>, WriterError> {
        let faults = &self.writer.faults;
        // Nothing of what a panic interrupts here is used again.
        let needs =
            catch_unwind(AssertUnwindSafe(|| faults.around_pure(Step::Needs, reads, || plan::load(reads))));
        let Ok(needs) = needs else { return Ok(Ok(Handled::Panicked)) };
        let loaded = match faults.around(Step::Load, self.writer.store.load(&needs)).await {
            Ok(loaded) => loaded,
            Err(error) => return again(error).map(Err),
        };
        let key = match self.key()? {
            Ok(key) => key,
            Err(end) => return Ok(Err(end)),
        };
        let planned = match self.plan(key, reads.clone(), loaded, read_to).await {
            Ok(planned) => planned?,
            Err(error) if error.is_panic() => return Ok(Ok(Handled::Panicked)),
            Err(_) => return Ok(Err(End::Again("the program is ending".into()))),
        };
        let commit = self.writer.store.commit(&self.lease, planned.commit);
        match self.writer.faults.around(Step::Commit, commit).await {
            // From here on the inputs are folded; dying now loses nothing, the position was part of the transaction.
            Ok(()) => {
                self.tail = planned.tail;
                Ok(Ok(Handled::Written))
            }
            Err(CommitError::FenceLost) => Ok(Err(End::Again("the lease was lost".into()))),
            // Somebody else wrote, or our own write took effect though its answer was lost: begin again from the tip.
            Err(error @ (CommitError::Conflict(_) | CommitError::Transient(_))) => {
                Ok(Err(End::Again(error.to_string())))
            }
            Err(CommitError::Corrupt(fault)) => Err(WriterError::Corrupt(fault.to_string())),
            Err(CommitError::Permanent(fault)) => Err(WriterError::Refused(fault.to_string())),
        }
    }

    async fn plan(
        &self,
        key: Arc<RecordKey>,
        reads: Arc<[Read]>,
        loaded: Loaded,
        read_to: Option<SourceMove>,
    ) -> Result<Result<Plan, PlanError>, JoinError> {
        let (tail, origin) = (self.tail.clone(), self.writer.origin.clone());
        let faults = self.writer.faults.clone();
        // Folding and signing a full batch takes tens of milliseconds of CPU: not on a thread that serves others.
        tokio::task::spawn_blocking(move || {
            let plan = || plan::plan(&reads, loaded, &tail, &origin, &key, read_to);
            faults.around_pure(Step::Plan, &reads, plan)
        })
        .await
    }

    async fn keep_lease(&mut self) -> Result<bool, WriterError> {
        if Instant::now() < self.renew_at {
            return Ok(true);
        }
        self.renew_at = Instant::now() + LEASE_RENEW;
        match self.writer.store.renew_lease(&self.lease, LEASE_TTL).await {
            Ok(held) => Ok(held),
            // The fence decides at the next commit; being unable to renew is no proof of having lost it.
            Err(StoreError::Transient(_)) => Ok(true),
            Err(error) => Err(WriterError::Corrupt(error.to_string())),
        }
    }
}

fn again(error: StoreError) -> Result<End, WriterError> {
    match error {
        StoreError::Transient(fault) => Ok(End::Again(fault.to_string())),
        other => Err(WriterError::Corrupt(other.to_string())),
    }
}

fn source_end(error: ReadError) -> Result<End, WriterError> {
    match error {
        ReadError::Regressed(regression) => Ok(End::Regressed(format!("{regression:?}"))),
        ReadError::Unavailable(reason) => Ok(End::Again(reason.to_string())),
        other => Err(WriterError::Source(other)),
    }
}
