//! English numbers: "three and a half", "seven twenty", "fifty-nine hundred", "3.36 million", "the twenty-fifth".

use rust_decimal::Decimal;

use super::{Number, Shape, half, joined, product, sum};
use crate::terms::lexicon;
use crate::terms::talk::{Gap, Talk};

const SMALL: &[&str] = phrases! {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"
};
const TENS: &[&str] = &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: &[&str] = phrases! {
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth"
};
/// Words before "one" that make it a pronoun.
const PRONOUN_BEFORE: &[&str] = phrases! {
    "that", "this", "the", "which", "no", "any", "another", "each", "every", "last", "new", "old", "other",
    "good", "blue", "red", "white", "big", "small", "same", "first", "next", "right", "wrong", "some"
};

/// The value of a single digit.
pub(super) fn digit(word: &str) -> Option<i64> {
    if word == "oh" {
        return Some(0);
    }
    SMALL[..10].iter().position(|w| *w == word).map(to_i64)
}

/// Whether the word multiplies what is before it.
pub(super) fn is_scale(word: &str) -> bool {
    scale(word).is_some() || matches!(word, "hundred" | "hundreds" | "dozen")
}

fn scale(word: &str) -> Option<i64> {
    match word {
        "thousand" | "thousands" | "k" => Some(1_000),
        "million" | "millions" => Some(1_000_000),
        _ => None,
    }
}

fn to_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(0)
}

fn small(word: &str) -> Option<i64> {
    match word {
        "fourty" => Some(40),
        _ => SMALL.iter().position(|w| *w == word).map(to_i64).or_else(|| tens(word)),
    }
}

fn tens(word: &str) -> Option<i64> {
    TENS.iter().position(|w| *w == word).map(|n| to_i64(n) * 10 + 20)
}

fn ordinal(word: &str) -> Option<i64> {
    match word {
        "twentieth" => Some(20),
        "thirtieth" => Some(30),
        _ => ORDINALS.iter().position(|w| *w == word).map(|n| to_i64(n) + 1),
    }
}

/// The number that begins at word `at`.
pub(super) fn number(talk: &Talk, at: usize) -> Option<Number> {
    let word = talk.words.get(at)?;
    if word.ident {
        return None;
    }
    if let Some(found) = ordinal_number(talk, at) {
        return Some(found);
    }
    if word.text == "half" && talk.phrase(at, "half a dozen") == 3 {
        return Some(Number { words: at..at + 3, value: Decimal::from(6), shape: Shape::Dozen });
    }
    if word.text == "half" && matches!(talk.text(at + 1), "a" | "an") {
        return half_a(talk, at);
    }
    if let Some(value) = word.digits {
        if word.ordinal {
            return Some(Number { words: at..at + 1, value, shape: Shape::Ordinal });
        }
        return scales(talk, at, value, at + 1, Shape::Plain);
    }
    if matches!(word.text.as_str(), "a" | "one") && is_scale(talk.text(at + 1)) && joined(talk, at + 1) {
        let (value, end) = hundreds(talk, Decimal::ONE, at + 1);
        return scales(talk, at, value, end, Shape::Plain);
    }
    if word.text == "one" && at > 0 && word.gap <= Gap::Hyphen && PRONOUN_BEFORE.contains(&talk.text(at - 1))
    {
        return None;
    }
    if matches!(word.text.as_str(), "hundred" | "thousand" | "million") {
        // "hundred bob": one hundred.
        if let Some(by) = scale(&word.text) {
            // "thousand five hundred": the one before it goes without saying.
            let by = Decimal::from(by);
            let (value, end) = lower_group(talk, by, at + 1, by)?;
            return Some(Number { words: at..end, value, shape: Shape::Plain });
        }
        let (value, end) = hundreds(talk, Decimal::ONE, at);
        return scales(talk, at, value, end, Shape::Plain);
    }
    if let Some((value, end)) = spelled(talk, at) {
        return Some(Number { words: at..end, value, shape: Shape::Plain });
    }
    let (value, end, shape) = group(talk, at)?;
    scales(talk, at, value, end, shape)
}

/// "half a tonne", "half a million".
fn half_a(talk: &Talk, at: usize) -> Option<Number> {
    let what = talk.text(at + 2);
    if let Some(by) = scale(what) {
        let value = product(half(), Decimal::from(by))?;
        return Some(Number { words: at..at + 3, value, shape: Shape::Plain });
    }
    let measured = lexicon::unit(what).is_some_and(|unit| lexicon::is_measure(unit) || unit == "acre");
    measured.then(|| Number { words: at..at + 2, value: half(), shape: Shape::Plain })
}

fn ordinal_number(talk: &Talk, at: usize) -> Option<Number> {
    let text = talk.text(at);
    let made = |end: usize, value: i64| Number {
        words: at..end,
        value: Decimal::from(value),
        shape: Shape::Ordinal,
    };
    if let Some(base) = tens(text)
        && base <= 30
        && joined(talk, at + 1)
        && let Some(unit) = ordinal(talk.text(at + 1)).filter(|n| *n < 10)
    {
        return Some(made(at + 2, base + unit));
    }
    if text == "second" && !matches!(talk.text(at.wrapping_sub(1)), "the" | "on" | "by" | "tarehe") {
        return None;
    }
    ordinal(text).map(|value| made(at + 1, value))
}

/// Three or four digits one by one, or two of which the second is zero: "one one four", "eight zero".
fn spelled(talk: &Talk, at: usize) -> Option<(Decimal, usize)> {
    let mut value = 0;
    let mut end = at;
    let mut times = 1;
    while end < at + 6 && (end == at || joined(talk, end)) {
        if talk.text(end) == "double" {
            times = 2;
        } else {
            let Some(n) = digit(talk.text(end)) else { break };
            for _ in 0..std::mem::replace(&mut times, 1) {
                value = value * 10 + n;
            }
        }
        end += 1;
    }
    let count = end - at;
    let zero = count == 2 && talk.text(end - 1) == "zero";
    let next_scales = is_scale(talk.text(end)) || matches!(talk.text(end), "point" | "and");
    (!next_scales && talk.text(at) != "zero" && (zero || (3..=4).contains(&count)))
        .then_some((Decimal::from(value), end))
}

/// A number below a hundred: "sixty", "sixty-five", "eighteen".
fn below_hundred(talk: &Talk, at: usize) -> Option<(i64, usize)> {
    let value = small(talk.text(at))?;
    if value >= 20
        && joined(talk, at + 1)
        && let Some(unit) = digit(talk.text(at + 1)).filter(|u| *u > 0)
    {
        return Some((value + unit, at + 2));
    }
    Some((value, at + 1))
}

/// Below a thousand, or short forms: "two hundred and fifty", "seven twenty", "seven six", "sixty-five hundred".
fn group(talk: &Talk, at: usize) -> Option<(Decimal, usize, Shape)> {
    let (first, end) = below_hundred(talk, at)?;
    if talk.text(end) == "hundred" && joined(talk, end) {
        let (value, end) = hundreds(talk, Decimal::from(first), end);
        return Some((value, end, Shape::Plain));
    }
    if joined(talk, end)
        && (first < 20 || first % 10 != 0)
        && first > 0
        && let Some((second, after)) = below_hundred(talk, end)
    {
        // "two ninety two ninety": the figure is said twice.
        let again = second > 20 && second % 10 == first && talk.text(after) == talk.text(end);
        let (second, after) = if again { (second - first, after - 1) } else { (second, after) };
        let pairs = second >= 20 || (first < 10 && second >= 10);
        if pairs && first != second && !matches!(talk.text(after), "hundred" | "percent") {
            return Some((Decimal::from(first * 100 + second), after, Shape::Plain));
        }
        // "eighty-six four hundred": eighty-six thousand four hundred.
        let hundred = talk.text(after) == "hundred" && joined(talk, after);
        if hundred && first > 20 && (1..10).contains(&second) {
            return Some((Decimal::from(first * 1000 + second * 100), after + 1, Shape::Plain));
        }
        let short = second < 10 && second > 0 && talk.words[end].gap == Gap::Space && first != 1;
        if short && !is_scale(talk.text(after)) && small(talk.text(after)).is_none() {
            return Some((Decimal::from(first * 1000 + second * 100), after, Shape::Short));
        }
    }
    Some((Decimal::from(first), end, Shape::Plain))
}

/// Multiplies with the "hundred" at `at` if there is one, and adds what belongs below it.
fn hundreds(talk: &Talk, count: Decimal, at: usize) -> (Decimal, usize) {
    if !matches!(talk.text(at), "hundred" | "hundreds") {
        return (count, at);
    }
    let value = count * Decimal::ONE_HUNDRED;
    let mut tail = at + 1;
    if talk.text(tail) == "and" && joined(talk, tail) {
        tail += 1;
    }
    if joined(talk, tail)
        && let Some((below, end)) = below_hundred(talk, tail)
        && below > 0
    {
        let next = |at: usize| talk.text(at) == "hundred" && joined(talk, at);
        if !next(end) {
            return (value + Decimal::from(below), end);
        }
        // "six hundred and fifty six hundred and fifty": the six begins the next number.
        if end == tail + 2 {
            return (value + Decimal::from(below - below % 10), tail + 1);
        }
    }
    (value, at + 1)
}

/// Decimals, thousands, millions, halves and dozens behind a first group.
fn scales(talk: &Talk, start: usize, first: Decimal, at: usize, shape: Shape) -> Option<Number> {
    let (mut value, mut end) = decimals(talk, first, at);
    let mut last = Decimal::ONE;
    let mut shape = shape;
    if joined(talk, end)
        && let Some(by) = scale(talk.text(end))
    {
        // "two and a half thousand" comes here with its half already added.
        let by = Decimal::from(by);
        (value, end, last) = (product(value, by)?, end + 1, by);
        shape = Shape::Plain;
        (value, end) = lower_group(talk, value, end, by)?;
    } else if talk.phrase(end, "and a half") == 3 && scale(talk.text(end + 3)).is_some() {
        let by = Decimal::from(scale(talk.text(end + 3))?);
        return Some(Number { words: start..end + 4, value: product(value + half(), by)?, shape });
    }
    let halved = [("and a half", 3), ("and half", 2)].into_iter().find(|(p, n)| talk.phrase(end, p) == *n);
    if let Some((_, count)) = halved
        && joined(talk, end)
    {
        (value, end) = (sum(value, half() * last)?, end + count);
    }
    if matches!(talk.text(end), "dozen" | "dozens") {
        return Some(Number {
            words: start..end + 1,
            value: product(value, Decimal::from(12))?,
            shape: Shape::Dozen,
        });
    }
    Some(Number { words: start..end, value, shape })
}

/// What follows a thousand or a million and is smaller: "three hundred and sixty thousand", "two hundred".
fn lower_group(talk: &Talk, mut value: Decimal, at: usize, by: Decimal) -> Option<(Decimal, usize)> {
    let mut end = at;
    let mut limit = by;
    loop {
        let mut tail = end;
        if talk.text(tail) == "and" && joined(talk, tail) {
            tail += 1;
        }
        if !joined(talk, tail) || talk.words.get(tail).is_some_and(|w| w.digits.is_some()) {
            return Some((value, end));
        }
        let article = talk.text(tail) == "a" && talk.text(tail + 1) == "hundred";
        let next =
            if article { Some(hundreds(talk, Decimal::ONE, tail + 1)) } else { plain_group(talk, tail) };
        let Some((part, after)) = next else { return Some((value, end)) };
        let by = if joined(talk, after) { scale(talk.text(after)) } else { None };
        // "two hundred thousand one eighty": the one begins the next number.
        if limit == Decimal::ONE_THOUSAND
            && let Some((short, end)) = short_tail(talk, tail, value)
        {
            return Some((sum(value, short)?, end));
        }
        let begins = after == tail + 1
            && part < Decimal::TEN
            && joined(talk, after)
            && below_hundred(talk, after).is_some();
        if begins {
            return Some((value, end));
        }
        let part = product(part, Decimal::from(by.unwrap_or(1)))?;
        if part >= limit {
            return Some((value, end));
        }
        (value, end) = (sum(value, part)?, after + usize::from(by.is_some()));
        match by {
            Some(by) if Decimal::from(by) < limit => limit = Decimal::from(by),
            _ => return Some((value, end)),
        }
    }
}

/// "two thousand two fifty": 2250. Behind a hundred thousand and more it is a number of its own.
fn short_tail(talk: &Talk, at: usize, value: Decimal) -> Option<(Decimal, usize)> {
    let first = digit(talk.text(at)).filter(|n| *n > 0)?;
    let (second, end) = below_hundred(talk, at + 1).filter(|_| joined(talk, at + 1))?;
    let small = value < Decimal::from(100_000) && second >= 10 && !is_scale(talk.text(end));
    small.then(|| (Decimal::from(first * 100 + second), end))
}

fn plain_group(talk: &Talk, at: usize) -> Option<(Decimal, usize)> {
    let (first, end) = below_hundred(talk, at)?;
    let hundred = talk.text(end) == "hundred" && joined(talk, end);
    Some(if hundred { hundreds(talk, Decimal::from(first), end) } else { (Decimal::from(first), end) })
}

fn decimals(talk: &Talk, value: Decimal, at: usize) -> (Decimal, usize) {
    if talk.text(at) != "point" {
        return (value, at);
    }
    let mut end = at + 1;
    let mut text = String::new();
    while end < at + 6
        && let Some(n) = digit(talk.text(end))
    {
        text.push_str(&n.to_string());
        end += 1;
    }
    match format!("{value}.{text}").parse() {
        Ok(value) if !text.is_empty() => (value, end),
        _ => (value, at),
    }
}
