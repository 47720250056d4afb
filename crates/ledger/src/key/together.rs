//! Signing many messages with one key.
//!
//! The R of a signature is a point, and writing it down takes the inverse of one of its coordinates: a seventh of the work
//! of signing. For many points one inverse will do (Montgomery's trick). The bytes are those of RFC 8032 §5.1.6, as
//! [`RecordKey::sign`] gives them, which a property test compares. As there, no branch and no address depends on a secret.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::RecordKey;

/// The two halves of the hashed seed (RFC 8032 §5.1.5).
struct Expanded {
    scalar: Zeroizing<Scalar>,
    prefix: Zeroizing<[u8; 32]>,
}

impl Expanded {
    fn of(key: &RecordKey) -> Expanded {
        let hash: Zeroizing<[u8; 64]> = Zeroizing::new(Sha512::digest(key.signing.as_bytes()).into());
        let (mut scalar, mut prefix) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        scalar.copy_from_slice(&hash[..32]);
        prefix.copy_from_slice(&hash[32..]);
        let scalar = Zeroizing::new(Scalar::from_bytes_mod_order(clamp_integer(*scalar)));
        Expanded { scalar, prefix }
    }
}

impl RecordKey {
    /// Signs each message, in order.
    pub(crate) fn sign_all(&self, messages: &[&[u8]]) -> Vec<[u8; 64]> {
        let key = Expanded::of(self);
        let mut secrets: Zeroizing<Vec<Scalar>> = Zeroizing::new(Vec::with_capacity(messages.len()));
        secrets.extend(messages.iter().map(|message| hashed([key.prefix.as_slice(), message, &[]])));
        let mut points: Zeroizing<Vec<EdwardsPoint>> = Zeroizing::new(Vec::with_capacity(messages.len()));
        points.extend(secrets.iter().map(EdwardsPoint::mul_base));
        let encoded = EdwardsPoint::compress_batch_alloc(&points);
        let one = |((message, r), encoded): ((&&[u8], &Scalar), &[u8; 32])| {
            let k = hashed([encoded, self.public.as_bytes(), message]);
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(encoded);
            signature[32..].copy_from_slice((k * *key.scalar + r).as_bytes());
            signature
        };
        messages.iter().zip(secrets.iter()).zip(encoded.iter().map(|point| &point.0)).map(one).collect()
    }
}

/// SHA-512 of the parts as one, reduced.
fn hashed(parts: [&[u8]; 3]) -> Scalar {
    let hash = parts.into_iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_is_signed_as_alone(
            seed in any::<[u8; 32]>(),
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        ) {
            let key = RecordKey::from_seed(&seed);
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            let alone: Vec<_> = messages.iter().map(|message| key.sign(message)).collect();
            prop_assert_eq!(key.sign_all(&messages), alone);
        }
    }
}
