//! Running the statements that are the same for both databases.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput};
use rusqlite::{Row, Statement};

use super::Sqlite;
use crate::error::StoreError;
use crate::value::Value;

impl ToSql for Value {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        match self {
            Value::Number(number) => number.to_sql(),
            Value::Text(text) => text.to_sql(),
            Value::Bytes(bytes) => bytes.to_sql(),
            Value::Id(id) => id.to_sql(),
        }
    }
}

/// Binds values to their numbers. What SQLite takes `$2` for is a name: it numbers those as they come in the text.
pub(super) fn bind(statement: &mut Statement<'_>, values: Vec<Value>) -> Result<(), rusqlite::Error> {
    for (number, value) in (1..).zip(values) {
        let named = statement.parameter_index(&format!("${number}"))?;
        statement.raw_bind_parameter(named.unwrap_or(number), value)?;
    }
    Ok(())
}

impl Sqlite {
    /// All rows of a statement that reads.
    pub(super) async fn rows<T>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error> + Send + 'static,
    {
        let sql = sql.into();
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(&sql)?;
                bind(&mut statement, values)?;
                let mut rows = statement.raw_query();
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(T::try_from(row)?);
                }
                Ok(found)
            })
            .await
    }

    /// The first row of a statement that reads.
    pub(super) async fn row<T>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        values: Vec<Value>,
    ) -> Result<Option<T>, StoreError>
    where
        T: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error> + Send + 'static,
    {
        let sql = sql.into();
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(&sql)?;
                bind(&mut statement, values)?;
                let mut rows = statement.raw_query();
                Ok(rows.next()?.map(|row| T::try_from(row)).transpose()?)
            })
            .await
    }

    /// Runs a statement that writes, and says how many rows it touched.
    pub(super) async fn change(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.writer
            .transact(move |connection| {
                let mut statement = connection.prepare_cached(sql)?;
                bind(&mut statement, values)?;
                Ok(statement.raw_execute()? as u64)
            })
            .await
    }

    /// Closes all connections, the one that writes last: then the write-ahead log is moved into the file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
