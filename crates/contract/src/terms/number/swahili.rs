//! Swahili numbers: the scale stands before its count ("elfu tatu mia tano"), parts are joined by "na".

use rust_decimal::Decimal;

use super::{Number, Shape, half, joined, product, sum};
use crate::terms::talk::Talk;

/// Prefixes that a count takes after the class of what is counted.
const STEMS: &[(&str, i64)] = &[
    ("moja", 1),
    ("mmoja", 1),
    ("kimoja", 1),
    ("limoja", 1),
    ("mbili", 2),
    ("wawili", 2),
    ("mawili", 2),
    ("miwili", 2),
    ("viwili", 2),
    ("tatu", 3),
    ("watatu", 3),
    ("matatu", 3),
    ("mitatu", 3),
    ("vitatu", 3),
    ("nne", 4),
    ("wanne", 4),
    ("manne", 4),
    ("minne", 4),
    ("vinne", 4),
    ("tano", 5),
    ("watano", 5),
    ("matano", 5),
    ("mitano", 5),
    ("vitano", 5),
    ("sita", 6),
    ("saba", 7),
    ("nane", 8),
    ("wanane", 8),
    ("manane", 8),
    ("minane", 8),
    ("vinane", 8),
    ("tisa", 9),
];
const TENS: &[(&str, i64)] = &[
    ("kumi", 10),
    ("ishirini", 20),
    ("thelathini", 30),
    ("arobaini", 40),
    ("arubaini", 40),
    ("hamsini", 50),
    ("sitini", 60),
    ("sabini", 70),
    ("themanini", 80),
    ("tisini", 90),
];
const SCALES: &[(&str, i64)] =
    &[("milioni", 1_000_000), ("laki", 100_000), ("elfu", 1_000), ("alfu", 1_000), ("mia", 100)];

fn look(table: &[(&str, i64)], word: &str) -> Option<i64> {
    table.iter().find(|(w, _)| *w == word).map(|(_, n)| *n)
}

/// The value of a single digit.
pub(super) fn digit(word: &str) -> Option<i64> {
    if word == "sifuri" { Some(0) } else { look(STEMS, word) }
}

/// Whether the word is a number or a scale.
pub(super) fn is_number(word: &str) -> bool {
    [STEMS, TENS, SCALES].iter().any(|table| look(table, word).is_some())
}

/// The number that begins at word `at`.
pub(super) fn number(talk: &Talk, at: usize) -> Option<Number> {
    if talk.text(at) == "mosi" {
        return Some(Number { words: at..at + 1, value: Decimal::ONE, shape: Shape::Ordinal });
    }
    if talk.text(at) == "moja"
        && talk.ends(at, &["hata", "mara", "kila", "kwa", "zote", "wote", "lingine", "pia"])
    {
        return None;
    }
    let (mut value, mut end, mut limit) = part(talk, at)?;
    while let Some((add, after, scale)) = next_part(talk, end, limit) {
        (value, end, limit) = (sum(value, add)?, after, scale);
    }
    if joined(talk, end) && talk.phrase(end, "na nusu") == 2 {
        (value, end) = (sum(value, half() * Decimal::from(limit))?, end + 2);
    } else if joined(talk, end) && talk.text(end) == "nukta" {
        (value, end) = decimals(talk, value, end);
    } else if let Some((scaled, after)) = scale_behind(talk, value, end) {
        (value, end) = (scaled, after);
    }
    Some(Number { words: at..end, value, shape: Shape::Plain })
}

/// A first part: a scale with its count, or a number below a hundred. Gives value, end, and the scale it stands for.
fn part(talk: &Talk, at: usize) -> Option<(Decimal, usize, i64)> {
    let Some(scale) = look(SCALES, talk.text(at)) else {
        let (value, end) = below_hundred(talk, at)?;
        return Some((Decimal::from(value), end, 1));
    };
    let by = Decimal::from(scale);
    if scale > 100 && joined(talk, at + 1) && talk.text(at + 1) == "mia" && scale == 1_000 {
        // "elfu mia tatu": three hundred thousand.
        let count =
            Decimal::from(look(STEMS, talk.text(at + 2)).filter(|_| joined(talk, at + 2)).unwrap_or(1));
        let end = at + 2 + usize::from(look(STEMS, talk.text(at + 2)).is_some());
        return Some((product(count * Decimal::ONE_HUNDRED, by)?, end, scale));
    }
    if joined(talk, at + 1) {
        if let Some(value) = talk.words.get(at + 1).and_then(|w| w.digits.filter(|_| !w.ident && !w.ordinal))
        {
            return Some((product(value, by)?, at + 2, scale));
        }
        let count = if scale == 100 {
            look(STEMS, talk.text(at + 1)).map(|n| (n, at + 2))
        } else {
            below_hundred(talk, at + 1)
        };
        if let Some((count, end)) = count {
            return Some((product(Decimal::from(count), by)?, end, scale));
        }
    }
    Some((by, at + 1, scale))
}

/// A further part, smaller than what was before: "na elfu ishirini", "mia tano", "na hamsini".
fn next_part(talk: &Talk, at: usize, limit: i64) -> Option<(Decimal, usize, i64)> {
    if limit == 1 || !joined(talk, at) {
        return None;
    }
    let linked = talk.text(at) == "na";
    let start = at + usize::from(linked);
    if !joined(talk, start) {
        return None;
    }
    let (value, end, scale) = part(talk, start)?;
    let scaled = look(SCALES, talk.text(start)).is_some();
    // "elfu tatu mia tano" needs no "na"; single digits do, or they belong to what comes next.
    let fits = value < Decimal::from(limit) && (linked || scaled || value >= Decimal::TEN);
    let other_begins =
        !scaled && look(SCALES, talk.text(end)).is_some_and(|s| s >= limit) && joined(talk, end);
    (fits && !other_begins).then_some((value, end, if scaled { scale } else { 1 }))
}

fn below_hundred(talk: &Talk, at: usize) -> Option<(i64, usize)> {
    if let Some(tens) = look(TENS, talk.text(at)) {
        if talk.text(at + 1) == "na"
            && joined(talk, at + 1)
            && joined(talk, at + 2)
            && let Some(unit) = look(STEMS, talk.text(at + 2))
        {
            return Some((tens + unit, at + 3));
        }
        return Some((tens, at + 1));
    }
    look(STEMS, talk.text(at)).map(|n| (n, at + 1))
}

/// "hamsini elfu": the scale behind its count, when no other number begins with it.
fn scale_behind(talk: &Talk, value: Decimal, at: usize) -> Option<(Decimal, usize)> {
    let scale = look(SCALES, talk.text(at)).filter(|s| *s >= 1_000 && joined(talk, at))?;
    if value >= Decimal::ONE_THOUSAND || (joined(talk, at + 1) && part(talk, at + 1).is_some()) {
        return None;
    }
    Some((product(value, Decimal::from(scale))?, at + 1))
}

fn decimals(talk: &Talk, value: Decimal, at: usize) -> (Decimal, usize) {
    let mut end = at + 1;
    let mut text = String::new();
    while end < at + 5
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
