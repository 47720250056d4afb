//! Which record key signs what comes next.
//!
//! It is the newest one that may, as the ring of the log says, and no other: everybody who folds the same inputs again
//! then signs the same bytes. A key that the ring wants and this process has not is a reason to wait, never to sign with
//! another one.

use std::sync::Arc;

use contract::entity::KEYS_STREAM;
use ledger::key::{Action, KeyError, KeyRing, PublicKey, RecordKey, Role, SignedStatement};
use ledger::record::{self, RecordError};
use store::{Reader, StoreError};

use crate::genesis::Statement;

/// More key records than a ledger has in a thousand years of yearly rotation.
const KEY_RECORDS_MAX: u32 = 10_000;

/// Gives the private half of a record key by its kid, or says which file is missing or wrong. Asked anew at every change
/// of key, so that a file that appears later is found.
pub type KeyOf = Arc<dyn Fn(&str) -> Result<RecordKey, String> + Send + Sync>;

/// Why the keys of a log cannot be read from it.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What stands on the stream of the keys is no record.
    #[error("the key record {position} cannot be read: {reason}")]
    Record {
        /// Where it stands.
        position: u64,
        /// Why it is none.
        reason: RecordError,
    },
    /// A statement on the log is none of this root key, or breaks the rules for statements.
    #[error("the key record {position} is not of these keys: {reason}")]
    Statement {
        /// Where it stands.
        position: u64,
        /// Why.
        reason: KeyError,
    },
}

/// Why nothing can be signed now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// No statement names a key for this position.
    #[error("no record key may sign position {0}")]
    Nobody(u64),
    /// The key is not here.
    #[error("{0}")]
    Missing(String),
}

/// The keys that the log in a store has named so far.
///
/// # Errors
/// [`RingError`]; where it is not of the store, an audit of this log fails too.
pub async fn ring(reader: &Reader, origin: &str, root: Option<PublicKey>) -> Result<KeyRing, RingError> {
    let mut ring = KeyRing::new(origin, root);
    for row in reader.stream_records(KEYS_STREAM, 1, KEY_RECORDS_MAX).await? {
        let position = row.position;
        let record = record::open(&row.jws).map_err(|reason| RingError::Record { position, reason })?;
        ring.apply(position, &record).map_err(|reason| RingError::Statement { position, reason })?;
    }
    Ok(ring)
}

/// Holds the key in use.
pub struct Signer {
    key_of: KeyOf,
    held: Option<Arc<RecordKey>>,
}

impl Signer {
    /// A signer with the keys that `key_of` finds.
    pub fn new(key_of: KeyOf) -> Signer {
        Signer { key_of, held: None }
    }

    /// The key that signs the record at `position`, and those behind it up to the next key statement. Position 0 is
    /// signed by the key that the first of `statements` adds.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn at(
        &mut self,
        ring: &KeyRing,
        position: u64,
        statements: &[Statement],
    ) -> Result<Arc<RecordKey>, SignerError> {
        let kid = match ring.newest(position) {
            Some(range) => range.public_key.kid().to_owned(),
            None if position == 0 => first(statements).ok_or(SignerError::Nobody(0))?,
            None => return Err(SignerError::Nobody(position)),
        };
        if let Some(held) = self.held.as_ref().filter(|held| held.kid() == kid) {
            return Ok(Arc::clone(held));
        }
        let key = Arc::new((self.key_of)(&kid).map_err(SignerError::Missing)?);
        if key.kid() != kid {
            return Err(SignerError::Missing(format!("another key than {kid} was found under its name")));
        }
        tracing::info!(kid, position, "records are signed with this key from here on");
        self.held = Some(Arc::clone(&key));
        Ok(key)
    }
}

fn first(statements: &[Statement]) -> Option<String> {
    let value = ledger::json::parse_canonical(statements.first()?.json.as_bytes()).ok()?;
    let statement = SignedStatement::from_data(&value).ok()?.statement;
    let adds = statement.action == Action::Added && statement.role == Role::Record;
    adds.then(|| statement.public_key.kid().to_owned())
}
