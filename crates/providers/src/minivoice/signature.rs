//! The signature of a webhook: `X-MiniVoice-Signature: v1=` and, in hex, HMAC-SHA256 over `<timestamp>.<raw body>`.
//!
//! ```text
//!  X-MiniVoice-Timestamp: 1780056600 ──┐
//!                                      ├─► "1780056600." ‖ body ──► HMAC-SHA256(secret) ──► v1=e0da…
//!  body, byte for byte ────────────────┘
//! ```
//!
//! Its age is told apart from its truth. A webhook that is authentic and old is one that was kept back somewhere, or
//! sent again by somebody who saw it: as the same event leads to no second record, taking it costs nothing, and
//! refusing it could lose an event for ever.

use hmac::{Hmac, KeyInit, Mac};
use ledger::time::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::africastalking::time::instant;

/// The header that holds the signature, lower-case.
pub const SIGNATURE_HEADER: &str = "x-minivoice-signature";
/// The header that holds the time it was made, lower-case.
pub const TIMESTAMP_HEADER: &str = "x-minivoice-timestamp";
/// How far a signature's time may lie from ours and count as fresh, in seconds. The provider names no number; five
/// minutes is what others take.
pub const TOLERANCE_SECONDS: u32 = 300;
/// Most secrets live at once: the one in use and the next, during a rotation.
pub const SIGNING_SECRETS_LIVE_MAX: usize = 2;
/// Shortest secret, in bytes: whoever sees one signed webhook can try secrets at leisure.
pub const SIGNING_SECRET_BYTES_MIN: usize = 16;
/// Longest secret, in bytes.
pub const SIGNING_SECRET_BYTES_MAX: usize = 256;

/// What the value of the header starts with; the only version there is.
const VERSION: &str = "v1=";
/// Bytes of the digest.
const DIGEST_BYTES: usize = 32;
/// Longest timestamp, in bytes; RFC 3339 with a zone has 25.
const TIMESTAMP_BYTES_MAX: usize = 32;
/// Numbers from here on are milliseconds: as seconds they would lie beyond the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// Why a text may not be a signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningSecretError {
    /// Could be guessed.
    #[error("a signing secret has at least {SIGNING_SECRET_BYTES_MIN} bytes")]
    TooShort,
    /// More than anybody needs.
    #[error("a signing secret has at most {SIGNING_SECRET_BYTES_MAX} bytes")]
    TooLong,
    /// More than a rotation needs.
    #[error("at most {SIGNING_SECRETS_LIVE_MAX} signing secrets can be live")]
    TooMany,
}

/// The live signing secrets. `Debug` shows only how many.
#[derive(Clone, Default)]
pub struct SigningSecrets(Vec<Vec<u8>>);

/// What a signature proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Authentic, and made just now.
    Fresh,
    /// Authentic, but made at another time, or at one that cannot be read.
    Stale,
    /// Not authentic.
    Wrong,
}

impl Verdict {
    /// The word kept beside the webhook.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Fresh => "fresh",
            Verdict::Stale => "stale",
            Verdict::Wrong => "wrong",
        }
    }
}

impl SigningSecrets {
    /// Takes up to two secrets. None means that the provider was given none, and signs nothing.
    ///
    /// # Errors
    /// [`SigningSecretError`].
    pub fn new(live: &[&str]) -> Result<SigningSecrets, SigningSecretError> {
        if live.len() > SIGNING_SECRETS_LIVE_MAX {
            return Err(SigningSecretError::TooMany);
        }
        for secret in live {
            if secret.len() < SIGNING_SECRET_BYTES_MIN {
                return Err(SigningSecretError::TooShort);
            }
            if secret.len() > SIGNING_SECRET_BYTES_MAX {
                return Err(SigningSecretError::TooLong);
            }
        }
        Ok(SigningSecrets(live.iter().map(|secret| secret.as_bytes().to_vec()).collect()))
    }

    /// Whether the provider was given no secret.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Judges a webhook by the values of its two headers, each as often as it stands there, and its body. Every live
    /// secret is tried, in constant time. Without a secret everything is [`Verdict::Wrong`].
    pub fn check(
        &self,
        signatures: &[&[u8]],
        timestamps: &[&[u8]],
        body: &[u8],
        now: Timestamp,
        tolerance_s: u32,
    ) -> Verdict {
        // Two of either would leave open which one was meant; the provider sends one.
        let ([signature], [timestamp]) = (signatures, timestamps) else { return Verdict::Wrong };
        let (Some(told), Some(timestamp)) = (digest(signature), plain_timestamp(timestamp)) else {
            return Verdict::Wrong;
        };
        let found = self.0.iter().fold(Choice::from(0), |found, secret| {
            found | mac(secret, timestamp, body).as_slice().ct_eq(told.as_slice())
        });
        if !bool::from(found) {
            Verdict::Wrong
        } else if is_fresh(timestamp, now, tolerance_s) {
            Verdict::Fresh
        } else {
            Verdict::Stale
        }
    }
}

impl std::fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningSecrets({})", self.0.len())
    }
}

/// The value of the signature header for a body, as the provider makes it.
pub fn sign(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let digest = mac(secret, timestamp, body);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{VERSION}{hex}")
}

fn mac(secret: &[u8], timestamp: &str, body: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// The digest of a header's value.
fn digest(value: &[u8]) -> Option<[u8; DIGEST_BYTES]> {
    let hex = std::str::from_utf8(value).ok()?.trim().strip_prefix(VERSION)?;
    if hex.len() != 2 * DIGEST_BYTES || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; DIGEST_BYTES];
    for (byte, at) in digest.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(digest)
}

/// A timestamp holds no dot: a dot is what parts it from the body, so with one the same signed bytes could be cut
/// elsewhere, and read as another body.
fn plain_timestamp(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'T' | b'Z' | b':' | b'+' | b'-');
    ((1..=TIMESTAMP_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

/// The unit is documented nowhere: seconds, milliseconds and RFC 3339 are read.
fn is_fresh(timestamp: &str, now: Timestamp, tolerance_s: u32) -> bool {
    let made = if timestamp.bytes().all(|b| b.is_ascii_digit()) {
        match timestamp.parse::<i64>() {
            Ok(number) if number >= MILLISECONDS_FROM => Some(number),
            Ok(number) => Some(number * 1_000),
            Err(_) => None,
        }
    } else {
        instant(timestamp).map(Timestamp::millis)
    };
    made.is_some_and(|made| now.millis().abs_diff(made) <= u64::from(tolerance_s) * 1_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The source document's webhook in one line.
    const BODY: &[u8] = br#"{"event":"call.completed","created_at":"2026-05-29T12:10:00Z","call":{"id":"call_123","customer_id":"cust_123","application_id":"app_123","status":"completed","direction":"inbound","from":"+15551230001","to":"+15551230002"},"variables":{},"data":{}}"#;
    const SECRET: &str = "a-signing-secret";
    const NEXT: &str = "the-next-signing-secret";
    const AT: &str = "1780056600";

    fn now(offset_s: i64) -> Timestamp {
        Timestamp::from_millis((1_780_056_600 + offset_s) * 1_000).unwrap()
    }

    fn check(signature: &str, timestamp: &str, body: &[u8], offset_s: i64, expected: Verdict) {
        let secrets = SigningSecrets::new(&[SECRET, NEXT]).unwrap();
        let given = secrets.check(
            &[signature.as_bytes()],
            &[timestamp.as_bytes()],
            body,
            now(offset_s),
            TOLERANCE_SECONDS,
        );
        assert_eq!(given, expected, "{signature} {timestamp} {offset_s}");
    }

    #[test]
    fn a_known_signature() {
        let expected = "v1=e0da0954b48c1412c734c214e5d7c2ac0726e39253afcbab5db8652f3e6ac5ef";
        assert_eq!((BODY.len(), sign(b"test_secret", AT, BODY)), (249, expected.to_owned()));
    }

    #[test]
    fn both_live_secrets_sign_and_no_other() {
        for secret in [SECRET, NEXT] {
            check(&sign(secret.as_bytes(), AT, BODY), AT, BODY, 0, Verdict::Fresh);
        }
        check(&sign(b"an-old-signing-secret", AT, BODY), AT, BODY, 0, Verdict::Wrong);
        check(&sign(b"", AT, BODY), AT, BODY, 0, Verdict::Wrong);
        let none = SigningSecrets::default();
        let signature = sign(b"", AT, BODY);
        let given = none.check(&[signature.as_bytes()], &[AT.as_bytes()], BODY, now(0), TOLERANCE_SECONDS);
        assert_eq!(given, Verdict::Wrong);
    }

    #[test]
    fn the_age_decides_between_fresh_and_stale() {
        for (offset_s, expected) in [
            (300, Verdict::Fresh),
            (301, Verdict::Stale),
            (-300, Verdict::Fresh),
            (-301, Verdict::Stale),
            (86_400, Verdict::Stale),
        ] {
            check(&sign(SECRET.as_bytes(), AT, BODY), AT, BODY, offset_s, expected);
        }
        for (timestamp, expected) in [
            ("1780056600000", Verdict::Fresh),
            ("1780056300000", Verdict::Fresh),
            ("1780056299999", Verdict::Stale),
            ("2026-05-29T12:10:00Z", Verdict::Fresh),
            ("2026-05-29T15:10:00+03:00", Verdict::Fresh),
            ("2026-05-29T15:10:00Z", Verdict::Stale),
            ("99999999999999999999", Verdict::Stale),
            ("--", Verdict::Stale),
        ] {
            check(&sign(SECRET.as_bytes(), timestamp, BODY), timestamp, BODY, 0, expected);
        }
    }

    #[test]
    fn anything_else_is_wrong() {
        let right = sign(SECRET.as_bytes(), AT, BODY);
        check(&right.to_uppercase().replace("V1=", "v1="), AT, BODY, 0, Verdict::Fresh);
        let (bare, twice) = (right.trim_start_matches("v1="), format!("{right},{right}"));
        let v2 = right.replace("v1=", "v2=");
        for signature in
            ["", "v1=", bare, &v2, &right[..66], &twice, &format!("{right}0"), &format!("{right}é")]
        {
            check(signature, AT, BODY, 0, Verdict::Wrong);
        }
        check(&right, "1780056601", BODY, 0, Verdict::Wrong);
        check(&right, "", BODY, 0, Verdict::Wrong);
        let secrets = SigningSecrets::new(&[SECRET]).unwrap();
        let (signature, timestamp) = (right.as_bytes(), AT.as_bytes());
        for (signatures, timestamps) in [
            (vec![], vec![timestamp]),
            (vec![signature], vec![]),
            (vec![signature, signature], vec![timestamp]),
            (vec![signature], vec![timestamp, timestamp]),
            (vec![&b"v1=\xff"[..]], vec![timestamp]),
        ] {
            let given = secrets.check(&signatures, &timestamps, BODY, now(0), TOLERANCE_SECONDS);
            assert_eq!(given, Verdict::Wrong);
        }
    }

    #[test]
    fn signed_bytes_cannot_be_cut_elsewhere() {
        let body = br#"{"event":"call.completed"}"#;
        let signature = sign(SECRET.as_bytes(), AT, body);
        let whole = format!("{AT}.{}", std::str::from_utf8(body).unwrap());
        for (at, _) in whole.match_indices('.') {
            let (timestamp, rest) = (&whole[..at], &whole[at + 1..]);
            let expected = if timestamp == AT { Verdict::Fresh } else { Verdict::Wrong };
            check(&signature, timestamp, rest.as_bytes(), 0, expected);
        }
    }

    #[test]
    fn weak_secrets_are_refused_and_none_is_shown() {
        for (live, expected) in [
            (vec!["short"], SigningSecretError::TooShort),
            (vec![&*"x".repeat(257)], SigningSecretError::TooLong),
            (vec![SECRET, NEXT, SECRET], SigningSecretError::TooMany),
        ] {
            assert_eq!(SigningSecrets::new(&live).unwrap_err(), expected);
        }
        assert_eq!(format!("{:?}", SigningSecrets::new(&[SECRET]).unwrap()), "SigningSecrets(1)");
    }
}
