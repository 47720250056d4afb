//! The unit a figure counts, and the unit a price is the price of.

use std::ops::Range;

use super::context::has_money;
use crate::terms::lexicon::cues::{EACH, PER, PRICE_LINKS};
use crate::terms::lexicon::{self, goods};
use crate::terms::number::{Number, is_swahili};
use crate::terms::reading::Reading;
use crate::terms::talk::Gap;

/// The unit of a price, if it was said: none is "each".
type PriceUnit = Option<&'static str>;

/// A number of days, weeks or years that is no amount of work.
pub(super) fn is_time_term(reading: &Reading, number: &Number) -> bool {
    let talk = &reading.talk;
    let words = &number.words;
    let timed = |at: usize| {
        lexicon::unit(talk.text(at)).is_some_and(lexicon::is_time)
            || matches!(talk.text(at), "years" | "year" | "mwaka" | "miaka" | "minutes" | "dakika")
    };
    let near = |at: usize| talk.words.get(at).is_some_and(|w| w.gap < Gap::Comma);
    let beside = (near(words.end) && timed(words.end))
        || (words.start > 0
            && near(words.start)
            && lexicon::is_swahili_unit(talk.text(words.start - 1))
            && timed(words.start - 1));
    beside && !has_money(reading, words) && is_term(reading, words)
}

/// The unit or the goods that a number counts. `Some(None)`: goods without a measure word.
pub(super) fn unit_beside(reading: &Reading, number: &Number) -> Option<Option<&'static str>> {
    let talk = &reading.talk;
    let words = &number.words;
    let near = |at: usize| talk.words.get(at).is_some_and(|w| w.gap < Gap::Comma);
    let money = |at: usize| lexicon::currency(talk.text(at)).is_some();
    let own = is_swahili(talk.text(words.start)) && lexicon::is_swahili_unit(talk.text(words.end));
    let after = if near(words.end) && !own { lexicon::unit(talk.text(words.end)) } else { None };
    let rated = talk.any(words.end + 1, &["moja", "ni", "one"]) > 0;
    let before = (words.start > 0 && near(words.start))
        .then(|| lexicon::unit(talk.text(words.start - 1)))
        .flatten()
        // "six hours, five hundred": an English time counts only what stands before it.
        .filter(|u| !lexicon::is_time(u) || lexicon::is_swahili_unit(talk.text(words.start - 1)))
        .filter(|_| {
            !talk.ends(
                words.start - 1,
                &["per", "a", "an", "kwa", "kila", "each", "every", "the", "mwisho wa"],
            )
        });
    let spoken = talk.words[words.start].digits.is_none();
    let swahili = spoken && before.is_some() && lexicon::is_swahili_unit(talk.text(words.start - 1));
    let behind = after.filter(|_| !rated || before.is_none());
    let chosen = if swahili || (rated && before.is_some()) { before.or(after) } else { behind.or(before) };
    if chosen.is_some() {
        return Some(chosen);
    }
    let of_them = talk.any(
        words.end,
        phrases! {
            "of them", "of those", "of these", "of each", "zake", "kati yao", "kati ya hizo"
        },
    ) > 0;
    if of_them && number.value.is_integer() {
        return Some(None);
    }
    if !number.value.is_integer() || (near(words.end) && money(words.end)) {
        return None;
    }
    let named = words.start > 0 && near(words.start) && goods_before(reading, words.start);
    (goods_follow(reading, words.end) || named).then_some(None)
}

/// "within seven days after": a time to pay or to come, and no amount of work.
fn is_term(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    if talk.any(words.end + 1, &["from", "kuanzia"]) > 0
        && (words.end + 2..words.end + 5).any(|i| reading.is_day(i))
    {
        return false;
    }
    let event = talk.any(
        words.end + 1,
        phrases! {
            "after", "of", "from", "baada", "before", "ago", "late", "kabla"
        },
    ) > 0
        || talk.any(words.end, &["baada", "kabla"]) > 0;
    let start = words
        .start
        .saturating_sub(usize::from(lexicon::unit(talk.text(words.start.wrapping_sub(1))).is_some()));
    event || talk.ends(start, &["within", "in", "ndani ya", "baada ya", "after", "every", "kila"])
}

/// Goods right before a number, with a kind between: "kuku mia mbili", "kuku wa kienyeji mia mbili".
fn goods_before(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let word = talk.text(at - 1);
    let kind = goods::is_variety(word) || goods::kind(word).is_some();
    let link = usize::from(talk.ends(at - 1, &["wa", "ya", "za", "la", "cha", "vya"]));
    let noun = (at - 1).checked_sub(link + 1).map_or("", |i| talk.text(i));
    is_goods_word(word) || (kind && is_goods_word(noun))
}

fn is_goods_word(word: &str) -> bool {
    goods::is_goods(word) || goods::translated().any(|(s, _)| s == word)
}

/// Goods right behind a number, with at most three words of kind between: "sixty Galla goats".
fn goods_follow(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let near = |i: usize| talk.words.get(i).is_some_and(|w| w.gap < Gap::Comma);
    let stop = phrases! {
        "of", "for", "to", "and", "the", "a", "per", "in", "at", "is", "ni", "na", "kwa", "from", "each",
        "ya", "za", "i", "you", "we", "no", "yes"
    };
    for i in at..at + 4 {
        let text = talk.text(i);
        if !near(i) || stop.contains(&text) || reading.is_number(i) || lexicon::currency(text).is_some() {
            return false;
        }
        if goods::is_goods(text) || (i == at && is_goods_word(text)) {
            return true;
        }
    }
    false
}

/// "per bag", "a bag", "kwa gunia", "each" right behind the price.
pub(super) fn per_right(reading: &Reading, words: &Range<usize>) -> Option<PriceUnit> {
    let talk = &reading.talk;
    let mut at = words.end;
    let inside = |at: usize| talk.words.get(at).is_some_and(|w| w.gap < Gap::Stop);
    while at < words.end + 4 && inside(at) && lexicon::is_money_word(talk.text(at)) {
        at += 1;
    }
    let open = inside(at) && (talk.words[at].gap < Gap::Comma || at > words.end);
    let (unit, end) = if open { per_unit(reading, at)? } else { return None };
    // "mikungu ishirini kila mkungu shilingi mia": the price comes after its unit.
    let counted = words.start > 0 && lexicon::unit(talk.text(words.start - 1)).is_some() && at == words.end;
    let priced = reading.number_at(end).is_some()
        || (lexicon::is_money_word(talk.text(end)) && reading.number_at(end + 1).is_some());
    let named = words.start > 0 && (counted || is_goods_word(talk.text(words.start - 1))) && at == words.end;
    let spoken = talk.words[words.start].digits.is_none() && talk.text(at) == "kila";
    (!(counted && priced || named && spoken)).then_some(unit)
}

/// A unit introduced by a word like "per" at `at`, and where it ends.
fn per_unit(reading: &Reading, at: usize) -> Option<(PriceUnit, usize)> {
    let talk = &reading.talk;
    let each = talk.any(at, EACH);
    let sized = reading.number_at(at + each).is_some() && talk.text(at) == "a";
    if each > 0 && lexicon::unit(talk.text(at + each)).is_none() && !sized {
        return Some((None, at + each));
    }
    let per = talk.any(at, PER);
    let named = at + per;
    if per == 0 || talk.words.get(named).is_none_or(|w| w.gap >= Gap::Comma) {
        return None;
    }
    if let Some(unit) = lexicon::unit(talk.text(named)) {
        let definite = talk.text(named - 1) == "the";
        return (!definite).then_some((Some(unit), named + 1));
    }
    if talk.text(named) == "dozen" {
        return Some((Some("dozen"), named + 1));
    }
    let free = matches!(talk.text(at), "per" | "each" | "every") || talk.text(named - 1) == "kila";
    let noun = is_goods_word(talk.text(named))
        || (goods::is_goods(talk.text(named + 1)) && talk.words[named].gap == Gap::Space);
    let end = named + 1 + usize::from(!is_goods_word(talk.text(named)) && noun);
    (free || noun).then_some((None, end))
}

/// "each one is", "bag moja ni", "for each trip I am charging" right before the price.
pub(super) fn per_left(reading: &Reading, words: &Range<usize>) -> Option<PriceUnit> {
    let talk = &reading.talk;
    let first = talk.clause(words.start).start;
    let mut at = words.start;
    let link = |w: &str| PRICE_LINKS.contains(&w) || lexicon::is_money_word(w);
    while at > first && words.start - at < 6 && link(talk.text(at - 1)) {
        at -= 1;
    }
    if at == first {
        return None;
    }
    if at >= 2 && matches!(talk.text(at - 1), "moja" | "mmoja" | "kimoja" | "one" | "each") {
        let unit = lexicon::unit(talk.text(at - 2));
        let noun = is_goods_word(talk.text(at - 2)) || matches!(talk.text(at - 2), "each" | "kila" | "every");
        let linked = at < words.start;
        if unit.is_some() || noun || talk.text(at - 1) == "each" || (talk.text(at - 1) == "moja" && linked) {
            return Some(unit);
        }
    }
    for start in (first.max(at.saturating_sub(4))..at).rev() {
        let opener = talk.text(start);
        if opener == "one"
            && start + 2 == at
            && (lexicon::unit(talk.text(at - 1)).is_some() || goods::is_goods(talk.text(at - 1)))
        {
            return Some(lexicon::unit(talk.text(at - 1)));
        }
        let found = per_unit(reading, start).filter(|_| !matches!(opener, "a" | "an" | "the" | "for"));
        // "kwa miezi sita" is how long, "kwa mwezi elfu sita" is how much.
        let lasting = opener == "kwa"
            && at == words.start
            && (talk.text(at - 1) == "miezi" || talk.text(at - 1) == "masaa")
            && !has_money(reading, words);
        if let Some((unit, _)) = found.filter(|(_, end)| *end == at)
            && !lasting
            && !quantity_of_price(reading, start)
        {
            return Some(unit);
        }
    }
    bare_unit(reading, at, words)
}

/// "4,200 per bag 300 per crate": a unit that already closes the price before it opens none.
fn quantity_of_price(reading: &Reading, start: usize) -> bool {
    let talk = &reading.talk;
    let mut at = start;
    while at > 0 && lexicon::is_money_word(talk.text(at - 1)) {
        at -= 1;
    }
    reading.number_before(at).is_some()
}

/// "gunia ni shilingi elfu tano": a single unit before a price.
fn bare_unit(reading: &Reading, at: usize, words: &Range<usize>) -> Option<PriceUnit> {
    let talk = &reading.talk;
    let unit = lexicon::unit(talk.text(at - 1)).filter(|u| at < words.start && !lexicon::is_time(u))?;
    let counted = at >= 2 && (reading.is_number(at - 2) || matches!(talk.text(at - 2), "the" | "of"));
    let linked = talk.text(at) == "ni" || has_money(reading, words);
    (linked && !counted && !talk.text(at - 1).ends_with('s')).then_some(Some(unit))
}
