//! Phone numbers in E.164, normalised once, at the door.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest text worth trying to read as a phone number, in bytes. E.164 has 15 digits; people add spaces and dashes.
pub const PHONE_TEXT_BYTES_MAX: usize = 40;

/// A telephone number in E.164: `+` and up to 15 digits.
///
/// `Debug` shows only the first digits and the last two, so that no log line holds a whole number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

/// Why a text is not a phone number.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
pub enum PhoneError {
    /// Nothing but white space.
    #[error("the phone number is empty")]
    Empty,
    /// Longer than any number people write.
    #[error("the phone number is longer than {PHONE_TEXT_BYTES_MAX} characters")]
    TooLong,
    /// Not a number a network could route.
    #[error("not a phone number; write it like +254712345678")]
    Invalid,
}

impl Phone {
    /// Reads a number as people and providers write it: `+2547…`, `2547…`, `002547…`, local `07…` in `country`
    /// (ISO 3166 two letters), with spaces or dashes. A leading blank is read as the `+` that form encoding lost.
    ///
    /// # Errors
    /// [`PhoneError`] when no network could route it.
    pub fn read(text: &str, country: Country) -> Result<Phone, PhoneError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(PhoneError::Empty);
        }
        if trimmed.len() > PHONE_TEXT_BYTES_MAX {
            return Err(PhoneError::TooLong);
        }
        if !trimmed.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.')) {
            return Err(PhoneError::Invalid);
        }
        let mut candidate = String::with_capacity(1 + trimmed.len());
        candidate.push('+');
        candidate.extend(trimmed.chars().filter(char::is_ascii_digit));
        if !trimmed.starts_with('+') {
            if let Some(rest) = candidate.strip_prefix("+00") {
                candidate = format!("+{rest}");
            } else if let Some(rest) = candidate.strip_prefix("+0") {
                candidate = format!("+{}{rest}", country.calling_code());
            }
        }
        let length = candidate.len() - 1;
        if !(8..=15).contains(&length) || candidate.starts_with("+0") {
            return Err(PhoneError::Invalid);
        }
        // The fast path is the shape of Kenyan mobile numbers; everything else is asked of libphonenumber's data.
        if is_kenyan_mobile(&candidate) || routable(&candidate) {
            Ok(Phone(candidate))
        } else {
            Err(PhoneError::Invalid)
        }
    }

    /// The number with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number with all but the country code and the last three digits hidden, for screens and SMS.
    pub fn masked(&self) -> String {
        let tail = &self.0[self.0.len().saturating_sub(3)..];
        format!("{}****{tail}", &self.0[..self.0.len().min(5)])
    }
}

fn is_kenyan_mobile(candidate: &str) -> bool {
    candidate.len() == 13 && (candidate.starts_with("+2547") || candidate.starts_with("+2541"))
}

fn routable(candidate: &str) -> bool {
    phonenumber::parse(None, candidate).is_ok_and(|n| phonenumber::is_valid(&n))
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

impl TryFrom<String> for Phone {
    type Error = PhoneError;
    fn try_from(text: String) -> Result<Phone, PhoneError> {
        Phone::from_str(&text)
    }
}

impl FromStr for Phone {
    type Err = PhoneError;
    /// Accepts only what [`Phone::read`] gives out: `+` and 8 to 15 digits.
    fn from_str(text: &str) -> Result<Phone, PhoneError> {
        let digits = text.strip_prefix('+').ok_or(PhoneError::Invalid)?;
        if (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Phone(text.to_owned()))
        } else {
            Err(PhoneError::Invalid)
        }
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> String {
        phone.0
    }
}

/// The country whose local form (`07…`) is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(phonenumber::country::Id);

impl Country {
    /// Kenya, the default.
    pub const KENYA: Country = Country(phonenumber::country::Id::KE);

    /// Reads an ISO 3166 two-letter code.
    pub fn from_code(code: &str) -> Option<Country> {
        phonenumber::country::Id::from_str(code).ok().map(Country)
    }

    pub(crate) fn calling_code(self) -> u16 {
        phonenumber::metadata::DATABASE
            .by_id(self.0.as_ref())
            .map_or(254, phonenumber::Metadata::country_code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(text: &str, expected: Result<&str, PhoneError>) {
        let read = Phone::read(text, Country::KENYA);
        assert_eq!(read.as_ref().map(Phone::as_str).map_err(|e| *e), expected, "{text:?}");
    }

    #[test]
    fn numbers_as_people_write_them() {
        check("+254712345678", Ok("+254712345678"));
        check("254712345678", Ok("+254712345678"));
        check(" 254712345678", Ok("+254712345678"));
        check("0712345678", Ok("+254712345678"));
        check("0712 345-678", Ok("+254712345678"));
        check("00254712345678", Ok("+254712345678"));
        check("+254700000011", Ok("+254700000011"));
        check("+14155552671", Ok("+14155552671"));
        check("", Err(PhoneError::Empty));
        check("   ", Err(PhoneError::Empty));
        check("not-a-phone", Err(PhoneError::Invalid));
        check("+254711XXXYYY", Err(PhoneError::Invalid));
        check("12", Err(PhoneError::Invalid));
        check("+0712345678", Err(PhoneError::Invalid));
        check(&"1".repeat(41), Err(PhoneError::TooLong));
        check("+٢٥٤٧١٢٣٤٥٦٧٨", Err(PhoneError::Invalid));
    }

    #[test]
    fn debug_hides_the_middle() {
        let phone = Phone::read("+254712345678", Country::KENYA).unwrap();
        assert_eq!(format!("{phone:?}"), "Phone(+2547****678)");
    }
}
