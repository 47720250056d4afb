//! `ahadi rebuild`.

use clap::Args;
use indicatif::ProgressBar;
use projector::rebuild;
use store::{OpenOptions, Store};

use crate::config::Config;

/// What to rebuild.
#[derive(Args, Debug)]
pub struct RebuildArguments {
    /// Settings of the service.
    #[command(flatten)]
    pub config: Config,
    /// Only compare the views with a fresh fold of the log; exit code 1 if they differ.
    #[arg(long)]
    pub check: bool,
}

/// Folds the whole log again, beside the live views.
///
/// # Errors
/// When the log cannot be folded, or the views could not be put in place.
pub async fn run(arguments: RebuildArguments) -> anyhow::Result<u8> {
    let config = arguments.config.resolve()?;
    let store = Store::open(&config.database(), OpenOptions::new(config.origin.clone())).await?;
    let bar = ProgressBar::new(0);
    let progress = |done, size| {
        bar.set_length(size);
        bar.set_position(done);
    };
    if arguments.check {
        let differences = rebuild::compare(&store, progress).await?;
        bar.finish_and_clear();
        for difference in &differences {
            crate::terminal::line(&format!("{difference:?}"));
        }
        crate::terminal::line(&format!(
            "{} view rows differ from a fresh fold of the log",
            differences.len()
        ));
        return Ok(u8::from(!differences.is_empty()));
    }
    let replaced = rebuild::replace(&store, &format!("rebuild-{}", std::process::id()), progress).await;
    bar.finish_and_clear();
    crate::terminal::line(&format!("the views were folded again from {} records", replaced?));
    Ok(0)
}
