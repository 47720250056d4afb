//! The stream `ledger/keys` as the fold sees it: which statements stand on it, and which may follow.

use std::collections::BTreeSet;

use ledger::hash::{Hash, sha256};
use ledger::key::{Action, KeyError, KeyRing, Role, SignedStatement};
use serde::{Deserialize, Serialize};

use crate::event::{Event, EventData, profile};

/// State of the keys stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// How many keys were added.
    pub added: u32,
    /// How many were retired or revoked.
    pub ended: u32,
    /// SHA-256 of every statement on the stream, so that none stands there twice: a key added a second time would make
    /// the log fail its audit.
    pub statements: BTreeSet<Hash>,
}

impl Keys {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let statement = match &event.data {
            EventData::KeyAdded(statement) => {
                self.added += 1;
                statement
            }
            EventData::KeyRetired(statement) | EventData::KeyRevoked(statement) => {
                self.ended += 1;
                statement
            }
            _ => return,
        };
        self.statements.insert(sha256(profile(statement.clone()).canonical().as_bytes()));
    }
}

/// Why a statement is not put on the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// An auditor would refuse it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It names a position.
    #[error("from_position must be null: the statement counts from the record that carries it on")]
    Positioned,
    /// A log has one log key for good.
    #[error("the log key cannot be changed yet")]
    SecondLogKey,
    /// It would end the last record key; nothing could be recorded any more, not even another key.
    #[error("no key would be left that may sign records; add the new one first")]
    LastKey,
}

/// Takes a statement into the ring as it would stand on the log, or says why it must not come there. The door asks this
/// of a copy of the ring before it journals a statement, the fold before it records it.
///
/// # Errors
/// [`Untaken`]; the ring is unchanged.
pub fn take(ring: &mut KeyRing, signed: &SignedStatement) -> Result<(), Untaken> {
    let statement = &signed.statement;
    // A batch is signed with one key, and no one can tell in advance between which inputs a position will come to lie.
    if statement.from_position.is_some() {
        return Err(Untaken::Positioned);
    }
    if statement.role == Role::Log && (statement.action != Action::Added || !ring.log_keys().is_empty()) {
        return Err(Untaken::SecondLogKey);
    }
    let mut after = ring.clone();
    // Positions matter to statements that name one, and to who may sign; neither is asked here.
    after.take(0, signed)?;
    if after.record_keys().values().all(|range| range.until.is_some()) {
        return Err(Untaken::LastKey);
    }
    *ring = after;
    Ok(())
}
