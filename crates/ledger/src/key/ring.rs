//! Who may sign which positions, as the stream `ledger/keys` tells.

use std::collections::BTreeMap;

use super::{Action, KeyError, KeyStatement, PublicKey, Role, SignedStatement};
use crate::record::Record;

/// A key and the positions of the log for which it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The key.
    pub public_key: PublicKey,
    /// First position.
    pub from: u64,
    /// First position no longer; none while the key is in use.
    pub until: Option<u64>,
}

impl KeyRange {
    fn check(&self, position: u64) -> Result<&PublicKey, KeyError> {
        if position < self.from {
            return Err(KeyError::NotYet { from: self.from });
        }
        match self.until {
            Some(until) if position >= until => Err(KeyError::Ended { until }),
            _ => Ok(&self.public_key),
        }
    }
}

/// The keys of one log, built by applying the records of its key stream in order.
///
/// The ring itself checks what the root key and the added keys signed. That the carrying record is well signed is the
/// caller's to check, before it applies it: with [`KeyRing::signer`].
#[derive(Debug, Clone)]
pub struct KeyRing {
    origin: String,
    root: Option<PublicKey>,
    record: BTreeMap<String, KeyRange>,
    log: BTreeMap<String, KeyRange>,
}

impl KeyRing {
    /// A ring without keys. Without a root key the statements' root signatures go unchecked, and what the ring answers
    /// proves no more than that the log agrees with itself.
    pub fn new(origin: impl Into<String>, root: Option<PublicKey>) -> KeyRing {
        KeyRing { origin: origin.into(), root, record: BTreeMap::new(), log: BTreeMap::new() }
    }

    /// The log whose keys these are.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether root signatures are checked.
    pub fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// The key that has to have signed this record at this position: a known one in whose range the position lies, or,
    /// for the very first record of the log, the one it adds itself.
    pub fn signer(&self, position: u64, record: &Record) -> Result<PublicKey, KeyError> {
        match self.may_sign(&record.kid, position) {
            Ok(key) => Ok(key.clone()),
            Err(error) => match SignedStatement::from_data(&record.data.value()) {
                Ok(signed) if self.is_genesis(position, record, &signed) => Ok(signed.statement.public_key),
                _ => Err(error),
            },
        }
    }

    fn is_genesis(&self, position: u64, record: &Record, signed: &SignedStatement) -> bool {
        position == 0
            && self.record.is_empty()
            && record.stream.as_str() == crate::stream::KEYS
            && signed.statement.action == Action::Added
            && signed.statement.role == Role::Record
            && signed.statement.public_key.kid() == record.kid
    }

    /// Takes in the record of the key stream at `position`. On an error the ring is unchanged.
    pub fn apply(&mut self, position: u64, record: &Record) -> Result<(), KeyError> {
        let signed = SignedStatement::from_data(&record.data.value())?;
        let statement = &signed.statement;
        if record.kind != statement.action.kind() {
            return Err(KeyError::Statement { field: "action" });
        }
        if statement.origin != self.origin {
            return Err(KeyError::Origin);
        }
        signed.verify(self.root.as_ref())?;
        let genesis = self.is_genesis(position, record, &signed);
        if statement.action == Action::Added && statement.public_key.kid() == record.kid && !genesis {
            return Err(KeyError::SelfAdded);
        }
        self.put(if genesis { position } else { position + 1 }, statement)
    }

    /// Takes in a statement as [`KeyRing::apply`] would from a record at `position` that another key signed; the first
    /// record key of a log signs for itself. What this refuses would fail an audit if it stood in the log, so whoever
    /// writes asks a copy of the ring first. On an error the ring is unchanged.
    ///
    /// # Errors
    /// Why an auditor would refuse it.
    pub fn take(&mut self, position: u64, signed: &SignedStatement) -> Result<(), KeyError> {
        let statement = &signed.statement;
        if statement.origin != self.origin {
            return Err(KeyError::Origin);
        }
        signed.verify(self.root.as_ref())?;
        let adds_record_key = statement.action == Action::Added && statement.role == Role::Record;
        let genesis = position == 0 && self.record.is_empty() && adds_record_key;
        self.put(if genesis { position } else { position + 1 }, statement)
    }

    fn put(&mut self, earliest: u64, statement: &KeyStatement) -> Result<(), KeyError> {
        let from = statement.from_position.unwrap_or(earliest);
        if from < earliest {
            return Err(KeyError::BackDated { from, earliest });
        }
        match statement.action {
            Action::Added => self.add(statement.role, statement.public_key.clone(), from),
            Action::Retired | Action::Revoked => self.end(statement.role, statement.public_key.kid(), from),
        }
    }

    fn add(&mut self, role: Role, public_key: PublicKey, from: u64) -> Result<(), KeyError> {
        let kid = public_key.kid().to_owned();
        let is_root = self.root.as_ref() == Some(&public_key);
        if is_root || self.record.contains_key(&kid) || self.log.contains_key(&kid) {
            return Err(KeyError::Reused);
        }
        self.of_role_mut(role).insert(kid, KeyRange { public_key, from, until: None });
        Ok(())
    }

    fn end(&mut self, role: Role, kid: &str, from: u64) -> Result<(), KeyError> {
        let range = self.of_role_mut(role).get_mut(kid).ok_or(KeyError::Unknown)?;
        // A key retired first can be revoked earlier still, but no later statement gives it time back.
        range.until = Some(range.until.map_or(from, |until| until.min(from)));
        Ok(())
    }

    fn of_role_mut(&mut self, role: Role) -> &mut BTreeMap<String, KeyRange> {
        match role {
            Role::Record => &mut self.record,
            Role::Log => &mut self.log,
        }
    }

    /// The record key of this thumbprint, if it may sign the record at `position`.
    pub fn may_sign(&self, kid: &str, position: u64) -> Result<&PublicKey, KeyError> {
        self.record.get(kid).ok_or(KeyError::Unknown)?.check(position)
    }

    /// The newest record key that may sign the record at `position`: of those in whose range it lies, the one whose
    /// range begins last. Everybody who knows the log up to there names the same one.
    pub fn newest(&self, position: u64) -> Option<&KeyRange> {
        self.record.values().filter(|range| range.check(position).is_ok()).max_by_key(|range| range.from)
    }

    /// Every record key ever added, by thumbprint.
    pub fn record_keys(&self) -> &BTreeMap<String, KeyRange> {
        &self.record
    }

    /// Every log key ever added, by thumbprint.
    pub fn log_keys(&self) -> &BTreeMap<String, KeyRange> {
        &self.log
    }
}
