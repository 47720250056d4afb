//! Everything the carrier draws by chance. A value depends only on the seed and on what it is drawn for, never on
//! the order in which requests arrive, so a run repeats even when its requests race.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// What one draw is for: a purpose, the thing it belongs to (a phone, a session), and its number there.
fn keyed(seed: u64, purpose: &str, subject: &str, n: u32) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(purpose.as_bytes());
    // Neither purposes nor subjects hold a zero byte, so the parts cannot run into each other.
    hash.update([0]);
    hash.update(subject.as_bytes());
    hash.update([0]);
    hash.update(n.to_be_bytes());
    hash.finalize().into()
}

/// A generator for one purpose. ChaCha8 keeps its values across versions and platforms.
pub(crate) fn generator(seed: u64, purpose: &str, subject: &str, n: u32) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(keyed(seed, purpose, subject, n))
}

/// 32 hex digits, as in the provider's session and message ids.
pub(crate) fn hex_id(seed: u64, purpose: &str, subject: &str, n: u32) -> String {
    keyed(seed, purpose, subject, n)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
