//! Which figures still stand: not those of another year or of other people, nor offers that were turned down.

use std::ops::Range;

use super::{Figure, Role};
use crate::terms::lexicon::cues::{NO_REFUSALS, NOISE, NOISE_BEHIND, REFUSALS, TURNS, WISHED};
use crate::terms::reading::Reading;

/// Whether the figure is of another year, of other people, or was only asked for.
pub(crate) fn is_noise(reading: &Reading, words: &Range<usize>) -> bool {
    let talk = &reading.talk;
    if talk.has(before(reading, words), NOISE) {
        return true;
    }
    let reach = if talk.flat { 6 } else { 10 };
    let limit = talk.clause(words.start).end.min(words.end + reach);
    let end = (words.end..limit).find(|i| reading.is_number(*i) || talk.any(*i, TURNS) > 0).unwrap_or(limit);
    talk.has(words.end..end, NOISE_BEHIND)
}

/// Whether the figure was only wished for.
pub(crate) fn is_wish(reading: &Reading, words: &Range<usize>) -> bool {
    reading.talk.has(before(reading, words), WISHED)
}

/// The words before a figure that can say whose it is.
fn before(reading: &Reading, words: &Range<usize>) -> Range<usize> {
    let talk = &reading.talk;
    let clause = talk.clause(words.start);
    let reach = if talk.flat { 6 } else { 12 };
    let first = clause.start.max(words.start.saturating_sub(reach));
    let accepted = |i: usize| talk.flat && matches!(talk.text(i), "okay" | "sawa" | "yes");
    let ends = |i: usize| reading.is_number(i) || talk.any(i, TURNS) > 0 || accepted(i);
    let start = (first..words.start).rev().find(|i| ends(*i)).map_or(first, |i| i + 1);
    start..words.start
}

/// An offer that the other side turns down, and that nobody repeats or betters, falls.
pub(super) fn refusals(reading: &Reading, figures: &mut [Figure]) {
    let talk = &reading.talk;
    for role in [Role::Price, Role::Quantity, Role::Total, Role::Upfront, Role::Share] {
        let standing = |f: &Figure| f.role == role && !f.dropped;
        let Some(last) = figures.iter().rposition(standing) else { continue };
        let turn = talk.words[figures[last].words.start].turn;
        let earlier = figures[..last].iter().any(|f| standing(f) && f.value != figures[last].value);
        let Some(answer) = talk.turns.get(turn + 1) else { continue };
        let counter = figures.iter().any(|f| answer.words.contains(&f.words.start) && f.role != Role::Other);
        let first = answer.words.start;
        let refused = talk.any(first, REFUSALS) > 0 && talk.any(first, NO_REFUSALS) == 0;
        if refused && !counter && (earlier || matches!(role, Role::Upfront | Role::Share)) {
            figures[last].dropped = true;
        }
    }
}
