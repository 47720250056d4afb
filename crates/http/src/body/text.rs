//! Texts of people, brought to one spelling at the door: Unicode NFC, line ends LF.
//!
//! Canonical bytes are checked later and never repaired (the ledger's JSON profile), so what can be repaired without
//! changing its meaning is repaired here, once, before it is journaled. What has no place in a text is refused.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// NUL, escape, backspace, …: nothing a person types, and a database's text cannot hold NUL.
    #[error("holds a control character")]
    Control,
    /// Characters that turn the direction of what follows, so that a screen shows another text than was agreed.
    #[error("holds a character that hides the order of the text")]
    Direction,
    /// More bytes than the field takes.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
}

/// The text in NFC with LF line ends, at most `bytes_max` bytes of UTF-8.
///
/// # Errors
/// [`TextError`].
pub fn normal(text: &str, bytes_max: usize) -> Result<String, TextError> {
    // Normalising can grow a text threefold; one that is far too long is not even looked at.
    if text.len() > bytes_max.saturating_mul(2) {
        return Err(TextError::TooLong(bytes_max));
    }
    let lines =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
    if lines.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(TextError::Control);
    }
    // Embeddings, overrides and isolates (Unicode UAX #9 §2).
    if lines.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return Err(TextError::Direction);
    }
    let normal: String = if is_nfc(&lines) { lines } else { lines.nfc().collect() };
    if normal.len() > bytes_max { Err(TextError::TooLong(bytes_max)) } else { Ok(normal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, TextError>) {
        assert_eq!(normal(text, 20).as_deref().map_err(|e| *e), expected, "{text:?}");
    }

    #[test]
    fn one_spelling() {
        check("Wanjiru", Ok("Wanjiru"));
        check("Cafe\u{301}", Ok("Caf\u{e9}"));
        check("a\r\nb\rc\n", Ok("a\nb\nc\n"));
        check("a\tb", Ok("a\tb"));
        check("", Ok(""));
        check(&"x".repeat(20), Ok("xxxxxxxxxxxxxxxxxxxx"));
        check(&"x".repeat(21), Err(TextError::TooLong(20)));
        check(&"e\u{301}".repeat(10), Ok("éééééééééé"));
        check(&"x".repeat(1000), Err(TextError::TooLong(20)));
    }

    #[test]
    fn what_has_no_place_in_a_text() {
        for text in ["a\0b", "\u{1b}[2J", "a\u{8}", "\u{7f}", "\u{85}"] {
            check(text, Err(TextError::Control));
        }
        check("a\u{202e}b", Err(TextError::Direction));
        check("\u{2066}b", Err(TextError::Direction));
    }
}
