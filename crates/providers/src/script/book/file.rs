//! The file in which scripts are configured.

use std::collections::{BTreeMap, BTreeSet};

use contract::phone::Phone;
use serde::Deserialize;

use super::{Asking, Book, Configured, Confirm, Consent, Menu, Part, Place, Tongue, played, spoken};
use crate::script::book::Ask;
use crate::script::{
    Address, Dequeue, Dial, Dialect, Enqueue, Key, Label, Play, Prompt, Record, Room, Say, Script,
    ScriptError, Speech, Step, Target,
};

/// Most scripts of one file.
const SCRIPTS_MAX: usize = 200;
/// Most actions of one script.
const ACTIONS_MAX: usize = 24;
/// How often a question is put where nothing is said.
const TRIES: u32 = 2;
/// How often at most.
const TRIES_MAX: u32 = 5;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Not TOML, or not of the right shape.
    #[error("{0}")]
    Shape(String),
    /// A script as a whole.
    #[error("script {script:?}: {reason}")]
    Script {
        /// Its name.
        script: String,
        /// What.
        reason: String,
    },
    /// One action of a script.
    #[error("script {script:?}, action {action}: {reason}")]
    Action {
        /// Its name.
        script: String,
        /// 1-based.
        action: usize,
        /// What.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    base_url: Option<String>,
    #[serde(default)]
    script: Vec<RawScript>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    name: String,
    provider: Provider,
    #[serde(default)]
    numbers: Vec<String>,
    #[serde(default)]
    rooms: Vec<String>,
    #[serde(default)]
    conference: bool,
    #[serde(default)]
    language: Tongue,
    failure: Option<String>,
    #[serde(default)]
    action: Vec<toml::Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Provider {
    #[serde(rename = "africastalking")]
    AfricasTalking,
    #[serde(rename = "minivoice")]
    MiniVoice,
    #[serde(rename = "tryvox_xml")]
    TryVoxXml,
    #[serde(rename = "tryvox_json")]
    TryVoxJson,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
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

pub(super) fn read(toml: &str) -> Result<Book, BookError> {
    let file: File = toml::from_str(toml).map_err(|e| BookError::Shape(e.to_string().trim().to_owned()))?;
    let base = file.base_url.map(|base| base.trim_end_matches('/').to_owned());
    if let Some(base) = &base
        && Address::new(base).is_err()
    {
        return Err(BookError::Shape("base_url: not an absolute http or https address".into()));
    }
    if file.script.len() > SCRIPTS_MAX {
        return Err(BookError::Shape(format!("more than {SCRIPTS_MAX} scripts")));
    }
    let mut scripts = Vec::new();
    for raw in file.script {
        scripts.push(one(raw, base.as_deref())?);
    }
    let book = Book { base, scripts };
    check_together(&book)?;
    Ok(book)
}

/// What only shows beside the other scripts: one name twice, one occasion twice, a menu that leads nowhere.
fn check_together(book: &Book) -> Result<(), BookError> {
    let mut taken = BTreeSet::new();
    let mut names = BTreeSet::new();
    for script in &book.scripts {
        let refuse = |reason: String| Err(BookError::Script { script: script.name.clone(), reason });
        if !names.insert(script.name.as_str()) {
            return refuse("another script has that name".into());
        }
        let mut occasions: Vec<String> = script.numbers.iter().map(|n| format!("number {n}")).collect();
        occasions.extend(script.rooms.iter().map(|room| format!("room {room}")));
        occasions.extend(script.conference.then(|| "conferences".to_owned()));
        if occasions.is_empty() {
            occasions.push("everything else".to_owned());
        }
        for occasion in occasions {
            if !taken.insert(format!("{:?} {occasion}", script.dialect)) {
                return refuse(format!("another script is for {occasion}"));
            }
        }
        for part in &script.parts {
            let Part::Menu(menu) = part else { continue };
            for target in menu.choices.values() {
                if book.named(script.dialect, target).is_none() {
                    return refuse(format!(
                        "the menu leads to {target:?}, which is no script of this provider"
                    ));
                }
            }
        }
    }
    Ok(())
}

fn one(raw: RawScript, base: Option<&str>) -> Result<Configured, BookError> {
    let name = raw.name.clone();
    let refuse = |reason: String| BookError::Script { script: name.clone(), reason };
    Label::new(&raw.name).map_err(|e| refuse(format!("name: {e}")))?;
    let dialect = match raw.provider {
        Provider::AfricasTalking => Dialect::AfricasTalking,
        Provider::MiniVoice => Dialect::MiniVoice,
        Provider::TryVoxXml => Dialect::TryVoxXml,
        Provider::TryVoxJson => Dialect::TryVoxJson,
    };
    for number in &raw.numbers {
        number.parse::<Phone>().map_err(|e| refuse(format!("numbers: {number:?}: {e}")))?;
    }
    for room in &raw.rooms {
        Label::new(room).map_err(|e| refuse(format!("rooms: {room:?}: {e}")))?;
    }
    if raw.action.is_empty() {
        return Err(refuse("has no action".into()));
    }
    if raw.action.len() > ACTIONS_MAX {
        return Err(refuse(format!("has more than {ACTIONS_MAX} actions")));
    }
    let failure = match &raw.failure {
        Some(text) => Speech::plain(text).map_err(|e| refuse(format!("failure: {e}")))?,
        None => raw.language.failure(),
    };
    let mut building = Building { dialect, tongue: raw.language, parts: Vec::new(), actions: Vec::new() };
    for (action, number) in raw.action.into_iter().zip(1..) {
        let refuse = |reason| BookError::Action { script: name.clone(), action: number, reason };
        let action = action.try_into::<Action>().map_err(|e| refuse(e.message().to_owned()))?;
        building.add(action, number).map_err(refuse)?;
    }
    let script = Configured {
        name: raw.name,
        dialect,
        tongue: raw.language,
        numbers: raw.numbers,
        rooms: raw.rooms,
        conference: raw.conference,
        parts: building.parts,
        failure,
    };
    check(&script, &building.actions, base)?;
    Ok(script)
}

/// A script while its actions are read.
struct Building {
    dialect: Dialect,
    tongue: Tongue,
    parts: Vec<Part>,
    /// For each part the action that each of its steps, or its question, comes from.
    actions: Vec<Vec<usize>>,
}

impl Building {
    fn add(&mut self, action: Action, number: usize) -> Result<(), String> {
        let part = match action {
            Action::Consent { text, required, tries } => Part::Consent(Consent {
                notice: match text {
                    Some(text) => plain(&text)?,
                    None => self.tongue.notice(),
                },
                required: required.unwrap_or(true),
                tries: counted(tries)?,
            }),
            Action::Menu { text, choices, tries } => {
                Part::Menu(Menu { question: plain(&text)?, choices: keyed(choices)?, tries: counted(tries)? })
            }
            Action::Confirm { tries } => Part::Confirm(Confirm { tries: counted(tries)? }),
            Action::Record { text, url, finish_on_key, max_seconds, silence_seconds, trim_silence, beep } => {
                let prompt = match (text, url) {
                    (Some(text), None) => {
                        Prompt::Say(Say { speech: plain(&text)?, voice: None, play_beep: None })
                    }
                    (None, Some(url)) => played(address(&url)?),
                    _ => return Err("needs either text or url, which is said or played before".into()),
                };
                Part::Record(Record {
                    prompt,
                    finish_on_key: finish_on_key.map(Key::new).transpose().map_err(told)?,
                    max_length_s: max_seconds,
                    timeout_s: silence_seconds,
                    trim_silence,
                    play_beep: beep,
                    callback: None,
                })
            }
            Action::Dial { unanswered, .. }
                if !unanswered.is_empty() && self.dialect == Dialect::TryVoxJson =>
            {
                return Err(
                    "TryVox documents nothing about what it does behind a dial; leave out unanswered".into(),
                );
            }
            other => {
                for step in steps(other)? {
                    self.step(step, number);
                }
                return Ok(());
            }
        };
        self.parts.push(part);
        self.actions.push(vec![number]);
        Ok(())
    }

    fn step(&mut self, step: Step, number: usize) {
        if let (Some(Part::Steps(steps)), Some(actions)) = (self.parts.last_mut(), self.actions.last_mut()) {
            steps.push(step);
            actions.push(number);
        } else {
            self.parts.push(Part::Steps(vec![step]));
            self.actions.push(vec![number]);
        }
    }
}

/// The steps of an action that asks nothing.
fn steps(action: Action) -> Result<Vec<Step>, String> {
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

/// Renders everything that can ever be answered, so that nothing is found out on a call.
fn check(script: &Configured, actions: &[Vec<usize>], base: Option<&str>) -> Result<(), BookError> {
    let refuse = |action: usize, reason: String| {
        Err(BookError::Action { script: script.name.clone(), action, reason })
    };
    let all: Vec<&Step> = script
        .parts
        .iter()
        .flat_map(|part| match part {
            Part::Steps(steps) => steps.as_slice(),
            _ => &[],
        })
        .collect();
    if all.contains(&&Step::Reject) && (all.len() > 1 || script.parts.len() > 1) {
        return Err(BookError::Script {
            script: script.name.clone(),
            reason: "reject must be the only action".into(),
        });
    }
    for (number, part) in script.parts.iter().enumerate() {
        let first = actions[number].first().copied().unwrap_or(1);
        // Steps and the question behind them are one answer.
        let (mut page, mut from) = match part {
            Part::Steps(steps) => (steps.clone(), actions[number].clone()),
            question => match (asked(script, question, number, base), first) {
                (Ok(steps), first) => (steps.clone(), vec![first; steps.len()]),
                (Err(reason), first) => return refuse(first, reason),
            },
        };
        if let (Part::Steps(_), Some(question)) = (part, script.parts.get(number + 1)) {
            let of = actions[number + 1].first().copied().unwrap_or(1);
            match asked(script, question, number + 1, base) {
                Ok(steps) => {
                    from.extend(vec![of; steps.len()]);
                    page.extend(steps);
                }
                Err(reason) => return refuse(of, reason),
            }
        }
        let at = |step: usize| from.get(step.saturating_sub(1)).copied().unwrap_or(first);
        match Script::new(script.anywhere(page)) {
            Ok(page) => {
                if let Err(cannot) = page.check(script.dialect) {
                    return refuse(at(cannot.step), cannot.reason.to_owned());
                }
            }
            Err(ScriptError::Unreachable { step }) => return refuse(at(step), "can never be reached".into()),
            Err(other) => return refuse(first, other.to_string()),
        }
    }
    Ok(())
}

/// The steps of a question, with addresses as long as they get.
fn asked(script: &Configured, part: &Part, number: usize, base: Option<&str>) -> Result<Vec<Step>, String> {
    let base =
        base.ok_or("waits for an answer, and so the file needs base_url: where the provider reaches us")?;
    let path = format!("/hooks/africastalking/{}/voice/instruct", "x".repeat(128));
    let place = Place { base, path: &path };
    let contract = matches!(part, Part::Confirm(_)).then(|| "AGRI-2026-000000001".to_owned());
    let ask = Ask { script: script.name.clone(), part: number, attempt: TRIES_MAX, silent: false, contract };
    let answered = ask.address(place).map_err(told)?;
    let silent = Ask { silent: true, ..ask }.address(place).map_err(told)?;
    let asking = |words: &Speech, keys| Asking {
        words: words.clone(),
        keys,
        answered: answered.clone(),
        silent: silent.clone(),
    };
    Ok(match part {
        Part::Consent(consent) => asking(&consent.notice, 1).steps(),
        Part::Menu(menu) => asking(&menu.question, 1).steps(),
        Part::Confirm(_) => asking(&spoken("x"), super::ANSWER_KEYS).steps(),
        Part::Record(record) => vec![Step::Record(Record { callback: Some(answered), ..record.clone() })],
        Part::Steps(steps) => steps.clone(),
    })
}

fn told(error: ScriptError) -> String {
    error.to_string()
}

fn plain(text: &str) -> Result<Speech, String> {
    Speech::plain(text).map_err(told)
}

fn address(text: &str) -> Result<Address, String> {
    Address::new(text).map_err(told)
}

fn optional(text: Option<&String>) -> Result<Option<Address>, String> {
    text.map(|text| address(text)).transpose()
}

fn label(text: Option<&String>) -> Result<Option<Label>, String> {
    text.map(|text| Label::new(text)).transpose().map_err(told)
}

fn counted(tries: Option<u32>) -> Result<u32, String> {
    let tries = tries.unwrap_or(TRIES);
    if (1..=TRIES_MAX).contains(&tries) { Ok(tries) } else { Err(format!("tries: from 1 to {TRIES_MAX}")) }
}

fn keyed(choices: BTreeMap<String, String>) -> Result<BTreeMap<char, String>, String> {
    if choices.is_empty() {
        return Err("choices: at least one".into());
    }
    let digit = |key: &str| match key.as_bytes() {
        [digit @ b'0'..=b'9'] => Ok(char::from(*digit)),
        _ => Err(format!("choices: {key:?} is not one of the keys 0 to 9")),
    };
    choices.into_iter().map(|(key, script)| Ok((digit(&key)?, script))).collect()
}
