//! Signals that ask the process to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at SIGTERM or SIGINT. A second one while stopping ends the process at once: whatever it leaves undone is
/// taken up at the next start.
pub async fn stop() {
    wait().await;
    tokio::spawn(async {
        wait().await;
        std::process::exit(130);
    });
}

async fn wait() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the default action of the signals ends the process, which is safe too.
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
}
