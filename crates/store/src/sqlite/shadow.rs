//! Rebuilding views in SQLite.

use sqlx::{AssertSqlSafe, Executor, SqliteConnection, query_as, query_scalar};

use super::commit::{BEGIN, check_fence, check_size};
use super::{Sqlite, views};
use crate::error::{CommitError, StoreError};
use crate::lease::Lease;
use crate::rows::Views;
use crate::shadow::{Difference, MARK_TABLE, compare_sql, taken_over};
use crate::views::TABLES;

/// Drops the shadow tables.
fn drop_sql() -> String {
    let drop = |table: String| format!("DROP TABLE IF EXISTS {table};");
    let tables = TABLES.iter().map(|(table, _)| drop(format!("{table}_shadow")));
    std::iter::once(drop(MARK_TABLE.to_owned())).chain(tables).collect()
}

/// Whether these are still the shadow tables that were begun under this mark.
async fn is_marked(connection: &mut SqliteConnection, mark: &str) -> Result<bool, sqlx::Error> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = $1";
    if query_scalar::<_, i64>(there).bind(MARK_TABLE).fetch_one(&mut *connection).await? == 0 {
        return Ok(false);
    }
    let sql = format!("SELECT count(*) FROM {MARK_TABLE} WHERE mark = $1");
    Ok(query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(mark).fetch_one(connection).await? == 1)
}

impl Sqlite {
    pub(crate) async fn shadow_begin(&self) -> Result<String, StoreError> {
        let mut sql = drop_sql();
        sql += &format!("CREATE TABLE {MARK_TABLE} AS SELECT lower(hex(randomblob(16))) AS mark;");
        for (table, key) in TABLES {
            sql += &format!("CREATE TABLE {table}_shadow AS SELECT * FROM {table} WHERE 0;");
            sql += &format!("CREATE UNIQUE INDEX {table}_shadow_key ON {table}_shadow ({});", key.join(", "));
        }
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        transaction.execute(AssertSqlSafe(sql)).await?;
        let select = AssertSqlSafe(format!("SELECT mark FROM {MARK_TABLE}"));
        let mark = query_scalar(select).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(mark)
    }

    pub(crate) async fn shadow_apply(&self, mark: String, changes: Views) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        if !is_marked(&mut transaction, &mark).await? {
            return Err(StoreError::Permanent(taken_over()));
        }
        views::apply(&mut transaction, "_shadow", &changes).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_compare(&self, mark: String) -> Result<Vec<Difference>, StoreError> {
        let mut transaction = self.readers.begin().await?;
        if !is_marked(&mut transaction, &mark).await? {
            return Err(StoreError::Permanent(taken_over()));
        }
        let rows: Vec<(String, String)> =
            query_as(AssertSqlSafe(compare_sql())).fetch_all(&mut *transaction).await?;
        Ok(rows.into_iter().map(|(table, key)| Difference { table, key }).collect())
    }

    pub(crate) async fn shadow_swap(&self, mark: String, lease: Lease, size: u64) -> Result<(), CommitError> {
        let mut transaction = self.writer.begin_with(BEGIN).await?;
        if !is_marked(&mut transaction, &mark).await? {
            return Err(CommitError::Permanent(taken_over()));
        }
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
