//! Which work is done, and from when to when.

use std::ops::Range;

use chrono::NaiveDate;

use crate::terms::Field;
use crate::terms::figure::is_negated;
use crate::terms::lexicon::services::SERVICES;
use crate::terms::payment;
use crate::terms::reading::{Claim, Reading};

const END: &[&str] = phrases! {
    "until", "till", "to", "end*", "finish*", "complete*", "done", "*maliz*", "*isha", "*ishe", "*iishe",
    "hadi", "mpaka", "by", "kabla ya", "before", "not later than", "no later than", "*kamilike",
    "*kamilika", "ready", "deadline"
};
const START: &[&str] = phrases! {
    "start*", "begin*", "*anz*", "from", "kuanzia", "kutoka", "come", "*kuja", "uje", "njoo", "naja", "on",
    "commenc*", "tarehe", "the work is on", "mobilis*"
};

/// The service and its days.
pub(crate) fn claims(reading: &Reading) -> Vec<Claim> {
    let mut claims: Vec<Claim> = service(reading).into_iter().collect();
    let (mut start, mut end): (Option<&Range<usize>>, Option<&Range<usize>>) = (None, None);
    let mut dates: (Option<NaiveDate>, Option<NaiveDate>) = (None, None);
    for day in &reading.days {
        let negated = is_negated(reading, day.words.start);
        let paying = payment::is_payment_day(reading, day)
            && !names(reading, &day.words, END, 3)
            && !names(reading, &day.words, START, 3);
        if negated || paying || day.date < reading.today || is_elsewhere(reading, &day.words) {
            continue;
        }
        if is_end(reading, &day.words, dates.0.is_some()) {
            (end, dates.1) = (Some(&day.words), Some(day.date));
        } else {
            (start, dates.0) = (Some(&day.words), Some(day.date));
        }
    }
    let made = |field, date: NaiveDate, words: &Range<usize>| Claim {
        field,
        value: date.to_string(),
        words: words.clone(),
        confidence: 85,
    };
    claims.extend(start.zip(dates.0).map(|(words, date)| made(Field::StartDate, date, words)));
    claims.extend(
        end.zip(dates.1)
            .filter(|(_, e)| dates.0.is_none_or(|s| *e > s))
            .map(|(words, date)| made(Field::EndDate, date, words)),
    );
    claims
}

fn names(reading: &Reading, words: &Range<usize>, cues: &[&str], reach: usize) -> bool {
    let clause = reading.talk.clause(words.start);
    reading.talk.has(clause.start.max(words.start.saturating_sub(reach))..words.start, cues)
}

/// The nearest word before the day says whether work ends or begins there.
fn is_end(reading: &Reading, words: &Range<usize>, started: bool) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(words.start);
    let first = clause.start.max(words.start.saturating_sub(6));
    let from = (first..words.start).rev().find(|i| reading.is_day(*i)).map_or(first, |i| i + 1);
    let end = talk.find_last(from..words.start, END);
    let start = talk.find_last(from..words.start, START);
    let asked = |cues: &[&str]| {
        let turn = talk.words[words.start].turn;
        turn > 0 && talk.has(talk.turns[turn - 1].words.clone(), cues)
    };
    match (start, end) {
        (Some(s), Some(e)) => {
            let weak = matches!(talk.text(s.start), "on" | "tarehe" | "from");
            // "finish on the 5th": the verb decides, not "on"; "start by Monday": likewise.
            let by = matches!(talk.text(e.start), "by" | "before" | "to" | "kabla");
            if weak {
                true
            } else if by {
                e.start > s.start && !names(reading, words, &["start*", "begin*", "*anz*", "come", "uje"], 4)
            } else {
                e.start > s.start
            }
        }
        (None, Some(e)) => started || !matches!(talk.text(e.start), "to"),
        (Some(_), None) => false,
        (None, None) => asked(phrases! {
            "when will you finish", "finish", "until when", "mpaka lini", "hadi lini", "utamaliza",
            "unamaliza", "for how long", "when does it end"
        }),
    }
}

fn is_elsewhere(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    let clause = talk.clause(words.start);
    let reach = if talk.flat { 5 } else { 8 };
    let near = clause.start.max(words.start.saturating_sub(reach))..clause.end.min(words.end + 2);
    let near = near.start..reading.right(words.end, 2).end.max(words.end).min(near.end);
    talk.has(
        near,
        phrases! {
            "deposit", "advance", "call you", "pigia", "tuongee", "yesterday", "last", "booking",
            "send you", "nakutumia", "natuma", "transfer", "material*", "i saw"
        },
    )
}

/// The service whose words are said most; the earlier in the list where two are said alike.
fn service(reading: &Reading) -> Option<Claim> {
    let talk = &reading.talk;
    let mut best: Option<(usize, Range<usize>, &str)> = None;
    for (name, cues) in SERVICES {
        let mut hits = (0, None);
        for at in reading.all() {
            let count = talk.any(at, cues);
            let denied = talk.ends(
                at,
                &["no", "not", "without", "another", "siyo", "sio", "leave the", "hakuna", "hatuna"],
            );
            if count > 0 && !denied {
                let named = talk.any(at, &[*name]) > 0 || (count > 1);
                hits.0 += 2 + usize::from(named) * 2 + usize::from(priced(reading, at));
                hits.1.get_or_insert(at..at + count);
            }
        }
        if let (count, Some(words)) = hits
            && best.as_ref().is_none_or(|(most, ..)| count > *most)
        {
            best = Some((count, words, name));
        }
    }
    best.map(|(_, words, name)| Claim { field: Field::Service, value: name.into(), words, confidence: 85 })
}

/// "Ploughing is three thousand": the work that has the price.
fn priced(reading: &Reading, at: usize) -> bool {
    (at + 1..at + 4).any(|i| reading.number_at(i).is_some())
}
