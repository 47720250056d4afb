//! The actions of a script as they stand in the file, and the steps of those that ask nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{TRIES, TRIES_MAX};
use crate::script::{
    Address, Dequeue, Dial, Enqueue, Label, Play, Room, Say, ScriptError, Speech, Step, Target,
};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Action {
    Say {
        text: Option<String>,
        ssml: Option<String>,
        voice: Option<String>,
        beep: Option<bool>,
    },
    Play {
        url: String,
    },
    Dial {
        to: Vec<String>,
        record: Option<bool>,
        sequential: Option<bool>,
        caller_id: Option<String>,
        ring_back_tone: Option<String>,
        max_seconds: Option<u32>,
        #[serde(default)]
        unanswered: Vec<toml::Value>,
    },
    Record {
        text: Option<String>,
        url: Option<String>,
        finish_on_key: Option<char>,
        max_seconds: Option<u32>,
        silence_seconds: Option<u16>,
        trim_silence: Option<bool>,
        beep: Option<bool>,
    },
    RecordRest {},
    Redirect {
        url: String,
    },
    Reject {},
    Conference {
        room: Option<String>,
        muted: Option<bool>,
        end_on_exit: Option<bool>,
        start_on_enter: Option<bool>,
        record: Option<bool>,
        wait_url: Option<String>,
    },
    Enqueue {
        hold_music: Option<String>,
        name: Option<String>,
    },
    Dequeue {
        line: String,
        name: Option<String>,
    },
    Pause {
        seconds: Option<u16>,
    },
    Hangup {},
    Consent {
        text: Option<String>,
        required: Option<bool>,
        tries: Option<u32>,
    },
    Menu {
        text: String,
        choices: BTreeMap<String, String>,
        tries: Option<u32>,
    },
    Confirm {
        tries: Option<u32>,
    },
}

/// The steps of an action that asks nothing.
pub(super) fn steps(action: Action) -> Result<Vec<Step>, String> {
    let one = match action {
        Action::Say { text, ssml, voice, beep } => {
            let speech = match (text, ssml) {
                (Some(text), None) => plain(&text)?,
                (None, Some(ssml)) => Speech::ssml(&ssml).map_err(told)?,
                _ => return Err("needs either text or ssml".into()),
            };
            Step::Say(Say { speech, voice: label(voice.as_ref())?, play_beep: beep })
        }
        Action::Play { url } => Step::Play(Play { url: address(&url)? }),
        Action::Dial { to, record, sequential, caller_id, ring_back_tone, max_seconds, unanswered } => {
            let targets = to.iter().map(|text| Target::new(text).map_err(told)).collect::<Result<_, _>>()?;
            let mut all = vec![Step::Dial(Dial {
                targets,
                record,
                sequential,
                caller_id: caller_id.as_deref().map(Target::new).transpose().map_err(told)?,
                ring_back_tone: optional(ring_back_tone.as_ref())?,
                max_duration_s: max_seconds,
            })];
            for one in unanswered {
                let one = one.try_into::<Action>().map_err(|e| format!("unanswered: {}", e.message()))?;
                all.extend(steps(one).map_err(|reason| format!("unanswered: {reason}"))?);
            }
            return Ok(all);
        }
        Action::RecordRest {} => Step::RecordRest,
        Action::Redirect { url } => Step::Redirect(address(&url)?),
        Action::Reject {} => Step::Reject,
        Action::Conference { room, muted, end_on_exit, start_on_enter, record, wait_url } => {
            let (name, wait) = (label(room.as_ref())?, optional(wait_url.as_ref())?);
            Step::Conference(Room { name, muted, end_on_exit, start_on_enter, record, wait })
        }
        Action::Enqueue { hold_music, name } => {
            Step::Enqueue(Enqueue { hold_music: optional(hold_music.as_ref())?, name: label(name.as_ref())? })
        }
        Action::Dequeue { line, name } => {
            Step::Dequeue(Dequeue { name: label(name.as_ref())?, line: Target::new(&line).map_err(told)? })
        }
        Action::Pause { seconds } => Step::Pause(seconds),
        Action::Hangup {} => Step::Hangup,
        Action::Record { .. } | Action::Consent { .. } | Action::Menu { .. } | Action::Confirm { .. } => {
            return Err("asks for something, which is not possible here".into());
        }
    };
    Ok(vec![one])
}

pub(super) fn told(error: ScriptError) -> String {
    error.to_string()
}

pub(super) fn plain(text: &str) -> Result<Speech, String> {
    Speech::plain(text).map_err(told)
}

pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::new(text).map_err(told)
}

pub(super) fn optional(text: Option<&String>) -> Result<Option<Address>, String> {
    text.map(|text| address(text)).transpose()
}

pub(super) fn label(text: Option<&String>) -> Result<Option<Label>, String> {
    text.map(|text| Label::new(text)).transpose().map_err(told)
}

pub(super) fn counted(tries: Option<u32>) -> Result<u32, String> {
    let tries = tries.unwrap_or(TRIES);
    if (1..=TRIES_MAX).contains(&tries) { Ok(tries) } else { Err(format!("tries: from 1 to {TRIES_MAX}")) }
}

pub(super) fn keyed(choices: BTreeMap<String, String>) -> Result<BTreeMap<char, String>, String> {
    if choices.is_empty() {
        return Err("choices: at least one".into());
    }
    let digit = |key: &str| match key.as_bytes() {
        [digit @ b'0'..=b'9'] => Ok(char::from(*digit)),
        _ => Err(format!("choices: {key:?} is not one of the keys 0 to 9")),
    };
    choices.into_iter().map(|(key, script)| Ok((digit(&key)?, script))).collect()
}
