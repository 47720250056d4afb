//! `ahadi serve`.

use crate::config::Config;
use crate::signals::Stop;
use crate::system::System;

/// Runs the service until it is told to stop.
///
/// # Errors
/// What kept it from starting, or made it stop.
pub async fn run(config: Config) -> anyhow::Result<u8> {
    let config = config.resolve()?;
    crate::terminal::logging(&config);
    let mut system = System::start(config).await?;
    let mut stop = Stop::listen()?;
    let listening = crate::surface::start(&mut system).await?;
    listening.print(&system);
    let failure = tokio::select! {
        error = system.failed() => Some(error),
        () = stop.asked() => None,
    };
    system.stop().await;
    match failure {
        Some(error) => Err(error),
        None => Ok(0),
    }
}
