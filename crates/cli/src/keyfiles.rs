//! The keys on disk: root, record and log key as PKCS#8 PEM, and the statements that name them in the log.
//!
//! Files are made once, readable by their owner only, and refused when anybody else may read them. The root key is
//! needed only to name keys: move it offline after the first start.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use ledger::checkpoint::{LogKey, LogVerifier};
use ledger::key::{Action, KeyRing, KeyStatement, PublicKey, Reason, RecordKey, Role, RootKey};
use ledger::stream;
use ledger::time::Timestamp;
use projector::genesis::Statement;
use store::Reader;
use zeroize::Zeroizing;

/// More key records than a ledger has in a thousand years of yearly rotation.
const KEY_RECORDS_MAX: u32 = 10_000;
/// Why a projector does not start with a ledger that other keys signed.
const NOT_OURS: &str = "the keys in the data directory are not those of the ledger in the database; put the keys directory back from a backup";

/// The keys of a projector.
pub struct KeyFiles {
    /// Signs records.
    pub record: Arc<RecordKey>,
    /// Signs checkpoints.
    pub log: Arc<LogKey>,
    /// Names the others; what auditors pin.
    pub root: PublicKey,
    /// The first records of the log.
    pub statements: Vec<Statement>,
    /// Whether they were made just now.
    pub fresh: bool,
}

/// Opens the keys of a directory, or makes them where there are none.
///
/// # Errors
/// When a file is missing, unreadable, readable by others, or not a key.
pub fn open(directory: &Path, origin: &str, now: Timestamp) -> anyhow::Result<KeyFiles> {
    let fresh = !directory.join("record.pem").exists() && !directory.join("root.pub.jwk").exists();
    if fresh {
        create(directory, origin, now)?;
    }
    let record =
        RecordKey::from_pkcs8_pem(&read_private(&directory.join("record.pem"))?).context("record.pem")?;
    let log =
        LogKey::from_pkcs8_pem(origin, &read_private(&directory.join("log.pem"))?).context("log.pem")?;
    let root = fs::read_to_string(directory.join("root.pub.jwk")).context("root.pub.jwk")?;
    let root = PublicKey::from_jwk(root.trim()).context("root.pub.jwk")?;
    let text = fs::read_to_string(directory.join("statements.jsonl")).context("statements.jsonl")?;
    let statements = text.lines().map(statement).collect::<anyhow::Result<_>>()?;
    Ok(KeyFiles { record: Arc::new(record), log: Arc::new(log), root, statements, fresh })
}

/// Makes a directory, where there is none, that only its owner may enter: it holds keys, or personal values.
///
/// # Errors
/// When it cannot be made.
pub fn private_directory(directory: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn create(directory: &Path, origin: &str, now: Timestamp) -> anyhow::Result<()> {
    private_directory(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    let root = RootKey::from_seed(&*random()?);
    let record = RecordKey::from_seed(&*random()?);
    let log_seed = random()?;
    let log = LogKey::from_seed(origin, &log_seed)?;
    // The log key proves possession like any other: with its raw signature.
    let log_as_record = RecordKey::from_seed(&log_seed);
    let name = |role, key: &RecordKey| {
        let statement = KeyStatement {
            action: Action::Added,
            role,
            origin: origin.to_owned(),
            public_key: key.public().clone(),
            issued_at: now,
            from_position: None,
            reason: Some(Reason::Genesis),
        };
        statement.sign(&root, Some(key)).data().canonical()
    };
    let statements = format!("{}\n{}\n", name(Role::Record, &record), name(Role::Log, &log_as_record));
    write_private(&directory.join("root.pem"), &root.to_pkcs8_pem())?;
    write_private(&directory.join("record.pem"), &record.to_pkcs8_pem())?;
    write_private(&directory.join("log.pem"), &log.to_pkcs8_pem())?;
    fs::write(directory.join("statements.jsonl"), statements)?;
    fs::write(directory.join("log.vkey"), format!("{}\n", log.vkey()))?;
    fs::write(directory.join("root.pub.jwk"), format!("{}\n", root.public().jwk()))?;
    Ok(())
}

fn statement(line: &str) -> anyhow::Result<Statement> {
    let value = ledger::json::parse_canonical(line.as_bytes()).context("statements.jsonl")?;
    let issued_at = value.get("issued_at").and_then(|v| v.as_str()).context("statements.jsonl: issued_at")?;
    Ok(Statement {
        json: line.to_owned(),
        issued_at: issued_at.parse().context("statements.jsonl: issued_at")?,
    })
}

fn random() -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    // Keys are made here and nowhere else.
    #[allow(clippy::disallowed_methods)]
    getrandom::fill(seed.as_mut()).map_err(|e| anyhow::anyhow!("no random bytes: {e}"))?;
    Ok(seed)
}

fn write_private(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

/// Reads a private key file; refuses one that others may read or write, or that belongs to somebody else.
fn read_private(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let metadata = fs::metadata(path).with_context(|| format!("the key {} is missing", path.display()))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        bail!("the key {} may be read by others; chmod 600 it", path.display());
    }
    let own = fs::metadata("/proc/self").map(|m| m.uid()).unwrap_or_else(|_| metadata.uid());
    if metadata.uid() != own {
        bail!("the key {} belongs to another user; chown it to the user of the service", path.display());
    }
    let text =
        fs::read_to_string(path).with_context(|| format!("the key {} cannot be read", path.display()))?;
    Ok(Zeroizing::new(text))
}

/// Refuses keys that the ledger in the database does not name for what comes next. Records signed with another key could
/// never be taken out of the log again.
///
/// # Errors
/// Which key it is, and what to do.
pub async fn check_named(keys: &KeyFiles, reader: &Reader, origin: &str) -> anyhow::Result<()> {
    let records = reader.stream_records(stream::KEYS, 1, KEY_RECORDS_MAX).await?;
    if records.is_empty() {
        // A new ledger: its first records name these keys.
        return Ok(());
    }
    if keys.fresh {
        bail!("{NOT_OURS}; those that are there now were made just now, remove them");
    }
    let mut ring = KeyRing::new(origin, Some(keys.root.clone()));
    for row in &records {
        let record = ledger::record::open(&row.jws).context("the ledger's key records")?;
        ring.apply(row.position, &record)
            .with_context(|| format!("the ledger's key record {} is not of these keys", row.position))
            .context(NOT_OURS)?;
    }
    let size = reader.tip().await?.size;
    ring.may_sign(keys.record.kid(), size)
        .with_context(|| format!("record.pem holds the key {}", keys.record.kid()))
        .context(NOT_OURS)?;
    let log_key = keys.log.verifier().public_key();
    if !ring.log_keys().values().any(|range| *range.public_key.as_bytes() == log_key) {
        bail!("{NOT_OURS}: log.pem holds a key that no statement names");
    }
    Ok(())
}

/// The public halves, for a process that serves the log without signing it.
///
/// # Errors
/// When they are missing or none.
pub fn public(directory: &Path) -> anyhow::Result<(PublicKey, LogVerifier)> {
    let root = fs::read_to_string(directory.join("root.pub.jwk")).context("root.pub.jwk")?;
    let vkey = fs::read_to_string(directory.join("log.vkey")).context("log.vkey")?;
    Ok((PublicKey::from_jwk(root.trim())?, LogVerifier::from_vkey(vkey.trim())?))
}
