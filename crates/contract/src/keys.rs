//! The stream `ledger/keys` as the fold sees it: only how many statements stand on it. What they mean is checked by
//! `ledger::key`, from the records themselves.

use serde::{Deserialize, Serialize};

use crate::event::{Event, EventData};

/// State of the keys stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// How many keys were added.
    pub added: u32,
    /// How many were retired or revoked.
    pub ended: u32,
}

impl Keys {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match event.data {
            EventData::KeyAdded(_) => self.added += 1,
            EventData::KeyRetired(_) | EventData::KeyRevoked(_) => self.ended += 1,
            _ => {}
        }
    }
}
