//! The one writer of a ledger: reads inputs, plans what they lead to, commits it in one transaction.
//!
//! ```text
//! 1 lease    only one projector writes; the fence of its lease is checked by every commit
//! 2 read     the next inputs after the position stored in the ledger itself
//! 3 load     heads and states of the touched streams, what was seen before
//! 4 plan     pure: events, records, signatures, tree, views
//! 5 commit   one transaction: position, inbox, records, disclosures, tree, views
//! 6 follow   checkpoint, publish, tell the journals what is covered
//! ```
//!
//! Dying between any two steps is harmless: until 5 nothing was written; after 5 the position says so, and 6 resumes
//! from what the ledger holds.

pub mod checkpoint;
pub mod cover;
pub mod erasure;
pub mod faults;
pub mod genesis;
pub mod lock;
pub mod person;
pub mod pipeline;
pub mod plan;
mod portion;
pub mod publish;
pub mod rebuild;
pub mod retention;
mod seal;
pub mod signer;
pub mod views;
pub mod writer;
