//! Africa's Talking: callbacks in, call scripts and requests out.
//!
//! It signs nothing, names no event and gives no event time; one callback can be posted many times, late, or as the
//! only one of its call. So a fact's key is made of the session and of what happened, and nothing is cleared because
//! a later callback does not repeat it.

pub mod outcome;
pub mod rest;
pub mod sms;
pub mod time;
pub mod ussd;
pub mod voice;
pub mod xml;

use contract::phone::{Country, Phone};

use crate::form::Fields;
use crate::reading::ReadError;

/// The first of the named fields that holds a number: in E.164 where it can be normalised, else as given
/// (a WebRTC client's name, a masked number).
pub(crate) fn number(
    fields: &Fields,
    names: &[&'static str],
    country: Country,
) -> Result<Option<String>, ReadError> {
    for name in names {
        if let Some(given) = fields.number(name)? {
            return Ok(Some(normalised(given, country)));
        }
    }
    Ok(None)
}

pub(crate) fn normalised(given: String, country: Country) -> String {
    Phone::read(&given, country).map_or(given, String::from)
}

/// A cost in clear: digits with at most one dot, and the three letters before it where they stand in one field
/// (`KES 0.8000`). Anything else is not taken into a record.
pub(crate) fn cost(text: &str) -> Option<(Option<String>, String)> {
    let (code, amount) = match text.trim().split_once(' ') {
        Some((code, amount)) => (Some(currency(code)?), amount.trim()),
        None => (None, text.trim()),
    };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "0"));
    let digits = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(fraction)).then(|| (code, amount.to_owned()))
}

pub(crate) fn currency(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic())).then(|| text.to_ascii_uppercase())
}
