//! `ahadi keys`: the ledger's own keys, and the keys of the interface.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use http_surface::auth;
use ledger::hash::{Hash, sha256};
use ledger::time::Timestamp;
use projector::signer;
use store::rows::ApiKeyRow;
use store::{Keys, OpenOptions, Store};

use crate::config::Config;
use crate::{keyfiles, rotation, system};

/// What to do with keys.
#[derive(Args, Debug)]
pub struct KeysArguments {
    /// Settings of the service.
    #[command(flatten)]
    pub config: Config,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with keys.
#[derive(Subcommand, Debug)]
pub enum Action {
    /// Show what auditors pin: origin, root key, log verification key. Makes the keys where there are none.
    Show,
    /// Make a new record key in the key directory, and the statements that bring it to the ledger.
    Rotate {
        /// The private root key, which is needed for this alone.
        #[arg(long, value_name = "FILE")]
        root: PathBuf,
        /// Somebody else may have the old key: it is revoked, not retired.
        #[arg(long)]
        compromised: bool,
    },
    /// Make a key of the interface and print it once.
    Create {
        /// What it is for.
        #[arg(long, default_value = "")]
        label: String,
        /// What it may do, with commas between: contracts:read, contracts:write, calls:control, audit:read,
        /// personal:read, personal:erase, admin.
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<String>,
        /// How many days it works; without, until it is revoked.
        #[arg(long)]
        days: Option<u32>,
    },
    /// List the keys of the interface.
    List,
    /// Withdraw a key of the interface.
    Revoke {
        /// Its id: the part after `ahadi_`.
        id: String,
    },
}

/// The scopes a key can have.
pub const SCOPES: [&str; 7] = [
    "contracts:read",
    "contracts:write",
    "calls:control",
    "audit:read",
    "personal:read",
    "personal:erase",
    "admin",
];

/// Runs the command.
///
/// # Errors
/// When keys or database cannot be opened.
pub async fn run(arguments: KeysArguments) -> anyhow::Result<u8> {
    let config = arguments.config.resolve()?;
    if let Action::Show = arguments.action {
        let keys = keyfiles::open(&config.keys_dir(), &config.origin, system::now())?;
        crate::terminal::line(&format!("origin   {}", config.origin));
        crate::terminal::line(&format!("root     {}", keys.root.jwk()));
        crate::terminal::line(&format!("log vkey {}", keys.log.vkey()));
        for key in &keys.records {
            crate::terminal::line(&format!("record   {}", key.kid()));
        }
        return Ok(0);
    }
    let store = Store::open(&config.database(), OpenOptions::new(config.origin.clone())).await?;
    match arguments.action {
        Action::Show => {}
        Action::Rotate { root, compromised } => rotate(&config, &store, &root, compromised).await?,
        Action::Create { label, scope, days } => {
            if let Some(unknown) = scope.iter().find(|s| !SCOPES.contains(&s.as_str())) {
                bail!("--scope: {unknown} is none of {}", SCOPES.join(", "));
            }
            let expires_at = days.map(later);
            let text = create(&store.keys(), &label, &scope.join(" "), expires_at).await?;
            crate::terminal::line(&text);
        }
        Action::List => {
            for key in store.keys().list().await? {
                let state = if key.revoked_at.is_some() { "revoked" } else { "live" };
                crate::terminal::line(&format!("{}  {state}  {}  {}", key.id, key.scopes, key.label));
            }
        }
        Action::Revoke { id } => {
            if !store.keys().revoke(&id, system::now()).await? {
                bail!("there is no live key {id}");
            }
        }
    }
    store.close().await;
    Ok(0)
}

async fn rotate(config: &Config, store: &Store, root: &Path, compromised: bool) -> anyhow::Result<()> {
    let directory = config.keys_dir();
    let ring = signer::ring(store, &config.origin, Some(keyfiles::root(&directory)?)).await?;
    let made = rotation::begin(&directory, &ring, root, compromised, system::now())?;
    crate::terminal::line(&format!("key        {}", made.key_file.display()));
    crate::terminal::line(&format!("statements {}", made.statements_file.display()));
    crate::terminal::line(&format!("added      {}", made.kid));
    for kid in &made.ended {
        let what = if compromised { "revoked" } else { "retired" };
        crate::terminal::line(&format!("{what}    {kid}"));
    }
    crate::terminal::line(
        "Copy the key to every other projector, then send the statements: POST /v1/keys/statements.",
    );
    Ok(())
}

fn later(days: u32) -> Timestamp {
    let now = system::now();
    Timestamp::from_millis(now.millis() + i64::from(days) * 86_400_000).unwrap_or(now)
}

/// Makes a key of the interface and gives its text, which is stored nowhere.
///
/// # Errors
/// When the database refuses.
pub async fn create(
    keys: &Keys,
    label: &str,
    scopes: &str,
    expires_at: Option<Timestamp>,
) -> anyhow::Result<String> {
    let (id, secret) = (letters(auth::KEY_ID_CHARS)?, letters(auth::KEY_SECRET_CHARS)?);
    insert(keys, &id, sha256(secret.as_bytes()), label, scopes, expires_at).await?;
    Ok(format!("ahadi_{id}_{secret}"))
}

/// Stores a key whose text the operator chose (`AHADI_ADMIN_KEY`).
///
/// # Errors
/// When the text is not a key, or the database refuses.
pub async fn adopt(keys: &Keys, text: &str) -> anyhow::Result<()> {
    let Some((id, secret_sha256)) = auth::parts(text) else {
        bail!(
            "the admin key has the form ahadi_<id>_<secret>, with {} and {} letters and digits",
            auth::KEY_ID_CHARS,
            auth::KEY_SECRET_CHARS
        );
    };
    if keys.find(id).await?.is_none() {
        insert(keys, id, secret_sha256, "AHADI_ADMIN_KEY", "admin", None).await?;
    }
    Ok(())
}

async fn insert(
    keys: &Keys,
    id: &str,
    secret_sha256: Hash,
    label: &str,
    scopes: &str,
    expires_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    let row = ApiKeyRow {
        id: id.to_owned(),
        secret_sha256,
        scopes: scopes.to_owned(),
        label: label.to_owned(),
        created_at: system::now(),
        expires_at,
        revoked_at: None,
    };
    if !keys.insert(row).await? {
        bail!("a key with the id {id} is there already");
    }
    Ok(())
}

/// Random letters and digits: each carries a little under 6 bits.
fn letters(count: usize) -> anyhow::Result<String> {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let mut bytes = [0_u8; 64];
        // Keys of the interface are drawn here.
        #[allow(clippy::disallowed_methods)]
        getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no random bytes: {e}"))?;
        // Values from 248 on would make the first letters likelier.
        let fair = bytes.iter().filter(|b| **b < 248).map(|b| char::from(ALPHABET[usize::from(b % 62)]));
        text.extend(fair.take(count - text.len()));
    }
    Ok(text)
}
