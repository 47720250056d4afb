//! Times as the provider spells them, most of them without a zone.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime};
use contract::fact::Occurred;
use ledger::time::Timestamp;

/// `YYYY-MM-DD?HH:MM:SS`, in bytes.
const TEXT_BYTES: usize = 19;

/// The zone assumed where a time names none: a fixed distance from UTC, as East Africa keeps all year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: Cow<'static, str>,
    east_minutes: i16,
}

impl Zone {
    /// UTC+3, the default.
    pub const NAIROBI: Zone = Zone { name: Cow::Borrowed("Africa/Nairobi"), east_minutes: 180 };

    /// Another zone that keeps one distance from UTC all year, in minutes east.
    pub fn fixed(name: impl Into<Cow<'static, str>>, east_minutes: i16) -> Zone {
        Zone { name: name.into(), east_minutes }
    }
}

/// Reads `2022-03-01+16:13:56`, `2023-04-06 19:20:46`, `2023-04-06T19:20:46` in the assumed zone, and RFC 3339
/// (`2018-03-19T08:34:18.445Z`) in its own. None where it is no time or lies outside the years 1970 to 9999: a bad
/// time never makes a callback unreadable, and the raw body keeps it.
pub fn read(text: &str, zone: &Zone) -> Option<Occurred> {
    let text = text.trim();
    // A time with its zone is longer.
    if text.len() > TEXT_BYTES && DateTime::parse_from_rfc3339(text).is_ok() {
        return instant(text).map(|at| Occurred { at, assumed_zone: None });
    }
    if text.len() != TEXT_BYTES || !text.is_ascii() || !matches!(text.as_bytes()[10], b'+' | b' ' | b'T') {
        return None;
    }
    let local =
        NaiveDateTime::parse_from_str(&format!("{} {}", &text[..10], &text[11..]), "%Y-%m-%d %H:%M:%S")
            .ok()?;
    let millis = local.and_utc().timestamp_millis() - i64::from(zone.east_minutes) * 60_000;
    Some(Occurred {
        at: Timestamp::from_millis(millis).ok()?,
        assumed_zone: Some(zone.name.clone().into_owned()),
    })
}

/// Reads a time that names its zone (RFC 3339), to the millisecond. None where it is none, or outside the years 1970 to
/// 9999.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let told = DateTime::parse_from_rfc3339(text.trim()).ok()?;
    Timestamp::from_millis(told.timestamp_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, bool)>) {
        let read = read(text, &Zone::NAIROBI).map(|o| (o.at.to_string(), o.assumed_zone.is_some()));
        assert_eq!(read.as_ref().map(|(at, zone)| (at.as_str(), *zone)), expected, "{text:?}");
    }

    #[test]
    fn three_spellings_are_one_instant() {
        check("2022-03-01+16:13:56", Some(("2022-03-01T13:13:56.000Z", true)));
        check("2022-03-01 16:13:56", Some(("2022-03-01T13:13:56.000Z", true)));
        check("2022-03-01T16:13:56", Some(("2022-03-01T13:13:56.000Z", true)));
        check(" 2022-03-01 01:13:56 ", Some(("2022-02-28T22:13:56.000Z", true)));
        check("2018-03-19T08:34:18.445Z", Some(("2018-03-19T08:34:18.445Z", false)));
        check("2018-03-19T08:34:18+03:00", Some(("2018-03-19T05:34:18.000Z", false)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "None",
            "2022-02-30 10:00:00",
            "2022-03-01-16:13:56",
            "1969-12-31 10:00:00",
            "٢٠٢٢-03-01 16:1",
        ] {
            check(text, None);
        }
        check("1970-01-01 02:59:59", None);
        check("1970-01-01 03:00:00", Some(("1970-01-01T00:00:00.000Z", true)));
    }

    #[test]
    fn another_zone_can_be_set() {
        let lagos = Zone::fixed("Africa/Lagos", 60);
        let read = read("2022-03-01 16:13:56", &lagos);
        assert_eq!(read.as_ref().map(|o| o.at.to_string()).as_deref(), Some("2022-03-01T15:13:56.000Z"));
        assert_eq!(read.and_then(|o| o.assumed_zone).as_deref(), Some("Africa/Lagos"));
    }
}
