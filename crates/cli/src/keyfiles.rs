//! The keys on disk: root, record and log key as PKCS#8 PEM, and the statements that name them in the log.
//!
//! Files are made once, readable by their owner only, and refused when anybody else may read them. The root key is
//! needed only to name keys: move it offline after the first start. Record keys are kept for good, for a ledger that is
//! folded again: `record.pem` is the first, `record-<first 8 of its kid>.pem` any later one.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use ledger::checkpoint::{LogKey, LogVerifier};
use ledger::hash::Hash;
use ledger::key::{Action, KeyStatement, PublicKey, Reason, RecordKey, Role, RootKey};
use ledger::time::Timestamp;
use projector::genesis::Statement;
use projector::signer::{self, KeyOf};
use store::Reader;
use zeroize::Zeroizing;

/// Characters of the kid in the name of a later record key.
const KID_IN_NAME_CHARS: usize = 8;
/// Why a projector does not start with a ledger that other keys signed.
const NOT_OURS: &str = "the keys in the data directory are not those of the ledger in the database; put the keys directory back from a backup";

/// The keys of a projector.
pub struct KeyFiles {
    /// Sign records, each its part of the log; by name of their files, the first one first.
    pub records: Vec<Arc<RecordKey>>,
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
    let records = record_keys(directory)?.into_iter().map(|(_, key)| Arc::new(key)).collect();
    let log =
        LogKey::from_pkcs8_pem(origin, &read_private(&directory.join("log.pem"))?).context("log.pem")?;
    let root = root(directory)?;
    let text = fs::read_to_string(directory.join("statements.jsonl")).context("statements.jsonl")?;
    let statements = text.lines().map(statement).collect::<anyhow::Result<_>>()?;
    Ok(KeyFiles { records, log: Arc::new(log), root, statements, fresh })
}

/// The record keys of a directory with the names of their files, the first key of the ledger first.
///
/// # Errors
/// When there is none, or one is not a private key that only this user may read.
pub fn record_keys(directory: &Path) -> anyhow::Result<Vec<(String, RecordKey)>> {
    let files = fs::read_dir(directory).with_context(|| format!("{} cannot be read", directory.display()))?;
    let mut names = Vec::new();
    for file in files {
        let name = file?.file_name().to_string_lossy().into_owned();
        let middle = name.strip_prefix("record").and_then(|rest| rest.strip_suffix(".pem"));
        if middle.is_some_and(|middle| middle.is_empty() || middle.starts_with('-')) {
            names.push(name);
        }
    }
    // "record.pem" is behind "record-….pem" in ASCII.
    names.sort_by_key(|name| (name.contains('-'), name.clone()));
    if names.is_empty() {
        bail!("there is no record key in {}", directory.display());
    }
    let read = |name: String| {
        let key = RecordKey::from_pkcs8_pem(&read_private(&directory.join(&name))?).context(name.clone())?;
        Ok((name, key))
    };
    names.into_iter().map(read).collect()
}

/// The name of the file of a record key that is not the first.
pub fn record_file(kid: &str) -> String {
    let start: String = kid.chars().take(KID_IN_NAME_CHARS).collect();
    format!("record-{start}.pem")
}

/// Finds record keys in a directory, as it is when one is asked for.
pub fn key_of(directory: PathBuf) -> KeyOf {
    Arc::new(move |kid| {
        let keys = record_keys(&directory).map_err(|error| format!("{error:#}"))?;
        let found = keys.into_iter().find(|(_, key)| key.kid() == kid).map(|(_, key)| key);
        found.ok_or_else(|| missing(&directory, kid))
    })
}

fn missing(directory: &Path, kid: &str) -> String {
    format!(
        "the key {kid} signs what comes next, and no record*.pem in {} holds it: put {} there",
        directory.display(),
        record_file(kid)
    )
}

/// File of the key under which persons are found.
const INDEX_KEY: &str = "index.key";

/// The key under which persons are found, made where there is none.
///
/// # Errors
/// As [`open`].
pub fn open_index(directory: &Path) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    if let Some(key) = index(directory)? {
        return Ok(key);
    }
    let key = random()?;
    write_private(&directory.join(INDEX_KEY), &format!("{}\n", Hash(*key).hex()))?;
    Ok(key)
}

/// The key under which persons are found; none in a process that was not given it.
///
/// # Errors
/// As [`open`].
pub fn index(directory: &Path) -> anyhow::Result<Option<Zeroizing<[u8; 32]>>> {
    let path = directory.join(INDEX_KEY);
    if !path.exists() {
        return Ok(None);
    }
    let key: Hash = read_private(&path)?.trim().parse().context(INDEX_KEY)?;
    Ok(Some(Zeroizing::new(key.0)))
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

pub(crate) fn random() -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    // Keys are made here and nowhere else.
    #[allow(clippy::disallowed_methods)]
    getrandom::fill(seed.as_mut()).map_err(|e| anyhow::anyhow!("no random bytes: {e}"))?;
    Ok(seed)
}

pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
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
pub(crate) fn read_private(path: &Path) -> anyhow::Result<Zeroizing<String>> {
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
pub async fn check_named(
    keys: &KeyFiles,
    directory: &Path,
    reader: &Reader,
    origin: &str,
) -> anyhow::Result<()> {
    if reader.tip().await?.size == 0 {
        // A new ledger: its first records name these keys.
        return Ok(());
    }
    if keys.fresh {
        bail!("{NOT_OURS}; those that are there now were made just now, remove them");
    }
    let ring = signer::ring(reader, origin, Some(keys.root.clone())).await.context(NOT_OURS)?;
    let size = reader.tip().await?.size;
    let kid = ring.newest(size).map(|range| range.public_key.kid()).context("no key may sign any more")?;
    if !keys.records.iter().any(|key| key.kid() == kid) {
        return Err(anyhow!(missing(directory, kid)).context(NOT_OURS));
    }
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
    let vkey = fs::read_to_string(directory.join("log.vkey")).context("log.vkey")?;
    Ok((root(directory)?, LogVerifier::from_vkey(vkey.trim())?))
}

/// The public half of the root key: what the ledger's other keys are named by.
///
/// # Errors
/// When it is missing or none.
pub fn root(directory: &Path) -> anyhow::Result<PublicKey> {
    let root = fs::read_to_string(directory.join("root.pub.jwk")).context("root.pub.jwk")?;
    PublicKey::from_jwk(root.trim()).context("root.pub.jwk")
}
