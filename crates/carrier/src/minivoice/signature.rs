//! The two headers of a signed webhook, made from the document and not from the service's code.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The time, and `v1=` with the hex HMAC-SHA256 of `<time>.<body>`.
pub(super) fn headers(secret: &str, body: &str) -> Vec<(&'static str, String)> {
    // The receiver compares it with its own clock, so it is the real time, whatever time it is in the story.
    #[allow(clippy::disallowed_methods)]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
    let signature = sign(secret, &now, body);
    vec![("X-MiniVoice-Timestamp", now), ("X-MiniVoice-Signature", signature)]
}

fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}
