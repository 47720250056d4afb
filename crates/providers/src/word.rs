//! Words of providers, compared without regard to case, blanks and punctuation.

/// `No-Answer`, `NO_ANSWER`, ` NoAnswer` → `noanswer`: ASCII letters and digits, lower case.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    plain.extend(text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    plain
}

/// A value with its white space cut off; none where providers write "nothing": empty, or the word `None`.
pub(crate) fn told(text: &str) -> Option<&str> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("none") { None } else { Some(text) }
}
