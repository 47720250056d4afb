//! Folding the whole log again: to compare the views with it, or to put fresh ones in their place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use contract::entity::{Entity, counted};
use contract::event::{Event, EventData};
use contract::world::StreamState;
use ledger::record::{Record, RecordError};
use ledger::stream::Head;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use store::rows::{DisclosureRow, LinkChange, RecordRow, Views};
use store::{CommitError, Difference, Lease, Scan, Shadow, Store, StoreError};
use tokio::task::JoinHandle;

use crate::views;

/// Changed streams held back before they are written to the tables beside the live ones.
const FLUSH_STREAMS: usize = 20_000;
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
    /// The views could not be put in place.
    #[error("the rebuilt views were not put in place: {0}")]
    Swap(#[from] CommitError),
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

/// A record as it is folded.
struct Decoded {
    position: u64,
    record: Record,
    event: Event,
    /// How many disclosures are left of it.
    disclosures: u64,
}

/// Reads a record with what is left of its disclosures. Needs nothing of the records before it.
fn decode(row: &RecordRow, disclosures: &[DisclosureRow]) -> Result<Decoded, RebuildError> {
    let position = row.position;
    let record =
        ledger::record::open(&row.jws).map_err(|source| RebuildError::Record { position, source })?;
    let event = Event::from_record(&record, disclosures.iter().map(|d| d.encoded.as_str()))
        .map_err(|error| RebuildError::Event { position, reason: error.to_string() })?;
    Ok(Decoded { position, record, event, disclosures: disclosures.len() as u64 })
}

/// Records with what is left of their disclosures.
type Page = Vec<(RecordRow, Vec<DisclosureRow>)>;

/// Reads a page of records on all cores; they come back in order.
fn decode_page(page: &Page) -> Vec<Result<Decoded, RebuildError>> {
    page.par_iter().map(|(row, disclosures)| decode(row, disclosures)).collect()
}

/// A fold of the log, standing at some position. Holds the state of every stream: memory grows with the number of
/// streams, not with the number of records.
#[derive(Default)]
pub struct Refold {
    streams: HashMap<String, StreamState>,
    counters: BTreeMap<String, u64>,
    links: Vec<LinkChange>,
    changed: BTreeSet<String>,
    /// Disclosures it was folded with.
    disclosures: u64,
    /// Position of the next record to fold.
    pub next: u64,
}

impl Refold {
    /// Folds one record.
    ///
    /// # Errors
    /// [`RebuildError`] when the record cannot be read.
    pub fn push(&mut self, row: &RecordRow, disclosures: &[DisclosureRow]) -> Result<(), RebuildError> {
        self.fold(decode(row, disclosures)?)
    }

    fn fold(
        &mut self,
        Decoded { position, record, event, disclosures }: Decoded,
    ) -> Result<(), RebuildError> {
        let unknown = |reason: String| RebuildError::Event { position, reason };
        let stream = record.stream.as_str();
        let state = match self.streams.get_mut(stream) {
            Some(state) => state,
            None => {
                let entity = Entity::empty(stream).ok_or_else(|| unknown("no such kind of stream".into()))?;
                let head = Head { version: 0, prev: None };
                let fresh = StreamState { head, recorded_at: record.recorded_at, entity, changed: true };
                self.streams.entry(stream.to_owned()).or_insert(fresh)
            }
        };
        let before = state.entity.links(stream);
        state.entity.apply(&event);
        state.head = record.head();
        state.recorded_at = record.recorded_at;
        let now = state.entity.links(stream);
        let edit = |(space, key, stream): &(&'static str, String, String), add| LinkChange {
            space: (*space).to_owned(),
            key: key.clone(),
            stream: stream.clone(),
            add,
        };
        self.links.extend(before.difference(&now).map(|link| edit(link, false)));
        self.links.extend(now.difference(&before).map(|link| edit(link, true)));
        if let (EventData::ContractDrafted(_), Some((counter, number))) = (&event.data, counted(stream)) {
            let value = self.counters.entry(counter.to_owned()).or_insert(0);
            *value = number.max(*value);
        }
        if !self.changed.contains(stream) {
            self.changed.insert(stream.to_owned());
        }
        self.next = position + 1;
        self.disclosures += disclosures;
        Ok(())
    }

    /// Takes the view rows that changed since the last time.
    pub fn take_changes(&mut self) -> Views {
        let mut rows = Views::default();
        for stream in std::mem::take(&mut self.changed) {
            if let Some(state) = self.streams.get(&stream) {
                views::add(&stream, state, &mut rows);
            }
        }
        rows.links = std::mem::take(&mut self.links);
        rows.counters = self.counters.iter().map(|(name, value)| (name.clone(), *value)).collect();
        rows
    }

    fn is_due(&self) -> bool {
        self.changed.len() >= FLUSH_STREAMS
    }
}

/// Builds all views anew beside the live ones, from the log as it is now.
///
/// # Errors
/// [`RebuildError`].
pub async fn build(
    store: &Store,
    mut progress: impl FnMut(u64, u64),
) -> Result<(Shadow, Refold), RebuildError> {
    let shadow = store.shadow_begin().await?;
    let mut refold = Refold::default();
    catch_up(store, &shadow, &mut refold, &mut progress).await?;
    Ok((shadow, refold))
}

/// Folds what was recorded since into the views beside the live ones.
///
/// # Errors
/// [`RebuildError`].
pub async fn catch_up(
    store: &Store,
    shadow: &Shadow,
    refold: &mut Refold,
    progress: &mut impl FnMut(u64, u64),
) -> Result<(), RebuildError> {
    let scan = store.scan(refold.next).await?;
    let end = scan.end();
    let mut reading = Some(read(scan));
    let mut decoding: Option<JoinHandle<_>> = None;
    let mut writing = Writing::default();
    while reading.is_some() || decoding.is_some() {
        let decoded = match decoding.take() {
            Some(page) => page.await.expect("decoding neither panics nor is cancelled"),
            None => Vec::new(),
        };
        if let Some(page) = reading.take() {
            let (scan, page) = page.await.expect("reading neither panics nor is cancelled");
            if let Some(page) = page? {
                decoding = Some(tokio::task::spawn_blocking(move || decode_page(&page)));
                reading = Some(read(scan));
            }
        }
        // Meanwhile the next page is taken apart, and the one behind it read.
        for one in decoded {
            refold.fold(one?)?;
        }
        progress(refold.next, end);
        if refold.is_due() {
            writing.begin(shadow, refold.take_changes()).await?;
        }
    }
    writing.begin(shadow, refold.take_changes()).await?;
    writing.end().await
}

type Reading = JoinHandle<(Scan, Result<Option<Page>, StoreError>)>;

fn read(mut scan: Scan) -> Reading {
    tokio::spawn(async move {
        let page = scan.next_page().await;
        (scan, page)
    })
}

/// Changes that are written while the fold goes on: one portion at a time, in order.
#[derive(Default)]
struct Writing(Option<JoinHandle<Result<(), StoreError>>>);

impl Writing {
    /// Begins the next portion once the one before is written.
    async fn begin(&mut self, shadow: &Shadow, changes: Views) -> Result<(), RebuildError> {
        self.end().await?;
        let shadow = shadow.clone();
        self.0 = Some(tokio::spawn(async move { shadow.apply(changes).await }));
        Ok(())
    }

    async fn end(&mut self) -> Result<(), RebuildError> {
        match self.0.take() {
            Some(portion) => Ok(portion.await.expect("writing neither panics nor is cancelled")?),
            None => Ok(()),
        }
    }
}

/// Says in which rows the live views differ from a fresh fold of the log. Exact while nothing is written.
///
/// # Errors
/// [`RebuildError`].
pub async fn compare(store: &Store, progress: impl FnMut(u64, u64)) -> Result<Vec<Difference>, RebuildError> {
    let (shadow, _) = build(store, progress).await?;
    let differences = shadow.compare().await?;
    shadow.discard().await?;
    Ok(differences)
}

/// Puts freshly folded views in the place of the live ones, beside a projector that goes on.
///
/// They are built while it writes. Then the lease is taken from it for as long as the rest takes: what came meanwhile is
/// folded in, and the views are swapped under the fence. The projector notices at its next write, waits, and begins again
/// from what the store holds once the lease is given back. Inputs are taken all the time.
///
/// # Errors
/// [`RebuildError`]; then the live views are as they were.
pub async fn replace(
    store: &Store,
    owner: &str,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, RebuildError> {
    let (shadow, mut refold) = build(store, &mut progress).await?;
    // Building took long, this does not: so little is left for the time nobody writes.
    catch_up(store, &shadow, &mut refold, &mut progress).await?;
    let lease = store.seize_lease(owner, HOLD_TTL).await?;
    let replaced = tokio::select! {
        replaced = put_in_place(store, &lease, shadow, refold, &mut progress) => replaced,
        error = hold(store, &lease) => Err(error.into()),
    };
    // If this fails, the lease runs out by itself.
    let _ = store.release_lease(&lease).await;
    replaced
}

/// The part under the lease: the log and the disclosures stay as they are.
async fn put_in_place(
    store: &Store,
    lease: &Lease,
    shadow: Shadow,
    mut refold: Refold,
    progress: &mut impl FnMut(u64, u64),
) -> Result<u64, RebuildError> {
    catch_up(store, &shadow, &mut refold, progress).await?;
    let (shadow, refold) = if store.disclosures_before(refold.next).await? == refold.disclosures {
        (shadow, refold)
    } else {
        // Something was erased while it was being folded: what was built may still hold it.
        build(store, progress).await?
    };
    shadow.swap(lease, refold.next).await?;
    Ok(refold.next)
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
