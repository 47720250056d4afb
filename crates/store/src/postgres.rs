//! The store in Postgres.
//!
//! Four kinds of connection. `writer`, `readers` and `finders` act as the role `ahadi_service` where it exists, the last two in
//! read-only transactions: `finders` look rows up by key, always by index; what is listed or counted is for the planner, and goes
//! through `readers`. `owner` stays the login and is used for migrations and rebuilding only.

mod commit;
mod connections;
mod erasure;
mod mend;
mod open;
mod parts;
mod plain;
mod read;
mod together;

use ledger::hash::{Hash, sha256};
use ledger::time::Timestamp;
use sqlx::{PgPool, query, query_as};
use uuid::Uuid;

use self::connections::Connections;
use self::together::Together;
use crate::columns;
use crate::error::StoreError;
use crate::lease::{Lease, LeaseStatus};
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

/// An open Postgres database.
#[derive(Clone)]
pub(crate) struct Postgres {
    readers: Connections,
    finders: Connections,
    writer: Connections,
    owner: PgPool,
    together: Together,
}

/// Bytes of a dedupe key's hash that are kept.
const SEEN_KEY_BYTES: usize = 20;

/// What is kept of a dedupe key (migration 0018).
fn seen_key(key: &str) -> [u8; SEEN_KEY_BYTES] {
    let mut kept = [0; SEEN_KEY_BYTES];
    kept.copy_from_slice(&sha256(key.as_bytes()).0[..SEEN_KEY_BYTES]);
    kept
}

plain_statements!(Postgres);
person_statements!(Postgres);

impl Postgres {
    pub(crate) async fn acquire_lease(&self, owner: String, ttl: i64) -> Result<Option<Lease>, StoreError> {
        let sql = "UPDATE lease SET owner = $1, fence = fence + 1, expires_at = database_millis() + $2
                   WHERE owner = $1 OR expires_at <= database_millis() RETURNING fence";
        let fence = self.writer.fetch_optional(query_as(sql).bind(&owner).bind(ttl)).await?;
        Ok(fence.map(|(fence,)| Lease { owner, fence }))
    }

    pub(crate) async fn seize_lease(&self, owner: String, ttl: i64) -> Result<Lease, StoreError> {
        let sql = "UPDATE lease SET owner = $1, fence = fence + 1, expires_at = database_millis() + $2
                   RETURNING fence";
        let (fence,) = self.writer.fetch_one(query_as(sql).bind(&owner).bind(ttl)).await?;
        Ok(Lease { owner, fence })
    }

    pub(crate) async fn renew_lease(&self, lease: Lease, ttl: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE lease SET expires_at = database_millis() + $2 WHERE fence = $1";
        Ok(self.writer.execute(query(sql).bind(lease.fence).bind(ttl)).await? == 1)
    }

    pub(crate) async fn lease_status(&self) -> Result<LeaseStatus, StoreError> {
        let sql = "SELECT owner, fence, expires_at > database_millis() FROM lease";
        let (owner, fence, held): (String, i64, bool) = self.readers.fetch_one(query_as(sql)).await?;
        Ok(LeaseStatus { owner, fence: columns::number(fence)?, held })
    }
}
