//! The read half of the store.

use std::fmt;
use std::ops::Range;

use ledger::hash::Hash;
use ledger::tile::{TileId, TileSet};
use ledger::time::Timestamp;
use uuid::Uuid;

use crate::apart::apart;
use crate::board::Board;
use crate::error::StoreError;
use crate::lease::LeaseStatus;
use crate::rows::{
    ApiKeyRow, CallRow, CheckpointRow, ContractRow, DisclosureRow, InboxRow, Loaded, Needs, PersonRow,
    RecordRow, RepeatRow, SignedRow, StreamRow, TaskRow, Tip, ViewKey, ViewRow, ViewTable, WorkRow,
};
use crate::scan::{Scan, ViewScan};
use crate::store::{Backend, on_backend};

/// Which contracts are listed. What is left out does not restrict.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContractFilter {
    /// In this status.
    pub status: Option<String>,
    /// Of this type.
    pub contract_type: Option<String>,
    /// With a party of this number: contracts linked from it in the space `phone`.
    pub phone: Option<String>,
}

impl fmt::Debug for ContractFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContractFilter")
            .field("status", &self.status)
            .field("contract_type", &self.contract_type)
            .field("phone", &self.phone.as_ref().map(|_| "…"))
            .finish()
    }
}

/// Which part of a list is given, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many.
    pub limit: u32,
    /// Leave out so many first.
    pub offset: u64,
    /// Only those behind this one: `created_at` and id of the last contract of the page before. Unlike an offset it
    /// does not slip when new contracts come in.
    pub before: Option<(Timestamp, String)>,
}

/// A part of a list of contracts.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContractPage {
    /// Contracts, newest first, with the folded state of their streams (JSON).
    pub rows: Vec<(ContractRow, String)>,
    /// How many the filter lets through, on all pages together.
    pub total: u64,
}

impl fmt::Debug for ContractPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self.rows.iter().map(|(row, _)| row).collect();
        f.debug_struct("ContractPage").field("rows", &rows).field("total", &self.total).finish()
    }
}

/// Numbers for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Size of the log.
    pub records: u64,
    /// Size of the newest checkpoint.
    pub checkpointed: u64,
    /// Inputs in quarantine.
    pub quarantined: u64,
    /// Open tasks.
    pub tasks: u64,
    /// Calls.
    pub calls: u64,
    /// Contracts by status.
    pub contracts: Vec<(String, u64)>,
}

/// The half of the store that cannot write: its connections are read-only. Cheap to clone.
///
/// All methods fail with [`StoreError`] as its variants say, and with nothing else.
#[derive(Clone)]
pub struct Reader {
    pub(crate) backend: Backend,
    pub(crate) board: Board,
}

impl Reader {
    /// Where to wait for outcomes and for the log to grow.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// `postgres` or `sqlite`.
    pub fn backend_name(&self) -> &'static str {
        match self.backend {
            Backend::Postgres(_) => "postgres",
            Backend::Sqlite(_) => "sqlite",
        }
    }

    /// Where the log ends, and how far each source has been read: of one moment.
    pub async fn tip(&self) -> Result<Tip, StoreError> {
        on_backend!(self, db => db.tip())
    }

    /// What a batch of inputs may depend on, of one moment.
    pub async fn load(&self, needs: &Needs) -> Result<Loaded, StoreError> {
        let needs = needs.clone();
        on_backend!(self, db => db.load(needs))
    }

    /// Outcome of an input (JSON), if it was handled.
    pub async fn outcome(&self, input: Uuid) -> Result<Option<String>, StoreError> {
        on_backend!(self, db => db.outcome(input))
    }

    /// How many disclosures the records before this position have. They come with their records and can only be erased,
    /// so as many as before are the same as before.
    pub async fn disclosures_before(&self, position: u64) -> Result<u64, StoreError> {
        on_backend!(self, db => db.disclosures_before(position))
    }

    /// Inputs in quarantine, oldest first.
    pub async fn quarantined(&self, offset: u64, max: u32) -> Result<Vec<InboxRow>, StoreError> {
        on_backend!(self, db => db.quarantined(offset, max))
    }

    /// At most `max` records from position `from` on, in order.
    pub async fn records(&self, from: u64, max: u32) -> Result<Vec<RecordRow>, StoreError> {
        on_backend!(self, db => db.records(from, max))
    }

    /// The records in a range of positions, in order, as they were signed, with their disclosures of the same moment.
    pub async fn signed(&self, positions: Range<u64>) -> Result<Vec<SignedRow>, StoreError> {
        on_backend!(self, db => db.signed(positions))
    }

    /// At most `max` records of a stream from `from_version` (1-based) on, in order.
    pub async fn stream_records(
        &self,
        stream: &str,
        from_version: u64,
        max: u32,
    ) -> Result<Vec<RecordRow>, StoreError> {
        let stream = stream.to_owned();
        on_backend!(self, db => db.stream_records(stream, from_version, max))
    }

    /// The record at a position.
    pub async fn record(&self, position: u64) -> Result<Option<RecordRow>, StoreError> {
        Ok(self.records(position, 1).await?.into_iter().find(|record| record.position == position))
    }

    /// The record of an id.
    pub async fn record_by_id(&self, id: Uuid) -> Result<Option<RecordRow>, StoreError> {
        on_backend!(self, db => db.record_by_id(id))
    }

    /// What is left of the disclosures of the records in a range of positions, in order.
    pub async fn disclosures(&self, positions: Range<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        on_backend!(self, db => db.disclosures(positions))
    }

    /// What is left of the disclosures of these records, in order of position.
    pub async fn disclosures_of(&self, positions: &[u64]) -> Result<Vec<DisclosureRow>, StoreError> {
        let positions = positions.to_vec();
        on_backend!(self, db => db.disclosures_of(positions))
    }

    /// The hashes of a tile, or `None` when the log is too small to have it at this width. A partial tile is served
    /// long after the log has grown beyond it.
    pub async fn tile(&self, tile: TileId) -> Result<Option<Vec<Hash>>, StoreError> {
        Ok(self.tiles(&[tile]).await?.take(&tile))
    }

    /// Those of these tiles that the log is large enough to have at their widths, asked for at once.
    pub async fn tiles(&self, tiles: &[TileId]) -> Result<TileSet, StoreError> {
        let tiles = tiles.to_vec();
        on_backend!(self, db => db.tiles(tiles))
    }

    /// Head and state of a stream.
    pub async fn stream(&self, stream: &str) -> Result<Option<StreamRow>, StoreError> {
        Ok(self.streams(&[stream.to_owned()]).await?.pop())
    }

    /// Heads and states of those of the streams that exist, by name.
    pub async fn streams(&self, streams: &[String]) -> Result<Vec<StreamRow>, StoreError> {
        let streams = streams.to_vec();
        on_backend!(self, db => db.streams(streams))
    }

    /// A contract and its state (JSON).
    pub async fn contract(&self, contract_id: &str) -> Result<Option<(ContractRow, String)>, StoreError> {
        let id = contract_id.to_owned();
        on_backend!(self, db => db.contract(id))
    }

    /// The contract whose contract.json has this SHA-256, and its state; the oldest, should there be more.
    pub async fn contract_by_document(
        &self,
        document_sha256: Hash,
    ) -> Result<Option<(ContractRow, String)>, StoreError> {
        on_backend!(self, db => db.contract_by_document(document_sha256))
    }

    /// A part of the list of contracts, newest first.
    pub async fn contracts_page(
        &self,
        filter: &ContractFilter,
        page: &Page,
    ) -> Result<ContractPage, StoreError> {
        let (filter, page) = (filter.clone(), page.clone());
        on_backend!(self, db => db.contracts_page(filter, page))
    }

    /// A call by the name of its stream, which is made of the provider and the id it gave.
    pub async fn call(&self, stream: &str) -> Result<Option<CallRow>, StoreError> {
        let stream = stream.to_owned();
        on_backend!(self, db => db.call(stream))
    }

    /// At most `max` calls without an end of which nothing was recorded since `before`, longest silent first. Those that
    /// are not looked for any more are left out.
    pub async fn open_calls(&self, before: Timestamp, max: u32) -> Result<Vec<CallRow>, StoreError> {
        on_backend!(self, db => db.open_calls(before, max))
    }

    /// At most `max` facts of a stream that were told again, in the order in which they came.
    pub async fn repeats(&self, stream: &str, max: u32) -> Result<Vec<RepeatRow>, StoreError> {
        let stream = stream.to_owned();
        on_backend!(self, db => db.repeats(stream, max))
    }

    /// When an input came in; `None` while it is not folded.
    pub async fn received_at(&self, input: Uuid) -> Result<Option<Timestamp>, StoreError> {
        on_backend!(self, db => db.received_at(input))
    }

    /// The streams a key leads to, by name.
    pub async fn links(&self, space: &str, key: &str) -> Result<Vec<String>, StoreError> {
        let (space, key) = (space.to_owned(), key.to_owned());
        on_backend!(self, db => db.links(space, key))
    }

    /// For each of these keys, named by space and key, the streams it leads to, by name, with heads and states: of one
    /// moment, and asked for at once.
    pub async fn linked(&self, keys: &[(&str, &str)]) -> Result<Vec<Vec<StreamRow>>, StoreError> {
        let keys = keys.iter().map(|(space, key)| ((*space).to_owned(), (*key).to_owned())).collect();
        match &self.backend {
            // Which asks in a task of its own.
            Backend::Postgres(db) => db.linked(keys).await,
            Backend::Sqlite(db) => db.linked(keys).await,
        }
    }

    /// At most `max` tasks of a kind that may be tried at `now`, longest due first.
    pub async fn tasks_due(&self, kind: &str, now: Timestamp, max: u32) -> Result<Vec<TaskRow>, StoreError> {
        let kind = kind.to_owned();
        on_backend!(self, db => db.tasks_due(kind, now, max))
    }

    /// At most `max` open tasks of all kinds, whether or not they may be tried yet.
    pub async fn tasks(&self, max: u32) -> Result<Vec<TaskRow>, StoreError> {
        on_backend!(self, db => db.tasks(max))
    }

    /// At most `max` checkpoints of `from_size` records or more, smallest first.
    pub async fn checkpoints(&self, from_size: u64, max: u32) -> Result<Vec<CheckpointRow>, StoreError> {
        on_backend!(self, db => db.checkpoints(from_size, max))
    }

    /// The largest checkpoint.
    pub async fn latest_checkpoint(&self) -> Result<Option<CheckpointRow>, StoreError> {
        on_backend!(self, db => db.latest_checkpoint())
    }

    /// Position of the next record a follower will handle; `None` for one never heard of.
    pub async fn cursor(&self, follower: &str) -> Result<Option<u64>, StoreError> {
        let follower = follower.to_owned();
        on_backend!(self, db => db.cursor(follower))
    }

    /// A key of the interface by its public id, whether or not it still works.
    pub async fn api_key(&self, id: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        let id = id.to_owned();
        on_backend!(self, db => db.api_key(id))
    }

    /// All keys of the interface, oldest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        on_backend!(self, db => db.api_keys())
    }

    /// Positions of the records that name the person of a token.
    pub async fn person(&self, token: Hash) -> Result<Vec<u64>, StoreError> {
        on_backend!(self, db => db.person(token.into()))
    }

    /// Which key the index of persons was made with; none before it was made.
    pub async fn person_key(&self) -> Result<Option<Hash>, StoreError> {
        on_backend!(self, db => db.person_key())
    }

    /// The index rows of `max` positions from `from` on, in order.
    pub async fn person_rows(&self, from: u64, max: u32) -> Result<Vec<PersonRow>, StoreError> {
        on_backend!(self, db => db.person_rows(from, max))
    }

    /// What an erasure leaves to be deleted outside the database.
    pub async fn erasure_work(&self, erasure: &str) -> Result<Vec<WorkRow>, StoreError> {
        let erasure = erasure.to_owned();
        on_backend!(self, db => db.erasure_work(erasure))
    }

    /// Inputs erased at `from` or later: whoever holds a journal deletes them from it.
    pub async fn erased_inputs(&self, from: Timestamp) -> Result<Vec<WorkRow>, StoreError> {
        on_backend!(self, db => db.erased_inputs(from))
    }

    /// Numbers for operators.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        on_backend!(self, db => db.counts())
    }

    /// Who may append now.
    pub async fn lease_status(&self) -> Result<LeaseStatus, StoreError> {
        on_backend!(self, db => db.lease_status())
    }

    /// The log from position `from` to where it ends now, page by page.
    pub async fn scan(&self, from: u64) -> Result<Scan, StoreError> {
        Ok(Scan::new(self.clone(), from, self.tip().await?.size))
    }

    /// All rows of a view, page by page.
    pub fn view_scan(&self, table: ViewTable) -> ViewScan {
        ViewScan::new(self.clone(), table)
    }

    /// Rows of a view in the order of their keys, behind that of `after`, which is of the same table.
    pub(crate) async fn view_page(
        &self,
        table: ViewTable,
        after: Option<ViewKey>,
        max: u32,
    ) -> Result<Vec<ViewRow>, StoreError> {
        on_backend!(self, db => db.view_page(table, after, max))
    }

    /// The name of the row behind `after`.
    pub(crate) async fn view_key(
        &self,
        table: ViewTable,
        after: Option<ViewKey>,
    ) -> Result<Option<ViewKey>, StoreError> {
        on_backend!(self, db => db.view_key(table, after))
    }
}
