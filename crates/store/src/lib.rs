//! The store: log, disclosures, inbox, views, checkpoints and cursors of one ledger, in Postgres or SQLite.
//!
//! ```text
//!  Store ── writes: lease, commit, checkpoint, cursor, erase, mend        (the projector)
//!   │
//!   ├─ Reader ── reads only, over read-only connections                   (queries, evidence, effects)
//!   │    └─ Board ── waits for outcomes and growth in this process, and has its newest records
//!   └─ Keys ──── creates and revokes keys of the interface                (operators)
//! ```
//!
//! Both databases have the same tables and methods and pass one conformance suite; the SQL is native to each. A batch of inputs
//! is one transaction: on Postgres one statement with an array per column, on SQLite a prepared insert per row, on the thread
//! that owns the connection. The database itself refuses what would break the log, see `migrations/*/0002_guards.sql`.

pub mod rows;

mod apart;
mod board;
mod columns;
mod error;
mod keys;
mod lease;
mod newest;
mod outcomes;
mod packed;
mod person;
mod plain;
mod postgres;
mod reader;
mod scan;
mod schema;
mod sqlite;
mod store;
mod value;
mod views;

pub use board::Board;
pub use error::{CommitError, Fault, OpenError, StoreError};
pub use keys::Keys;
pub use lease::{Lease, LeaseStatus};
pub use newest::Newest;
pub use reader::{ContractFilter, ContractPage, Counts, Page, Reader};
pub use scan::{Scan, ViewScan};
pub use store::{Expired, OpenOptions, Store};
