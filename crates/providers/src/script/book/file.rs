//! The file in which scripts are configured.

mod action;
mod check;

use std::collections::BTreeSet;

use contract::phone::Phone;
use serde::Deserialize;

use super::{Book, Configured, Confirm, Consent, Menu, Part, TRIES_MAX, Tongue, played};
use crate::script::{Address, Dialect, Key, Label, Prompt, Record, Say, Speech, Step};
use action::{Action, address, counted, keyed, plain, steps, told};
use check::check;

/// Most scripts of one file.
const SCRIPTS_MAX: usize = 200;
/// Most actions of one script.
const ACTIONS_MAX: usize = 24;
/// How often a question is put where nothing is said.
const TRIES: u32 = 2;

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
