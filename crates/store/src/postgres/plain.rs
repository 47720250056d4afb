//! Running the statements that are the same for both databases.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::{Query, QueryAs};
use sqlx::{AssertSqlSafe, FromRow, SqlSafeStr, SqlStr, query, query_as};

use super::Postgres;
use crate::error::StoreError;
use crate::value::Value;

impl Postgres {
    /// All rows of a statement that reads.
    pub(super) async fn rows<T>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(self.readers.fetch_all(asking(sql.into(), values)).await?)
    }

    /// The first row of a statement that reads.
    pub(super) async fn row<T>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<Option<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(self.readers.fetch_optional(asking(sql.into(), values)).await?)
    }

    /// Runs a statement that writes, and says how many rows it touched.
    pub(super) async fn change(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        Ok(self.writer.execute(changing(sql.into(), values)).await?)
    }

    pub(crate) async fn close(&self) {
        self.readers.close();
        self.finders.close();
        self.writer.close();
    }
}

/// A statement that writes, with its values.
pub(super) fn changing(
    sql: Cow<'static, str>,
    values: Vec<Value>,
) -> Query<'static, sqlx::Postgres, PgArguments> {
    let bind = |query: Query<'static, sqlx::Postgres, PgArguments>, value| match value {
        Value::Number(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Id(id) => query.bind(id),
    };
    values.into_iter().fold(query(text(sql)), bind)
}

fn asking<T>(sql: Cow<'static, str>, values: Vec<Value>) -> QueryAs<'static, sqlx::Postgres, T, PgArguments>
where
    T: for<'r> FromRow<'r, PgRow>,
{
    let bind = |query: QueryAs<'static, sqlx::Postgres, T, PgArguments>, value| match value {
        Value::Number(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Id(id) => query.bind(id),
    };
    values.into_iter().fold(query_as(text(sql)), bind)
}

/// Texts are put together from constants only; what comes from outside is a value.
fn text(sql: Cow<'static, str>) -> SqlStr {
    match sql {
        Cow::Borrowed(sql) => sql.into_sql_str(),
        Cow::Owned(sql) => AssertSqlSafe(sql).into_sql_str(),
    }
}
