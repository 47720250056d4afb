//! `ahadi bundle`: the evidence of one contract in a file that is checked offline.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::command::verify::{self, Server};
use crate::evidence::{self, PinArguments, Target};

/// Which bundle to make, and from what.
#[derive(Args, Clone)]
pub struct BundleArguments {
    /// The contract's id, such as AGRI-2026-001234, or a stream's name.
    pub id: String,
    /// A data directory or a database.
    #[arg(long, value_name = "TARGET", env = "AHADI_DATA_DIR", default_value = "ahadi-data")]
    pub from: String,
    /// The file to write; without, or as `-`, standard output.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Leave personal values out. The document, which names no person, stays.
    #[arg(long)]
    pub without_personal: bool,
    /// Fetch it from a running service instead: its base URL. What the key may read decides what is in it.
    #[arg(long, value_name = "URL", conflicts_with_all = ["without_personal", "database_url"])]
    pub server: Option<String>,
    /// A key of the interface, for the service.
    #[arg(long, env = "AHADI_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The keys a bundle names, where the data directory does not hold them.
    #[command(flatten)]
    pub pins: PinArguments,
    /// The database of a data directory, where it is not the file in it.
    #[arg(long, env = "AHADI_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

impl std::fmt::Debug for BundleArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BundleArguments").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Writes the bundle.
///
/// # Errors
/// When there is no such contract, or no bundle can be made of it.
pub async fn run(arguments: BundleArguments) -> anyhow::Result<u8> {
    let bundle = match &arguments.server {
        Some(base) => {
            Server::new(base.trim_end_matches('/'), arguments.key.clone())?.bundle(&arguments.id).await?
        }
        None => from_database(&arguments).await?,
    };
    let json = bundle.to_json();
    match arguments.out.as_deref().filter(|path| path.as_os_str() != "-") {
        Some(path) => {
            write(path, &json).with_context(|| format!("{} cannot be written", path.display()))?;
            let count = bundle.records.len();
            crate::terminal::note(&format!("{count} records written to {}", path.display()));
        }
        None => crate::terminal::line(json.trim_end_matches('\n')),
    }
    Ok(0)
}

/// Private values may be in it, so a new file is for its owner only.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

async fn from_database(arguments: &BundleArguments) -> anyhow::Result<ledger::bundle::Bundle> {
    let target = Target::of(&arguments.from)?;
    let pins = arguments.pins.pins(&target)?;
    let url = match &target {
        Target::Directory(directory) => evidence::database_of(directory, arguments.database_url.as_deref())?,
        Target::Database(url) => url.clone(),
        Target::Server(_) => {
            bail!("--from is a data directory or a database; a service is given with --server")
        }
        Target::File(path) => bail!("{} is no data directory and no database", path.display()),
    };
    let (store, origin) = evidence::open(&url).await?;
    let stream = evidence::stream_of(&arguments.id);
    let bundle = verify::make(&store, &origin, &pins, &stream, !arguments.without_personal).await;
    store.close().await;
    bundle
}
