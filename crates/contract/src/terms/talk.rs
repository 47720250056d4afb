//! A transcript as words: where each one stands, what was before it, whose turn and which sentence it belongs to.

mod reader;

use std::ops::Range;

use reader::Reader;
use rust_decimal::Decimal;

/// What separates a word from the one before it, from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// Nothing but a space.
    Space,
    /// A hyphen: "seventy-five".
    Hyphen,
    /// A sound that is no word: "uh".
    Pause,
    /// A comma, colon, dash or bracket.
    Comma,
    /// The end of a sentence or of a turn.
    Stop,
}

/// One word, number or sign.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Lower case, with plain apostrophes.
    pub text: String,
    /// Bytes of the transcript.
    pub span: Range<usize>,
    /// Which turn.
    pub turn: usize,
    /// Which sentence.
    pub clause: usize,
    /// What was before it.
    pub gap: Gap,
    /// Begins with a capital letter.
    pub capital: bool,
    /// The value of digits.
    pub digits: Option<Decimal>,
    /// Digits with th, st, nd, rd behind them.
    pub ordinal: bool,
    /// Stands for a thing and not for an amount: phone number, plate, member number.
    pub ident: bool,
}

/// A sentence; in speech without punctuation, a whole turn.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    /// Its words.
    pub words: Range<usize>,
    /// Ends with a question mark.
    pub question: bool,
}

/// What one person says until the next one speaks.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// Its words.
    pub words: Range<usize>,
}

/// A transcript, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk {
    /// All words in order.
    pub words: Vec<Word>,
    /// All sentences in order.
    pub clauses: Vec<Clause>,
    /// All turns in order.
    pub turns: Vec<Turn>,
    /// Without capitals and punctuation, as machines write it.
    pub flat: bool,
}

/// The longest label of a speaker, in words.
const SPEAKER_WORDS_MAX: usize = 3;
/// The longest label of a speaker, in bytes.
const SPEAKER_BYTES_MAX: usize = 40;

impl Talk {
    /// Reads a transcript.
    pub fn read(text: &str) -> Talk {
        let mut talk = Talk::default();
        let lines: Vec<Range<usize>> = lines(text);
        let label =
            |line: &Range<usize>| &text[line.start..line.start + speaker_bytes(&text[line.clone()], false)];
        let mut again: Vec<&str> = lines.iter().map(label).filter(|l| !l.is_empty()).collect();
        again.sort_unstable();
        // A label with a small letter counts when it comes again: "Mama mboga:".
        let repeated = |l: &str| again.partition_point(|a| *a <= l) - again.partition_point(|a| *a < l) > 1;
        let spoken = |line: &Range<usize>| match speaker_bytes(&text[line.clone()], true) {
            0 if repeated(label(line)) => label(line).len(),
            bytes => bytes,
        };
        let labelled = lines.iter().filter(|line| spoken(line) > 0).count() > 1;
        for line in lines {
            let label = if labelled { spoken(&line) } else { 0 };
            let first = talk.words.len();
            Reader::new(text, &mut talk).line(line.start + label..line.end);
            talk.close(false);
            let last = talk.words.len();
            if last > first {
                talk.turns.push(Turn { words: first..last });
            }
        }
        talk.flat = talk.turns.len() <= 1 && talk.clauses.len() <= 1 && !talk.words.iter().any(|w| w.capital);
        talk
    }

    fn close(&mut self, question: bool) {
        let first = self.clauses.last().map_or(0, |c| c.words.end);
        let last = self.words.len();
        if last > first {
            self.clauses.push(Clause { words: first..last, question });
        }
    }

    /// The words of the sentence that holds word `at`.
    pub fn clause(&self, at: usize) -> Range<usize> {
        self.words.get(at).map_or(0..0, |w| self.clauses[w.clause].words.clone())
    }

    /// The text of word `at`, empty beyond the end.
    pub fn text(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.text.as_str())
    }

    /// How many words from `at` the phrase covers, 0 when it does not stand there. A phrase is words between spaces;
    /// `*` at a word's begin or end stands for any letters.
    pub fn phrase(&self, at: usize, phrase: &str) -> usize {
        // Nearly all phrases differ in their first letter.
        let first = phrase.as_bytes().first();
        if first != Some(&b'*') && self.words.get(at).is_none_or(|w| w.text.as_bytes().first() != first) {
            return 0;
        }
        let mut count = 0;
        for pattern in phrase.split(' ') {
            let Some(word) = self.words.get(at + count) else { return 0 };
            if (count > 0 && word.gap == Gap::Stop) || !word_is(&word.text, pattern) {
                return 0;
            }
            count += 1;
        }
        count
    }

    /// The longest of the phrases standing at `at`, in words.
    pub fn any(&self, at: usize, phrases: &[&str]) -> usize {
        phrases.iter().map(|p| self.phrase(at, p)).max().unwrap_or(0)
    }

    /// The first place in `range` where one of the phrases stands whole.
    pub fn find(&self, range: Range<usize>, phrases: &[&str]) -> Option<Range<usize>> {
        range.clone().find_map(|at| {
            let count = self.any(at, phrases);
            (count > 0 && at + count <= range.end).then_some(at..at + count)
        })
    }

    /// The last place in `range` where one of the phrases stands whole.
    pub fn find_last(&self, range: Range<usize>, phrases: &[&str]) -> Option<Range<usize>> {
        range.clone().rev().find_map(|at| {
            let count = self.any(at, phrases);
            (count > 0 && at + count <= range.end).then_some(at..at + count)
        })
    }

    /// Whether one of the phrases stands in `range`.
    pub fn has(&self, range: Range<usize>, phrases: &[&str]) -> bool {
        self.find(range, phrases).is_some()
    }

    /// Whether one of the phrases ends right before word `at`.
    pub fn ends(&self, at: usize, phrases: &[&str]) -> bool {
        phrases.iter().any(|p| {
            let count = p.split(' ').count();
            at >= count && self.phrase(at - count, p) == count
        })
    }

    /// The bytes from the first to the last of some words.
    pub fn span(&self, words: Range<usize>) -> Range<usize> {
        match (self.words.get(words.start), self.words.get(words.end.saturating_sub(1))) {
            (Some(first), Some(last)) if words.start < words.end => first.span.start..last.span.end,
            _ => 0..0,
        }
    }
}

/// Whether the pattern fits the whole word; `*` stands for any letters.
fn word_is(word: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return word == pattern };
    let Some(mut word) = word.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return word.ends_with(part);
        }
        let Some(at) = word.find(part) else { return false };
        word = &word[at + part.len()..];
    }
    true
}

fn lines(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('\n') {
        found.push(start..at);
        start = at + 1;
    }
    found.push(start..text.len());
    found
}

/// How many bytes of a line name the speaker: up to three words with capitals, then a colon and a space.
fn speaker_bytes(line: &str, capitals: bool) -> usize {
    let Some(colon) = line.find(": ") else { return 0 };
    let label = &line[..colon];
    let named = |w: &str| w.chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit());
    let words = label.split_whitespace().count();
    let fits = (1..=SPEAKER_WORDS_MAX).contains(&words) && label.len() <= SPEAKER_BYTES_MAX;
    let mut parts = label.split_whitespace();
    let fits = fits && parts.next().is_some_and(named) && (!capitals || parts.all(named));
    if fits { colon + 2 } else { 0 }
}
