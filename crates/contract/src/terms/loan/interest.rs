//! The rate of interest, and whether it is by the month, by the year or once.

use std::ops::Range;

use rust_decimal::Decimal;

use crate::terms::Field;
use crate::terms::figure::{has_money, is_negated, is_noise, is_percent};
use crate::terms::number::{Number, plain};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

/// On what the rate is counted.
const PERIODS: &[(&str, &[&str])] = &[
    (
        "flat",
        phrases! {
            "flat", "one time", "once", "mara moja", "on the whole*", "whole loan", "whole amount",
            "mkopo mzima", "mkopo wote", "one off", "jumla ya mkopo", "of the whole", "flat rate",
            "for the whole", "one single", "on the full", "kwa jumla ya mkopo", "on the entire"
        },
    ),
    (
        "month",
        phrases! {
            "per month", "a month", "monthly", "kwa mwezi", "every month", "each month", "kila mwezi",
            "for a month", "for each month", "ya mwezi", "per mwezi", "for every month"
        },
    ),
    (
        "year",
        phrases! {
            "per year", "a year", "per annum", "annum", "yearly", "annually", "kwa mwaka", "every year",
            "each year", "kila mwaka", "ya mwaka", "per mwaka", "annual"
        },
    ),
];

/// "Fourteen percent per year." "The other bank gives thirteen." "Then thirteen per annum.": a small figure by the month or
/// the year, soon after a percentage.
fn is_answered(reading: &Reading, number: &Number) -> bool {
    let talk = &reading.talk;
    let rhythm =
        phrases! { "per month", "kwa mwezi", "per mwezi", "per annum", "per year", "a year", "kwa mwaka" };
    let before = reading.numbers.iter().filter(|n| n.words.end <= number.words.start).rev();
    number.value < Decimal::from(50)
        && !has_money(reading, &number.words)
        && talk.words.get(number.words.end).is_some_and(|word| word.gap < Gap::Comma)
        && talk.any(number.words.end, rhythm) > 0
        && before.take(2).any(|n| is_percent(reading, &n.words))
}

/// The rate and what it is counted on.
pub(super) fn claims(reading: &Reading) -> Vec<Claim> {
    let talk = &reading.talk;
    let percent = |n: &&Number| is_percent(reading, &n.words) || is_answered(reading, n);
    let meant = |n: &&Number| {
        !is_negated(reading, n.words.start)
            && !is_noise(reading, &n.words)
            && !talk.has(
                reading.left(n.words.start, 6, true),
                phrases! {
                    "penalty", "fine", "faini", "late", "kuchelewa", "*chelewa", "savings", "akiba", "ama",
                    "kama ni", "insurance", "fee", "dividend*", "deposit"
                },
            )
    };
    let free = phrases! {
        "interest free", "without interest", "no interest", "bila riba", "hakuna riba", "haina riba",
        "free of interest", "zero interest", "without any interest", "hauna riba", "hatutozi riba",
        "riba hakuna", "riba sifuri", "not charge interest", "not charging interest",
        "not charge any interest", "bila interest", "interest hakuna", "hakuna interest",
        "interest ni zero", "no riba", "haitozwi riba"
    };
    let rate = reading.numbers.iter().filter(percent).rfind(meant);
    let Some(rate) = rate else {
        let free = talk.find_last(reading.all(), free);
        return free
            .into_iter()
            .map(|words| Claim { field: Field::InterestRate, value: "0".into(), words, confidence: 90 })
            .collect();
    };
    let claim = |field, value: String, words, confidence| Claim { field, value, words, confidence };
    let mut claims = vec![claim(Field::InterestRate, plain(rate.value), rate.words.clone(), 90)];
    // Said once, of an offer before: "seventeen percent per year … seventeen, agreed".
    let offers = || reading.numbers.iter().filter(percent).rev().take(6);
    if !rate.value.is_zero()
        && let Some((period, words)) =
            period(reading, rate).or_else(|| offers().find_map(|offer| period(reading, offer)))
    {
        claims.push(claim(Field::InterestPeriod, period.into(), words, 85));
    }
    claims
}

/// Month, year or once: the words nearest to the rate, before any other figure.
fn period(reading: &Reading, rate: &Number) -> Option<(&'static str, Range<usize>)> {
    let talk = &reading.talk;
    let clause = talk.clause(rate.words.start);
    let limit = clause.end.min(rate.words.end + 9);
    let stop = |i: usize| {
        (reading.is_number(i) && talk.phrase(i, "one time") == 0 && talk.phrase(i, "one off") == 0)
            || talk.any(i, &["you repay", "utalipa", "you pay", "atarudisha", "unalipa", "na utalipa"]) > 0
    };
    let end = (rate.words.end..limit).find(|i| stop(*i)).unwrap_or(limit);
    let before = reading.left(rate.words.start, 7, true);
    for range in [rate.words.end..end, before] {
        let hits = PERIODS.iter().filter_map(|(name, cues)| {
            let found = (range.clone()).find_map(|i| {
                let n = talk.any(i, cues);
                let denied = talk.ends(i, &["not", "siyo", "sio", "si"]);
                (n > 0 && i + n <= range.end && !denied).then_some(i..i + n)
            });
            found.map(|w| (*name, w))
        });
        if let Some(hit) = hits.min_by_key(|(_, w)| w.start) {
            return Some(hit);
        }
    }
    // The question or the answer next to it: "per month?" "no, on the whole loan".
    let next = talk.turns.get(talk.words[rate.words.start].turn + 1)?.words.clone();
    let next = next.start..next.end.min(next.start + 14);
    if (next.clone()).any(|i| reading.is_number(i)) {
        return None;
    }
    PERIODS.iter().find_map(|(name, cues)| talk.find(next.clone(), cues).map(|w| (*name, w)))
}
