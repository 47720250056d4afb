//! The steps of the projector failing, poison, two writers, databases that go away, come back old, or were changed: the
//! service goes on to the same log, or refuses to sign.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "faults/backlog.rs"]
mod backlog;
#[path = "faults/backups.rs"]
mod backups;
#[path = "faults/connections.rs"]
mod connections;
#[path = "faults/events.rs"]
mod events;
#[path = "faults/forgotten.rs"]
mod forgotten;
#[path = "faults/history.rs"]
mod history;
#[path = "faults/poison.rs"]
mod poison;
#[path = "faults/reference.rs"]
mod reference;
#[path = "faults/rig.rs"]
mod rig;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/writers.rs"]
mod writers;
