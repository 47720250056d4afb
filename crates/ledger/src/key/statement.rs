//! What the root key says about other keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{KeyError, PublicKey, RecordKey, RootKey};
use crate::json::{INTEGER_MAX, Value};
use crate::object;
use crate::time::Timestamp;

/// What a statement is: its first member separates its bytes from anything else a root key may sign.
const STATEMENT_VERSION: &str = "ahadi.key/1";

/// What a statement does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The key may sign from a position on.
    Added,
    /// The key is no longer used from a position on; nothing is wrong with it.
    Retired,
    /// The key is no longer trusted from a position on.
    Revoked,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Signs records.
    Record,
    /// Signs checkpoints.
    Log,
}

/// Why a statement was made; a closed list, for free text does not stand in the log in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The log starts.
    Genesis,
    /// One key follows another as planned.
    Rotation,
    /// Somebody else may have the key.
    Compromise,
    /// The key can no longer be used.
    Loss,
}

impl Action {
    const ALL: [Action; 3] = [Action::Added, Action::Retired, Action::Revoked];

    /// As written in a statement.
    pub fn name(self) -> &'static str {
        match self {
            Action::Added => "added",
            Action::Retired => "retired",
            Action::Revoked => "revoked",
        }
    }

    /// The `type` of the record that carries it.
    pub fn kind(self) -> &'static str {
        match self {
            Action::Added => "key.added",
            Action::Retired => "key.retired",
            Action::Revoked => "key.revoked",
        }
    }
}

impl Role {
    const ALL: [Role; 2] = [Role::Record, Role::Log];

    /// As written in a statement.
    pub fn name(self) -> &'static str {
        match self {
            Role::Record => "record",
            Role::Log => "log",
        }
    }
}

impl Reason {
    const ALL: [Reason; 4] = [Reason::Genesis, Reason::Rotation, Reason::Compromise, Reason::Loss];

    /// As written in a statement.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Genesis => "genesis",
            Reason::Rotation => "rotation",
            Reason::Compromise => "compromise",
            Reason::Loss => "loss",
        }
    }
}

/// What the root key says about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatement {
    /// What happens to the key.
    pub action: Action,
    /// What the key is for.
    pub role: Role,
    /// The log it is said for.
    pub origin: String,
    /// The key; its `kid` stands in the statement too.
    pub public_key: PublicKey,
    /// When the root key signed.
    pub issued_at: Timestamp,
    /// First position it counts for; none means the position behind the record that carries it (or that record itself,
    /// where it is the first of the log). Never a position already in the log.
    pub from_position: Option<u64>,
    /// Why, where that helps.
    pub reason: Option<Reason>,
}

impl KeyStatement {
    /// The bytes that are signed: canonical JSON of the statement without its signatures.
    pub fn bytes(&self) -> Vec<u8> {
        self.value().canonical().into_bytes()
    }

    fn value(&self) -> Value {
        object! {
            "action": self.action.name(),
            "from_position": self.from_position.map(|p| i64::try_from(p).unwrap_or(i64::MAX)),
            "issued_at": self.issued_at,
            "kid": self.public_key.kid(),
            "origin": self.origin.as_str(),
            "public_key": self.public_key.x(),
            "reason": self.reason.map(Reason::name),
            "role": self.role.name(),
            "v": STATEMENT_VERSION,
        }
    }

    /// Signs with the root key and, where a key is added, with that key as proof that somebody holds it. A log key is read
    /// as a [`RecordKey`] from its file for this.
    pub fn sign(self, root: &RootKey, added: Option<&RecordKey>) -> SignedStatement {
        let bytes = self.bytes();
        let root_signature = root.sign(&bytes);
        let possession_signature = added.map(|key| key.sign(&bytes));
        SignedStatement { statement: self, root_signature, possession_signature }
    }
}

/// A statement with its signatures, as `data` of a record of the stream `ledger/keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// What is said.
    pub statement: KeyStatement,
    /// The root key's signature over [`KeyStatement::bytes`].
    pub root_signature: [u8; 64],
    /// The added key's signature over the same bytes; none unless a key is added.
    pub possession_signature: Option<[u8; 64]>,
}

impl SignedStatement {
    /// The record's `data`.
    pub fn data(&self) -> Value {
        let mut value = self.statement.value();
        if let Value::Object(entries) = &mut value {
            let mut add = |name: &str, signature: &[u8; 64]| {
                entries.insert(name.to_owned(), URL_SAFE_NO_PAD.encode(signature).into());
            };
            add("root_signature", &self.root_signature);
            if let Some(signature) = &self.possession_signature {
                add("possession_signature", signature);
            }
        }
        value
    }

    /// Reads [`SignedStatement::data`]; unknown members are refused, signatures are not yet checked.
    pub fn from_data(data: &Value) -> Result<SignedStatement, KeyError> {
        let text = |field| data.get(field).and_then(Value::as_str).ok_or(KeyError::Statement { field });
        let action = named(text("action")?, &Action::ALL, Action::name, "action")?;
        let role = named(text("role")?, &Role::ALL, Role::name, "role")?;
        let reason = match data.get("reason") {
            Some(Value::Null) => None,
            _ => Some(named(text("reason")?, &Reason::ALL, Reason::name, "reason")?),
        };
        let public_key = PublicKey::from_x(text("public_key")?)
            .map_err(|_| KeyError::Statement { field: "public_key" })?;
        let issued_at = text("issued_at")?.parse().map_err(|_| KeyError::Statement { field: "issued_at" })?;
        let possession_signature = match data.get("possession_signature") {
            Some(_) => Some(signature(text("possession_signature")?, "possession_signature")?),
            None => None,
        };
        let origin = text("origin")?.to_owned();
        let from_position = from_position(data)?;
        let statement = KeyStatement { action, role, origin, public_key, issued_at, from_position, reason };
        let root_signature = signature(text("root_signature")?, "root_signature")?;
        let signed = SignedStatement { statement, root_signature, possession_signature };
        // What was not read above (`kid`, `v`, further members) has to be what would be written.
        if text("kid")? != signed.statement.public_key.kid() {
            return Err(KeyError::Statement { field: "kid" });
        }
        if signed.data() != *data {
            return Err(KeyError::Statement { field: "v" });
        }
        Ok(signed)
    }

    /// Checks the proof of possession and, where the root key is known, its signature.
    pub(super) fn verify(&self, root: Option<&PublicKey>) -> Result<(), KeyError> {
        let bytes = self.statement.bytes();
        if let Some(root) = root {
            root.verify(&bytes, &self.root_signature).map_err(|_| KeyError::NotByRoot)?;
        }
        match (self.statement.action, &self.possession_signature) {
            (Action::Added, Some(signature)) => {
                self.statement.public_key.verify(&bytes, signature).map_err(|_| KeyError::NotPossessed)
            }
            (Action::Added, None) => Err(KeyError::NotPossessed),
            (_, None) => Ok(()),
            (_, Some(_)) => Err(KeyError::Statement { field: "possession_signature" }),
        }
    }
}

fn named<T: Copy>(
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
    field: &'static str,
) -> Result<T, KeyError> {
    all.iter().copied().find(|one| name(*one) == text).ok_or(KeyError::Statement { field })
}

fn signature(text: &str, field: &'static str) -> Result<[u8; 64], KeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Statement { field })?;
    bytes.try_into().map_err(|_| KeyError::Statement { field })
}

fn from_position(data: &Value) -> Result<Option<u64>, KeyError> {
    match data.get("from_position") {
        Some(Value::Null) => Ok(None),
        Some(Value::Int(position @ 0..=INTEGER_MAX)) => Ok(Some(position.unsigned_abs())),
        _ => Err(KeyError::Statement { field: "from_position" }),
    }
}
