//! Rebuilding views in SQLite.

use sqlx::{AssertSqlSafe, Executor, query_as};

use super::commit::{BEGIN, check_fence, check_size};
use super::{Sqlite, views};
use crate::error::{CommitError, StoreError};
use crate::lease::Lease;
use crate::rows::Views;
use crate::shadow::{Difference, compare_sql};
use crate::views::TABLES;

/// Drops the shadow tables.
fn drop_sql() -> String {
    TABLES.iter().map(|(table, _)| format!("DROP TABLE IF EXISTS {table}_shadow;")).collect()
}

impl Sqlite {
    pub(crate) async fn shadow_begin(&self) -> Result<(), StoreError> {
        let mut sql = drop_sql();
        for (table, key) in TABLES {
            sql += &format!("CREATE TABLE {table}_shadow AS SELECT * FROM {table} WHERE 0;");
            sql += &format!("CREATE UNIQUE INDEX {table}_shadow_key ON {table}_shadow ({});", key.join(", "));
        }
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        transaction.execute(AssertSqlSafe(sql)).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_apply(&self, changes: Views) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        views::apply(&mut transaction, "_shadow", &changes).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_compare(&self) -> Result<Vec<Difference>, StoreError> {
        let rows: Vec<(String, String)> =
            query_as(AssertSqlSafe(compare_sql())).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(|(table, key)| Difference { table, key }).collect())
    }

    pub(crate) async fn shadow_swap(&self, lease: Lease, size: u64) -> Result<(), CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        check_fence(&mut transaction, &lease).await?;
        check_size(&mut transaction, size).await?;
        let mut sql = String::new();
        for (table, _) in TABLES {
            sql += &format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {table}_shadow;");
        }
        transaction.execute(AssertSqlSafe(sql + &drop_sql())).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_discard(&self) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        transaction.execute(AssertSqlSafe(drop_sql())).await?;
        transaction.commit().await?;
        Ok(())
    }
}
