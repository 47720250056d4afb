//! Numbers in words and digits, in English, Swahili and the mixture of both.

mod english;
mod swahili;

use std::ops::Range;

use rust_decimal::Decimal;

use crate::terms::talk::{Gap, Talk};

/// How a number was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As it is written or in full words.
    Plain,
    /// "the 15th", "twentieth".
    Ordinal,
    /// "seven six": 7600 or 76, whichever the talk knows; the value is the first.
    Short,
    /// Counted in twelves; the value is of single pieces.
    Dozen,
}

/// A number and the words that say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// Its words.
    pub words: Range<usize>,
    /// What it is worth.
    pub value: Decimal,
    /// How it was said.
    pub shape: Shape,
}

/// The largest number taken for an amount. Larger ones are no trade between farmers.
const VALUE_MAX: i64 = 1_000_000_000_000;

/// All numbers of a talk, from left to right. Phone numbers and plates are none.
pub(crate) fn numbers(talk: &Talk) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let mut at = 0;
    while at < talk.words.len() {
        if let Some(end) = spelled_code(talk, at) {
            at = end;
            continue;
        }
        let english = english::number(talk, at);
        let swahili = swahili::number(talk, at);
        let best = match (english, swahili) {
            (Some(e), Some(s)) => Some(if s.words.end > e.words.end { s } else { e }),
            (e, s) => e.or(s),
        };
        match best {
            Some(number) if number.value <= Decimal::from(VALUE_MAX) && !number.words.is_empty() => {
                at = number.words.end.max(at + 1);
                found.push(number);
            }
            Some(number) => at = number.words.end.max(at + 1),
            None => at += 1,
        }
    }
    found
}

/// Digits said one by one, five or more, or beginning with a zero: a phone or member number.
fn spelled_code(talk: &Talk, at: usize) -> Option<usize> {
    let digit = |i: usize| {
        talk.words.get(i).is_some_and(|w| {
            english::digit(&w.text).or_else(|| swahili::digit(&w.text)).is_some() || w.text == "double"
        })
    };
    let count = (at..).take_while(|i| digit(*i) && (*i == at || joined(talk, *i))).count();
    let zero = matches!(talk.text(at), "zero" | "oh" | "sifuri" | "double");
    let scaled = english::is_scale(talk.text(at + count)) || talk.text(at + count) == "point";
    (!scaled && (count >= 5 || (zero && count >= 3))).then_some(at + count)
}

/// Whether a word is a Swahili number: the unit stands before it.
pub(crate) fn is_swahili(word: &str) -> bool {
    swahili::is_number(word)
}

/// Whether word `at` goes on with what is before it, without a pause.
pub(crate) fn joined(talk: &Talk, at: usize) -> bool {
    talk.words.get(at).is_some_and(|w| w.gap <= Gap::Hyphen)
}

/// Adds without overflow; an absurd sum is no number.
pub(crate) fn sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    a.checked_add(b)
}

/// Multiplies without overflow; an absurd product is no number.
pub(crate) fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    a.checked_mul(b).filter(|v| *v <= Decimal::from(VALUE_MAX) * Decimal::ONE_THOUSAND)
}

/// A number as it is labelled: no separator, no trailing zero.
pub(crate) fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// One half.
pub(crate) fn half() -> Decimal {
    Decimal::new(5, 1)
}
