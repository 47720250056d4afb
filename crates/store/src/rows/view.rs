//! Rows of the views one by one, to compare them with what the log says they should be.

use std::fmt;

use super::{CallRow, ContractRow, StreamRow, TaskRow, Views};

/// The tables that can be computed again from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewTable {
    /// Head and state of each stream.
    StreamHead,
    /// By what contracts are listed and found.
    ContractView,
    /// By what calls are found.
    CallView,
    /// From keys to streams.
    Link,
    /// What is still to be done outside.
    Task,
    /// Last numbers given out.
    Counter,
}

impl ViewTable {
    /// All of them.
    pub const ALL: [ViewTable; 6] = [
        ViewTable::StreamHead,
        ViewTable::ContractView,
        ViewTable::CallView,
        ViewTable::Link,
        ViewTable::Task,
        ViewTable::Counter,
    ];

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            ViewTable::StreamHead => "stream_head",
            ViewTable::ContractView => "contract_view",
            ViewTable::CallView => "call_view",
            ViewTable::Link => "link",
            ViewTable::Task => "task",
            ViewTable::Counter => "counter",
        }
    }
}

/// What names a row of a view. Personal when the row is a link from a phone number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewKey {
    /// A stream.
    StreamHead(String),
    /// A contract id.
    ContractView(String),
    /// The stream of a call.
    CallView(String),
    /// Space, key and stream of a link.
    Link(String, String, String),
    /// A stream, and the number of a task on it.
    Task(String, i64),
    /// The name of a counter.
    Counter(String),
}

impl ViewKey {
    /// In which table.
    pub fn table(&self) -> ViewTable {
        match self {
            ViewKey::StreamHead(_) => ViewTable::StreamHead,
            ViewKey::ContractView(_) => ViewTable::ContractView,
            ViewKey::CallView(_) => ViewTable::CallView,
            ViewKey::Link(..) => ViewTable::Link,
            ViewKey::Task(..) => ViewTable::Task,
            ViewKey::Counter(_) => ViewTable::Counter,
        }
    }
}

/// Table and name, but of a link only its space and where it leads to.
impl fmt::Display for ViewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.table().name())?;
        match self {
            ViewKey::StreamHead(name)
            | ViewKey::ContractView(name)
            | ViewKey::CallView(name)
            | ViewKey::Counter(name) => f.write_str(name),
            ViewKey::Link(space, _, stream) => write!(f, "{space} … {stream}"),
            ViewKey::Task(stream, task) => write!(f, "{stream} {task}"),
        }
    }
}

/// As [`fmt::Display`].
impl fmt::Debug for ViewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A row of a view.
#[derive(Clone, PartialEq, Eq)]
pub enum ViewRow {
    /// Head and state of a stream.
    StreamHead(StreamRow),
    /// A contract.
    ContractView(ContractRow),
    /// A call.
    CallView(CallRow),
    /// Space, key and stream of a link.
    Link(String, String, String),
    /// A task.
    Task(TaskRow),
    /// A counter and its value.
    Counter(String, u64),
    /// A row whose name can be read and the rest cannot.
    Unreadable(ViewKey),
}

impl ViewRow {
    /// What names it.
    pub fn key(&self) -> ViewKey {
        match self {
            ViewRow::StreamHead(row) => ViewKey::StreamHead(row.stream.clone()),
            ViewRow::ContractView(row) => ViewKey::ContractView(row.contract_id.clone()),
            ViewRow::CallView(row) => ViewKey::CallView(row.stream.clone()),
            ViewRow::Link(space, key, stream) => ViewKey::Link(space.clone(), key.clone(), stream.clone()),
            ViewRow::Task(row) => ViewKey::Task(row.stream.clone(), row.task.into()),
            ViewRow::Counter(name, _) => ViewKey::Counter(name.clone()),
            ViewRow::Unreadable(key) => key.clone(),
        }
    }
}

/// Shows the name alone.
impl fmt::Debug for ViewRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ViewRow").field(&self.key()).finish_non_exhaustive()
    }
}

/// What makes the views what they should be.
#[derive(Clone, Debug, Default)]
pub struct Mend {
    /// Rows that go. Links and tasks go by `changes` too.
    pub removed: Vec<ViewKey>,
    /// Rows that replace what stands there, in portions that a database can take in one statement.
    pub changes: Vec<Views>,
}
