//! The VoicePact interface, prefix `/api/v1`: conferences, recordings, contracts.

pub mod conference;
pub mod contracts;
pub mod draft;
pub mod process;
pub mod recordings;

use ledger::time::Timestamp;

/// A time as the source document writes it: whole seconds, `2026-03-06T10:30:00Z`.
fn seconds(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}Z", &text[..19])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_have_whole_seconds() {
        assert_eq!(seconds("2026-03-06T10:30:00.000Z".parse().unwrap()), "2026-03-06T10:30:00Z");
        assert_eq!(seconds("2026-03-06T10:30:00.999Z".parse().unwrap()), "2026-03-06T10:30:00Z");
    }
}
