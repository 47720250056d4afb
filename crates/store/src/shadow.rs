//! Building the views anew beside the live ones: to compare, or to put in their place.

use std::fmt;

use crate::apart::apart;
use crate::error::{CommitError, Fault, StoreError};
use crate::lease::Lease;
use crate::reader::Reader;
use crate::rows::Views;
use crate::store::{Backend, on_backend};
use crate::views::TABLES;

/// Differences reported at most: enough to see what is wrong, not to list a broken database.
const DIFFERENCES_MAX: i64 = 1_000;

/// A view row that is not what the log says it should be: missing, too many, or other.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// What names the row, its columns separated by spaces. Personal when the row is a link from a phone number.
    pub key: String,
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.table == "link" { "…" } else { &self.key };
        f.debug_struct("Difference").field("table", &self.table).field("key", &key).finish()
    }
}

/// Views that are being built beside the live ones. They stay until [`Shadow::swap`], [`Shadow::discard`] or the next
/// [`crate::Store::shadow_begin`], of this process or another: from then on every use of this one is refused. Cheap to clone.
#[derive(Clone)]
pub struct Shadow {
    backend: Backend,
    /// Drawn by the database when these tables were made.
    mark: String,
}

/// Holds the mark of the shadow tables that are there.
pub(crate) const MARK_TABLE: &str = "mark_shadow";

/// Why a shadow is of no use any more.
pub(crate) fn taken_over() -> Fault {
    Fault::new("another process began to build views anew; wait for it to end, then begin again".to_owned())
}

impl Shadow {
    pub(crate) fn new(reader: &Reader, mark: String) -> Shadow {
        Shadow { backend: reader.backend.clone(), mark }
    }

    /// Applies changes, as a commit does to the live views.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn apply(&self, views: Views) -> Result<(), StoreError> {
        let mark = self.mark.clone();
        on_backend!(self, db => db.shadow_apply(mark, views))
    }

    /// The rows in which the live views differ, up to a limit, by table and key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn compare(&self) -> Result<Vec<Difference>, StoreError> {
        let mark = self.mark.clone();
        on_backend!(self, db => db.shadow_compare(mark))
    }

    /// Puts these views in place of the live ones, in one transaction: provided that the lease holds and that the log
    /// still has the `size` records they were built from.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when the log has grown: apply the rest and try again.
    pub async fn swap(self, lease: &Lease, size: u64) -> Result<(), CommitError> {
        let (mark, lease) = (self.mark.clone(), lease.clone());
        on_backend!(self, db => db.shadow_swap(mark, lease, size))
    }

    /// Drops these views, and any that another process began meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn discard(self) -> Result<(), StoreError> {
        on_backend!(self, db => db.shadow_discard())
    }
}

/// Statements that make the live views what the shadow tables are. Only rows that differ are touched: most rebuilds find few,
/// and whoever reads meanwhile sees the old rows until the transaction ends.
pub(crate) fn swap_sql() -> String {
    let other =
        |here: &str, there: &str| format!("(SELECT * FROM {here} EXCEPT SELECT * FROM {there}) AS other");
    let statements = TABLES.iter().map(|(table, columns)| {
        let (key, shadow) = (columns.join(", "), format!("{table}_shadow"));
        let (wrong, right) = (other(table, &shadow), other(&shadow, table));
        format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {wrong}); INSERT INTO {table} SELECT * FROM {right};"
        )
    });
    statements.collect()
}

/// A statement that lists table and key of every row that is in one set of views and not, or not so, in the other.
pub(crate) fn compare_sql() -> String {
    let one_way = |table: &str, columns: &[&str], here: &str, there: &str| {
        let key: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect();
        let key = key.join(" || ' ' || ");
        format!(
            "SELECT '{table}' AS name, {key} AS row_key FROM (SELECT * FROM {here} EXCEPT SELECT * FROM {there}) AS {table}"
        )
    };
    let parts: Vec<String> = TABLES
        .iter()
        .flat_map(|(table, columns)| {
            let shadow = format!("{table}_shadow");
            [one_way(table, columns, table, &shadow), one_way(table, columns, &shadow, table)]
        })
        .collect();
    format!("{} ORDER BY name, row_key LIMIT {DIFFERENCES_MAX}", parts.join(" UNION "))
}
