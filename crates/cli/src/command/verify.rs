//! `ahadi verify`: checks a bundle, a data directory, a database or a running service. Exit code 0: everything
//! required passed; 1: something is wrong; 2: something required could not be checked.

mod bundle;
mod data;
mod lookup;
mod output;
mod server;
mod shelf;
mod spread;
mod views;
mod walk;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::verify::{Pins, Report};

pub use bundle::make;
pub use output::text;
pub use server::Server;
use spread::Signatures;

use crate::evidence::{self, PinArguments, Target};

/// What to check, and against what.
#[derive(Args, Clone, Default)]
pub struct VerifyArguments {
    /// A bundle file, a data directory, postgres://… or sqlite://…, or the http(s)://… address of a running service.
    #[arg(env = "AHADI_DATA_DIR", default_value = "ahadi-data")]
    pub target: String,
    /// Check only this contract (levels L0 to L4): its id, such as AGRI-2026-001234, or a stream's name.
    pub id: Option<String>,
    /// The same as an option.
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub contract: Option<String>,
    /// Check the whole log (L5); the default where no contract is named.
    #[arg(long, conflicts_with_all = ["id", "contract"])]
    pub all: bool,
    /// What is known from elsewhere.
    #[command(flatten)]
    pub pins: PinArguments,
    /// A checkpoint kept from an earlier visit; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// Compare the views with a fresh fold of the log too. It takes as long again, and one state per stream in memory.
    #[arg(long, conflicts_with_all = ["id", "contract"])]
    pub views: bool,
    /// Check each signature by itself, never many together. The verdicts are the same, later.
    #[arg(long, conflicts_with_all = ["id", "contract"])]
    pub one_by_one: bool,
    /// Where the audit of a long log puts aside, some 200 bytes a record, what it can only judge at its end; if not given, /var/tmp.
    #[arg(long, env = "AHADI_SCRATCH_DIR", value_name = "DIRECTORY")]
    pub scratch: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print nothing; the exit code tells.
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
    /// A key of the interface, for a service that does not give its entries and bundles to everybody.
    #[arg(long, env = "AHADI_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The database of a data directory, where it is not the file in it.
    #[arg(long, env = "AHADI_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

impl std::fmt::Debug for VerifyArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyArguments")
            .field("id", &self.id)
            .field("all", &self.all)
            .finish_non_exhaustive()
    }
}

/// Runs the command.
///
/// # Errors
/// When something could not be read at all; the exit code is 2 then too.
pub async fn run(arguments: VerifyArguments) -> anyhow::Result<u8> {
    let report = check(&arguments).await?;
    let what = arguments.shown();
    if arguments.json {
        crate::terminal::line(&output::json(&what, &report));
    } else if !arguments.quiet {
        crate::terminal::line(&output::text(&what, &report));
        if let Some(keys) = arguments.pins.beside(&Target::of(&arguments.target)?) {
            crate::terminal::note(&format!(
                "pinned were the keys in {}, which lie beside what was checked; auditors pin the published ones with \
                 --root and --log-vkey",
                keys.display()
            ));
        }
        let pinned = ["origin pinned", "root key pinned", "log key pinned"];
        let missing = |name: &&str| report.step(name).is_some_and(|step| step.finding.is_some());
        if pinned.iter().any(missing) && report.exit_code() == 2 {
            crate::terminal::note(
                "what is not pinned proves only that the material agrees with itself: give --root and --log-vkey, \
                 which the operator publishes (ahadi keys show)",
            );
        }
    }
    Ok(report.exit_code())
}

/// Checks and gives the report.
///
/// # Errors
/// When something could not be read at all.
pub async fn check(arguments: &VerifyArguments) -> anyhow::Result<Report> {
    let target = Target::of(&arguments.target)?;
    let pins = arguments.pins.pins(&target)?;
    let mut kept = arguments.kept()?;
    match &target {
        Target::File(path) => {
            if arguments.all || arguments.views || arguments.chosen().is_some() {
                bail!(
                    "{} is one bundle: it is checked whole, and holds no more than it holds",
                    path.display()
                );
            }
            bundle::verify(&bundle::read(path)?, &pins, &kept, &bundle::Tiles::None).await
        }
        Target::Directory(directory) => {
            let url = evidence::database_of(directory, arguments.database_url.as_deref())?;
            let file = directory.join("checkpoint");
            if file.exists() {
                kept.push(read_note(&file)?);
            }
            arguments.database(&url, pins, kept).await
        }
        Target::Database(url) => arguments.database(url, pins, kept).await,
        Target::Server(_) if arguments.views => {
            bail!("--views needs the database; a service does not publish it")
        }
        Target::Server(base) => {
            let server = Server::new(base, arguments.key.clone())?;
            match arguments.chosen() {
                None => {
                    let (scratch, bar) = (arguments.scratch.as_deref(), arguments.bar());
                    Box::pin(server::audit(&server, pins, &kept, scratch, &bar)).await
                }
                Some(id) => {
                    let bundle = server.bundle(id).await?;
                    arguments.concerns(&bundle, id)?;
                    bundle::verify(&bundle, &pins, &kept, &bundle::Tiles::Published(server)).await
                }
            }
        }
    }
}

impl VerifyArguments {
    /// Whether what is to be checked is a file.
    pub fn is_of_file(&self) -> bool {
        matches!(Target::of(&self.target), Ok(Target::File(_)))
    }

    /// The whole ledger of this target.
    pub fn all(target: &str) -> VerifyArguments {
        VerifyArguments { target: target.to_owned(), all: true, ..VerifyArguments::default() }
    }

    fn signatures(&self) -> Signatures {
        if self.one_by_one { Signatures::OneByOne } else { Signatures::Together }
    }

    fn chosen(&self) -> Option<&str> {
        self.id.as_deref().or(self.contract.as_deref())
    }

    /// What is checked, for people. An address may hold a password.
    fn shown(&self) -> String {
        let target = match self.target.split_once("://") {
            Some((scheme, rest)) => {
                let place = rest.split('?').next().unwrap_or(rest);
                format!("{scheme}://{}", place.rsplit('@').next().unwrap_or(place))
            }
            None => self.target.clone(),
        };
        match self.chosen() {
            Some(id) => format!("{id} in {target}"),
            None => target,
        }
    }

    fn kept(&self) -> anyhow::Result<Vec<String>> {
        self.checkpoint.iter().map(|path| read_note(path)).collect()
    }

    fn bar(&self) -> ProgressBar {
        // Draws on standard error, and only where that is a terminal.
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} records, {eta} left");
        ProgressBar::with_draw_target(None, target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }

    async fn database(&self, url: &str, pins: Pins, kept: Vec<String>) -> anyhow::Result<Report> {
        let (store, origin) = evidence::open(url).await?;
        let report = match self.chosen() {
            None => {
                let (views, signatures, bar) = (self.views, self.signatures(), self.bar());
                let (store, scratch) = (&store, self.scratch.as_deref());
                let subject = data::Subject { store, origin, pins, kept, views, signatures, scratch, bar };
                // Its state is large, and everything that may wait for it would be as large.
                Box::pin(data::audit(subject)).await
            }
            Some(id) => {
                let bundle = make(&store, &origin, &pins, &evidence::stream_of(id), true).await?;
                bundle::verify(&bundle, &pins, &kept, &bundle::Tiles::Stored(store.reader())).await
            }
        };
        store.close().await;
        report
    }

    /// A server could answer with the bundle of another contract.
    fn concerns(&self, bundle: &ledger::bundle::Bundle, id: &str) -> anyhow::Result<()> {
        let asked = evidence::stream_of(id);
        if bundle.stream != asked {
            bail!("asked for {asked}, the server gave the bundle of another stream");
        }
        Ok(())
    }
}

fn read_note(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("the checkpoint {} cannot be read", path.display()))
}
