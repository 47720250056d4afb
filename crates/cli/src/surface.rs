//! The listener and what it serves.

use crate::system::System;

/// What listens.
pub struct Listening;

impl Listening {
    /// Prints where everything is.
    pub fn print(&self, _system: &System) {}
}

/// Starts the listener and the effects.
///
/// # Errors
/// When the address is taken.
pub async fn start(_system: &mut System) -> anyhow::Result<Listening> {
    Ok(Listening)
}
