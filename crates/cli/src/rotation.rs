//! A new record key in the place of the one in use: the key's file, and the signed statements that tell the log.
//!
//! Nothing is written to the ledger here. The statements are brought to it through the door, so that they are journaled
//! like anything else that changes it, and stand at the same place when it is folded again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use ledger::json::Value;
use ledger::key::{Action, KeyRing, KeyStatement, Reason, RecordKey, Role, RootKey};
use ledger::object;
use ledger::time::Timestamp;

use crate::keyfiles;

/// A key that was made, and what is said about it.
#[derive(Debug)]
pub struct Rotation {
    /// The private half of the new key.
    pub key_file: PathBuf,
    /// The request that tells the ledger.
    pub statements_file: PathBuf,
    /// The new key.
    pub kid: String,
    /// Keys that end with it.
    pub ended: Vec<String>,
}

/// Makes a record key in `directory`, and statements that add it and end every key in use. `ring` is that of the log.
///
/// # Errors
/// When the root key is another one, a rotation was begun and not brought to the ledger, or a file cannot be written.
pub fn begin(
    directory: &Path,
    ring: &KeyRing,
    root_file: &Path,
    compromised: bool,
    now: Timestamp,
) -> anyhow::Result<Rotation> {
    let root = root_key(directory, root_file)?;
    let live: Vec<_> = ring.record_keys().values().filter(|range| range.until.is_none()).collect();
    if live.is_empty() {
        bail!("the log names no record key yet; start the service once, and then rotate");
    }
    for (file, key) in keyfiles::record_keys(directory)? {
        if !ring.record_keys().contains_key(key.kid()) {
            bail!(
                "a rotation was begun: bring {} to the ledger, or remove {file} if its statements were never sent",
                statements_file(key.kid())
            );
        }
    }
    let key = RecordKey::from_seed(&*keyfiles::random()?);
    let (action, reason) = match compromised {
        true => (Action::Revoked, Reason::Compromise),
        false => (Action::Retired, Reason::Rotation),
    };
    let say = |action, public_key: &ledger::key::PublicKey| {
        let statement = KeyStatement {
            action,
            role: Role::Record,
            origin: ring.origin().to_owned(),
            public_key: public_key.clone(),
            issued_at: now,
            from_position: None,
            reason: Some(reason),
        };
        statement.sign(&root, (action == Action::Added).then_some(&key)).data()
    };
    // The new one first: at every moment there is a key that may sign.
    let mut statements = vec![say(Action::Added, key.public())];
    statements.extend(live.iter().map(|range| say(action, &range.public_key)));
    let (key_file, statements_file) =
        (directory.join(keyfiles::record_file(key.kid())), directory.join(statements_file(key.kid())));
    keyfiles::write_private(&key_file, &key.to_pkcs8_pem())?;
    let request = object! { "statements": Value::Array(statements) };
    fs::write(&statements_file, format!("{}\n", request.canonical()))
        .and_then(|()| File::open(&statements_file)?.sync_all())
        .and_then(|()| File::open(directory)?.sync_all())
        .with_context(|| format!("cannot write {}", statements_file.display()))?;
    let ended = live.iter().map(|range| range.public_key.kid().to_owned()).collect();
    Ok(Rotation { key_file, statements_file, kid: key.kid().to_owned(), ended })
}

fn statements_file(kid: &str) -> String {
    keyfiles::record_file(kid).replace("record-", "rotation-").replace(".pem", ".json")
}

fn root_key(directory: &Path, file: &Path) -> anyhow::Result<RootKey> {
    let root = RootKey::from_pkcs8_pem(&keyfiles::read_private(file)?)
        .with_context(|| file.display().to_string())?;
    let named = keyfiles::root(directory)?;
    if *root.public() != named {
        return Err(anyhow!("{} is not the root key of this ledger", file.display()));
    }
    Ok(root)
}
