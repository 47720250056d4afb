//! Inserting many rows with few statements.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection, query};

/// Rows per statement, largest first. Each statement is handed to the thread that owns the connection and waited for, so
/// few are better; only so many texts per table come up, so all stay prepared. The widest table stays below SQLite's
/// limit of 32,766 values per statement.
const ROWS: [usize; 5] = [256, 64, 16, 4, 1];
/// Statements to keep prepared: all texts of all tables, and the others.
pub(super) const STATEMENTS: usize = 256;

pub(super) type Bound<'q> = Query<'q, sqlx::Sqlite, SqliteArguments>;

/// Runs `head (?, …), (?, …) … tail` over `rows`, in order. `bind` binds the `columns` values of one row.
pub(super) async fn insert<'q, R>(
    connection: &mut SqliteConnection,
    head: &str,
    columns: usize,
    tail: &str,
    rows: &'q [R],
    bind: impl Fn(Bound<'q>, &'q R) -> Bound<'q>,
) -> Result<(), sqlx::Error> {
    let row = format!("({})", vec!["?"; columns].join(","));
    let mut rest = rows;
    for size in ROWS {
        let (whole, left) = rest.split_at(rest.len() - rest.len() % size);
        rest = left;
        if whole.is_empty() {
            continue;
        }
        let sql = format!("{head} VALUES {} {tail}", vec![row.as_str(); size].join(","));
        for chunk in whole.chunks(size) {
            let statement = chunk.iter().fold(query(AssertSqlSafe(sql.as_str())), &bind);
            statement.execute(&mut *connection).await?;
        }
    }
    Ok(())
}
