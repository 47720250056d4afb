//! From letters and signs to words.

use std::ops::Range;

use rust_decimal::Decimal;

use super::{Gap, Talk, Word};

/// Sounds that are no words.
const FILLERS: &[&str] =
    &["uh", "um", "uhm", "eh", "eeh", "er", "erm", "hmm", "mm", "mmh", "ah", "aah", "aa", "ee"];

/// Reads one line.
pub(super) struct Reader<'a> {
    text: &'a str,
    talk: &'a mut Talk,
    gap: Gap,
    /// The next word stands right behind the last one.
    glued: bool,
}

impl<'a> Reader<'a> {
    /// Reads into `talk`.
    pub(super) fn new(text: &'a str, talk: &'a mut Talk) -> Reader<'a> {
        Reader { text, talk, gap: Gap::Stop, glued: false }
    }

    /// Reads the bytes of a line.
    pub(super) fn line(&mut self, line: Range<usize>) {
        let mut at = line.start;
        while let Some(c) = self.text[at..line.end].chars().next() {
            let rest = &self.text[at..line.end];
            let next = rest.chars().nth(1);
            let number = c.is_ascii_digit() || (c == '+' && next.is_some_and(|n| n.is_ascii_digit()));
            let used = if number {
                self.number(at, rest)
            } else if c.is_alphabetic() {
                let len =
                    rest.find(|c: char| !c.is_alphanumeric() && !is_apostrophe(c)).unwrap_or(rest.len());
                let len = letters(&rest[..len]);
                self.word(at..at + len, None);
                len
            } else {
                self.sign(at, c, rest)
            };
            self.glued = number || c.is_alphabetic();
            at += used.max(c.len_utf8());
        }
    }

    fn sign(&mut self, at: usize, c: char, rest: &str) -> usize {
        let len = c.len_utf8();
        match c {
            '.' | '!' | '?' | ';' | '…' => {
                self.gap = Gap::Stop;
                self.talk.close(c == '?');
            }
            '%' | '$' | '€' | '£' => self.word(at..at + len, Some(c)),
            '/' if self.glued && (rest.starts_with("/=") || rest.starts_with("/-")) => {
                self.word(at..at + 2, Some('/'));
                return 2;
            }
            '-' | '‐' | '‑' if self.glued => self.gap = self.gap.max(Gap::Hyphen),
            ',' | ':' | '–' | '—' | '(' | ')' | '-' => self.gap = self.gap.max(Gap::Comma),
            _ => {}
        }
        len
    }

    fn word(&mut self, span: Range<usize>, sign: Option<char>) {
        let raw = &self.text[span.clone()];
        let text = match sign {
            Some('%') => "percent".into(),
            Some('$') => "dollars".into(),
            Some('€') => "euros".into(),
            Some('£') => "pounds".into(),
            _ => raw.to_lowercase().replace(is_apostrophe, "'"),
        };
        let initials = raw.len() > 1 && raw.chars().all(char::is_uppercase);
        if FILLERS.contains(&text.as_str()) && !initials {
            self.gap = self.gap.max(Gap::Pause);
            return;
        }
        let capital = raw.chars().next().is_some_and(char::is_uppercase);
        self.push(Word { text, span, capital, ..blank() });
    }

    fn push(&mut self, mut word: Word) {
        word.turn = self.talk.turns.len();
        word.clause = self.talk.clauses.len();
        word.gap = std::mem::replace(&mut self.gap, Gap::Space);
        self.talk.words.push(word);
    }

    /// "KXZ 552L": three capitals before the digits.
    fn behind_plate(&self) -> bool {
        let last = self.talk.words.last().filter(|_| self.gap <= Gap::Hyphen);
        last.is_some_and(|w| w.text.len() == 3 && self.text[w.span.clone()].chars().all(char::is_uppercase))
    }

    /// Digits with what is glued to them. Returns how many bytes were read.
    fn number(&mut self, at: usize, rest: &str) -> usize {
        let (len, value) = digits(rest);
        let raw = &rest[..len];
        let mut word = Word { text: raw.to_lowercase(), span: at..at + len, ..blank() };
        let tail = &rest[len..];
        let glued = tail.find(|c: char| !c.is_alphanumeric()).unwrap_or(tail.len());
        let suffix = tail[..glued].to_lowercase();
        let plain = raw.bytes().all(|b| b.is_ascii_digit());
        let follows = self.talk.words.last().is_some_and(|w| w.ident && w.digits.is_some())
            && self.gap == Gap::Space
            && plain
            && len <= 4;
        let code = plain && len > 1 && raw.starts_with('0');
        word.ident = follows || code || raw.starts_with('+') || (plain && len >= 10);
        word.digits = value;
        let mut used = len;
        match suffix.as_str() {
            "k" => word.digits = value.and_then(|v| v.checked_mul(Decimal::ONE_THOUSAND)),
            "th" | "st" | "nd" | "rd" => word.ordinal = true,
            s if s.len() == 1 && (!matches!(s, "m" | "g" | "l") || self.behind_plate()) => word.ident = true,
            _ => {
                self.push(word);
                return used;
            }
        }
        used += glued;
        word.span.end += glued;
        if word.ident
            && let Some(last) = self.talk.words.last_mut()
        {
            last.ident = true;
        }
        self.push(word);
        used
    }
}

fn blank() -> Word {
    let text = String::new();
    Word {
        text,
        span: 0..0,
        turn: 0,
        clause: 0,
        gap: Gap::Space,
        capital: false,
        digits: None,
        ordinal: false,
        ident: false,
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘')
}

/// Letters and the digits among them, without an apostrophe at the end; a currency's letters end before its digits.
fn letters(raw: &str) -> usize {
    let trimmed = raw.trim_end_matches(is_apostrophe);
    let alphabetic = trimmed.find(|c: char| c.is_ascii_digit()).unwrap_or(trimmed.len());
    match trimmed[..alphabetic].to_lowercase().as_str() {
        "kes" | "ksh" | "kshs" | "sh" | "shs" | "ugx" | "tzs" | "tsh" | "usd" | "etb" | "rwf" => alphabetic,
        _ => trimmed.len(),
    }
}

/// How many bytes the digits take and what they are worth: "4,200", "13.5"; a date like 2026-03-15 or 15/3 has no value.
fn digits(rest: &str) -> (usize, Option<Decimal>) {
    let bytes = rest.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let run = |from: usize| (from..).take_while(|i| digit(*i)).count();
    let sign = usize::from(bytes.first() == Some(&b'+'));
    let mut len = sign + run(sign);
    let slashed = |at: usize, by: u8| bytes.get(at) == Some(&by) && digit(at + 1);
    if (len == 4 && slashed(len, b'-')) || slashed(len, b'/') {
        let by = bytes[len];
        for _ in 0..2 {
            if slashed(len, by) {
                len += 1 + run(len + 1);
            }
        }
        return (len, None);
    }
    while bytes.get(len) == Some(&b',') && run(len + 1) == 3 {
        len += 4;
    }
    if bytes.get(len) == Some(&b'.') && digit(len + 1) {
        len += 1 + run(len + 1);
    }
    let clean: String = rest[sign..len].chars().filter(|c| *c != ',').collect();
    (len, clean.parse::<crate::money::Amount>().ok().map(crate::money::Amount::decimal))
}
