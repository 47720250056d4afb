//! Finding all that is known about a person by number, through an index that holds no number.
//!
//! A number stands in the index as its token: HMAC-SHA-256 under a key of this installation. Without the key a token
//! says nothing; with it, it still does not give the number back, but whoever asks for one finds its records. (Without
//! a key all Kenyan mobile numbers could be tried in less than a minute.)

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use ledger::hash::Hash;
use sha2::Sha256;

use crate::phone::{Country, Phone};

/// What is hashed before the number, so that the key serves nothing else by accident.
const TOKEN_PURPOSE: &[u8] = b"ahadi.person/1";
/// What is hashed to name the key itself.
const CHECK_PURPOSE: &[u8] = b"ahadi.person.key/1";
/// Digits of the shortest and the longest number looked for in running text.
const DIGITS: std::ops::RangeInclusive<usize> = 9..=15;
/// Most groups of digits that are read as one number: `+254 700 000 011` has four, some people write pairs.
const GROUPS_MAX: usize = 7;

/// Computes tokens. `Debug` shows nothing.
#[derive(Clone)]
pub struct Index {
    key: [u8; 32],
    country: Country,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Index")
    }
}

impl Index {
    /// With this key; local numbers are read as those of `country`.
    pub fn new(key: [u8; 32], country: Country) -> Index {
        Index { key, country }
    }

    /// The token of a number.
    pub fn token(&self, phone: &Phone) -> Hash {
        self.keyed(TOKEN_PURPOSE, phone.as_str().as_bytes())
    }

    /// Names key and country without telling the key: an index made with others finds nothing, which must not pass for
    /// "there is nothing".
    pub fn check(&self) -> Hash {
        self.keyed(CHECK_PURPOSE, &self.country.calling_code().to_be_bytes())
    }

    fn keyed(&self, purpose: &[u8], bytes: &[u8]) -> Hash {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(bytes);
        Hash(mac.finalize().into_bytes().into())
    }

    /// The numbers a text holds, however they are written.
    pub fn numbers(&self, text: &str) -> BTreeSet<Phone> {
        numbers(text, self.country)
    }

    /// Whether a text holds the number of this token.
    pub fn mentions(&self, text: &str, token: &Hash) -> bool {
        self.numbers(text).iter().any(|phone| self.token(phone) == *token)
    }

    /// The tokens under which a record is found, given its private values by name. Our own line, which stands in every
    /// call, leads nowhere.
    pub fn tokens<'v>(&self, values: impl IntoIterator<Item = (&'v str, &'v str)>) -> BTreeSet<Hash> {
        let (mut found, mut own) = (BTreeSet::new(), BTreeSet::new());
        for (name, value) in values {
            let numbers = self.numbers(value);
            if name == LINE {
                own.extend(numbers);
            } else if name != HASH {
                found.extend(numbers);
            }
        }
        found.difference(&own).map(|phone| self.token(phone)).collect()
    }
}

/// Name of the private value that holds our own number.
const LINE: &str = "line";
/// Name of the private value that holds a hash: its digits are no number.
const HASH: &str = "sha256";

/// A run of digits as it stands in a text.
struct Group<'t> {
    digits: &'t str,
    /// Behind a `+`.
    international: bool,
    /// Only blanks, dashes, dots or brackets stand between it and the group before.
    continues: bool,
}

/// The telephone numbers a text holds: `+254700000011`, `254700000011`, `00254…`, `0700000011`, `700000011`, with
/// blanks, dashes, dots or brackets in between, and as forms and addresses encode them. Reads too many rather than too
/// few: what is none leads to no person.
pub fn numbers(text: &str, country: Country) -> BTreeSet<Phone> {
    let decoded = decoded(text);
    let groups = groups(&decoded);
    let mut found = BTreeSet::new();
    let mut digits = String::new();
    for first in 0..groups.len() {
        digits.clear();
        for (nth, group) in groups[first..].iter().take(GROUPS_MAX).enumerate() {
            if nth > 0 && (!group.continues || group.international) {
                break;
            }
            digits.push_str(group.digits);
            if digits.len() > *DIGITS.end() + 2 {
                break;
            }
            found.extend(normal(&digits, groups[first].international, country));
        }
    }
    found
}

/// The number some digits stand for.
fn normal(digits: &str, international: bool, country: Country) -> Option<Phone> {
    // Most groups are none: parts of ids, dates, amounts.
    if digits.len() < *DIGITS.start() {
        return None;
    }
    let code = country.calling_code();
    let text = if let Some(rest) = digits.strip_prefix("00") {
        format!("+{rest}")
    } else if let Some(rest) = digits.strip_prefix('0') {
        format!("+{code}{rest}")
    } else if international || digits.len() > *DIGITS.start() {
        format!("+{digits}")
    } else {
        format!("+{code}{digits}")
    };
    let length = text.len() - 1;
    DIGITS.contains(&length).then(|| text.parse().ok()).flatten()
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let between = |letter| matches!(letter, '+' | ' ' | '-' | '.' | '(' | ')' | '\u{a0}');
    let mut groups = Vec::new();
    let mut rest = text;
    // Digits are single bytes, so that texts are cut between letters.
    while let Some(at) = rest.bytes().position(|byte| byte.is_ascii_digit()) {
        let (gap, behind) = rest.split_at(at);
        let length = behind.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(behind.len());
        let (digits, behind) = behind.split_at(length);
        let continues = !groups.is_empty() && gap.chars().all(between);
        groups.push(Group { digits, international: gap.ends_with('+'), continues });
        rest = behind;
    }
    groups
}

/// A text with `%XX` read back (RFC 3986 §2.1); what is none stays as it is.
pub fn decoded(text: &str) -> std::borrow::Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(text: &str, holds: bool) {
        let wanted: Phone = "+254700000011".parse().unwrap();
        let found = numbers(text, Country::KENYA);
        assert_eq!(found.contains(&wanted), holds, "{text:?}");
        let index = Index::new([7; 32], Country::KENYA);
        assert_eq!(index.mentions(text, &index.token(&wanted)), holds, "{text:?}");
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for text in [
            "+254700000011",
            "254700000011",
            "00254700000011",
            "0700000011",
            "700000011",
            "+254 700 000 011",
            "0700-000-011",
            "(0700) 000.011",
            "07 00 00 00 11",
            "sessionId=a&callerNumber=%2B254700000011&x=1",
            "call+0700000011+now",
            "text=ring%200700%20000%20011",
            "{\"phone\":\"+254700000011\",\"n\":5}",
            "of 5 bags, 0700000011, 12",
            "5 0700000011 12",
            "tel:+254700000011;ext=9",
            "10 %+254700000011",
            "zäh%2B254700000011",
        ] {
            check(text, true);
        }
        for text in ["", "+254700000012", "70000001", "2547000000110", "7000 00,011", "a%2", "%zz"] {
            check(text, false);
        }
    }

    #[test]
    fn our_own_line_leads_nowhere() {
        let index = Index::new([7; 32], Country::KENYA);
        let raw = "callerNumber=%2B254700000011&destinationNumber=%2B254700000000";
        let tokens = index.tokens([("line", "+254700000000"), ("raw", raw)]);
        assert_eq!(tokens, [index.token(&"+254700000011".parse().unwrap())].into());
    }

    #[test]
    fn tokens_depend_on_the_key_and_name_it() {
        let phone: Phone = "+254700000011".parse().unwrap();
        let [one, other] = [[1; 32], [2; 32]].map(|key| Index::new(key, Country::KENYA));
        assert_ne!(one.token(&phone), other.token(&phone));
        assert_ne!(one.check(), other.check());
        assert_ne!(one.check(), Index::new([1; 32], Country::from_code("UG").unwrap()).check());
    }
}
