//! Inserting many rows with few statements.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection, query};

/// Rows per statement. Only two texts per table come up, this many rows and one, so both stay prepared.
const ROWS: usize = 32;

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
    let (many, few) = rows.split_at(rows.len() - rows.len() % ROWS);
    for (rows, size) in [(many, ROWS), (few, 1)] {
        if rows.is_empty() {
            continue;
        }
        let row = format!("({})", vec!["?"; columns].join(","));
        let sql = format!("{head} VALUES {} {tail}", vec![row.as_str(); size].join(","));
        for chunk in rows.chunks(size) {
            let statement = chunk.iter().fold(query(AssertSqlSafe(sql.as_str())), &bind);
            statement.execute(&mut *connection).await?;
        }
    }
    Ok(())
}
