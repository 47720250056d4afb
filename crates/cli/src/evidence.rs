//! Where evidence is read from, and what it is checked against.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use http_surface::evidence::bundle::{Anchors, Evidence};
use ledger::checkpoint::LogVerifier;
use ledger::key::PublicKey;
use ledger::verify::Pins;
use store::{OpenError, OpenOptions, Reader, Store};

/// First bytes of every SQLite database.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Stands in for an origin that is not known yet: no log can have it, for it is no name of a key.
const UNKNOWN_ORIGIN: &str = "+";

/// Where evidence is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A bundle.
    File(PathBuf),
    /// The data directory of a service, running or not.
    Directory(PathBuf),
    /// The database of a service, by its URL, which may hold a password.
    Database(String),
    /// A running service, by its base URL.
    Server(String),
}

impl Target {
    /// What a text given on the command line means.
    ///
    /// # Errors
    /// When it is neither a URL we know nor a file that exists.
    pub fn of(text: &str) -> anyhow::Result<Target> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql" | "sqlite") => return Ok(Target::Database(text.to_owned())),
            Some("http" | "https") => return Ok(Target::Server(text.trim_end_matches('/').to_owned())),
            _ => {}
        }
        let path = PathBuf::from(text);
        let metadata =
            std::fs::metadata(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        if metadata.is_dir() {
            return Ok(Target::Directory(path));
        }
        if is_database(&path)? { Ok(Target::Database(sqlite_url(&path))) } else { Ok(Target::File(path)) }
    }
}

fn is_database(path: &Path) -> anyhow::Result<bool> {
    let mut start = [0_u8; 16];
    let mut file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(file.read_exact(&mut start).is_ok() && start == *SQLITE_MAGIC)
}

fn sqlite_url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// What the auditor knows from elsewhere.
#[derive(Args, Clone, Debug, Default)]
pub struct PinArguments {
    /// Name of the log; without, the name in the log key that is pinned.
    #[arg(long, env = "AHADI_ORIGIN")]
    pub origin: Option<String>,
    /// The root key: a JWK, or a file that holds one.
    #[arg(long, value_name = "FILE|JWK")]
    pub root: Option<String>,
    /// The key that signs checkpoints: a verifier key, or a file that holds one.
    #[arg(long, value_name = "FILE|VKEY")]
    pub log_vkey: Option<String>,
}

impl PinArguments {
    /// The pins, with those of a data directory where none were given.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub fn pins(&self, target: &Target) -> anyhow::Result<Pins> {
        let keys = self.beside(target);
        let own = |name: &str| {
            let path = keys.as_ref()?.join(name);
            path.exists().then(|| path.display().to_string())
        };
        let root = self.root.clone().or_else(|| own("root.pub.jwk")).map(|given| root(&given));
        let log_vkey = self.log_vkey.clone().or_else(|| own("log.vkey")).map(|given| log_vkey(&given));
        let (root, log_vkey) = (root.transpose()?, log_vkey.transpose()?);
        // The name of the log key is the name of the log (C2SP tlog-checkpoint).
        let named = log_vkey.as_ref().map(|verifier| verifier.origin().to_owned());
        Ok(Pins { origin: self.origin.clone().or(named), root, log_vkey })
    }

    /// Where pins are taken from that were not given: a directory beside the ledger itself.
    pub fn beside(&self, target: &Target) -> Option<PathBuf> {
        match target {
            Target::Directory(directory) if self.root.is_none() || self.log_vkey.is_none() => {
                Some(directory.join("keys"))
            }
            _ => None,
        }
    }
}

fn root(given: &str) -> anyhow::Result<PublicKey> {
    let text = if given.trim_start().starts_with('{') { given.to_owned() } else { read(given)? };
    PublicKey::from_jwk(text.trim()).context("--root: not an Ed25519 public key as JWK with crv, kty and x")
}

fn log_vkey(given: &str) -> anyhow::Result<LogVerifier> {
    if let Ok(verifier) = LogVerifier::from_vkey(given.trim()) {
        return Ok(verifier);
    }
    LogVerifier::from_vkey(read(given)?.trim()).context("--log-vkey")
}

fn read(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))
}

/// The database of a data directory; of another URL where the service is configured for one.
///
/// # Errors
/// When there is none.
pub fn database_of(directory: &Path, database_url: Option<&str>) -> anyhow::Result<String> {
    let file = directory.join("ledger.db");
    match database_url {
        Some(url) => Ok(url.to_owned()),
        None if file.exists() => Ok(sqlite_url(&file)),
        None => bail!(
            "{} holds no ledger.db; if the service uses another database, give --database-url",
            directory.display()
        ),
    }
}

/// Opens a database to read it, whatever ledger it holds. Nothing is written to it, and a service may go on using it.
///
/// # Errors
/// When there is no ledger in it.
pub async fn open(url: &str) -> anyhow::Result<(Store, String)> {
    let options = |origin: &str| OpenOptions { migrate: false, ..OpenOptions::new(origin) };
    match Store::open(url, options(UNKNOWN_ORIGIN)).await {
        Ok(_) => bail!("the ledger has an impossible name"),
        // The database says what it holds; whether that is what the auditor expects is part of the audit.
        Err(OpenError::OtherOrigin { found, .. }) => Ok((Store::open(url, options(&found)).await?, found)),
        Err(error) => Err(error.into()),
    }
}

/// What makes bundles of this ledger.
///
/// # Errors
/// When the keys that a bundle names are not known.
pub fn assembler(reader: Reader, origin: &str, pins: &Pins) -> anyhow::Result<Evidence> {
    let (Some(root), Some(log_vkey)) = (pins.root.clone(), pins.log_vkey.clone()) else {
        bail!(
            "a bundle names root key and log key; the database does not hold them: give --root and --log-vkey"
        );
    };
    Ok(Evidence::new(reader, Anchors { origin: origin.to_owned(), root, log_vkey }))
}

/// The stream of a contract; a name with a slash is a stream already.
pub fn stream_of(id: &str) -> String {
    if id.contains('/') { id.to_owned() } else { contract::entity::contract_stream(id) }
}
