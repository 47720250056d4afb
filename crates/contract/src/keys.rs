//! The stream `ledger/keys` as the fold sees it: which statements stand on it. What they mean is checked by
//! `ledger::key`, from the records themselves.

use std::collections::BTreeSet;

use ledger::hash::{Hash, sha256};
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
