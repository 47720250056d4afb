//! Days as they are said, against the day of the call: "friday next week", "kesho kutwa", "tarehe kumi mwezi wa nne".

mod relative;

use std::ops::Range;

use chrono::{Datelike, Months, NaiveDate, Weekday};
use rust_decimal::prelude::ToPrimitive;

use crate::terms::number::{Number, Shape};
use crate::terms::talk::{Gap, Talk};

/// A day and the words that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    /// Its words.
    pub words: Range<usize>,
    /// The day.
    pub date: NaiveDate,
}

const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("sunday", Weekday::Sun),
    ("jumatatu", Weekday::Mon),
    ("jumanne", Weekday::Tue),
    ("jumatano", Weekday::Wed),
    ("alhamisi", Weekday::Thu),
    ("alhamis", Weekday::Thu),
    ("ijumaa", Weekday::Fri),
    ("jumamosi", Weekday::Sat),
    ("jumapili", Weekday::Sun),
];
const MONTHS: &[&str] = phrases! {
    "january januari jan", "february februari feb", "march machi mar", "april aprili apr", "may mei",
    "june juni jun", "july julai jul", "august agosti aug", "september septemba sept sep",
    "october oktoba oct", "november novemba nov", "december desemba dec"
};
/// The weekday a word names.
pub(crate) fn weekday(word: &str) -> Option<Weekday> {
    let word = word.strip_suffix("'s").unwrap_or(word);
    WEEKDAYS.iter().find(|(w, _)| *w == word).map(|(_, d)| *d)
}

fn month(word: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|names| names.split(' ').any(|n| n == word))?;
    u32::try_from(at + 1).ok()
}

/// Reads the days of a talk.
pub(crate) struct Calendar<'a> {
    /// The words.
    pub talk: &'a Talk,
    /// Its numbers.
    pub numbers: &'a [Number],
    /// The day of the call.
    pub today: NaiveDate,
}

impl Calendar<'_> {
    /// All days from left to right. Where a weekday stands beside a date, the date decides.
    pub fn days(&self) -> Vec<Day> {
        let mut found: Vec<Day> = Vec::new();
        let mut at = 0;
        while at < self.talk.words.len() {
            match self.day(at) {
                Some((date, end)) => {
                    if let Some(date) = date {
                        found.push(Day { words: at..end, date });
                    }
                    at = end.max(at + 1);
                }
                None => at += 1,
            }
        }
        let named: Vec<bool> = found.iter().map(|d| self.is_weekday(d)).collect();
        let beside =
            |a: &Day, b: &Day| b.words.start <= a.words.end + 1 && a.date.weekday() == b.date.weekday();
        let dropped: Vec<bool> = (0..found.len())
            .map(|i| {
                let after = found.get(i + 1).is_some_and(|n| !named[i + 1] && beside(&found[i], n));
                let before = i > 0 && !named[i - 1] && beside(&found[i - 1], &found[i]);
                named[i] && (after || before)
            })
            .collect();
        found.into_iter().zip(dropped).filter(|(_, dropped)| !dropped).map(|(day, _)| day).collect()
    }

    fn is_weekday(&self, day: &Day) -> bool {
        day.words.clone().any(|i| weekday(self.talk.text(i)).is_some())
    }

    /// The number that begins at a word, if it is a whole one of a few digits.
    fn count(&self, at: usize) -> Option<(u32, usize, bool)> {
        let number = &self.numbers[self.numbers.binary_search_by_key(&at, |n| n.words.start).ok()?];
        let whole = number.value.normalize();
        let value = if whole.scale() == 0 { whole.to_u32().filter(|v| *v < 10_000)? } else { return None };
        Some((value, number.words.end, number.shape == Shape::Ordinal))
    }

    /// The day that begins at a word, and where it ends. No day but an end: words that look like one and are none.
    fn day(&self, at: usize) -> Option<(Option<NaiveDate>, usize)> {
        let some = |(date, end)| (Some(date), end);
        self.written(at)
            .map(some)
            .or_else(|| self.end_of(at))
            .or_else(|| self.spoken(at).map(some))
            .or_else(|| self.relative(at).map(some))
            .or_else(|| self.on_weekday(at))
    }

    /// 2026-03-15, 15/3/2026, 15/3.
    fn written(&self, at: usize) -> Option<(NaiveDate, usize)> {
        let word = self.talk.words.get(at).filter(|w| w.digits.is_none() && !w.ident)?;
        let parts: Vec<&str> = word.text.split(['-', '/']).collect();
        let part = |i: usize| parts.get(i).and_then(|p| p.parse::<u32>().ok());
        let date = match (part(0), part(1), part(2)) {
            (Some(y), Some(m), Some(d)) if y > 31 => NaiveDate::from_ymd_opt(i32::try_from(y).ok()?, m, d)?,
            (Some(d), Some(m), Some(y)) => {
                NaiveDate::from_ymd_opt(i32::try_from(if y < 100 { 2000 + y } else { y }).ok()?, m, d)?
            }
            (Some(d), Some(m), None) if parts.len() == 2 => self.first_after(d, Some(m))?,
            _ => return None,
        };
        Some((date, at + 1))
    }

    /// "15th of March 2026", "March 15", "the 22nd", "tarehe kumi mwezi wa nne", "tarehe 22".
    fn spoken(&self, at: usize) -> Option<(NaiveDate, usize)> {
        let talk = self.talk;
        if let Some(m) = month(talk.text(at)) {
            let the = usize::from(talk.text(at + 1) == "the");
            let (day, end, _) = self.count(at + 1 + the).filter(|_| talk.words[at + 1].gap <= Gap::Pause)?;
            return self.with_year(day, m, end);
        }
        let swahili = matches!(talk.text(at), "tarehe" | "trh");
        let the = usize::from(talk.text(at) == "the");
        let start = at + usize::from(swahili) + the;
        let (day, end, ordinal) = self.count(start).filter(|(day, ..)| (1..=31).contains(day))?;
        if let Some((m, end)) = self.month_behind(end) {
            return self.with_year(day, m, end);
        }
        if let Some((back, end)) = self.relative_month(end) {
            let first = self.today.with_day(1)?.checked_add_months(Months::new(back))?;
            return Some((first.with_day(day)?, end));
        }
        // "the 9th to the 11th of November": the month is said once, at the end.
        let until = (end..end + 2)
            .find(|i| matches!(talk.text(*i), "to" | "until" | "till" | "hadi" | "mpaka" | "and" | "na"));
        if let Some(until) = until.filter(|_| ordinal || swahili) {
            let skip = usize::from(matches!(talk.text(until + 1), "the" | "tarehe"));
            if let Some((_, after, _)) = self.count(until + 1 + skip)
                && let Some((m, _)) = self.month_behind(after)
            {
                return Some((self.first_after(day, Some(m))?, end));
            }
        }
        let named = the > 0
            || talk.words[start].digits.is_some()
            || talk.ends(start, &["by", "before", "until", "kabla ya", "hadi", "mpaka"]);
        let dated = swahili || (ordinal && named);
        let place = phrases! {
            "one", "time", "party", "instalment", "trip", "quality", "grade", "day", "price", "week",
            "month", "born"
        };
        if !dated || (ordinal && place.contains(&talk.text(end))) {
            return None;
        }
        Some((self.first_after(day, None)?, end))
    }

    /// "of March", "March", "mwezi wa tatu", "ya mwezi wa tatu".
    fn month_behind(&self, at: usize) -> Option<(u32, usize)> {
        let talk = self.talk;
        if talk.words.get(at)?.gap > Gap::Pause {
            return None;
        }
        let skip = usize::from(matches!(talk.text(at), "of" | "ya" | "wa"));
        if let Some(m) = month(talk.text(at + skip)) {
            return Some((m, at + skip + 1));
        }
        if talk.text(at + skip) == "mwezi" && talk.text(at + skip + 1) == "wa" {
            let named = at + skip + 2;
            let fixed = match talk.text(named) {
                "kwanza" => Some((1, named + 1)),
                "pili" => Some((2, named + 1)),
                _ => self.count(named).map(|(m, end, _)| (m, end)),
            };
            return fixed.filter(|(m, _)| (1..=12).contains(m));
        }
        None
    }

    /// "of next month", "mwezi ujao", "this month": how many months on.
    fn relative_month(&self, at: usize) -> Option<(u32, usize)> {
        let table = [
            ("mwezi huu", 0),
            ("ya mwezi huu", 0),
            ("this month", 0),
            ("of this month", 0),
            ("mwezi ujao", 1),
            ("ya mwezi ujao", 1),
            ("next month", 1),
            ("of next month", 1),
            ("of the next month", 1),
        ];
        table
            .into_iter()
            .find_map(|(p, n)| Some((n, at + self.talk.phrase(at, p))).filter(|(_, end)| *end > at))
    }

    fn with_year(&self, day: u32, month: u32, end: usize) -> Option<(NaiveDate, usize)> {
        if let Some((year, after, _)) = self.count(end).filter(|(y, ..)| (2020..2100).contains(y)) {
            return Some((NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?, after));
        }
        Some((self.first_after(day, Some(month))?, end))
    }

    /// The first such day strictly after the call, of a month or of any month.
    fn first_after(&self, day: u32, month: Option<u32>) -> Option<NaiveDate> {
        match month {
            Some(month) => (0..9).find_map(|y| {
                NaiveDate::from_ymd_opt(self.today.year() + y, month, day).filter(|d| *d > self.today)
            }),
            None => (0..3).find_map(|m| {
                let first = self.today.with_day(1)?.checked_add_months(Months::new(m))?;
                first.with_day(day).filter(|d| *d > self.today)
            }),
        }
    }
}

/// A Swahili unit of time, which stands before its count.
pub(crate) fn swahili_unit(word: &str) -> Option<&'static str> {
    match word {
        "siku" => Some("day"),
        "wiki" => Some("week"),
        "mwezi" | "miezi" => Some("month"),
        "mwaka" | "miaka" => Some("year"),
        _ => None,
    }
}

/// An English unit of time, which stands behind its count.
pub(crate) fn english_unit(word: &str) -> Option<&'static str> {
    match word {
        "day" | "days" => Some("day"),
        "week" | "weeks" => Some("week"),
        "month" | "months" => Some("month"),
        "year" | "years" => Some("year"),
        _ => None,
    }
}
