//! When the last payment falls due.

mod cues;
mod day;

use std::ops::Range;

use cues::{COUNTED_FROM, EVENT_WORDS_MAX, EVENTS, OPENERS, PAYING, STEMS};
pub(crate) use day::is_payment_day;

use crate::terms::Field;
use crate::terms::date::{english_unit, swahili_unit, weekday};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

/// How many events of payment are compared with each other.
const EVENTS_MAX: usize = 200;

/// The term of payment, if one was agreed.
pub(crate) fn claim(reading: &Reading) -> Option<Claim> {
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    for at in reading.all() {
        if let Some((term, end)) = counted(reading, at) {
            found.push((term, at..end));
        } else if let Some((term, end)) = event(reading, at) {
            found.push((term.into(), at..end));
        }
    }
    for day in reading.days.iter().filter(|d| is_payment_day(reading, d) && day::is_of_rest(reading, d)) {
        found.push((format!("by {}", day.date), day.words.clone()));
    }
    found.sort_by_key(|(_, words)| words.start);
    // Only the last ones can count; this bounds the work on endless texts.
    found.drain(..found.len().saturating_sub(EVENTS_MAX));
    // "30 days after delivery" is more than "after delivery" inside it.
    let inside = |a: &Range<usize>, b: &Range<usize>| a.start >= b.start && a.end <= b.end && a != b;
    let all = found.clone();
    found.retain(|(_, words)| !all.iter().any(|(_, other)| inside(words, other)));
    // "kila visit ikiisha": the rhythm decides.
    let rhythmic = |term: &str| matches!(term, "per trip" | "per visit" | "daily" | "weekly" | "monthly");
    let rhythms: Vec<usize> = found.iter().filter(|(t, _)| rhythmic(t)).map(|(_, w)| w.end).collect();
    found.retain(|(_, w)| !rhythms.iter().any(|end| (*end..=*end + 2).contains(&w.start)));
    let (value, words) = found.pop()?;
    Some(Claim { field: Field::PaymentTerms, value, words, confidence: 85 })
}

/// Whether everything is paid ahead, so that there is no part ahead.
pub(crate) fn is_all_ahead(reading: &Reading) -> bool {
    claim(reading).is_some_and(|c| c.value == "in advance")
}

/// An event of payment that begins at a word.
fn event(reading: &Reading, at: usize) -> Option<(&'static str, usize)> {
    let talk = &reading.talk;
    if is_weekly(reading, at) && is_about_paying(reading, at..at + 2, "weekly") {
        return Some(("weekly", at + 2));
    }
    if let Some(found) = opened(reading, at) {
        return Some(found);
    }
    let longest =
        EVENTS.iter().filter_map(|(term, cues)| Some((talk.any(at, cues), *term)).filter(|(n, _)| *n > 0));
    let (count, term) = longest.max_by_key(|(n, _)| *n)?;
    let end = at + count;
    if talk.ends(at, &["not", "siyo", "sio", "si"]) || !is_about_paying(reading, at..end, term) {
        return None;
    }
    Some((term, end))
}

/// "when the bales are delivered", "as we load", "baada ya kukagua".
fn opened(reading: &Reading, at: usize) -> Option<(&'static str, usize)> {
    let talk = &reading.talk;
    let opener = talk.any(at, OPENERS);
    let first = at + opener;
    let fixed =
        matches!(talk.text(at), "on" | "at" | "upon" | "kwa" | "against" | "siku" | "wakati" | "baada");
    let reach = if fixed { 2 } else { EVENT_WORDS_MAX };
    let limit = talk.clause(at).end.min(first + reach);
    let counted = matches!(talk.text(at), "after" | "baada" | "from" | "of")
        && talk.ends(at, &["days", "weeks", "day", "week", "siku", "wiki"]);
    if opener == 0 || counted || talk.ends(at, &["not", "siyo", "sio", "si"]) {
        return None;
    }
    let ends = |i: usize| {
        reading.is_number(i)
            || reading.is_day(i)
            || talk.words[i].gap >= Gap::Comma
            || matches!(talk.text(i), "and" | "na" | "okay" | "sawa" | "yes" | "but")
    };
    let mut last = first;
    while last < limit && !ends(last) {
        for (term, stems) in STEMS {
            let count = talk.any(last, stems);
            let every = (first..last).any(|i| matches!(talk.text(i), "each" | "every" | "kila"));
            if count > 0 && !every && is_about_paying(reading, at..last + count, term) {
                return Some((term, last + count));
            }
        }
        last += 1;
    }
    None
}

/// Whether an event is said of paying: in the same sentence, or in answer to a question about it.
fn is_about_paying(reading: &Reading, words: Range<usize>, term: &str) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(words.start);
    let reach = if talk.flat { 9 } else { 24 };
    let near = clause.start.max(words.start.saturating_sub(reach))..clause.end.min(words.end + reach.min(7));
    let rhythm = matches!(term, "per trip" | "per visit" | "daily" | "weekly" | "monthly");
    if rhythm {
        // "four trips at 900 per trip" is a price, "every day" may be the work.
        let figure = (1..4).any(|n| words.start >= n && reading.number_before(words.start + 1 - n).is_some());
        let priced = figure && !talk.has(words.end..clause.end.min(words.end + 4), &["pay*", "*lip*"]);
        let close = clause.start.max(words.start.saturating_sub(7))..clause.end.min(words.end + 6);
        let figured_after = !talk.ends(words.start, &["after"]) && reading.number_at(words.end).is_some();
        return !priced && !figured_after && (talk.has(close, PAYING) || asked(reading, words.start));
    }
    term == "in advance"
        || talk.has(near, PAYING)
        || asked(reading, words.start)
        || figure_before(reading, &words)
}

/// "12,000 on arrival": money right before the event.
fn figure_before(reading: &Reading, words: &Range<usize>) -> bool {
    let first = reading.talk.clause(words.start).start.max(words.start.saturating_sub(3)) + 1;
    (first..=words.start).any(|i| {
        reading
            .number_before(i)
            .is_some_and(|n| n.value.is_integer() && n.value >= rust_decimal::Decimal::ONE_HUNDRED)
    })
}

/// Whether the turn answers a question about payment.
fn asked(reading: &Reading, at: usize) -> bool {
    let talk = &reading.talk;
    let turn = talk.words[at].turn;
    let cues = phrases! {
        "payment", "pay*", "*lipa*", "malipo", "pesa", "money", "mshahara", "wages", "paid", "*lipwa*",
        "how do we settle"
    };
    let mut before = talk.turns[..turn.min(talk.turns.len())].iter().rev().take(1).map(|t| t.words.clone());
    let earlier = talk.clause(at).start.saturating_sub(10)..talk.clause(at).start;
    before.any(|w| talk.has(w, cues))
        || talk.has(
            earlier,
            phrases! {
                "payment", "utalipa", "utanilipa", "malipo", "balance", "money", "pesa"
            },
        )
}

/// "14 days after invoice", "within ten days of delivery", "siku saba baada ya kupokea".
fn counted(reading: &Reading, at: usize) -> Option<(String, usize)> {
    let talk = &reading.talk;
    let swahili = swahili_unit(talk.text(at));
    let start = at + usize::from(swahili.is_some());
    let (count, mut end) = match reading.number_at(start) {
        Some(number) if number.value.is_integer() => (number.value, number.words.end),
        _ if swahili.is_none() && talk.text(at) == "a" => (rust_decimal::Decimal::ONE, at + 1),
        _ => return None,
    };
    let unit = match swahili {
        Some(unit) => unit,
        None => {
            end += 1;
            english_unit(talk.text(end - 1))
                .or((talk.text(end - 1) == "fortnight").then_some("fortnight"))
                .or_else(|| swahili_unit(talk.text(end - 1)))?
        }
    };
    let days = match unit {
        "day" => 1,
        "week" => 7,
        "month" => 30,
        "fortnight" => 14,
        _ => return None,
    };
    let link = talk.any(
        end,
        phrases! {
            "after", "of", "from", "baada ya", "kutoka", "tangu", "following", "past", "za", "since",
            "kuanzia"
        },
    );
    let named = end + link;
    let paying = link > 0 || matches!(talk.text(end), "ukishaleta" | "nikishapokea");
    let longest =
        COUNTED_FROM.iter().map(|(event, cues)| (talk.any(named, cues), *event)).max_by_key(|(n, _)| *n);
    let (covered, event) = longest.filter(|(n, _)| paying && *n > 0)?;
    let value = count.checked_mul(days.into())?;
    let end = (named + covered + 4).min(talk.clause(at).end);
    Some((format!("{} days after {event}", value.normalize()), end))
}

/// "every Saturday": a rhythm of a week.
fn is_weekly(reading: &Reading, at: usize) -> bool {
    matches!(reading.talk.text(at), "every" | "kila" | "each") && weekday(reading.talk.text(at + 1)).is_some()
}
