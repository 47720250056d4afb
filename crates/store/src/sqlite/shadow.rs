//! Rebuilding views in SQLite.

use rusqlite::{Connection, Row};

use super::commit::{check_fence, check_size};
use super::{Sqlite, views};
use crate::error::{CommitError, StoreError};
use crate::lease::Lease;
use crate::rows::Views;
use crate::shadow::{Difference, MARK_TABLE, compare_sql, swap_sql, taken_over};
use crate::views::TABLES;

/// Drops the shadow tables.
fn drop_sql() -> String {
    let drop = |table: String| format!("DROP TABLE IF EXISTS {table};");
    let tables = TABLES.iter().map(|(table, _)| drop(format!("{table}_shadow")));
    std::iter::once(drop(MARK_TABLE.to_owned())).chain(tables).collect()
}

/// Whether these are still the shadow tables that were begun under this mark.
fn is_marked(connection: &Connection, mark: &str) -> Result<bool, rusqlite::Error> {
    let there = "SELECT 1 FROM sqlite_schema WHERE name = ?1";
    if !connection.prepare_cached(there)?.exists([MARK_TABLE])? {
        return Ok(false);
    }
    connection.prepare_cached(&format!("SELECT 1 FROM {MARK_TABLE} WHERE mark = ?1"))?.exists([mark])
}

impl Sqlite {
    pub(crate) async fn shadow_begin(&self) -> Result<String, StoreError> {
        let mut sql = drop_sql();
        sql += &format!("CREATE TABLE {MARK_TABLE} AS SELECT lower(hex(randomblob(16))) AS mark;");
        for (table, key) in TABLES {
            sql += &format!("CREATE TABLE {table}_shadow AS SELECT * FROM {table} WHERE 0;");
            sql += &format!("CREATE UNIQUE INDEX {table}_shadow_key ON {table}_shadow ({});", key.join(", "));
        }
        self.writer
            .transact(move |connection| {
                connection.execute_batch(&sql)?;
                Ok(connection.query_row(&format!("SELECT mark FROM {MARK_TABLE}"), (), |row| row.get(0))?)
            })
            .await
    }

    pub(crate) async fn shadow_apply(&self, mark: String, changes: Views) -> Result<(), StoreError> {
        self.writer
            .transact(move |connection| {
                if !is_marked(connection, &mark)? {
                    return Err(StoreError::Permanent(taken_over()));
                }
                Ok(views::apply(connection, "_shadow", &changes)?)
            })
            .await
    }

    pub(crate) async fn shadow_compare(&self, mark: String) -> Result<Vec<Difference>, StoreError> {
        self.readers
            .read(move |connection| {
                let transaction = connection.unchecked_transaction()?;
                if !is_marked(&transaction, &mark)? {
                    return Err(StoreError::Permanent(taken_over()));
                }
                let mut statement = transaction.prepare(&compare_sql())?;
                let difference = |row: &Row<'_>| Ok(Difference { table: row.get(0)?, key: row.get(1)? });
                Ok(statement.query_map((), difference)?.collect::<Result<_, _>>()?)
            })
            .await
    }

    pub(crate) async fn shadow_swap(&self, mark: String, lease: Lease, size: u64) -> Result<(), CommitError> {
        self.writer
            .transact(move |connection| {
                if !is_marked(connection, &mark)? {
                    return Err(CommitError::Permanent(taken_over()));
                }
                check_fence(connection, &lease)?;
                check_size(connection, size)?;
                Ok(connection.execute_batch(&(swap_sql() + &drop_sql()))?)
            })
            .await
    }

    pub(crate) async fn shadow_discard(&self) -> Result<(), StoreError> {
        self.writer.transact(|connection| Ok(connection.execute_batch(&drop_sql())?)).await
    }
}
