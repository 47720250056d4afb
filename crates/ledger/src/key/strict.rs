//! The strict check of a signature, without decoding its R.
//!
//! Strict verification of (R, S) on a message under the key A asks: is S reduced, is neither A nor R of small order, and is R
//! to the byte the encoding of `[S]B - [k]A`, with `k = SHA-512(R ‖ A ‖ message)`? If it is, R is the one canonical encoding
//! of that point, so that its order is small exactly when these bytes are one of eight. If it is not, the signature is
//! refused anyhow. So R need never be decoded, which is a seventh of the work. Property and edge tests hold the verdicts
//! against `ed25519_dalek::VerifyingKey::verify_strict`.
//!
//! Writing a point down takes an inverse, another seventh. For many signatures one inverse will do (Montgomery's trick); each
//! still has an equation and a verdict of its own.

use std::sync::LazyLock;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use ed25519_dalek::{Signature, Verifier};
use sha2::{Digest, Sha512};

use super::{KeyError, PublicKey};

/// The canonical encodings of the points of small order.
static SMALL: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// A message and its signature.
pub(crate) type Signed<'a> = (&'a [u8], &'a [u8; 64]);

impl PublicKey {
    /// Checks an Ed25519 signature strictly: canonical S, no small-order point, cofactorless.
    ///
    /// # Errors
    /// [`KeyError::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), KeyError> {
        if self.small || is_small(signature) {
            return Err(KeyError::Signature);
        }
        let verified = self.verifying.verify(message, &Signature::from_bytes(signature));
        verified.map_err(|_| KeyError::Signature)
    }

    /// [`PublicKey::verify`] of each, in order.
    pub(crate) fn verify_each<'a>(&self, signed: impl IntoIterator<Item = Signed<'a>>) -> Vec<bool> {
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for (message, signature) in signed {
            let point = self.expected(message, signature);
            found.push(point.is_some().then(|| r_of(signature)));
            expected.push(point.unwrap_or_else(EdwardsPoint::identity));
        }
        let expected = EdwardsPoint::compress_batch_alloc(&expected);
        found.into_iter().zip(&expected).map(|(r, expected)| r == Some(expected.as_bytes())).collect()
    }

    /// `[S]B - [k]A`, unless the signature is refused whatever that is.
    fn expected(&self, message: &[u8], signature: &[u8; 64]) -> Option<EdwardsPoint> {
        if self.small || is_small(signature) {
            return None;
        }
        let s: [u8; 32] = *signature.last_chunk()?;
        let s = Option::from(Scalar::from_canonical_bytes(s))?;
        let hash =
            Sha512::new().chain_update(r_of(signature)).chain_update(self.as_bytes()).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let a = -self.verifying.to_edwards();
        Some(EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &a, &s))
    }
}

fn r_of(signature: &[u8; 64]) -> &[u8; 32] {
    signature.first_chunk().expect("32 is not more than 64")
}

fn is_small(signature: &[u8; 64]) -> bool {
    SMALL.contains(r_of(signature))
}
