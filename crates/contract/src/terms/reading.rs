//! A call with its words, numbers and days found, for the parts that decide what they mean.

use std::ops::Range;

use chrono::NaiveDate;

use crate::terms::date::{Calendar, Day};
use crate::terms::number::{Number, numbers};
use crate::terms::talk::{Gap, Talk};
use crate::terms::{Call, Field, Subject};

/// A call, read.
pub(crate) struct Reading {
    /// Its words.
    pub talk: Talk,
    /// Its numbers, without those that are part of a day.
    pub numbers: Vec<Number>,
    /// The days it names.
    pub days: Vec<Day>,
    /// What it is about.
    pub subject: Subject,
    /// The day of the call.
    pub today: NaiveDate,
}

/// A term found, before it becomes part of the answer.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// Which term.
    pub field: Field,
    /// Its value as it is labelled.
    pub value: String,
    /// The words it came from.
    pub words: Range<usize>,
    /// How sure, percent.
    pub confidence: u8,
}

/// Words that end what a figure's neighbours can say about it.
const CUTS: &[&str] = phrases! {
    "and", "na", "then", "but", "lakini", "halafu", "while", "whereas", "okay", "ok", "sawa", "yes",
    "ndiyo", "haya", "so", "basi", "alafu"
};

impl Reading {
    /// Reads a call.
    pub fn new(call: &Call<'_>) -> Reading {
        let talk = Talk::read(call.transcript);
        let mut numbers = numbers(&talk);
        let days = Calendar { talk: &talk, numbers: &numbers, today: call.date }.days();
        numbers.retain(|n| {
            let after = days.partition_point(|d| d.words.end <= n.words.start);
            // "in ninety days" is the length of a loan as well as a day.
            let length = |start: usize| {
                call.subject == Subject::Loan
                    && matches!(talk.text(start), "in" | "after" | "within" | "baada" | "ndani" | "katika")
            };
            days.get(after).is_none_or(|d| d.words.start >= n.words.end || length(d.words.start))
        });
        Reading { talk, numbers, days, subject: call.subject, today: call.date }
    }

    /// The words before `at` that speak of it: back to a number, a cut, a comma or the sentence's begin.
    pub fn left(&self, at: usize, most: usize, over_commas: bool) -> Range<usize> {
        let first = self.talk.clause(at).start.max(at.saturating_sub(most));
        let mut start = at;
        while start > first {
            let gap = self.talk.words[start].gap;
            if (gap == Gap::Comma && !over_commas) || self.is_number(start - 1) || self.cut_left(start - 1) {
                break;
            }
            start -= 1;
        }
        start..at
    }

    /// The words from `end` on that speak of what is before them.
    pub fn right(&self, end: usize, most: usize) -> Range<usize> {
        let Some(last) = end.checked_sub(1) else { return 0..0 };
        let limit = self.talk.clause(last).end.min(end + most);
        let stops = |i: usize| {
            self.talk.words[i].gap >= Gap::Comma || self.is_number(i) || CUTS.contains(&self.talk.text(i))
        };
        end..(end..limit).find(|i| stops(*i)).unwrap_or(limit)
    }

    fn cut_left(&self, at: usize) -> bool {
        // "na" before a figure often only leads to it: "na bei ni".
        CUTS.contains(&self.talk.text(at))
    }

    /// Whether word `at` is part of a number.
    pub fn is_number(&self, at: usize) -> bool {
        let after = self.numbers.partition_point(|n| n.words.end <= at);
        self.numbers.get(after).is_some_and(|n| n.words.start <= at)
    }

    /// Whether word `at` is part of a day.
    pub fn is_day(&self, at: usize) -> bool {
        let after = self.days.partition_point(|d| d.words.end <= at);
        self.days.get(after).is_some_and(|d| d.words.start <= at)
    }

    /// The number that begins at word `at`.
    pub fn number_at(&self, at: usize) -> Option<&Number> {
        self.numbers.binary_search_by_key(&at, |n| n.words.start).ok().map(|i| &self.numbers[i])
    }

    /// The number that ends before word `at`.
    pub fn number_before(&self, at: usize) -> Option<&Number> {
        let after = self.numbers.partition_point(|n| n.words.end <= at);
        self.numbers[..after].last().filter(|n| n.words.end == at)
    }

    /// Everything.
    pub fn all(&self) -> Range<usize> {
        0..self.talk.words.len()
    }
}
