//! The stream of one erasure: what was asked for, and whether everything outside the log is done.

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::OpenTask;
use crate::event::{Event, EventData};

/// Stream name of an erasure, by the input that asked for it.
pub fn erasure_stream(input: Uuid) -> String {
    format!("erasure/{input}")
}

/// State of an erasure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Erasure {
    /// When it was asked for; the values went with the same commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// How many values went.
    pub values: u32,
    /// How many recordings are to be deleted.
    pub recordings: u32,
    /// When recordings and raw inputs were gone as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
}

impl Erasure {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::ErasureRequested(data) => {
                self.requested_at = Some(event.recorded_at);
                self.values = data.values;
                self.recordings = data.recordings;
            }
            EventData::ErasureCompleted(_) => self.completed_at = Some(event.recorded_at),
            _ => {}
        }
    }

    /// What is still to be done outside: one task, until it is reported as done.
    pub fn open_tasks(&self) -> Vec<OpenTask> {
        let open = self.requested_at.filter(|_| self.completed_at.is_none());
        let task = open.map(|not_before| OpenTask { task: 1, kind: "erasure", attempts: 0, not_before });
        task.into_iter().collect()
    }
}
