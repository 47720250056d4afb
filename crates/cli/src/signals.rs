//! Signals that ask the process to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Hears SIGTERM and SIGINT from its making on, whether or not anybody waits yet: it is made before the door opens, so
/// that whoever can reach the service can also stop it in order.
pub struct Stop {
    first: JoinHandle<()>,
}

impl Stop {
    /// Begins to listen. At a second signal the process ends at once: whatever it leaves undone is taken up at the next
    /// start.
    ///
    /// # Errors
    /// When the system refuses. Without handlers the default action of the signals would end the process at once.
    pub fn listen() -> std::io::Result<Stop> {
        let mut signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        let first = tokio::spawn(async move {
            signals.next().await;
            // The same listeners go on listening, so that no signal falls between two of them.
            tokio::spawn(async move {
                signals.next().await;
                std::process::exit(130);
            });
        });
        Ok(Stop { first })
    }

    /// Resolves once the process was asked to stop.
    pub async fn asked(&mut self) {
        // It is not cancelled, and cannot panic.
        let _ = (&mut self.first).await;
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {} _ = self.interrupt.recv() => {} }
    }
}
