//! Days of paying, told from days of handing over.

use rust_decimal::Decimal;

use super::cues::{DEPOSIT, HANDING, PAYING_STRONG, WHOLE_REST};
use crate::terms::date::Day;
use crate::terms::reading::Reading;
use crate::terms::talk::Gap;

/// Whether a day is one of paying and not of handing over.
pub(crate) fn is_payment_day(reading: &Reading, day: &Day) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(day.words.start);
    let reach = if talk.flat { 7 } else { 14 };
    let cut = |i: usize| {
        reading.is_day(i)
            || matches!(
                talk.text(i),
                "and" | "na" | "but" | "lakini" | "then" | "okay" | "sawa" | "yes" | "so" | "halafu"
            )
    };
    let first = clause.start.max(day.words.start.saturating_sub(reach));
    let start = (first..day.words.start).rev().find(|i| cut(*i)).map_or(first, |i| i + 1);
    let limit = clause.end.min(day.words.end + 6);
    let end = (day.words.end..limit).find(|i| cut(*i) || talk.words[*i].gap >= Gap::Comma).unwrap_or(limit);
    let paid = talk.find_last(start..day.words.start, PAYING_STRONG);
    let handed = talk.find_last(start..day.words.start, HANDING);
    match (paid, handed) {
        (Some(paid), Some(handed)) => paid.start > handed.start,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => {
            talk.has(day.words.end..end, PAYING_STRONG) && !talk.has(day.words.end..end, HANDING)
                || behind_money(reading, day)
        }
    }
}

/// "10,000 today": the day of the money before it.
fn behind_money(reading: &Reading, day: &Day) -> bool {
    let at = day.words.start;
    (0..3).any(|n| {
        at.checked_sub(n)
            .and_then(|i| reading.number_before(i))
            .is_some_and(|n| n.value >= Decimal::ONE_HUNDRED && n.value.is_integer())
    }) && !reading.talk.ends(at, &["by", "on", "before", "kabla ya"])
}

/// Whether a day of paying is that of the whole or the rest, not of the deposit.
pub(super) fn is_of_rest(reading: &Reading, day: &Day) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(day.words.start);
    let reach = if talk.flat { 10 } else { 14 };
    let near = clause.start.max(day.words.start.saturating_sub(reach))..clause.end.min(day.words.end + 3);
    let numbered =
        near.clone().any(|i| reading.number_at(i).is_some_and(|n| n.value >= Decimal::ONE_HUNDRED));
    let every = day.words.start > 0 && matches!(talk.text(day.words.start - 1), "every" | "kila" | "each");
    let rest = talk.has(near.clone(), WHOLE_REST);
    let part = talk.has(near.clone(), DEPOSIT) || numbered || talk.has(near, &["half", "nusu", "percent"]);
    !every && (rest || !part)
}
