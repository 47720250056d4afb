//! Instants as the ledger writes them: UTC, milliseconds, one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLIS_PER_SECOND: i64 = 1_000;
const MILLIS_PER_DAY: i64 = 86_400 * MILLIS_PER_SECOND;
/// 9999-12-31T23:59:59.999Z: the last instant whose year has four digits.
const MILLIS_MAX: i64 = 253_402_300_799_999;
/// `YYYY-MM-DDTHH:MM:SS.mmmZ`
const TEXT_BYTES: usize = 24;

/// Milliseconds since 1970-01-01T00:00:00Z without leap seconds, years 1970 to 9999.
///
/// Shown, read and serialised in exactly one spelling, `YYYY-MM-DDTHH:MM:SS.mmmZ`, so that equal instants have equal
/// bytes and the order of the texts is the order of the instants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A value that is not an instant the ledger can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Before 1970 or after 9999.
    #[error("a time lies in the years 1970 to 9999")]
    Range,
    /// Not spelled `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    #[error("a time is spelled YYYY-MM-DDTHH:MM:SS.mmmZ")]
    Spelling,
    /// Spelled well, but no such day or time of day (leap seconds included).
    #[error("no such date or time of day")]
    NoSuchTime,
}

impl Timestamp {
    /// 1970-01-01T00:00:00.000Z, the first instant there is.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// From milliseconds since 1970 UTC; refused outside the years 1970 to 9999.
    pub const fn from_millis(millis: i64) -> Result<Timestamp, TimeError> {
        if millis < 0 || millis > MILLIS_MAX { Err(TimeError::Range) } else { Ok(Timestamp(millis)) }
    }

    /// Milliseconds since 1970 UTC, 0 to 253402300799999.
    pub const fn millis(self) -> i64 {
        self.0
    }
}

/// Days since 1970-01-01 of a day in the proleptic Gregorian calendar. Years are counted from March, so that the leap
/// day is the last of its year and month lengths follow one linear formula.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let years = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let leap_days = years / 4 - years / 100 + years / 400;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    years * 365 + leap_days + day_of_year - 719_468
}

/// The inverse of [`days_of`], for days not before 1970.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0 / MILLIS_PER_DAY);
        let of_day = self.0 % MILLIS_PER_DAY;
        let (seconds, millis) = (of_day / MILLIS_PER_SECOND, of_day % MILLIS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        // By hand: it stands in every input and every record, and the formatting of numbers is slow.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let places =
            [(0, 4, year), (5, 2, month), (8, 2, day), (11, 2, hour), (14, 2, minute), (17, 2, second)];
        for (at, digits, number) in places.into_iter().chain([(20, 3, millis)]) {
            let mut rest = number;
            for digit in text[at..at + digits].iter_mut().rev() {
                *digit = u8::try_from(b'0' as i64 + rest % 10).unwrap_or(b'?');
                rest /= 10;
            }
        }
        f.write_str(str::from_utf8(&text).expect("digits and punctuation are ASCII"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        let bytes: &[u8; TEXT_BYTES] = text.as_bytes().try_into().map_err(|_| TimeError::Spelling)?;
        for (at, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')] {
            if bytes[at] != mark {
                return Err(TimeError::Spelling);
            }
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().try_fold(0i64, |sum, digit| match digit {
                b'0'..=b'9' => Ok(sum * 10 + i64::from(digit - b'0')),
                _ => Err(TimeError::Spelling),
            })
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second, millis) =
            (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
        if year < 1970 {
            return Err(TimeError::Range);
        }
        if !(1..=12).contains(&month) || day < 1 || hour > 23 || minute > 59 || second > 59 {
            return Err(TimeError::NoSuchTime);
        }
        let days = days_of(year, month, day);
        // A day past the end of its month would come back as a day of the next one.
        if date_of(days) != (year, month, day) {
            return Err(TimeError::NoSuchTime);
        }
        let seconds = hour * 3_600 + minute * 60 + second;
        Ok(Timestamp(days * MILLIS_PER_DAY + seconds * MILLIS_PER_SECOND + millis))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
