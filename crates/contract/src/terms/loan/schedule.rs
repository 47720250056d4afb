//! How long a loan runs and in how many parts it is paid back.

use std::ops::Range;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::terms::Field;
use crate::terms::date::{english_unit, swahili_unit, weekday};
use crate::terms::figure::{is_negated, is_noise, is_percent};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

/// Longest period taken for one of a loan, in its own unit.
const PERIOD_MAX: u32 = 1_000;

#[derive(Clone)]
struct Length {
    count: u32,
    unit: char,
    words: Range<usize>,
}

/// The period and the count of instalments; where a rhythm was said, one follows from the other.
pub(super) fn claims(reading: &Reading) -> Vec<Claim> {
    let length = lengths(reading).pop();
    let count = counts(reading).pop();
    let rhythm = rhythm(reading);
    let made = |field, value: String, words: &Range<usize>, confidence| Claim {
        field,
        value,
        words: words.clone(),
        confidence,
    };
    let mut claims = Vec::new();
    if let Some((once, words)) = single(reading) {
        claims.push(made(Field::Instalments, once.into(), &words, 80));
        claims.extend(length.map(|l| made(Field::RepaymentPeriod, l.iso(), &l.words, 90)));
        return claims;
    }
    match (&length, &count) {
        (Some(l), Some((n, words))) => {
            claims.push(made(Field::RepaymentPeriod, l.iso(), &l.words, 90));
            claims.push(made(Field::Instalments, n.to_string(), words, 90));
        }
        (Some(l), None) => {
            claims.push(made(Field::RepaymentPeriod, l.iso(), &l.words, 90));
            let n = rhythm.as_ref().and_then(|(unit, _)| l.parts(*unit));
            claims.extend(n.map(|n| made(Field::Instalments, n.to_string(), &l.words, 75)));
        }
        (None, Some((n, words))) => {
            claims.push(made(Field::Instalments, n.to_string(), words, 90));
            claims.extend(
                rhythm.map(|(unit, _)| made(Field::RepaymentPeriod, format!("P{n}{unit}"), words, 75)),
            );
        }
        (None, None) => {}
    }
    claims
}

impl Length {
    fn iso(&self) -> String {
        format!("P{}{}", self.count, self.unit)
    }

    /// How many payments of a rhythm it holds.
    fn parts(&self, rhythm: char) -> Option<u32> {
        match (self.unit, rhythm) {
            (a, b) if a == b => Some(self.count),
            ('M', 'W') => None,
            ('W', 'D') => self.count.checked_mul(7),
            _ => None,
        }
    }
}

/// "ten months", "two years", "mwaka mmoja na nusu", "a year"; not "per month" nor "every month".
fn lengths(reading: &Reading) -> Vec<Length> {
    let talk = &reading.talk;
    let mut found = Vec::new();
    for at in reading.all() {
        let Some((value, unit, words)) = length(reading, at) else { continue };
        let half = talk.phrase(words.end, "na nusu") == 2 || talk.phrase(words.end, "and a half") == 3;
        let value = if half { value + Decimal::new(5, 1) } else { value };
        let (value, unit) = match unit {
            "year" => (value * Decimal::from(12), 'M'),
            "month" => (value, 'M'),
            "week" => (value, 'W'),
            _ => (value, 'D'),
        };
        let before = reading.left(words.start, 6, true);
        let foreign = talk.has(
            before,
            phrases! {
                "last", "ago", "first payment", "grace", "notice", "late", "member for", "mwanachama kwa",
                "*chelewa", "starting in", "within"
            },
        ) || talk.any(
            words.end,
            phrases! {
                "ago", "late", "grace", "old", "iliyopita", "after", "from now", "notice"
            },
        ) > 0;
        if foreign || is_negated(reading, words.start) || is_noise(reading, &words) || !value.is_integer() {
            continue;
        }
        let Some(count) = value.to_u32().filter(|n| (1..=PERIOD_MAX).contains(n)) else { continue };
        found.push(Length { count, unit, words });
    }
    found
}

fn length(reading: &Reading, at: usize) -> Option<(Decimal, &'static str, Range<usize>)> {
    let talk = &reading.talk;
    if matches!(talk.text(at), "half" | "nusu") {
        let year = if talk.phrase(at, "half a year") == 3 { 3 } else { talk.phrase(at, "nusu mwaka") };
        return (year > 0).then(|| (Decimal::new(5, 1), "year", at..at + year));
    }
    if let Some(unit) = swahili_unit(talk.text(at)) {
        let every = talk.ends(at, &["kila", "kwa kila", "mwisho wa"]);
        let near = talk.words.get(at + 1).is_some_and(|w| w.gap < Gap::Comma);
        let number = reading.number_at(at + 1).filter(|_| near && !every)?;
        let small = number.value <= Decimal::from(200);
        return small.then_some((number.value, unit, at..number.words.end));
    }
    if let Some(number) = reading.number_at(at) {
        let near = talk.words.get(number.words.end).is_some_and(|w| w.gap < Gap::Comma);
        let unit = english_unit(talk.text(number.words.end))
            .or_else(|| swahili_unit(talk.text(number.words.end)))
            .filter(|_| near)?;
        return Some((number.value, unit, at..number.words.end + 1));
    }
    let one = matches!(talk.text(at), "a" | "one") && matches!(talk.text(at + 1), "year");
    let opened = talk.ends(at, &["for", "over", "in", "within", "of", "take", "have", "is"]);
    let rated = talk.ends(at, &["percent"]);
    (one && opened && !rated).then(|| (Decimal::ONE, "year", at..at + 2))
}

/// "six monthly instalments", "ten instalments", "awamu nne", "twelve payments".
fn counts(reading: &Reading) -> Vec<(u32, Range<usize>)> {
    let talk = &reading.talk;
    let parts = phrases! {
        "instalment*", "installment*", "payments", "equal instalments", "equal payments",
        "monthly instalment*", "weekly instalment*", "daily instalment*", "monthly payments",
        "weekly payments", "equal monthly *", "equal weekly *", "monthly installment*",
        "weekly installment*", "parts", "awamu", "monthly", "weekly", "daily payments", "equal parts"
    };
    let mut found = Vec::new();
    for number in &reading.numbers {
        let words = &number.words;
        let behind = talk.any(words.end, parts);
        let behind = if talk.words.get(words.end).is_some_and(|w| w.gap < Gap::Comma) { behind } else { 0 };
        let before =
            talk.ends(words.start, &["awamu", "kwa awamu", "instalments", "malipo", "mara", "marejesho"]);
        let each = talk.has(words.start.saturating_sub(4)..words.start, &["kila", "each", "every"])
            && number.value == Decimal::ONE;
        let before = before && talk.words[words.start].gap < Gap::Stop;
        let percent = is_percent(reading, words);
        let negated = each || percent || is_negated(reading, words.start) || is_noise(reading, words);
        if (behind > 0 || before)
            && !negated
            && let Some(n) =
                number.value.to_u32().filter(|n| (1..=PERIOD_MAX).contains(n) && number.value.is_integer())
        {
            found.push((n, words.start..words.end + behind));
        }
    }
    found
}

/// How often is paid: a regular rhythm of months, weeks or days, said of paying and not of the interest.
fn rhythm(reading: &Reading) -> Option<(char, Range<usize>)> {
    let talk = &reading.talk;
    let table: &[(char, &[&str])] = &[
        (
            'M',
            phrases! {
                "every month", "each month", "monthly", "kila mwezi", "a month", "per month", "kwa mwezi",
                "every end month", "kila mwisho wa mwezi"
            },
        ),
        ('W', &["every week", "each week", "weekly", "kila wiki", "a week", "per week", "kwa wiki"]),
        ('D', &["every day", "each day", "daily", "kila siku", "a day", "per day", "kwa siku"]),
    ];
    reading.all().find_map(|at| {
        let weekday =
            matches!(talk.text(at), "every" | "kila" | "each") && weekday(talk.text(at + 1)).is_some();
        let hit =
            table.iter().find_map(|(unit, cues)| Some((*unit, talk.any(at, cues))).filter(|(_, n)| *n > 0));
        let (unit, count) = hit.or_else(|| weekday.then_some(('W', 2)))?;
        let back = reading.talk.clause(at).start.max(at.saturating_sub(4))..at;
        let rate = talk.has(back.clone(), &["percent", "interest", "riba", "asilimia", "rate"]);
        let figure = (back.start..at).any(|i| reading.is_number(i));
        // "six monthly payments": the count is of payments whatever the rate before it is.
        let counted = reading.number_before(at).is_some_and(|n| !is_percent(reading, &n.words));
        let sure = !rate || counted || (figure && !talk.has(back, &["percent", "asilimia"]));
        sure.then(|| (unit, at..at + count))
    })
}

/// One payment at the end.
fn single(reading: &Reading) -> Option<(&'static str, Range<usize>)> {
    let cues = phrases! {
        "single payment", "one payment", "one instalment", "once at the end", "all at once", "back at once",
        "yote mara moja", "zote mara moja", "lump sum", "in one go", "pay it all at the end",
        "kwa mara moja", "malipo ya mara moja", "one single payment", "one single instalment", "awamu moja",
        "all of it at the end", "everything at the end", "everything at once", "at one go",
        "yote kwa pamoja", "in one amount", "pesa yote mara moja", "in one piece", "yote siku moja",
        "all together at the end", "zote kwa pamoja", "zote pamoja mwisho"
    };
    let found = reading.talk.find_last(reading.all(), cues)?;
    let every = found.start.saturating_sub(3)..found.start;
    (!reading.talk.has(every, &["kila", "each", "every"])).then_some(("1", found))
}
