//! `ahadi rebuild`.

use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use projector::{person, rebuild};
use store::{OpenOptions, Store};

use crate::config::Config;

/// View rows named where they differ from a fresh fold: enough to see what is wrong, not to list a broken database.
const ROWS_SHOWN: usize = 1_000;
/// Records named where the index of persons is wrong.
const POSITIONS_SHOWN: usize = 20;

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

/// Folds the whole log again, and puts right the views.
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
        for difference in differences.iter().take(ROWS_SHOWN) {
            crate::terminal::line(&difference.to_string());
        }
        crate::terminal::line(&format!(
            "{} view rows differ from a fresh fold of the log",
            differences.len()
        ));
        let misled = match crate::system::index(&config, false)? {
            Some(index) => person::compare(&store, &index).await?,
            None => Vec::new(),
        };
        for position in misled.iter().take(POSITIONS_SHOWN) {
            crate::terminal::line(&format!("index of persons: record {position}"));
        }
        crate::terminal::line(&format!("{} records are not found as they should be", misled.len()));
        return Ok(u8::from(!differences.is_empty() || !misled.is_empty()));
    }
    let owner = format!("rebuild-{}", std::process::id());
    let replaced = rebuild::replace(&store, &owner, progress).await;
    let indexed = reindex(&config, &store, &owner).await;
    bar.finish_and_clear();
    indexed?;
    crate::terminal::line(&format!("the views were folded again from {} records", replaced?));
    Ok(0)
}

/// Makes the index of persons anew, unless a projector is at work, which keeps it.
async fn reindex(config: &Config, store: &Store, owner: &str) -> anyhow::Result<()> {
    let Some(index) = crate::system::index(config, true)? else { return Ok(()) };
    // Long enough for the largest log we measured; given back as soon as the index is whole.
    let Some(lease) = store.acquire_lease(owner, Duration::from_secs(3_600)).await? else {
        crate::terminal::note("the index of persons is left to the projector that is active");
        return Ok(());
    };
    let made = person::make(store, &lease, &index).await;
    store.release_lease(&lease).await?;
    Ok(made?)
}
