//! The store in SQLite.
//!
//! One connection writes, on a thread of its own, in transactions that take the write lock when they begin; the others
//! can only read, and are used on threads that may wait. Each commit is flushed before it is confirmed (WAL with
//! `synchronous = FULL`). A call is handed over once, whatever number of statements it runs.

mod backfill;
mod commit;
mod connect;
mod erasure;
mod lease;
mod mend;
mod open;
mod plain;
mod read;
mod readers;
mod views;
mod writer;

pub(crate) use read::BESIDE_INPUTS_MIN;

use ledger::hash::Hash;
use ledger::time::Timestamp;
use uuid::Uuid;

use crate::columns;
use crate::error::StoreError;
use crate::lease::Lease;
use crate::outcomes::{self, Kept};
use crate::person::person_statements;
use crate::plain::{
    api_key_columns, contract_columns, plain_statements, record_columns, view_keys, view_page,
};
use crate::reader::{ContractFilter, ContractPage, Counts, Page};
use crate::rows::{
    ApiKeyRow, CallRow, CheckpointRow, ContractRow, InboxRow, PersonRow, PersonToken, RecordRow, RepeatRow,
    TaskRow, ViewKey, ViewRow, ViewTable, WorkRow,
};
use crate::store::Expired;
use crate::value::{Statement, values};

/// An open SQLite database.
#[derive(Clone)]
pub(crate) struct Sqlite {
    readers: readers::Readers,
    writer: writer::Writer,
}

plain_statements!(Sqlite);
person_statements!(Sqlite);

/// The clock all leases are measured by, in milliseconds since 1970 UTC.
macro_rules! database_millis {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}
use database_millis;
