//! Where a list goes on.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::time::Timestamp;

/// Longest cursor looked at, in characters.
const CURSOR_CHARS_MAX: usize = 300;

/// The last contract of the page before: time and id. Written so that clients take it as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub created_at: Timestamp,
    pub contract_id: String,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!("{} {}", self.created_at.millis(), self.contract_id);
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl Cursor {
    /// Reads what was given out; none for anything else.
    pub fn read(text: &str) -> Option<Cursor> {
        if text.len() > CURSOR_CHARS_MAX {
            return None;
        }
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (millis, id) = plain.split_once(' ')?;
        let plain_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic());
        let created_at = Timestamp::from_millis(millis.parse().ok()?).ok()?;
        plain_id.then(|| Cursor { created_at, contract_id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_given_out_is_read_and_nothing_else() {
        let cursor = Cursor {
            created_at: "2026-03-06T10:30:00.123Z".parse().unwrap(),
            contract_id: "AGRI-2026-000001".into(),
        };
        assert_eq!(Cursor::read(&cursor.to_string()), Some(cursor));
        for text in ["", "x", "!!!", "MTIz", "IA", "MSA", &"A".repeat(301)] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
        let with_nul = URL_SAFE_NO_PAD.encode("1 a\0b");
        assert_eq!(Cursor::read(&with_nul), None);
    }
}
