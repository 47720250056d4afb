//! A USSD session: somebody reads a menu and types. Each step says everything typed so far, so a step needs none before
//! it, and the state is only for those who look.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{Event, EventData};
use crate::fact::SessionStatus;

/// State of a session.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Who types; none when erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// How many steps came.
    pub steps: u32,
    /// How it ended, where that was told. If different endings were told, the last of their order counts.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub ends: BTreeSet<SessionStatus>,
    /// How many deliveries contradicted an earlier one under the same key.
    pub conflicts: u32,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({} steps, {:?})", self.steps, self.ends)
    }
}

impl Session {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::UssdRequested(data) => {
                self.steps += u32::from(!data.conflict);
                self.conflicts += u32::from(data.conflict);
            }
            EventData::UssdEnded(data) => {
                self.ends.insert(data.status);
                self.conflicts += u32::from(data.conflict);
            }
            _ => return,
        }
        self.phone = event.private.get("phone").map(str::to_owned).max(self.phone.take());
    }
}
