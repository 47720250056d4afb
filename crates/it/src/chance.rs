//! Numbers drawn from a seed, so that a run can be repeated.

use ledger::hash::sha256;

/// Gives the same numbers for the same seed.
#[derive(Clone, Debug)]
pub struct Chance {
    seed: u64,
    drawn: u64,
}

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance { seed, drawn: 0 }
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.drawn += 1;
        let mut bytes = [0_u8; 16];
        bytes[..8].copy_from_slice(&self.seed.to_be_bytes());
        bytes[8..].copy_from_slice(&self.drawn.to_be_bytes());
        let hash = sha256(&bytes).0;
        // The modulus favours small numbers by less than one in 2^40 for any range used in tests.
        u64::from_be_bytes(hash[..8].try_into().unwrap()) % end
    }
}
