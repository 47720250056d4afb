//! The store in SQLite.
//!
//! One connection writes, in transactions that take the write lock when they begin; the others can only read. Each
//! commit is flushed before it is confirmed (WAL with `synchronous = FULL`).

mod bulk;
mod commit;
mod erasure;
mod insert;
mod open;
mod read;
mod shadow;
mod views;

use std::ops::Range;

use ledger::hash::Hash;
use ledger::tile::TileId;
use ledger::time::Timestamp;
use sqlx::{QueryBuilder, SqlitePool, query, query_as, query_scalar};
use uuid::Uuid;

use crate::columns::{self, sql_int};
use crate::error::StoreError;
use crate::lease::{Lease, LeaseStatus};
use crate::person::person_statements;
use crate::plain::{api_key_columns, contract_columns, plain_statements, push_filter, record_columns};
use crate::reader::{ContractFilter, ContractPage, Counts, Page};
use crate::rows::{
    ApiKeyRow, CallRow, CheckpointRow, ContractRow, DisclosureRow, InboxRow, PersonRow, RecordRow, RepeatRow,
    TaskRow, WorkRow,
};
use crate::store::Expired;

/// An open SQLite database.
#[derive(Clone)]
pub(crate) struct Sqlite {
    readers: SqlitePool,
    writer: SqlitePool,
    bulk: bulk::Bulk,
}

plain_statements!(Sqlite, sqlx::Sqlite);
person_statements!(Sqlite);

/// The clock all leases are measured by, in milliseconds since 1970 UTC.
macro_rules! database_millis {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}
use database_millis;

impl Sqlite {
    pub(crate) async fn records(&self, from: u64, max: u32) -> Result<Vec<RecordRow>, StoreError> {
        self.bulk.records(from, max).await
    }

    pub(crate) fn close_bulk(&self) {
        self.bulk.close();
    }

    pub(crate) async fn disclosures(&self, range: Range<u64>) -> Result<Vec<DisclosureRow>, StoreError> {
        self.bulk.disclosures(range).await
    }

    pub(crate) async fn acquire_lease(&self, owner: String, ttl: i64) -> Result<Option<Lease>, StoreError> {
        let sql = concat!(
            "UPDATE lease SET owner = $1, fence = fence + 1, expires_at = ",
            database_millis!(),
            " + $2
             WHERE owner = $1 OR expires_at <= ",
            database_millis!(),
            " RETURNING fence"
        );
        let fence = query_scalar(sql).bind(&owner).bind(ttl).fetch_optional(&self.writer).await?;
        Ok(fence.map(|fence| Lease { owner, fence }))
    }

    pub(crate) async fn seize_lease(&self, owner: String, ttl: i64) -> Result<Lease, StoreError> {
        let sql = concat!(
            "UPDATE lease SET owner = $1, fence = fence + 1, expires_at = ",
            database_millis!(),
            " + $2 RETURNING fence"
        );
        let fence = query_scalar(sql).bind(&owner).bind(ttl).fetch_one(&self.writer).await?;
        Ok(Lease { owner, fence })
    }

    pub(crate) async fn renew_lease(&self, lease: Lease, ttl: i64) -> Result<bool, StoreError> {
        let sql = concat!("UPDATE lease SET expires_at = ", database_millis!(), " + $2 WHERE fence = $1");
        let done = query(sql).bind(lease.fence).bind(ttl).execute(&self.writer).await?;
        Ok(done.rows_affected() == 1)
    }

    pub(crate) async fn lease_status(&self) -> Result<LeaseStatus, StoreError> {
        let sql = concat!("SELECT owner, fence, expires_at > ", database_millis!(), " FROM lease");
        let (owner, fence, held): (String, i64, bool) = query_as(sql).fetch_one(&self.readers).await?;
        Ok(LeaseStatus { owner, fence: columns::number(fence)?, held })
    }
}
