//! Rebuilding views in Postgres, as the login that owns the tables.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, Executor, PgConnection, query, query_as, query_scalar};

use super::Postgres;
use super::commit::bind_views;
use super::parts::views_sql;
use crate::columns::sql_int;
use crate::error::{CommitError, Fault, StoreError};
use crate::lease::Lease;
use crate::rows::Views;
use crate::shadow::{Difference, MARK_TABLE, compare_sql, swap_sql, taken_over};
use crate::views::{Settled, TABLES};

static APPLY_SQL: LazyLock<String> = LazyLock::new(|| views_sql("_shadow"));

/// Drops the shadow tables, that of the mark first: who has looked at it holds off the rest.
fn drop_sql() -> String {
    let drop = |table: String| format!("DROP TABLE IF EXISTS {table};");
    let tables = TABLES.iter().map(|(table, _)| drop(format!("{table}_shadow")));
    std::iter::once(drop(MARK_TABLE.to_owned())).chain(tables).collect()
}

/// Whether these are still the shadow tables that were begun under this mark; they stay so until the transaction ends.
async fn is_marked(connection: &mut PgConnection, mark: &str) -> Result<bool, sqlx::Error> {
    let there = "SELECT to_regclass($1) IS NOT NULL";
    if !query_scalar::<_, bool>(there).bind(MARK_TABLE).fetch_one(&mut *connection).await? {
        return Ok(false);
    }
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {MARK_TABLE} WHERE mark = $1)");
    query_scalar(AssertSqlSafe(sql)).bind(mark).fetch_one(connection).await
}

impl Postgres {
    pub(crate) async fn shadow_begin(&self) -> Result<String, StoreError> {
        let create = TABLES.iter().map(|(table, _)| {
            format!("CREATE TABLE {table}_shadow (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);")
        });
        let mark = format!("CREATE TABLE {MARK_TABLE} AS SELECT gen_random_uuid()::text AS mark;");
        let sql = drop_sql() + &mark + &create.collect::<String>();
        let mut transaction = self.owner.begin().await?;
        transaction.execute(AssertSqlSafe(sql)).await?;
        let select = AssertSqlSafe(format!("SELECT mark FROM {MARK_TABLE}"));
        let mark = query_scalar(select).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(mark)
    }

    pub(crate) async fn shadow_apply(&self, mark: String, views: Views) -> Result<(), StoreError> {
        let mut transaction = self.owner.begin().await?;
        if !is_marked(&mut transaction, &mark).await? {
            return Err(StoreError::Permanent(taken_over()));
        }
        bind_views(query(APPLY_SQL.as_str()), &Settled::of(&views)).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_compare(&self, mark: String) -> Result<Vec<Difference>, StoreError> {
        let mut transaction = self.owner.begin().await?;
        if !is_marked(&mut transaction, &mark).await? {
            return Err(StoreError::Permanent(taken_over()));
        }
        let rows: Vec<(String, String)> =
            query_as(AssertSqlSafe(compare_sql())).fetch_all(&mut *transaction).await?;
        Ok(rows.into_iter().map(|(table, key)| Difference { table, key }).collect())
    }

    pub(crate) async fn shadow_swap(&self, mark: String, lease: Lease, size: u64) -> Result<(), CommitError> {
        let mut transaction = self.owner.begin().await?;
        // Holds off every append until the views are in place.
        query("SELECT hold_fence($1)").bind(lease.fence).execute(&mut *transaction).await?;
        if !is_marked(&mut transaction, &mark).await? {
            return Err(CommitError::Permanent(taken_over()));
        }
        let found = Postgres::size(&mut transaction).await?;
        if sql_int(found) != sql_int(size) {
            let message = format!("the log has {found} records, not {size}");
            return Err(CommitError::Conflict(Fault::new(message)));
        }
        transaction.execute(AssertSqlSafe(swap_sql() + &drop_sql())).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn shadow_discard(&self) -> Result<(), StoreError> {
        self.owner.execute(AssertSqlSafe(drop_sql())).await?;
        Ok(())
    }
}
