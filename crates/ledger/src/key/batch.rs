//! Many signatures of one key, checked together: about three times as fast as one by one.
//!
//! The answer *yes* means that the strict check of each would say yes too; *no* says nothing of any of them, and whoever
//! asks has to check them one by one. Why that is so:
//!
//! Strict verification of (R, S) on a message under the key A asks: is S reduced, is neither A nor R of small order, and
//! is R to the byte the encoding of `[S]B - [k]A`, with `k = SHA-512(R ‖ A ‖ message)`? Here each R is decoded, its y
//! required to be below the prime, and R not to be zero; each S is required to be reduced; A was checked when the
//! [`PublicKey`] was made. All other R of small order have torsion, which is looked for below, and so have the only others
//! with a second encoding (a sign for an x of zero). What is left is whether every `D = [S]B - [k]A - R` is zero. A point is
//! the sum of one in the group of prime order and one of the eight torsion points, and D is zero when both parts are.
//!
//! *Prime order.* With 128 random bits z for each signature, the sum of all `[z]D` is zero. If some D had a part of
//! prime order, that would happen with probability 2^-128.
//!
//! *Torsion.* Such a sum alone would not do: the torsion group has eight elements, so that parts of several R cancel, in
//! the simplest case always. The signer can make such signatures, which the strict check refuses. But let `Q_j` be the
//! sum of those R whose z has bit j. B has no torsion, and A is required to have none, so the torsion of every D is that
//! of its R, and if some R has any, each of the 128 `Q_j` has some with probability one half at least. All of them are
//! required to have none. They come free: the sum of all `[z]R` is the sum of all `[2^j]Q_j`.
//!
//! *Random.* The bits are hashed from everything that is checked, so they depend on all of it, verification stays a pure
//! function, and who wants to find signatures that pass wrongly has to try some 2^127 sets of them.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity};
use sha2::{Digest, Sha512};

use super::PublicKey;

/// Below so many signatures the fixed part of the work, some 130 multiplications, makes it slower than one by one.
pub(crate) const BATCH_SIGNATURES_MIN: usize = 512;
/// Name of the hash from which the random bits come.
const DOMAIN: &[u8] = b"ahadi.batch/1";
/// Bytes of each signature's random number.
const RANDOM_BYTES: usize = 16;

/// Signatures of one key. Holds some 230 bytes of each and nothing of the messages.
pub(crate) struct Batch<'k> {
    key: &'k PublicKey,
    claims: Vec<Claim>,
    transcript: Sha512,
    /// Something came that strict verification refuses.
    refused: bool,
}

/// What one signature says: `[s]B = r + [k]A`.
struct Claim {
    r: EdwardsPoint,
    s: Scalar,
    k: Scalar,
}

impl<'k> Batch<'k> {
    pub(crate) fn new(key: &'k PublicKey) -> Batch<'k> {
        let transcript = Sha512::new().chain_update(DOMAIN).chain_update(key.as_bytes());
        Batch { key, claims: Vec::new(), transcript, refused: false }
    }

    pub(crate) fn add(&mut self, message: &[u8], signature: &[u8; 64]) {
        match Claim::read(self.key, message, signature) {
            Some(claim) => {
                self.transcript.update(signature);
                self.transcript.update(claim.k.as_bytes());
                self.claims.push(claim);
            }
            None => self.refused = true,
        }
    }

    /// Whether strict verification would accept each.
    pub(crate) fn verifies(self) -> bool {
        if self.refused || !self.key.verifying.to_edwards().is_torsion_free() {
            return false;
        }
        let seed = self.transcript.finalize();
        let mut subsets = Subsets::new();
        let (mut sum_s, mut sum_k) = (Scalar::ZERO, Scalar::ZERO);
        for (block, claims) in (0_u64..).zip(self.claims.chunks(64 / RANDOM_BYTES)) {
            let random = Sha512::new().chain_update(seed).chain_update(block.to_le_bytes()).finalize();
            for (claim, bytes) in claims.iter().zip(random.as_chunks::<RANDOM_BYTES>().0) {
                let z = Scalar::from(u128::from_le_bytes(*bytes));
                sum_s += z * claim.s;
                sum_k += z * claim.k;
                subsets.add(&claim.r, bytes);
            }
        }
        let sums = subsets.sums();
        if !sums.iter().all(EdwardsPoint::is_torsion_free) {
            return false;
        }
        let sum_r = sums.iter().rev().fold(EdwardsPoint::identity(), |sum, one| sum + sum + one);
        let a = -self.key.verifying.to_edwards();
        // [sum of z s]B - [sum of z k]A - sum of [z]R
        (EdwardsPoint::vartime_double_scalar_mul_basepoint(&sum_k, &a, &sum_s) - sum_r).is_identity()
    }
}

impl Claim {
    fn read(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> Option<Claim> {
        let (r_bytes, s_bytes) = signature.split_first_chunk::<32>()?;
        let s = Option::from(Scalar::from_canonical_bytes(s_bytes.try_into().ok()?))?;
        if !is_reduced(r_bytes) || is_zero(r_bytes) {
            return None;
        }
        let r = CompressedEdwardsY(*r_bytes).decompress()?;
        let hash = Sha512::new().chain_update(r_bytes).chain_update(key.as_bytes()).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        Some(Claim { r, s, k })
    }
}

/// Whether the y of an encoded point is below the prime 2^255-19. The only other second spelling of a point, a sign for
/// an x of zero, is one of zero or of the point of order two.
fn is_reduced(encoded: &[u8; 32]) -> bool {
    encoded[31] & 0x7f != 0x7f || encoded[1..31].iter().any(|byte| *byte != 0xff) || encoded[0] < 0xed
}

/// Whether an encoded point is zero, whose y is one, with either sign.
fn is_zero(encoded: &[u8; 32]) -> bool {
    encoded[0] == 1 && encoded[1..31].iter().all(|byte| *byte == 0) && encoded[31] & 0x7f == 0
}

/// The 128 sums of points by the bits of their random numbers. A point is added once per byte of its number, to the
/// bucket of that byte; each bit's sum is then one over half of the buckets.
struct Subsets {
    buckets: Vec<[EdwardsPoint; 256]>,
}

impl Subsets {
    fn new() -> Subsets {
        Subsets { buckets: vec![[EdwardsPoint::identity(); 256]; RANDOM_BYTES] }
    }

    fn add(&mut self, point: &EdwardsPoint, bytes: &[u8; RANDOM_BYTES]) {
        for (buckets, byte) in self.buckets.iter_mut().zip(bytes) {
            // Bucket 0 is in no sum.
            if *byte != 0 {
                buckets[usize::from(*byte)] += point;
            }
        }
    }

    /// The sums, least bit first.
    fn sums(self) -> Vec<EdwardsPoint> {
        let mut sums = Vec::with_capacity(8 * RANDOM_BYTES);
        for mut buckets in self.buckets {
            let first = sums.len();
            let mut rest = &mut buckets[..];
            // The greatest bit left: its sum is over the upper half, which then joins the lower.
            while rest.len() > 1 {
                let (lower, upper) = rest.split_at_mut(rest.len() / 2);
                sums.push(upper.iter().fold(EdwardsPoint::identity(), |sum, one| sum + one));
                lower.iter_mut().zip(upper).for_each(|(low, up)| *low += *up);
                rest = lower;
            }
            sums[first..].reverse();
        }
        sums
    }
}

#[cfg(test)]
mod tests;
