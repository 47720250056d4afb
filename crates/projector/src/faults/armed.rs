//! Faults that a test has asked for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::{Faults, Step, Way};
use crate::plan::Read;

/// What was asked for, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Armed {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: Option<(Step, Way, u32)>,
    poison: HashSet<(Step, Uuid)>,
    fired: u32,
}

impl Faults {
    /// Faults that can be asked for later. Clones share them.
    pub fn armed() -> Faults {
        Faults { armed: Some(Arc::default()) }
    }

    /// From now on, a step fails so many times.
    pub fn fail(&self, step: Step, way: Way, times: u32) {
        self.with(|state| state.next = Some((step, way, times)));
    }

    /// From now on, a pure step panics whenever this input is among what it works on.
    pub fn poison(&self, step: Step, input: Uuid) {
        self.with(|state| {
            state.poison.insert((step, input));
        });
    }

    /// How many times a step was made to fail.
    pub fn fired(&self) -> u32 {
        self.with(|state| state.fired).unwrap_or(0)
    }

    pub(super) fn strikes(&self, step: Step, way: Way) -> bool {
        self.with(|state| match &mut state.next {
            Some((at, how, times)) if (*at, *how) == (step, way) && *times > 0 => {
                *times -= 1;
                state.fired += 1;
                true
            }
            _ => false,
        })
        .unwrap_or(false)
    }

    pub(super) fn is_poisoned(&self, step: Step, reads: &[Read]) -> bool {
        self.with(|state| {
            let hit = reads
                .iter()
                .any(|read| matches!(read, Read::Input(input) if state.poison.contains(&(step, input.id))));
            state.fired += u32::from(hit);
            hit
        })
        .unwrap_or(false)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Option<T> {
        let armed = self.armed.as_ref()?;
        // Panics are what is asked for here; none happens while the lock is held.
        Some(work(&mut armed.state.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
