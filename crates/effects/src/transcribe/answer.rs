//! Reading the answer of a transcription service: `verbose_json`, or whatever less it gives.

use contract::transcript::{self, LANGUAGES_MAX, SPEAKER_BYTES_MAX, TURNS_MAX, Turn};
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::TranscribeError;
use crate::model::ModelError;

/// Languages as Whisper names them, with their ISO 639 codes; others are taken where they are a code already.
const LANGUAGES: [(&str, &str); 12] = [
    ("english", "en"),
    ("swahili", "sw"),
    ("amharic", "am"),
    ("arabic", "ar"),
    ("french", "fr"),
    ("hausa", "ha"),
    ("kinyarwanda", "rw"),
    ("luganda", "lg"),
    ("oromo", "om"),
    ("shona", "sn"),
    ("somali", "so"),
    ("yoruba", "yo"),
];

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    #[serde(default)]
    start: Option<f64>,
    #[serde(default)]
    end: Option<f64>,
    #[serde(default)]
    text: String,
    /// Of services that tell speakers apart.
    #[serde(default)]
    speaker: Option<String>,
    #[serde(default)]
    language: Option<String>,
}

/// The turns of an answer: segments of one speaker that follow each other are one turn.
pub(super) fn turns(body: &[u8]) -> Result<Vec<Turn>, TranscribeError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| TranscribeError::Model(ModelError::Unreadable))?;
    let language = answer.language.as_deref().and_then(code);
    let mut turns: Vec<Turn> = Vec::new();
    for segment in &answer.segments {
        let turn = turn(segment, language.as_deref());
        match turns.last_mut() {
            _ if turn.text.is_empty() => {}
            Some(last) if last.speaker.is_some() && goes_on(last, &turn) => {
                last.text = format!("{} {}", last.text, turn.text);
                last.end_ms = turn.end_ms;
            }
            _ => turns.push(turn),
        }
    }
    if turns.is_empty() {
        let text = clean(answer.text.as_deref().unwrap_or_default(), true);
        turns = transcript::turns(&text);
        turns.iter_mut().for_each(|turn| turn.language.clone_from(&language));
    }
    if turns.is_empty() {
        return Err(TranscribeError::Silent);
    }
    if turns.len() > TURNS_MAX || transcript::text(&turns).len() > contract::command::TRANSCRIPT_BYTES_MAX {
        return Err(TranscribeError::Model(ModelError::TooLarge));
    }
    debug_assert!(transcript::languages(&turns).len() <= LANGUAGES_MAX);
    Ok(turns)
}

fn goes_on(last: &Turn, next: &Turn) -> bool {
    last.speaker == next.speaker && last.language == next.language
}

fn turn(segment: &Segment, language: Option<&str>) -> Turn {
    let speaker = segment.speaker.as_deref().map(|name| clean(name, false).replace(':', " "));
    Turn {
        speaker: speaker.filter(|name| !name.trim().is_empty() && name.len() <= SPEAKER_BYTES_MAX),
        language: segment.language.as_deref().and_then(code).or_else(|| language.map(str::to_owned)),
        start_ms: segment.start.and_then(milliseconds),
        end_ms: segment.end.and_then(milliseconds),
        text: clean(&segment.text, false).split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// Seconds as services write them; none for what is no time of a recording.
fn milliseconds(seconds: f64) -> Option<u64> {
    let milliseconds = (seconds * 1_000.0).round();
    // A year; far below what a double holds exactly.
    let is_time = (0.0..=31_536_000_000.0).contains(&milliseconds);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    is_time.then_some(milliseconds as u64)
}

fn code(language: &str) -> Option<String> {
    let word = language.trim().to_lowercase();
    let named = LANGUAGES.iter().find(|(name, _)| *name == word).map(|(_, code)| (*code).to_owned());
    named.or_else(|| transcript::is_code(&word).then_some(word))
}

/// Text as the ledger takes it: NFC, without control characters and without those that turn the direction of what
/// follows; `lines` keeps line ends.
fn clean(text: &str, lines: bool) -> String {
    let turning = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.nfc()
        .map(|c| if c == '\r' || (c == '\n' && !lines) || c == '\t' { ' ' } else { c })
        .filter(|c| (!c.is_control() || *c == '\n') && !turning(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(body: &str) -> Vec<Turn> {
        turns(body.as_bytes()).unwrap()
    }

    #[test]
    fn segments_with_their_times_and_languages() {
        let read = read(
            r#"{"task":"transcribe","language":"swahili","duration":6.5,"text":" Habari. Poa.","segments":[
                {"id":0,"start":0.0,"end":2.42,"text":" Habari ya asubuhi.","tokens":[1],"temperature":0.0},
                {"id":1,"start":2.42,"end":6.5,"text":" Fine, thank you.","language":"en"},
                {"id":2,"start":-1.0,"end":1e300,"text":"  "}]}"#,
        );
        let turn = |language: &str, start_ms, end_ms, text: &str| Turn {
            speaker: None,
            language: Some(language.to_owned()),
            start_ms: Some(start_ms),
            end_ms: Some(end_ms),
            text: text.to_owned(),
        };
        assert_eq!(
            read,
            [turn("sw", 0, 2_420, "Habari ya asubuhi."), turn("en", 2_420, 6_500, "Fine, thank you.")]
        );
    }

    #[test]
    fn segments_of_one_speaker_are_one_turn() {
        let read = read(
            r#"{"segments":[{"speaker":"A","text":"one"},{"speaker":"A","text":"two"},{"speaker":"B:x","text":"three"}]}"#,
        );
        let said: Vec<_> = read.iter().map(|t| (t.speaker.as_deref(), t.text.as_str())).collect();
        assert_eq!(said, [(Some("A"), "one two"), (Some("B x"), "three")]);
    }

    #[test]
    fn a_text_alone_is_enough() {
        let read = read(r#"{"text":"Buyer: cafe\u0301?\r\nSeller: yes\u0000 \u202eno"}"#);
        let said: Vec<_> = read.iter().map(|t| (t.speaker.as_deref(), t.text.as_str())).collect();
        assert_eq!(said, [(Some("Buyer"), "café?"), (Some("Seller"), "yes no")]);
    }

    #[test]
    fn what_is_no_transcript() {
        for (body, expected) in [
            ("", "cannot be read"),
            ("<html>", "cannot be read"),
            (r#"{"segments":3}"#, "cannot be read"),
            (r#"{"text":"  "}"#, "nothing was said"),
            ("{}", "nothing was said"),
        ] {
            let error = turns(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
        let long = format!("{{\"text\":\"{}\"}}", "a".repeat(500_000));
        assert!(matches!(turns(long.as_bytes()), Err(TranscribeError::Model(ModelError::TooLarge))));
    }
}
