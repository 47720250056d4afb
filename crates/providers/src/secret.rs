//! Secret path segments: the proof of origin for providers that sign nothing.

use ledger::hash::{Hash, sha256};
use subtle::{Choice, ConstantTimeEq};

/// Most secrets live at once: the one in use and the next, during a rotation.
pub const SECRETS_LIVE_MAX: usize = 2;
/// Shortest secret, in bytes: 22 characters of base64url hold 128 bits.
pub const SECRET_BYTES_MIN: usize = 22;
/// Longest secret, in bytes; it stands in an address.
pub const SECRET_BYTES_MAX: usize = 128;

/// Why a text may not be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Could be guessed.
    #[error("a webhook secret has at least {SECRET_BYTES_MIN} characters")]
    TooShort,
    /// Does not fit an address.
    #[error("a webhook secret has at most {SECRET_BYTES_MAX} characters")]
    TooLong,
    /// Would be written differently by different clients.
    #[error("a webhook secret holds only letters, digits and - _ . ~")]
    Character,
    /// More than a rotation needs.
    #[error("at most {SECRETS_LIVE_MAX} webhook secrets can be live")]
    TooMany,
}

/// The live secrets of one webhook, kept as their SHA-256. `Debug` shows only how many.
#[derive(Clone, Default)]
pub struct PathSecrets(Vec<Hash>);

impl PathSecrets {
    /// Takes up to two secrets. None is allowed and matches nothing: a webhook without a secret is closed.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn new(live: &[&str]) -> Result<PathSecrets, SecretError> {
        if live.len() > SECRETS_LIVE_MAX {
            return Err(SecretError::TooMany);
        }
        for secret in live {
            if secret.len() < SECRET_BYTES_MIN {
                return Err(SecretError::TooShort);
            }
            if secret.len() > SECRET_BYTES_MAX {
                return Err(SecretError::TooLong);
            }
            if !secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~')) {
                return Err(SecretError::Character);
            }
        }
        Ok(PathSecrets(live.iter().map(|secret| sha256(secret.as_bytes())).collect()))
    }

    /// Whether the path segment is a live secret. Every live one is compared, in constant time.
    pub fn matches(&self, segment: &str) -> bool {
        let given = sha256(segment.as_bytes());
        self.0.iter().fold(Choice::from(0), |found, live| found | live.0.ct_eq(&given.0)).into()
    }
}

impl std::fmt::Debug for PathSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PathSecrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OLD: &str = "old-old-old-old-old-old";
    const NEW: &str = "new_new_new_new_new_new";

    #[test]
    fn both_live_secrets_open_and_nothing_else_does() {
        let secrets = PathSecrets::new(&[OLD, NEW]).unwrap();
        for (segment, expected) in
            [(OLD, true), (NEW, true), ("", false), ("old-old-old-old-old-olD", false), (&OLD[1..], false)]
        {
            assert_eq!(secrets.matches(segment), expected, "{segment}");
        }
        let after_rotation = PathSecrets::new(&[NEW]).unwrap();
        assert!(!after_rotation.matches(OLD));
    }

    #[test]
    fn without_a_secret_the_door_is_closed() {
        let none = PathSecrets::new(&[]).unwrap();
        assert!(!none.matches("") && !none.matches(OLD));
    }

    #[test]
    fn weak_secrets_are_refused() {
        for (live, expected) in [
            (vec!["short"], SecretError::TooShort),
            (vec!["slash/slash/slash/slash"], SecretError::Character),
            (vec![OLD, NEW, OLD], SecretError::TooMany),
            (vec![&*"x".repeat(129)], SecretError::TooLong),
        ] {
            assert_eq!(PathSecrets::new(&live).unwrap_err(), expected);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", PathSecrets::new(&[OLD]).unwrap()), "PathSecrets(1)");
    }
}
