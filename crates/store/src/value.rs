//! Statements for either database: text, and values for its places.

use std::fmt::Write as _;

use ledger::hash::Hash;
use ledger::time::Timestamp;
use uuid::Uuid;

use crate::columns::sql_int;
use crate::reader::ContractFilter;
use crate::rows::ViewKey;

/// A value as it is handed to a database.
pub(crate) enum Value {
    Number(Option<i64>),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Number(Some(number))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(Some(sql_int(number)))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Number(Some(number.into()))
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Value {
        Value::Number(Some(time.millis()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(time: Option<Timestamp>) -> Value {
        Value::Number(time.map(Timestamp::millis))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<Hash> for Value {
    fn from(hash: Hash) -> Value {
        Value::Bytes(hash.0.to_vec())
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Value {
        Value::Id(id)
    }
}

/// A list of values of any of these types.
macro_rules! values {
    ($($value:expr),*) => {
        Vec::<$crate::value::Value>::from([$($crate::value::Value::from($value)),*])
    };
}
pub(crate) use values;

/// A statement that is put together.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(sql: &str) -> Statement {
        Statement { sql: sql.to_owned(), values: Vec::new() }
    }

    pub(crate) fn push(&mut self, sql: &str) -> &mut Statement {
        self.sql.push_str(sql);
        self
    }

    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Statement {
        self.values.push(value.into());
        // Writing to a string does not fail.
        let _ = write!(self.sql, "${}", self.values.len());
        self
    }

    /// The values that name a row of a view, with commas between them.
    pub(crate) fn bind_key(&mut self, key: ViewKey) -> &mut Statement {
        match key {
            ViewKey::StreamHead(name)
            | ViewKey::ContractView(name)
            | ViewKey::CallView(name)
            | ViewKey::Counter(name) => self.bind(name),
            ViewKey::Link(space, key, stream) => {
                self.bind(space).push(", ").bind(key).push(", ").bind(stream)
            }
            ViewKey::Task(stream, task) => self.bind(stream).push(", ").bind(task),
        }
    }

    /// The conditions of a filter, for a statement over `contract_view AS v`.
    pub(crate) fn push_filter(&mut self, filter: &ContractFilter) {
        if let Some(status) = &filter.status {
            self.push(" AND v.status = ").bind(status.clone());
        }
        if let Some(contract_type) = &filter.contract_type {
            self.push(" AND v.contract_type = ").bind(contract_type.clone());
        }
        if let Some(phone) = &filter.phone {
            self.push(" AND v.stream IN (SELECT stream FROM link WHERE space = 'phone' AND key = ");
            self.bind(phone.clone()).push(")");
        }
    }
}
