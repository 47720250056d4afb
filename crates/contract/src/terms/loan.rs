//! A loan: the sum lent, the interest, how long and in how many parts it is paid back.

mod interest;
mod schedule;

use std::ops::Range;

use rust_decimal::Decimal;

use crate::terms::Field;
use crate::terms::figure::{has_money, is_negated, is_noise, is_percent, is_wish};
use crate::terms::lexicon;
use crate::terms::number::{Number, Shape, plain};
use crate::terms::reading::{Claim, Reading};
use crate::terms::talk::Gap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Principal,
    Part,
    Total,
}

struct Sum {
    role: Role,
    value: Decimal,
    words: Range<usize>,
    dropped: bool,
    /// Dropped only because it was asked for.
    wished: bool,
    explicit: bool,
}

const TOTAL: &[&str] = phrases! {
    "total*", "jumla*", "in all", "altogether", "pay back a total", "paid back", "kwa jumla", "everything",
    "repay a total", "all together", "jumla ya", "whole amount", "returns", "come to", "comes to",
    "give back", "yote kwa pamoja", "zote pamoja", "sum of", "inakuwa", "itakuwa", "narudisha",
    "unarudisha", "utarudisha", "atarudisha", "nitarudisha", "pay back", "pays back", "repay*", "makes",
    "return*", "refund*", "*rejesh*", "*rudish*"
};
const PART: &[&str] = phrases! {
    "instalment*", "installment*", "each month", "every month", "per month", "a month", "monthly",
    "kila mwezi", "kwa mwezi", "each week", "every week", "per week", "a week", "weekly", "kila wiki",
    "kwa wiki", "each day", "every day", "daily", "kila siku", "kwa siku", "each time", "kila awamu",
    "each", "per instalment", "awamu", "kila mara", "every saturday", "every friday", "every sunday",
    "every monday", "kila jumamosi", "kila ijumaa", "kila jumapili", "kila jumatatu", "kila mmoja",
    "kila moja", "at a time", "rejesho", "marejesho"
};
const GRANT: &[&str] = phrases! {
    "loan*", "lend*", "lent", "mkopo*", "approved", "approve", "grant*", "kukupa", "*kupa", "give you",
    "gives", "tutakupa", "nakukopesha", "*kopesh*", "*kopa", "borrow*", "take the", "imekubali",
    "umekubaliwa", "imepita", "principal", "apewe", "apate", "utapata", "you get", "receive", "nachukua",
    "i take", "imepitisha", "advance"
};
const FOREIGN: &[&str] = phrases! {
    "fine", "faini", "penalty", "savings", "akiba", "shares", "hisa", "processing", "fee", "registration",
    "insurance", "member number", "old loan", "previous loan", "mkopo wa zamani", "file", "collateral",
    "dhamana", "worth", "security", "guarantor*", "mdhamini", "ada"
};

/// How many sums back a bare one is compared with.
const RECENT_SUMS_MAX: usize = 64;
/// The whole sum, behind it.
const TOTAL_BEHIND: &[&str] = phrases! {
    "in all", "in total", "altogether", "kwa jumla", "total", "jumla", "back in all", "yote pamoja",
    "zote pamoja", "yote kwa pamoja"
};
/// A rhythm of paying, before the sum.
const RHYTHM: &[&str] =
    &["each*", "every*", "monthly", "weekly", "kila*", "instalment*", "installment*", "awamu"];

/// The terms of a loan.
pub(crate) fn claims(reading: &Reading) -> Vec<Claim> {
    let mut claims = schedule::claims(reading);
    claims.extend(interest::claims(reading));
    let sums = sums(reading);
    let last = |role| sums.iter().rfind(|s: &&Sum| s.role == role && !s.dropped);
    let mut total = last(Role::Total);
    let mut part = last(Role::Part);
    let single = claims.iter().any(|c| c.field == Field::Instalments && c.value == "1");
    if single {
        (total, part) = (total.or(part), part.or(total));
    }
    // Where nothing else was granted, what was asked for was.
    let asked = || sums.iter().rfind(|s| s.role == Role::Principal && s.wished);
    if single && total.is_none() && part.is_none() {
        // "All four thousand in one go": the sum lent, said again of paying back.
        let again = paid_at_once(reading, &sums);
        (total, part) = (again, again);
    }
    let principal = last(Role::Principal)
        .or_else(asked)
        .filter(|p| total.is_none_or(|t| t.role == Role::Principal || t.words != p.words));
    for (field, sum) in
        [(Field::Principal, principal), (Field::TotalAmount, total), (Field::InstalmentAmount, part)]
    {
        claims.extend(sum.map(|s| Claim {
            field,
            value: plain(s.value),
            words: s.words.clone(),
            confidence: if s.explicit { 90 } else { 65 },
        }));
    }
    claims
}

/// The sum that is named where a single payment is, or after it, where it is one that was named before.
fn paid_at_once<'s>(reading: &Reading, sums: &'s [Sum]) -> Option<&'s Sum> {
    let talk = &reading.talk;
    let cues = phrases! {
        "single payment", "one payment", "one instalment", "all at once", "back at once", "mara moja", "lump sum", "in one go",
        "kwa pamoja", "everything at once"
    };
    let once = talk.find_last(reading.all(), cues)?;
    let clause = talk.clause(once.start);
    let range = if talk.flat { once.start..talk.words.len() } else { clause };
    let last = sums.iter().rfind(|s| !s.dropped && range.contains(&s.words.start))?;
    let before = sums.iter().any(|s| s.value == last.value && s.words.start < last.words.start);
    before.then_some(last)
}

/// All sums of money, each with what it stands for.
fn sums(reading: &Reading) -> Vec<Sum> {
    let mut sums: Vec<Sum> = Vec::new();
    // Until interest or paying back is spoken of, every sum is one to be lent.
    let terms = phrases! {
        "interest", "riba", "percent", "asilimia", "instalment*", "installment*", "total*", "jumla",
        "kila wiki", "kila mwezi", "every month", "every week", "each month", "each week"
    };
    let opening = reading.talk.find(reading.all(), terms).map_or(usize::MAX, |w| w.start);
    for number in &reading.numbers {
        if is_negated(reading, number.words.start) {
            for sum in sums.iter_mut().rev().take(20).filter(|s| s.value == number.value) {
                sum.dropped = true;
            }
            continue;
        }
        if !is_sum(reading, number) {
            continue;
        }
        let (mut role, value, explicit) = role(reading, number, &sums, number.words.start > opening);
        if number.words.end < opening {
            role = Role::Principal;
        }
        let near = reading.left(number.words.start, 8, true).start
            ..reading.right(number.words.end, 6).end.max(number.words.end);
        let grant = reading.talk.find_last(near.start..number.words.start, GRANT);
        let near = grant.map_or(near.start, |g| g.end)..near.end;
        let foreign = is_noise(reading, &number.words) || reading.talk.has(near, FOREIGN);
        let wished = !foreign && (guess(reading, number) || is_wish(reading, &number.words));
        sums.push(Sum {
            role,
            value,
            words: number.words.clone(),
            dropped: foreign || wished,
            wished,
            explicit,
        });
    }
    sums
}

/// "You asked for seventy": what was wished, not what was granted.
fn guess(reading: &Reading, number: &Number) -> bool {
    reading.talk.has(
        reading.left(number.words.start, 6, true),
        phrases! {
            "asked", "wanted", "*omba", "*meomba", "ombi", "applied", "application", "nilitaka", "wished"
        },
    )
}

/// Whether a number can be money: not a percentage, a duration, a count of parts or of people.
fn is_sum(reading: &Reading, number: &Number) -> bool {
    let talk = &reading.talk;
    let words = &number.words;
    let after = talk.text(words.end);
    let near = talk.words.get(words.end).is_some_and(|w| w.gap < Gap::Comma);
    let percent = is_percent(reading, words);
    let spoken = lexicon::unit(talk.text(words.start.wrapping_sub(1))).is_some_and(lexicon::is_time)
        || matches!(
            talk.text(words.start.wrapping_sub(1)),
            "miaka" | "mwaka" | "awamu" | "saa" | "mara" | "number"
        );
    let timed = near
        && (lexicon::unit(after).is_some_and(lexicon::is_time)
            || matches!(after, "years" | "year" | "miaka"));
    let swahili = spoken && !has_money(reading, words) && number.value < Decimal::ONE_HUNDRED;
    let parts = near
        && (talk.any(
            words.end,
            phrases! {
                "instalment*", "installment*", "monthly", "weekly", "equal", "payments", "parts", "members",
                "wanachama", "watu", "guarantors", "times", "daily"
            },
        ) > 0);
    let among = reading
        .numbers
        .iter()
        .rfind(|n| n.words.end <= words.start && n.words.end + 2 >= words.start)
        .is_some_and(|n| is_percent(reading, &n.words));
    if among
        && number.value < Decimal::ONE_HUNDRED
        && talk.ends(words.start, &["ama", "or", "au", "to", "hadi"])
    {
        return false;
    }
    // "Eighteen percent." "Sixteen." An offer of interest, answered.
    let percents = reading.numbers.iter().filter(|n| n.words.end <= words.start).rev().take(2);
    let answered = number.value < Decimal::ONE_HUNDRED
        && !has_money(reading, words)
        && talk.clause(words.start).len() <= words.len() + 2
        && percents.into_iter().any(|n| is_percent(reading, &n.words));
    if answered {
        return false;
    }
    let large = number.value >= Decimal::TEN;
    let small_count = parts && number.value < Decimal::ONE_HUNDRED;
    let other = number.shape == Shape::Ordinal || percent || timed || swahili || small_count;
    large && !other
}

fn role(reading: &Reading, number: &Number, before: &[Sum], spoken: bool) -> (Role, Decimal, bool) {
    let talk = &reading.talk;
    let words = &number.words;
    let before = &before[before.len().saturating_sub(RECENT_SUMS_MAX)..];
    let left = reading.left(words.start, 8, true);
    let right = reading.right(words.end, 5);
    if talk.has(right.clone(), TOTAL_BEHIND) {
        return (Role::Total, number.value, true);
    }
    let total = talk.has(left.clone(), TOTAL);
    let near = right.start..right.end.min(right.start + 4);
    let part = talk.has(left.clone(), PART) || talk.has(near, PART);
    let thousand = number.value * Decimal::ONE_THOUSAND;
    let equals =
        |s: &&Sum| s.value == number.value || (number.value < Decimal::ONE_THOUSAND && s.value == thousand);
    if let Some(same) = before.iter().rfind(equals)
        && (!total || same.role != Role::Principal)
    {
        return (same.role, same.value, same.explicit);
    }
    let rhythm = !total || talk.has(left.clone(), RHYTHM);
    if part && rhythm && !talk.has(left.clone(), &["total*", "jumla*", "in all"]) {
        return (Role::Part, number.value, true);
    }
    let value = full(reading, number, before);
    if total && !before.is_empty() {
        return (Role::Total, value, true);
    }
    if let Some(role) = asked(reading, words.start) {
        return (role, value, true);
    }
    let granted = talk.has(left, GRANT) || talk.has(right, GRANT);
    by_size(before, value, granted, spoken)
}

/// "Thirty-five" after "forty thousand" is thirty-five thousand.
fn full(reading: &Reading, number: &Number, before: &[Sum]) -> Decimal {
    let thousand = number.value * Decimal::ONE_THOUSAND;
    let like = |s: &Sum| s.value >= Decimal::ONE_THOUSAND && s.value * Decimal::from(4) >= thousand;
    let short = number.value < Decimal::ONE_THOUSAND && !has_money(reading, &number.words);
    if short && before.iter().any(like) { thousand } else { number.value }
}

/// Without words that say so: by the size beside the sums before it.
fn by_size(before: &[Sum], value: Decimal, granted: bool, spoken: bool) -> (Role, Decimal, bool) {
    let principal = before.iter().rfind(|s| s.role == Role::Principal).map(|s| s.value);
    let (six, ten) = (Decimal::from(6), Decimal::TEN);
    let like = |s: &&Sum| value * ten >= s.value * six && value * six <= s.value * ten;
    let peer = before.iter().rfind(like).map(|s| s.role);
    match (granted, principal, peer) {
        (false, Some(p), _) if spoken => (if value > p { Role::Total } else { Role::Part }, value, false),
        (true, ..) | (_, None, _) => (Role::Principal, value, true),
        (_, _, Some(role)) => (role, value, false),
        (_, Some(p), None) if value < p => (Role::Part, value, false),
        _ => (Role::Total, value, false),
    }
}

/// What the question before asked for.
fn asked(reading: &Reading, at: usize) -> Option<Role> {
    let talk = &reading.talk;
    let turn = talk.words[at].turn;
    let from = (at.saturating_sub(16)..at)
        .rev()
        .find(|i| talk.words[*i].turn + 1 < turn || reading.is_number(*i))
        .map_or(at.saturating_sub(16), |i| i + 1);
    let part = talk.find_last(
        from..at,
        phrases! {
            "each instalment", "every month", "each month", "per month", "kila mwezi", "kila wiki",
            "each week", "every week", "instalment*", "awamu", "a month", "a week"
        },
    );
    let total = talk.find_last(
        from..at,
        phrases! {
            "in total", "total", "jumla", "pay back", "altogether", "in the end", "in all",
            "how much is that", "how much will it be", "itakuwa how much", "itakuwa ngapi",
            "nitarudisha ngapi", "narudisha ngapi"
        },
    );
    match (part, total) {
        (Some(p), Some(t)) => Some(if p.start > t.start { Role::Part } else { Role::Total }),
        (Some(_), None) => Some(Role::Part),
        (None, Some(_)) => Some(Role::Total),
        (None, None) => None,
    }
}
