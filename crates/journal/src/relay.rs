//! From the journal to the bus, and again whenever the bus forgets.
//!
//! An acknowledgement from NATS is taken as a hint, not as proof. On every new connection, after every failure and now
//! and then in between, the relay compares what it believes to be in the stream with the stream, and publishes again
//! what is not there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::entry::Positioned;
use crate::gate::GateError;
use crate::jetstream::{Bus, BusError, IN_FLIGHT_MAX, StreamExtent, outgoing, pauses};
use crate::journal::{AppendError, Journal};
use crate::source::ReadError;

/// Rows taken from the journal at once: while they are published, those before are marked and the next are read.
const PORTION_ROWS_MAX: usize = 2 * IN_FLIGHT_MAX;
/// Payload bytes of these.
const PORTION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Rows published before they are marked.
const MARK_ROWS: usize = 512;
/// How long rows that are published stay unmarked: each marking is a transaction with a sync of its own.
const MARK_EVERY: Duration = Duration::from_millis(50);

/// How a relay keeps house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayOptions {
    /// Time between two looks at the stream while nothing seems wrong: finds a stream that was deleted or cut off without
    /// the connection noticing.
    pub audit_every: Duration,
    /// Delete covered rows from the journal this long after they were received; `None` never deletes. Not zero: in
    /// this time a stream that lost its tail is noticed before the rows that refill it are gone.
    pub keep: Option<Duration>,
}

impl Default for RelayOptions {
    /// Look every 30 seconds, keep rows for a day.
    fn default() -> Self {
        RelayOptions { audit_every: Duration::from_secs(30), keep: Some(Duration::from_secs(24 * 3600)) }
    }
}

/// Why a relay stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The server or a stream is not, or is no longer, what it has to be.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The journal cannot be written.
    #[error(transparent)]
    Write(#[from] AppendError),
}

/// How a relay is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelayStatus {
    /// The stream it publishes to, once it has seen it.
    pub incarnation: Option<String>,
    /// Rows acknowledged since the start, repeats included.
    pub relayed: u64,
    /// Rows found missing from the stream, to be published again.
    pub forgotten: u64,
    /// What keeps it from publishing right now.
    pub trouble: Option<String>,
}

/// Publishes a journal's rows to a bus, in order, for as long as it runs. One per journal.
pub struct Relay {
    journal: Journal,
    bus: Bus,
    options: RelayOptions,
    status: watch::Sender<RelayStatus>,
}

/// What the last look at the stream found, and over which connection.
struct Audit {
    generation: u64,
    at: Instant,
    incarnation: String,
    /// Rows up to here were published since.
    published: u64,
    /// Published and not yet marked in the journal. Dying now publishes them again under the same ids.
    owed: Vec<(u64, u64)>,
    marked_at: Instant,
}

impl Audit {
    fn owes_marks(&self) -> bool {
        self.owed.len() >= MARK_ROWS || (!self.owed.is_empty() && self.marked_at.elapsed() >= MARK_EVERY)
    }
}

/// Why one round did not come to its end.
enum Trouble {
    Passing(String),
    Final(RelayError),
}

impl From<BusError> for Trouble {
    fn from(error: BusError) -> Trouble {
        match error {
            BusError::Gate(error) => Trouble::Final(error.into()),
            other => Trouble::Passing(other.to_string()),
        }
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Trouble {
        Trouble::Final(error.into())
    }
}

impl From<AppendError> for Trouble {
    fn from(error: AppendError) -> Trouble {
        match error {
            AppendError::Full => Trouble::Passing(error.to_string()),
            other => Trouble::Final(other.into()),
        }
    }
}

impl Relay {
    /// A relay that is not running yet.
    #[must_use]
    pub fn new(journal: Journal, bus: Bus, options: RelayOptions) -> Relay {
        Relay { journal, bus, options, status: watch::Sender::default() }
    }

    /// Follows how it is doing.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<RelayStatus> {
        self.status.subscribe()
    }

    /// Runs until `stop` is cancelled. Trouble with NATS is waited out; dropping the future is safe at any point, since
    /// what was published and not marked is published again under the same id.
    ///
    /// # Errors
    /// [`RelayError`]; nothing is lost, the rows stay in the journal.
    pub async fn run(self, stop: CancellationToken) -> Result<(), RelayError> {
        let mut audit = None;
        let mut pauses = pauses();
        while !stop.is_cancelled() {
            let trouble = match self.round(&mut audit, &stop).await {
                Ok(()) => {
                    self.status.send_if_modified(|status| status.trouble.take().is_some());
                    pauses = crate::jetstream::pauses();
                    continue;
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing(message)) => message,
            };
            audit = None;
            tracing::warn!(trouble, "the relay waits");
            self.status.send_modify(|status| status.trouble = Some(trouble));
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pauses.next().unwrap_or_default()) => {}
            }
        }
        match audit.as_mut().map(|audit| self.mark(audit)) {
            Some(marking) => marking.await.or_else(|trouble| match trouble {
                Trouble::Final(error) => Err(error),
                Trouble::Passing(_) => Ok(()),
            }),
            None => Ok(()),
        }
    }

    /// Looks at the stream if that is due, then publishes what waits, or waits for something to publish.
    async fn round(&self, audit: &mut Option<Audit>, stop: &CancellationToken) -> Result<(), Trouble> {
        let mut current = match audit.take() {
            Some(current) if !self.is_due(&current) => current,
            Some(mut current) if current.generation == self.bus.generation() => {
                self.mark(&mut current).await?;
                self.audit().await?
            }
            _ => self.audit().await?,
        };
        // Subscribed before looking, so that nothing appended meanwhile is slept through.
        let mut appended = self.journal.subscribe();
        appended.mark_unchanged();
        let rows = self.next_rows(current.published).await?;
        if !rows.is_empty() {
            self.publish(&mut current, rows, stop).await?;
            *audit = Some(current);
            return Ok(());
        }
        let mut connected = self.bus.connected();
        connected.mark_unchanged();
        let next_audit = current.at + self.options.audit_every;
        let next_mark = current.marked_at + MARK_EVERY;
        let owes = !current.owed.is_empty();
        let current = audit.insert(current);
        tokio::select! {
            () = stop.cancelled() => {}
            _ = appended.changed() => {}
            _ = connected.changed() => *audit = None,
            () = tokio::time::sleep_until(next_mark), if owes => self.mark(current).await?,
            () = tokio::time::sleep_until(next_audit) => {}
        }
        Ok(())
    }

    /// Whether the stream has to be looked at again.
    fn is_due(&self, audit: &Audit) -> bool {
        audit.generation != self.bus.generation() || audit.at.elapsed() >= self.options.audit_every
    }

    async fn next_rows(&self, after: u64) -> Result<Vec<Positioned>, ReadError> {
        self.journal.unrelayed(after, PORTION_ROWS_MAX, PORTION_BYTES_MAX).await
    }

    /// Publishes these rows and what comes behind them, until nothing waits. While some are on their way, those before are
    /// marked where that is due and the next are read, so that neither the disk nor the network waits for the other.
    async fn publish(
        &self,
        audit: &mut Audit,
        mut rows: Vec<Positioned>,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        while let Some(last) = rows.last().map(|row| row.position) {
            let marks = if audit.owes_marks() { std::mem::take(&mut audit.owed) } else { Vec::new() };
            let (sent, marked, next) =
                tokio::join!(self.send(audit, rows), self.mark_rows(audit, marks), self.next_rows(last));
            if marked? {
                audit.marked_at = Instant::now();
            }
            let (acks, trouble) = sent?;
            audit.owed.extend(acks);
            if let Some(trouble) = trouble {
                self.mark(audit).await?;
                return Err(trouble);
            }
            audit.published = last;
            rows = if stop.is_cancelled() || self.is_due(audit) { Vec::new() } else { next? };
        }
        Ok(())
    }

    /// Publishes rows. Gives those acknowledged, and what kept the others from it.
    async fn send(
        &self,
        audit: &Audit,
        rows: Vec<Positioned>,
    ) -> Result<(Vec<(u64, u64)>, Option<Trouble>), Trouble> {
        let options = self.bus.options();
        let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
        let messages = rows.into_iter().map(|row| outgoing(&options.root, options.shard, row.entry));
        let (acks, error) = self.bus.publish_run(&options.input_stream, messages).await;
        // Over another connection than the one the stream was looked at, an acknowledgement may speak of another stream.
        if self.bus.generation() != audit.generation {
            return Err(Trouble::Passing("reconnected while publishing".to_owned()));
        }
        let acks = positions.into_iter().zip(acks.iter().map(|ack| ack.sequence)).collect();
        Ok((acks, error.map(|error| Trouble::Passing(error.to_string()))))
    }

    /// Notes which rows are in the stream.
    async fn mark(&self, audit: &mut Audit) -> Result<(), Trouble> {
        let marks = std::mem::take(&mut audit.owed);
        self.mark_rows(audit, marks).await?;
        audit.marked_at = Instant::now();
        Ok(())
    }

    /// Notes that these rows are in the stream. Says whether there were any.
    async fn mark_rows(&self, audit: &Audit, acks: Vec<(u64, u64)>) -> Result<bool, Trouble> {
        if acks.is_empty() {
            return Ok(false);
        }
        let relayed = acks.len() as u64;
        self.journal.mark_relayed(&audit.incarnation, acks).await?;
        self.status.send_modify(|status| status.relayed += relayed);
        Ok(true)
    }

    /// Compares the journal's marks with the stream and takes back those the stream does not bear out.
    async fn audit(&self) -> Result<Audit, Trouble> {
        let generation = self.bus.generation();
        let at = Instant::now();
        // After a reconnection it may be another server, or one that lost its streams.
        self.bus.ensure().await?;
        // Read before the stream is: a word given after the look could be about messages not looked at.
        let covered = match self.bus.covered().await {
            Err(BusError::NoStream(_)) => None,
            covered => covered?,
        };
        let mut extent = self.bus.extent().await?;
        let covered = covered.filter(|covered| covered.source == extent.incarnation);
        extent.last = self.last_borne_out(&extent).await?;
        let floor = covered.as_ref().map_or(0, |covered| covered.position);
        let forgotten = self.journal.reset_relayed(&extent, floor).await?;
        if forgotten > 0 {
            tracing::warn!(
                forgotten,
                stream = extent.incarnation,
                "the stream has forgotten; publishing again"
            );
        }
        if let (Some(keep), Some(covered)) = (self.options.keep, covered) {
            // Decides only how long a covered row stays; nothing that is folded depends on it.
            #[allow(clippy::disallowed_methods)]
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let before = i64::try_from(now.saturating_sub(keep).as_millis()).unwrap_or(0);
            self.journal.prune(&covered, before).await?;
        }
        let incarnation = extent.incarnation;
        self.status.send_modify(|status| {
            status.forgotten += forgotten;
            status.incarnation = Some(incarnation.clone());
        });
        Ok(Audit { generation, at, incarnation, published: 0, owed: Vec::new(), marked_at: at })
    }

    /// The highest sequence up to which this journal's marks are true. A stream loses its tail and may have grown again
    /// since, with other messages at the old sequences; so it is asked for the id at the highest mark, and if that is
    /// another, for marks further down, halving the distance.
    async fn last_borne_out(&self, extent: &StreamExtent) -> Result<u64, Trouble> {
        let highest = self.journal.relayed_at_or_below(&extent.incarnation, extent.last).await?;
        let Some(highest) = highest.filter(|row| row.sequence >= extent.first) else {
            return Ok(extent.last);
        };
        if self.bus.id_at(highest.sequence).await? == Some(highest.id) {
            return Ok(extent.last);
        }
        let mut good = extent.first.saturating_sub(1);
        let mut bad = highest.sequence;
        while good + 1 < bad {
            let middle = good + (bad - good) / 2;
            let row = self.journal.relayed_at_or_below(&extent.incarnation, middle).await?;
            match row.filter(|row| row.sequence > good) {
                None => good = middle,
                Some(row) if self.bus.id_at(row.sequence).await? == Some(row.id) => good = middle,
                Some(row) => bad = row.sequence,
            }
        }
        Ok(bad - 1)
    }
}
