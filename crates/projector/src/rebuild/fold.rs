//! The whole log folded again: the state of every stream, and with it every row of the views.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use contract::entity::{Entity, counted};
use contract::event::{Event, EventData};
use contract::world::StreamState;
use ledger::stream::{Head, StreamId};
use store::rows::{LinkChange, Mend, SignedRow, StreamTasks, TaskRow, ViewKey, ViewRow, Views};
use store::{Store, StoreError};

use super::RebuildError;
use crate::views;

/// Rows that are put right by one statement.
const PART_ROWS: usize = 20_000;
/// Pages for each core that are read, taken apart, or wait to be folded: with one each, cores wait for the store, and the store for them.
const PAGES_AHEAD: usize = 3;

/// What is folded of a record; the rest goes where it was read, beside the fold.
struct Decoded {
    position: u64,
    stream: StreamId,
    head: Head,
    event: Event,
    /// How many disclosures are left of it.
    disclosures: u64,
}

/// Reads a record with what is left of its disclosures. Needs nothing of the records before it.
fn decode(SignedRow { position, jws, disclosures }: SignedRow) -> Result<Decoded, RebuildError> {
    let record = ledger::record::open(jws).map_err(|source| RebuildError::Record { position, source })?;
    let event = Event::from_record(&record, disclosures.iter().map(|one| one.encoded.as_str()))
        .map_err(|error| RebuildError::Event { position, reason: error.to_string() })?;
    let (head, disclosures) = (record.head(), disclosures.len() as u64);
    Ok(Decoded { position, stream: record.stream, head, event, disclosures })
}

/// Reads a page of records, then takes it apart on one core. Of those that were read, as many are taken apart at once as there are
/// cores, and those that came first before the others.
async fn decoded(
    page: impl Future<Output = Result<Vec<SignedRow>, StoreError>>,
) -> Result<Vec<Decoded>, RebuildError> {
    let page = page.await?;
    let work = move || page.into_iter().map(decode).collect();
    let decoding = tokio::task::spawn_blocking(move || rayon::scope(|_| work()));
    decoding.await.expect("decoding neither panics nor is cancelled")
}

/// Space, key and stream of a link.
type Link = (String, String, String);

/// A fold of the log, standing at some position. Holds the state of every stream: memory grows with the number of
/// streams, not with the number of records.
#[derive(Default)]
pub(super) struct Fold {
    streams: HashMap<String, StreamState>,
    counters: BTreeMap<String, u64>,
    links: HashSet<Link>,
    /// Disclosures it was folded with.
    pub(super) disclosures: u64,
    /// Position of the next record to fold.
    pub(super) next: u64,
}

impl Fold {
    /// Folds what was recorded since, up to where the log ends now. Meanwhile the pages behind are read and taken apart.
    pub(super) async fn catch_up(
        &mut self,
        store: &Store,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), RebuildError> {
        let mut scan = store.scan(self.next).await?;
        let end = scan.end();
        let mut ahead = VecDeque::new();
        loop {
            while ahead.len() < PAGES_AHEAD * rayon::current_num_threads()
                && let Some(page) = scan.next_signed()
            {
                ahead.push_back(tokio::spawn(decoded(page)));
            }
            let Some(oldest) = ahead.pop_front() else { return Ok(()) };
            for one in oldest.await.expect("reading neither panics nor is cancelled")? {
                self.fold(one)?;
            }
            progress(self.next, end);
        }
    }

    fn fold(
        &mut self,
        Decoded { position, stream, head, event, disclosures }: Decoded,
    ) -> Result<(), RebuildError> {
        let unknown = |reason: String| RebuildError::Event { position, reason };
        let stream = stream.as_str();
        let state = match self.streams.get_mut(stream) {
            Some(state) => state,
            None => {
                let entity = Entity::empty(stream).ok_or_else(|| unknown("no such kind of stream".into()))?;
                let fresh = StreamState { head, recorded_at: event.recorded_at, entity, changed: true };
                self.streams.entry(stream.to_owned()).or_insert(fresh)
            }
        };
        let before = state.entity.links(stream);
        state.entity.apply(&event);
        state.head = head;
        state.recorded_at = event.recorded_at;
        let now = state.entity.links(stream);
        let owned = |(space, key, stream): &(&'static str, String, String)| {
            ((*space).to_owned(), key.clone(), stream.clone())
        };
        for link in before.difference(&now) {
            self.links.remove(&owned(link));
        }
        self.links.extend(now.difference(&before).map(owned));
        if let (EventData::ContractDrafted(_), Some((counter, number))) = (&event.data, counted(stream)) {
            let value = self.counters.entry(counter.to_owned()).or_insert(0);
            *value = number.max(*value);
        }
        self.next = position + 1;
        self.disclosures += disclosures;
        Ok(())
    }

    /// Whether the views should have a row of this name.
    pub(super) fn names(&self, key: &ViewKey) -> bool {
        match key {
            ViewKey::StreamHead(stream) => self.streams.contains_key(stream),
            ViewKey::ContractView(id) => self.row(&contract_stream(id), views::contract).is_some(),
            ViewKey::CallView(stream) => self.row(stream, views::call).is_some(),
            ViewKey::Link(space, key, stream) => {
                self.links.contains(&(space.clone(), key.clone(), stream.clone()))
            }
            ViewKey::Task(stream, number) => {
                self.tasks(stream).iter().any(|task| i64::from(task.task) == *number)
            }
            ViewKey::Counter(name) => self.counters.contains_key(name),
        }
    }

    /// Whether the views should have this very row.
    pub(super) fn holds(&self, row: &ViewRow) -> bool {
        match row {
            ViewRow::StreamHead(row) => {
                self.streams.get(&row.stream).is_some_and(|state| views::head(&row.stream, state) == *row)
            }
            ViewRow::ContractView(row) => self.row(&row.stream, views::contract).as_ref() == Some(row),
            ViewRow::CallView(row) => self.row(&row.stream, views::call).as_ref() == Some(row),
            ViewRow::Link(..) => self.names(&row.key()),
            ViewRow::Task(row) => self.tasks(&row.stream).contains(row),
            ViewRow::Counter(name, value) => self.counters.get(name) == Some(value),
            ViewRow::Unreadable(_) => false,
        }
    }

    /// The names of all rows that the views should have.
    pub(super) fn keys(&self) -> impl Iterator<Item = ViewKey> {
        let streams = self.streams.iter().flat_map(|(stream, state)| {
            let own = match &state.entity {
                Entity::Contract(_) => Some(ViewKey::ContractView(views::contract_id(stream))),
                Entity::Call(_) => Some(ViewKey::CallView(stream.clone())),
                _ => None,
            };
            let tasks =
                self.tasks(stream).into_iter().map(|task| ViewKey::Task(task.stream, task.task.into()));
            [ViewKey::StreamHead(stream.clone())].into_iter().chain(own).chain(tasks)
        });
        let links = self.links.iter().cloned();
        let links = links.map(|(space, key, stream)| ViewKey::Link(space, key, stream));
        streams.chain(links).chain(self.counters.keys().cloned().map(ViewKey::Counter))
    }

    /// What makes the rows of these names what they should be, or takes them away.
    pub(super) fn mend(&self, wrong: &[ViewKey]) -> Mend {
        let (mut mend, mut written) = (Mend::default(), HashSet::new());
        for part in wrong.chunks(PART_ROWS) {
            let mut rows = Views::default();
            for key in part {
                self.put_right(key, &mut mend.removed, &mut written, &mut rows);
            }
            mend.changes.push(rows);
        }
        mend
    }

    /// All rows of a stream, but links, are written together, once.
    fn put_right<'a>(
        &'a self,
        key: &ViewKey,
        removed: &mut Vec<ViewKey>,
        written: &mut HashSet<&'a str>,
        rows: &mut Views,
    ) {
        let stream = match key {
            ViewKey::Link(space, name, stream) => {
                let (space, name, stream) = (space.clone(), name.clone(), stream.clone());
                return rows.links.push(LinkChange { add: self.names(key), space, key: name, stream });
            }
            // The tasks of a stream are replaced together, also where it should have none.
            ViewKey::Task(stream, _) => {
                return rows.tasks.push(StreamTasks { stream: stream.clone(), tasks: self.tasks(stream) });
            }
            _ if !self.names(key) => return removed.push(key.clone()),
            ViewKey::Counter(name) => {
                return rows
                    .counters
                    .extend(self.counters.get_key_value(name).map(|(name, value)| (name.clone(), *value)));
            }
            ViewKey::ContractView(id) => contract_stream(id),
            ViewKey::StreamHead(stream) | ViewKey::CallView(stream) => stream.clone(),
        };
        if let Some((stream, state)) = self.streams.get_key_value(&stream)
            && written.insert(stream)
        {
            views::add(stream, state, rows);
        }
    }

    /// The row that a stream has in one of the views.
    fn row<R>(&self, stream: &str, row: fn(&str, &StreamState) -> Option<R>) -> Option<R> {
        row(stream, self.streams.get(stream)?)
    }

    fn tasks(&self, stream: &str) -> Vec<TaskRow> {
        self.streams.get(stream).map(|state| views::tasks(stream, state)).unwrap_or_default()
    }
}

/// The stream of a contract, by the id in its view.
fn contract_stream(id: &str) -> String {
    format!("contract/{id}")
}
