//! What the words around a figure say about it.

use std::ops::Range;

use rust_decimal::Decimal;

use super::unit::{is_time_term, per_left, per_right, unit_beside};
use super::{Figure, Role, is_product};
use crate::terms::lexicon::cues::{
    AHEAD, CLOCK, NOW, PAYING, PEOPLE, PRICE_LEFT, REST, TOTAL_LEFT, TOTAL_RIGHT, TOTAL_SURE,
};
use crate::terms::lexicon::{self, goods};
use crate::terms::number::{Number, Shape, half};
use crate::terms::reading::Reading;
use crate::terms::talk::Gap;

/// "not sixteen", "siyo kumi na nane": the figure is withdrawn. "Not above" and "not later than" are no negation.
pub(crate) fn is_negated(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let here = talk.words.get(at).is_some_and(|w| w.gap < Gap::Stop);
    let nots = phrases! {
        "not", "siyo", "sio", "si", "not for", "not at", "wala", "not the", "badala ya", "instead of",
        "rather than", "na si", "not kes", "siyo shilingi", "sio shilingi", "si shilingi", "siyo tarehe",
        "sio tarehe", "not on", "not by", "not on the"
    };
    here && talk.ends(at, nots)
}

/// Whether a word of money stands beside the figure.
pub(crate) fn has_money(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let named = |at: usize| lexicon::currency(talk.text(at)).is_some();
    let whose = phrases! {
        "us", "american", "rwandan", "ethiopian", "kenya", "kenyan", "ugandan", "uganda", "tanzanian",
        "tanzania"
    };
    let open = |at: usize| talk.words.get(at).is_some_and(|w| w.gap < Gap::Comma);
    let before = words.start > 0 && open(words.start) && named(words.start - 1);
    before
        || (open(words.end)
            && (named(words.end) || (whose.contains(&talk.text(words.end)) && named(words.end + 1))))
}

/// "ten percent", "asilimia kumi".
pub(crate) fn is_percent(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let behind = talk.text(words.end) == "percent" && talk.words[words.end].gap < Gap::Stop;
    let before = talk.ends(words.start, &["asilimia", "asilimia ya"])
        || (talk.ends(words.start, &["percent"]) && reading.number_before(words.start - 1).is_none());
    behind || before
}

/// What the words beside a figure say it is.
pub(super) fn stated(
    reading: &Reading,
    number: &Number,
    before: &[Figure],
) -> Option<(Role, Option<&'static str>)> {
    let talk = &reading.talk;
    let words = &number.words;
    if is_per_dozen(reading, number)
        || is_clock(reading, words)
        || is_pack(reading, number)
        || is_time_term(reading, number)
    {
        return Some((Role::Other, None));
    }
    if is_percent(reading, words) {
        let ahead = ahead(reading, words) && !rest(reading, words);
        return Some((if ahead { Role::Share } else { Role::Other }, None));
    }
    if let Some(unit) = per_right(reading, words).or_else(|| per_left(reading, words)) {
        return Some((Role::Price, unit));
    }
    let money = has_money(reading, words);
    if number.value <= Decimal::ONE && (money || unit_beside(reading, number).is_none()) {
        return Some((Role::Other, None));
    }
    if !money && let Some(unit) = unit_beside(reading, number) {
        return Some((if is_moja(reading, words) { Role::Other } else { Role::Quantity }, unit));
    }
    if !money && repeats_term(reading, number) {
        return Some((Role::Other, None));
    }
    if let Some(role) = sum_words(reading, words, before, number.value) {
        return Some((role, None));
    }
    let people = talk.words.get(words.end).is_some_and(|w| w.gap < Gap::Comma)
        && PEOPLE.contains(&talk.text(words.end));
    if !money && people {
        return Some((Role::Other, None));
    }
    let known = |f: &Figure| f.value == number.value && f.role != Role::Other && !f.dropped;
    if before.iter().rev().take(super::RECENT_FIGURES_MAX).any(known) {
        return None;
    }
    if is_product(before, number.value) {
        return Some((Role::Total, None));
    }
    let price =
        talk.has(reading.left(words.start, 6, false), PRICE_LEFT) && (money || number.value >= Decimal::TEN);
    price.then_some((Role::Price, None))
}

/// "Fourteen days after the invoice." "Thirty is impossible, fourteen is okay.": a bare figure that was a length of time a
/// moment ago.
fn repeats_term(reading: &Reading, number: &Number) -> bool {
    let before = reading.numbers.iter().filter(|n| n.words.end <= number.words.start).rev();
    let same = before.take(4).find(|n| n.value == number.value);
    same.is_some_and(|n| is_time_term(reading, n))
}

/// "180 bob a dozen": part of the price before it.
fn is_per_dozen(reading: &Reading, number: &Number) -> bool {
    let at = number.words.start;
    let money = |i: usize| lexicon::currency(reading.talk.text(i)).is_some();
    let priced = reading.number_before(at).is_some() || at.checked_sub(1).is_some_and(money);
    number.shape == Shape::Dozen && reading.talk.text(at) == "a" && priced
}

/// Words for a sum, for money ahead or for what remains, around the figure.
fn sum_words(reading: &Reading, words: &Range<usize>, before: &[Figure], value: Decimal) -> Option<Role> {
    let talk = &reading.talk;
    let left = reading.left(words.start, 7, true);
    let right = reading.right(words.end, 6);
    if talk.find(right.clone(), TOTAL_RIGHT).is_some_and(|r| r.start <= right.start + 2) {
        return Some(Role::Total);
    }
    let price = before
        .iter()
        .rev()
        .take(super::RECENT_FIGURES_MAX)
        .any(|f| f.value == value && f.role == Role::Price && f.explicit && !f.dropped);
    if talk.has(left.clone(), TOTAL_LEFT)
        && !price
        && (talk.has(left, TOTAL_SURE) || is_product(before, value))
    {
        return Some(Role::Total);
    }
    if rest(reading, words) {
        return Some(Role::Balance);
    }
    ahead(reading, words).then_some(Role::Upfront)
}

fn ahead(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let left = reading.left(words.start, 6, false);
    let right = reading.right(words.end, 7);
    if talk.has(left.clone(), AHEAD) || talk.has(right.clone(), AHEAD) {
        return true;
    }
    let clause = talk.clause(words.start);
    let near = clause.start.max(words.start.saturating_sub(8))..clause.end.min(words.end + 8);
    let paid = talk.has(near, PAYING);
    let behind = talk.find(right.clone(), NOW).is_some_and(|r| r.start <= right.start + 3);
    // "Four eighty now" is a price; "fifty thousand now, the rest later" is not.
    let parted = !talk.flat
        && talk.turns.get(talk.words[words.start].turn).is_some_and(|turn| {
            talk.has(turn.words.clone(), REST)
                || talk
                    .has(turn.words.clone(), &["later", "then", "half", "nusu", "halafu", "baadaye", "and"])
        });
    (behind && (paid || parted))
        || (paid && talk.has(left.clone(), NOW) && !talk.has(left, &["price*", "bei"]))
}

fn rest(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    talk.has(reading.left(words.start, 5, false), REST) || talk.has(reading.right(words.end, 6), REST)
}

/// A time of day: "saa kumi na moja asubuhi", "at six in the morning", "8 am".
fn is_clock(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let number = reading.number_at(words.start);
    let small = number.is_some_and(|n| n.value <= Decimal::from(24));
    let hour = talk.ends(words.start, &["saa"]) && small;
    small && (talk.any(words.end, CLOCK) > 0 || hour)
}

/// "tray moja", "one tank is": the unit of a price and no quantity.
fn is_moja(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let one = reading.number_at(words.start).is_some_and(|n| n.value == Decimal::ONE);
    let priced = |at: usize| talk.any(at, &["is", "ni", "costs", "at", "goes"]) > 0;
    one && (talk.text(words.start) == "moja"
        || priced(words.end)
        || priced(words.end + 1)
        || priced(words.end + 2))
}

fn is_size(word: &str) -> bool {
    let other = "g gram grams gramme grammes ml inch inches feet gauge cm mm ft watt watts mil";
    lexicon::unit(word).is_some_and(lexicon::is_measure) || other.split(' ').any(|w| w == word)
}

/// "90 kg bags", "bags of 90 kg", "zile za fifty kilos", "sixteen litres each": how large one is.
fn is_pack(reading: &Reading, number: &Number) -> bool {
    let talk = &reading.talk;
    let words = &number.words;
    let open = |at: usize| talk.words.get(at).is_some_and(|w| w.gap < Gap::Comma);
    let english = is_size(talk.text(words.end)) && open(words.end);
    let swahili = words.start > 0
        && is_size(talk.text(words.start - 1))
        && lexicon::is_swahili_unit(talk.text(words.start - 1))
        && !english;
    if !swahili && !english {
        return false;
    }
    let (start, end) = (words.start - usize::from(swahili), words.end + usize::from(english));
    let next = talk.text(end);
    let container = lexicon::unit(next).is_some_and(|u| !lexicon::is_measure(u) && !lexicon::is_time(u));
    let pack = matches!(
        next,
        "one" | "ones" | "packs" | "packets" | "pakiti" | "packet" | "size" | "packaging" | "capacity"
    );
    let hyphened = talk.words.get(words.end).is_some_and(|w| w.gap == Gap::Hyphen);
    let each = next == "each" && !has_money(reading, words);
    if open(end) && (((container || pack) && talk.any(end + 1, &["moja"]) == 0) || each || hyphened) {
        return true;
    }
    let before = start.checked_sub(2).map_or("", |i| talk.text(i));
    let things = phrases! {
        "zile", "hizo", "ile", "hiyo", "hayo", "yale", "vile", "ones", "pakiti", "packets", "moja"
    };
    let of = talk.ends(start, &["of", "za", "ya", "cha", "la", "wa", "vya"])
        && start >= 2
        && !reading.is_number(start - 2)
        && ((lexicon::unit(before).is_some() && !swahili_goods_follow(reading, end))
            || goods::is_goods(before)
            || things.contains(&before));
    let weighing = phrases! {
        "packed in", "weighing", "each one is", "each is", "weighs", "each bag is", "kila moja ni",
        "each weighs", "uzito wa", "uzani wa", "yenye", "at least", "min", "minimum", "minimum of",
        "not less than", "not below", "zenye", "each one weighs", "moja ni ya", "holding"
    };
    (of && number.shape != Shape::Dozen) || talk.ends(start, weighing)
}

/// "bag ya kilo hamsini za mahindi" stays a pack; "order ya kilo mia tano za maharagwe" does not come here.
fn swahili_goods_follow(reading: &Reading, end: usize) -> bool {
    let talk = &reading.talk;
    matches!(talk.text(end), "za" | "ya" | "of") && goods::is_goods(talk.text(end + 1))
}

/// "with two lorries": a small number counts the word behind it.
pub(super) fn noun_follows(reading: &Reading, end: usize) -> bool {
    let talk = &reading.talk;
    let small = "only tu final please ni is na and per okay yes sawa hapana no basi then for kwa at i we you it lakini but haiwezi nakupa the that so sorry na haya ndiyo poa fine of them hivi if kama not siyo to hiyo my last each can will would";
    let word = talk.words.get(end).filter(|w| w.gap < Gap::Comma && w.digits.is_none());
    word.is_some_and(|w| {
        !small.split(' ').any(|s| s == w.text)
            && lexicon::currency(&w.text).is_none()
            && !reading.is_number(end)
    })
}

/// "nataka mia mbili", "I will take thirty".
pub(super) fn is_wanted(reading: &Reading, at: usize) -> bool {
    let cues = phrases! {
        "nataka", "want", "wants", "need", "needs", "order", "nipe", "nachukua", "nikichukua", "take",
        "taking", "nahitaji", "tunahitaji", "tunataka", "give me", "chukua", "buy", "buying", "*nunua",
        "supply", "supplies", "naomba", "tupe", "have", "*chukua", "*nipe", "leta", "weka", "niko na", "nina", "iko", "ziko", "zipo"
    };
    let talk = &reading.talk;
    talk.has(talk.clause(at).start.max(at.saturating_sub(8))..at, cues)
        || talk.turns.get(talk.words[at].turn).is_some_and(|t| t.words.start == at && t.words.len() <= 4)
}

/// The role of an answer, by the question before it.
pub(super) fn asked(reading: &Reading, at: usize) -> Option<Role> {
    let talk = &reading.talk;
    let turn = talk.words.get(at)?.turn;
    let from = at.saturating_sub(14);
    let stop = |i: usize| talk.words[i].turn + 1 < turn || reading.is_number(i);
    let start = (from..at).rev().find(|i| stop(*i)).map_or(from, |i| i + 1);
    let window = start..at;
    let total = phrases! {
        "total", "jumla", "inakuwa ngapi", "itakuwa ngapi", "how much in all", "altogether",
        "how much is that", "inafika ngapi", "yote pamoja", "itakuwa how much", "how much for everything",
        "what does that make", "what is that", "inakuwa how much"
    };
    let price = phrases! {
        "price", "bei", "how much", "ni ngapi", "pesa ngapi", "shilingi ngapi", "charge*", "moja ngapi",
        "unauza", "per day", "per bag", "the rate", "what do you want for", "unataka ngapi", "your offer",
        "your best", "kwa ngapi", "gharama"
    };
    let many = phrases! {
        "how many", "kiasi gani", "wangapi", "mangapi", "mingapi", "vingapi", "how much do you need",
        "what quantity", "how much have you"
    };
    let is_unit = |i: usize| i > 0 && lexicon::unit(talk.text(i - 1)).is_some();
    let units = window.clone().rev().find(|i| talk.text(*i) == "ngapi" && is_unit(*i)).map(|i| i..i + 1);
    let many = talk.find_last(window.clone(), many).or(units);
    let hits = [
        (talk.find_last(window.clone(), total), Role::Total),
        (many, Role::Quantity),
        (talk.find_last(window, price), Role::Price),
    ];
    hits.into_iter()
        .filter_map(|(hit, role)| hit.map(|h| (h.end, role)))
        .max_by_key(|(end, _)| *end)
        .map(|(_, role)| role)
}

/// Whether the figure is the part of the whole that was just said to be paid ahead: "a quarter is okay, 49,800".
pub(super) fn is_part(reading: &Reading, at: usize, before: &[Figure], value: Decimal) -> bool {
    let talk = &reading.talk;
    let near = at.saturating_sub(14)..at;
    let named = |cues: &[&str]| talk.has(near.clone(), cues);
    let share = before
        .iter()
        .rev()
        .take(4)
        .find(|f| f.role == Role::Share)
        .map(|f| f.value / if f.value > Decimal::ONE { Decimal::ONE_HUNDRED } else { Decimal::ONE });
    let said = if named(&["quarter", "robo"]) {
        Some(half() * half())
    } else if named(&["half", "nusu"]) {
        Some(half())
    } else {
        share
    };
    let total = before.iter().rev().take(super::RECENT_FIGURES_MAX).find(|f| f.role == Role::Total);
    said.zip(total).is_some_and(|(s, t)| s.checked_mul(t.value) == Some(value))
}

/// "half now", "nusu sasa": a part of the whole, ahead.
pub(super) fn halves(reading: &Reading) -> Vec<Figure> {
    let talk = &reading.talk;
    let part = |at: &usize| {
        matches!(talk.text(*at), "half" | "nusu" | "quarter" | "robo")
            && !reading.is_number(*at)
            && !reading.is_day(*at)
    };
    let made = |at: usize| Figure {
        words: at..at + 1,
        value: if matches!(talk.text(at), "quarter" | "robo") { half() * half() } else { half() },
        role: Role::Share,
        unit: None,
        explicit: true,
        dropped: is_negated(reading, at),
    };
    let ahead = |at: &usize| ahead(reading, &(*at..*at + 1)) && !rest(reading, &(*at..*at + 1));
    reading.all().filter(part).filter(ahead).map(made).collect()
}
