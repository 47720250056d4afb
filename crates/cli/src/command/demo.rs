//! `ahadi demo`.

use clap::Args;

use crate::config::Config;

/// Arguments of the command.
#[derive(Args, Debug)]
pub struct DemoArguments {
    /// Settings of the service.
    #[command(flatten)]
    pub config: Config,
}

/// Runs the command.
///
/// # Errors
/// Always, until it is written.
pub async fn run(arguments: DemoArguments) -> anyhow::Result<u8> {
    let _ = arguments.config.resolve()?;
    anyhow::bail!("not written yet")
}
