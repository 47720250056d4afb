//! Transcripts: what was said on a call or conference, in turns of speakers, posted or written by a machine.
//!
//! A transcript is a claim about a recording or a talk. It is kept as a private value, and a contract drafted from it
//! names its SHA-256; the parties then confirm the terms, not the transcript.

use std::collections::{BTreeMap, BTreeSet};

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entity::OpenTask;
use crate::event::{Event, EventData, Origin};
use crate::message::after;
use crate::reading::Reading;
use crate::report::FailureReason;

/// Most turns of one transcript: ten hours of talk, one every seven seconds.
pub const TURNS_MAX: usize = 5_000;
/// Most languages named for one transcript; more is noise of the machine that guessed them.
pub const LANGUAGES_MAX: usize = 8;
/// Longest name of a speaker, in bytes.
pub const SPEAKER_BYTES_MAX: usize = 60;
/// How often transcribing one recording is tried; with [`transcribe_delay_ms`] that is about a day.
pub const TRANSCRIBE_ATTEMPTS_MAX: u32 = 20;

/// How long to wait after attempt `n` (1-based): 5 s, doubling to at most 2 h. In milliseconds.
pub fn transcribe_delay_ms(attempt: u32) -> i64 {
    let doubled = 5_000_i64.saturating_mul(1_i64 << attempt.saturating_sub(1).min(20));
    doubled.min(2 * 3_600_000)
}

/// What one speaker said without a break. `Debug` shows no word of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Turn {
    /// Who spoke, where that is known: a role or a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// ISO 639 code of the language, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Begin, milliseconds from the begin of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// End, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<u64>,
    /// What was said.
    pub text: String,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({:?}, {} bytes)", self.start_ms, self.text.len())
    }
}

/// The turns as one text: a line for each, `Speaker: words` where the speaker is known.
pub fn text(turns: &[Turn]) -> String {
    let lines: Vec<String> = turns
        .iter()
        .map(|turn| {
            let words = turn.text.split_whitespace().collect::<Vec<_>>().join(" ");
            match &turn.speaker {
                Some(speaker) => format!("{speaker}: {words}"),
                None => words,
            }
        })
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// A text as turns: each line that is not empty is one, and what stands before its first colon is the speaker where it
/// looks like a name.
pub fn turns(text: &str) -> Vec<Turn> {
    let turn = |line: &str| {
        // "at 10:30" is a time.
        let apart = |words: &str| words.starts_with(char::is_whitespace) && !words.trim().is_empty();
        let named = line.split_once(':').filter(|(name, words)| is_speaker(name) && apart(words));
        let (speaker, words) =
            named.map_or((None, line), |(name, words)| (Some(name.trim().to_owned()), words));
        Turn { speaker, text: words.trim().to_owned(), ..Turn::default() }
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(turn).collect()
}

/// A name or role of at most four words of letters; `at 10:30` is none.
fn is_speaker(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let letters =
        |word: &&str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '\'' | '-' | '_'));
    let begins = text.trim().chars().next().is_some_and(char::is_alphabetic);
    begins && (1..=4).contains(&words.len()) && words.iter().all(letters) && text.len() <= SPEAKER_BYTES_MAX
}

/// The languages of the turns: codes of two or three lower-case letters, sorted, at most [`LANGUAGES_MAX`].
pub fn languages(turns: &[Turn]) -> Vec<String> {
    let all: BTreeSet<&str> =
        turns.iter().filter_map(|turn| turn.language.as_deref()).filter(|l| is_code(l)).collect();
    all.into_iter().take(LANGUAGES_MAX).map(str::to_owned).collect()
}

/// Whether a text has the form of an ISO 639 code.
pub fn is_code(language: &str) -> bool {
    (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase())
}

/// The transcripts of one stream, by the version of the record that asked for it, or brought it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Transcripts(pub BTreeMap<u32, Transcript>);

/// One transcript, asked for or there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transcript {
    /// Task number of the recording it is of; none where it was posted without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<u32>,
    /// What was said; none while it is asked for, and when erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it came from; none while it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Its languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// When it came, or was asked for.
    pub at: Timestamp,
    /// How often transcribing failed.
    #[serde(default)]
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// No more attempts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
    /// It was being made when somebody who spoke was forgotten: it is not wanted any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// What a second reader says of it, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcript({:?}, {:?}, {} attempts)", self.recording, self.origin, self.attempts)
    }
}

impl Transcripts {
    /// Folds one event; events of other things change nothing.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::TranscriptRequested(data) => {
                self.0.insert(
                    number(event.version),
                    Transcript::asked(Some(data.recording), event.recorded_at),
                );
            }
            EventData::TranscriptRecorded(data) => {
                let at = event.recorded_at;
                let key = data.task.unwrap_or_else(|| number(event.version));
                let transcript = self.0.entry(key).or_insert_with(|| Transcript::asked(None, at));
                transcript.text = event.private.get("transcript").map(str::to_owned);
                transcript.origin = Some(data.origin);
                transcript.languages.clone_from(&data.languages);
                transcript.at = at;
            }
            EventData::TranscriptFailed(data) => {
                if let Some(transcript) = self.0.get_mut(&data.task) {
                    transcript.attempts = transcript.attempts.max(data.attempt);
                    transcript.failure = Some(data.reason);
                    transcript.given_up = !data.again || data.attempt >= TRANSCRIBE_ATTEMPTS_MAX;
                    transcript.not_before = after(event.recorded_at, transcribe_delay_ms(data.attempt));
                }
            }
            EventData::TermsRequested(data) => {
                let (task, at) = (number(event.version), event.recorded_at);
                if let Some(transcript) = self.0.get_mut(&data.transcript) {
                    transcript.reading = Some(Reading::asked(task, data.contract_type, &data.day, at));
                }
            }
            EventData::TermsRead(data) => {
                if let Some(reading) = self.reading_mut(data.task) {
                    reading.done = true;
                    reading.claims = event.private.get("claims").map(str::to_owned);
                }
            }
            EventData::TermsFailed(data) => {
                if let Some(reading) = self.reading_mut(data.task) {
                    reading.failed(data.attempt, data.reason, data.again, event.recorded_at);
                }
            }
            EventData::PersonalErased(_) => {
                for transcript in self.0.values_mut() {
                    if transcript.is_open() {
                        (transcript.given_up, transcript.erased) = (true, true);
                    }
                    if let Some(reading) = transcript.reading.as_mut().filter(|reading| reading.is_open()) {
                        (reading.given_up, reading.erased) = (true, true);
                    }
                }
            }
            _ => {}
        }
    }

    /// The reading of that task, with the transcript it is of.
    pub fn reading(&self, task: u32) -> Option<(&Transcript, &Reading)> {
        let with = self.0.values().filter_map(|transcript| Some((transcript, transcript.reading.as_ref()?)));
        with.into_iter().find(|(_, reading)| reading.task == task)
    }

    fn reading_mut(&mut self, task: u32) -> Option<&mut Reading> {
        let mut readings = self.0.values_mut().filter_map(|transcript| transcript.reading.as_mut());
        readings.find(|reading| reading.task == task)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a transcript of that recording is there or being made.
    pub fn covers(&self, recording: u32) -> bool {
        self.0.values().any(|t| t.recording == Some(recording) && !t.given_up)
    }

    /// The one that counts: what a person posted before what a machine wrote, and of each the newest.
    pub fn current(&self) -> Option<&Transcript> {
        let there = self.0.values().filter(|t| t.text.is_some());
        there.max_by_key(|t| (t.origin == Some(Origin::Posted), t.at))
    }

    /// What is still to be transcribed, or read.
    pub fn open_tasks(&self) -> impl Iterator<Item = OpenTask> + '_ {
        let readings = self.0.values().filter_map(|t| t.reading.as_ref()).filter(|reading| reading.is_open());
        let to_read = readings.map(|reading| OpenTask {
            task: reading.task,
            kind: "terms",
            attempts: reading.attempts,
            not_before: reading.not_before,
        });
        let to_write = self.0.iter().filter(|(_, t)| t.is_open()).map(|(task, t)| OpenTask {
            task: *task,
            kind: "transcript",
            attempts: t.attempts,
            not_before: t.not_before,
        });
        to_write.chain(to_read)
    }
}

impl Transcript {
    fn asked(recording: Option<u32>, at: Timestamp) -> Transcript {
        Transcript {
            recording,
            text: None,
            origin: None,
            languages: Vec::new(),
            at,
            attempts: 0,
            not_before: at,
            failure: None,
            given_up: false,
            erased: false,
            reading: None,
        }
    }

    /// Whether it is still to be made.
    pub fn is_open(&self) -> bool {
        self.origin.is_none() && !self.given_up
    }
}

fn number(version: u64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_turns_and_turns_are_lines() {
        for (text_in, speakers) in [
            ("Buyer: ten bags\nSeller: at 10:30: fine", vec![Some("Buyer"), Some("Seller")]),
            ("we agreed at 10:30 sharp", vec![None]),
            ("\n  Mama Njeri: sawa \n\n", vec![Some("Mama Njeri")]),
            ("Note: \nno words behind a name", vec![None, None]),
        ] {
            let read = turns(text_in);
            let found: Vec<Option<&str>> = read.iter().map(|t| t.speaker.as_deref()).collect();
            assert_eq!(found, speakers, "{text_in:?}");
            assert_eq!(turns(&text(&read)), read, "{text_in:?}");
        }
    }

    #[test]
    fn languages_are_codes() {
        let turn = |language: &str| Turn { language: Some(language.to_owned()), ..Turn::default() };
        let turns = ["sw", "en", "sw", "Swahili", "x", "e1"].map(turn);
        assert_eq!(languages(&turns), ["en", "sw"]);
    }
}
