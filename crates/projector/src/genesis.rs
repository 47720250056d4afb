//! The first records of a log: the statements that name its keys.

use contract::command::{Command, StateKey};
use contract::input::{Body, INPUT_VERSION, Input, Seed};
use contract::provider::Via;
use ledger::hash::{Hash, sha256};
use ledger::time::Timestamp;
use uuid::Uuid;

use crate::plan::Read;

/// A signed key statement as kept beside the keys: canonical JSON and when it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Canonical JSON of the statement with its signatures.
    pub json: String,
    /// When the root key signed it.
    pub issued_at: Timestamp,
}

/// The inputs that begin a log. A pure function of the statements: a log begun twice with the same statements begins
/// with the same bytes, which is what lets a lost database be folded again from the journals.
pub fn reads(statements: &[Statement]) -> Vec<Read> {
    statements.iter().map(|statement| Read::Input(Box::new(input(statement)))).collect()
}

fn input(statement: &Statement) -> Input {
    let digest = sha256(statement.json.as_bytes());
    let mut id = [0_u8; 16];
    id.copy_from_slice(&digest.0[..16]);
    Input {
        v: INPUT_VERSION,
        id: Uuid::new_v8(id),
        via: Via::Api,
        received_at: statement.issued_at,
        authenticated: true,
        // A statement has nothing personal, so nothing is derived from the seed.
        seed: Seed(Hash([0; 32])),
        body: Body::Command(Command::StateKey(StateKey { statement: statement.json.clone() })),
    }
}
