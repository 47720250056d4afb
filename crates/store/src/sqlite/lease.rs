//! The right to append, in SQLite.

use rusqlite::{OptionalExtension, params};

use super::{Sqlite, database_millis};
use crate::columns;
use crate::error::StoreError;
use crate::lease::{Lease, LeaseStatus};
use crate::value::values;

impl Sqlite {
    pub(crate) async fn acquire_lease(&self, owner: String, ttl: i64) -> Result<Option<Lease>, StoreError> {
        const SQL: &str = concat!(
            "UPDATE lease SET owner = ?1, fence = fence + 1, expires_at = ",
            database_millis!(),
            " + ?2
             WHERE owner = ?1 OR expires_at <= ",
            database_millis!(),
            " RETURNING fence"
        );
        self.take(SQL, owner, ttl).await
    }

    pub(crate) async fn seize_lease(&self, owner: String, ttl: i64) -> Result<Lease, StoreError> {
        const SQL: &str = concat!(
            "UPDATE lease SET owner = ?1, fence = fence + 1, expires_at = ",
            database_millis!(),
            " + ?2 RETURNING fence"
        );
        columns::always(self.take(SQL, owner, ttl).await?)
    }

    async fn take(&self, sql: &'static str, owner: String, ttl: i64) -> Result<Option<Lease>, StoreError> {
        self.writer
            .transact(move |connection| {
                let mut statement = connection.prepare_cached(sql)?;
                let fence = statement.query_row(params![owner, ttl], |row| row.get(0)).optional()?;
                Ok(fence.map(|fence| Lease { owner, fence }))
            })
            .await
    }

    pub(crate) async fn renew_lease(&self, lease: Lease, ttl: i64) -> Result<bool, StoreError> {
        let sql = concat!("UPDATE lease SET expires_at = ", database_millis!(), " + ?2 WHERE fence = ?1");
        Ok(self.change(sql, values![lease.fence, ttl]).await? == 1)
    }

    pub(crate) async fn lease_status(&self) -> Result<LeaseStatus, StoreError> {
        let sql = concat!("SELECT owner, fence, expires_at > ", database_millis!(), " FROM lease");
        let (owner, fence, held): (String, i64, bool) = columns::always(self.row(sql, values![]).await?)?;
        Ok(LeaseStatus { owner, fence: columns::number(fence)?, held })
    }
}
