//! Signals that ask the process to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Resolves at SIGTERM or SIGINT. A second one while stopping ends the process at once: whatever it leaves undone is
/// taken up at the next start.
pub async fn stop() {
    let (Ok(terminate), Ok(interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the default action of the signals ends the process, which is safe too.
        return std::future::pending().await;
    };
    let mut signals = Signals { terminate, interrupt };
    signals.next().await;
    // The same listeners go on listening, so that no signal falls between two of them.
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(130);
    });
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
