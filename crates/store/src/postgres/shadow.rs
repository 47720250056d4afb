//! Rebuilding views in Postgres, as the login that owns the tables.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, Executor, query, query_as};

use super::Postgres;
use super::commit::{bind_views, view_changes};
use crate::columns::sql_int;
use crate::error::{CommitError, Fault, StoreError};
use crate::lease::Lease;
use crate::rows::Views;
use crate::shadow::{Difference, compare_sql};
use crate::views::{Settled, TABLES};

static APPLY_SQL: LazyLock<String> = LazyLock::new(|| view_changes("_shadow") + " SELECT 1");

/// Drops the shadow tables.
fn drop_sql() -> String {
    TABLES.iter().map(|(table, _)| format!("DROP TABLE IF EXISTS {table}_shadow;")).collect()
}

impl Postgres {
    pub(crate) async fn shadow_begin(&self) -> Result<(), StoreError> {
        let create = TABLES.iter().map(|(table, _)| {
            format!("CREATE TABLE {table}_shadow (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);")
        });
        let sql = drop_sql() + &create.collect::<String>();
        // Several statements sent as one text are one transaction.
        self.owner.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }

    pub(crate) async fn shadow_apply(&self, views: Views) -> Result<(), StoreError> {
        bind_views(query(APPLY_SQL.as_str()), &Settled::of(&views)).execute(&self.owner).await?;
        Ok(())
    }

    pub(crate) async fn shadow_compare(&self) -> Result<Vec<Difference>, StoreError> {
        let rows: Vec<(String, String)> =
            query_as(AssertSqlSafe(compare_sql())).fetch_all(&self.owner).await?;
        Ok(rows.into_iter().map(|(table, key)| Difference { table, key }).collect())
    }

    pub(crate) async fn shadow_swap(&self, lease: Lease, size: u64) -> Result<(), CommitError> {
        let mut transaction = self.owner.begin().await?;
        // Holds off every append until the views are in place.
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        let found = Postgres::size(&mut transaction).await?;
        if sql_int(found) != sql_int(size) {
            let message = format!("the log has {found} records, not {size}");
            return Err(CommitError::Conflict(Fault::new(message)));
        }
        for (table, _) in TABLES {
            // Readers see the old rows until the end: a truncated table would be empty for them.
            let sql = format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {table}_shadow;");
            transaction.execute(AssertSqlSafe(sql)).await?;
        }
        transaction.execute(AssertSqlSafe(drop_sql())).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_discard(&self) -> Result<(), StoreError> {
        self.owner.execute(AssertSqlSafe(drop_sql())).await?;
        Ok(())
    }
}
