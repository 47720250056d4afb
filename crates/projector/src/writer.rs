//! The loop of the one writer.

mod forget;

use std::sync::Arc;
use std::time::Duration;

use contract::person::Index;
use journal::{Batch, ReadError, Source};
use ledger::key::{PublicKey, RecordKey};
use ledger::tree::{Tree, TreeError};
use store::rows::SourceMove;
use store::{CommitError, Lease, Store, StoreError};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::erasure;
use crate::faults::Faults;
use crate::genesis::{self, Statement};
use crate::pipeline::{Pipeline, PipelineError};
use crate::plan::{Desk, PlanError, Read, Tail};
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
    /// Computes under which tokens persons are found; none keeps no index and forgets nobody.
    pub index: Option<Index>,
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
    /// Written, or about to be.
    Taken,
    /// Planning it panicked; nothing of it was written.
    Panicked,
}

struct Tenure<'w> {
    writer: &'w Writer,
    pipeline: Pipeline,
    source: Source,
    /// Where the next read begins.
    position: u64,
    /// What the store holds as the position once everything is written; differs while a source that regressed is read
    /// again.
    stored: u64,
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
                    let lease = tenure.pipeline.lease().clone();
                    self.active.send_replace(Some(lease.clone()));
                    let end = tenure.work(&stop).await;
                    if let Ok(End::Stopped) = end {
                        return Ok(Some(lease));
                    }
                    self.active.send_replace(None);
                    // If this fails, the lease runs out by itself.
                    let _ = self.store.release_lease(&lease).await;
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
        let (tail, stored) = match self.tip(source.identity()).await? {
            Ok(found) => found,
            Err(end) => return Ok(Err(end)),
        };
        let pipeline = Pipeline::new(self.store.clone(), lease, &self.origin, tail);
        let pipeline = pipeline.with_faults(self.faults.clone());
        let (renew_at, signer) = (Instant::now() + LEASE_RENEW, Signer::new(self.key_of.clone()));
        let mut tenure =
            Tenure { writer: self, pipeline, source, position: stored, stored, renew_at, signer };
        // Asked before anybody is told that this process writes. Another one may have the key: it must not have to wait.
        if let Err(end) = tenure.key()? {
            let _ = self.store.release_lease(tenure.pipeline.lease()).await;
            return Ok(Err(end));
        }
        if from_start {
            tenure.position = 0;
        }
        if let Err(error) = tenure.check_source().await? {
            return Ok(Err(error));
        }
        if let Err(error) = tenure.ensure_index().await? {
            return Ok(Err(error));
        }
        Ok(Ok(tenure))
    }

    /// Reads where the log ends and how far the source was read.
    async fn tip(&self, source: &str) -> Result<Result<(Tail, u64), End>, WriterError> {
        let tip = match self.store.tip().await {
            Ok(tip) => tip,
            Err(error) => return again(error).map(Err),
        };
        let tree = Tree::from_edge(tip.size, &tip.edge)?;
        let ring = match signer::ring(&self.store, &self.origin, Some(self.root.clone())).await {
            Ok(ring) => Arc::new(ring),
            Err(RingError::Store(error)) => return again(error).map(Err),
            Err(error) => return Err(WriterError::Corrupt(error.to_string())),
        };
        let tail = Tail { tree, last_recorded_at: tip.last_recorded_at, ring };
        let stored = tip.read_to.iter().find(|p| p.source == source).map_or(0, |p| p.position);
        Ok(Ok((tail, stored)))
    }
}

impl Tenure<'_> {
    /// The key that signs what comes next. Nothing is signed while it is not here.
    fn key(&mut self) -> Result<Result<Arc<RecordKey>, End>, WriterError> {
        let tail = self.pipeline.tail();
        let at = self.signer.at(&tail.ring, tail.tree.size(), &self.writer.statements);
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
        if self.pipeline.tail().tree.size() == 0
            && let Err(end) = self.begin_log().await?
        {
            return Ok(end);
        }
        loop {
            let batch = match self.read(stop).await? {
                Ok(batch) => batch,
                Err(end) => return Ok(end),
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

    /// Waits for inputs; meanwhile, for what is being written.
    async fn read(&mut self, stop: &CancellationToken) -> Result<Result<Batch, End>, WriterError> {
        let read = self.source.read(self.position, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX, READ_WAIT);
        tokio::pin!(read);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                written = self.pipeline.settle(), if self.pipeline.is_writing() => {
                    if let Err(error) = written {
                        return pipeline_end(error).map(Err);
                    }
                }
                batch = &mut read => {
                    return match batch {
                        Ok(batch) => Ok(Ok(batch)),
                        Err(error) => source_end(error).map(Err),
                    };
                }
            }
        }
        // A last checkpoint is signed over what is written by then.
        match self.pipeline.settle().await {
            Ok(()) => Ok(Err(End::Stopped)),
            Err(error) => pipeline_end(error).map(Err),
        }
    }

    /// Writes the first records. These are our own: if planning them panics, going on would make a log without keys.
    async fn begin_log(&mut self) -> Result<Result<(), End>, WriterError> {
        let reads: Arc<[Read]> = genesis::reads(&self.writer.statements).into();
        self.pipeline.put_desk(Desk { index: self.writer.index.clone(), ..Desk::default() });
        match self.handle(&reads, None).await? {
            Ok(Handled::Taken) => Ok(Ok(())),
            Ok(Handled::Panicked) => Err(WriterError::Refused("planning the first records panicked".into())),
            Err(end) => Ok(Err(end)),
        }
    }

    /// Takes a batch in whatever is in it. Where planning it panics, it is halved until the input that causes it stands
    /// alone; that one is set aside with its bytes, in its place in the order, and the others go on.
    async fn take_in(&mut self, batch: Portion) -> Result<Result<(), End>, WriterError> {
        let alone = |read: &Read| erasure::asked(read).is_some();
        let mut waiting: Vec<Portion> =
            batch.by_keys().into_iter().flat_map(|portion| portion.apart(alone)).collect();
        while let Some(portion) = waiting.pop() {
            let desk = match self.desk(&portion).await? {
                Ok(desk) => Desk { positions: portion.positions().to_vec(), ..desk },
                Err(end) => return Ok(Err(end)),
            };
            let erases = desk.dossier.is_some();
            let source = self.source.identity().to_owned();
            let read_to = SourceMove { source, from: self.stored, to: portion.through };
            self.pipeline.put_desk(desk);
            match self.handle(&portion.reads, Some(read_to)).await? {
                Ok(Handled::Taken) => {
                    if erases {
                        // Before it is overwritten it has to be gone.
                        if let Err(error) = self.pipeline.settle().await {
                            return pipeline_end(error).map(Err);
                        }
                        self.scrub().await;
                    }
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

    /// Plans one portion and hands it over to be written. `Err` inside: the tenure ends.
    async fn handle(
        &mut self,
        reads: &Arc<[Read]>,
        read_to: Option<SourceMove>,
    ) -> Result<Result<Handled, End>, WriterError> {
        let handled = match self.key()? {
            Ok(key) => self.plan_and_write(key, reads, read_to).await,
            // What was signed before is written before another may go on with the key that is not here.
            Err(end) => match self.pipeline.settle().await {
                Ok(()) => return Ok(Err(end)),
                Err(error) => Err(error),
            },
        };
        match handled {
            Ok(handled) => Ok(Ok(handled)),
            Err(error) => pipeline_end(error).map(Err),
        }
    }

    async fn plan_and_write(
        &mut self,
        key: Arc<RecordKey>,
        reads: &Arc<[Read]>,
        read_to: Option<SourceMove>,
    ) -> Result<Handled, PipelineError> {
        let planned = self.pipeline.plan(key, reads, read_to).await?;
        let Some(planned) = planned else { return Ok(Handled::Panicked) };
        self.pipeline.write(planned).await?;
        if !self.writer.store.loads_beside(reads.len()) {
            self.pipeline.settle().await?;
        }
        Ok(Handled::Taken)
    }

    async fn keep_lease(&mut self) -> Result<bool, WriterError> {
        if Instant::now() < self.renew_at {
            return Ok(true);
        }
        self.renew_at = Instant::now() + LEASE_RENEW;
        match self.writer.store.renew_lease(self.pipeline.lease(), LEASE_TTL).await {
            Ok(held) => Ok(held),
            // The fence decides at the next commit; being unable to renew is no proof of having lost it.
            Err(StoreError::Transient(_)) => Ok(true),
            Err(error) => Err(WriterError::Corrupt(error.to_string())),
        }
    }
}

/// What to do when a batch cannot be planned or was not written.
fn pipeline_end(error: PipelineError) -> Result<End, WriterError> {
    match error {
        PipelineError::Load(error) => again(error),
        PipelineError::Plan(error) => Err(error.into()),
        PipelineError::Ending => Ok(End::Again("the program is ending".into())),
        PipelineError::Commit(error) => match error {
            CommitError::FenceLost => Ok(End::Again("the lease was lost".into())),
            // Somebody else wrote, or our own write took effect though its answer was lost: begin again from the tip.
            CommitError::Conflict(_) | CommitError::Transient(_) => Ok(End::Again(error.to_string())),
            CommitError::Corrupt(fault) => Err(WriterError::Corrupt(fault.to_string())),
            CommitError::Permanent(fault) => Err(WriterError::Refused(fault.to_string())),
        },
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
