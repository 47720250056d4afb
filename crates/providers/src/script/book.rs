//! Configured call scripts: read from TOML, checked whole before the first call, chosen by number, room or conference.
//!
//! A script is a list of actions. Most are steps that a provider takes one after the other. Some put a question, and what
//! comes next depends on the keys that are pressed: there the script is cut, the provider is told to send the keys to an
//! address of ours, and the answer to that goes on where the script was cut. The address says where that is, so no process
//! remembers a call:
//!
//! ```text
//!  say, consent, dial      asked at …?ask=buying.1.0     script, action, how often it was asked before
//!  ─────────┘ cut
//!           keys ────► go on with dial, or close; nothing pressed ────► …?ask=buying.1.0.silent
//! ```

mod ask;
mod file;
mod words;

use std::collections::BTreeMap;

use contract::command::Language;

pub use ask::{Ask, Place};
pub use file::BookError;
pub use words::Tongue;

use super::{
    Address, Dialect, GetDigits, Inexpressible, Label, Play, Prompt, Record, Rendered, Say, Script,
    ScriptError, Speech, Step,
};

/// Most words of a contract that are read back, in characters: about two minutes.
pub const READ_BACK_CHARS_MAX: usize = 1_500;
/// Keys of an answer to a contract that was read back: one for yes or no, four of the code.
pub const ANSWER_KEYS: u8 = 5;
/// How long a person may think before the first key, seconds; a code has to be looked up in a message.
const ANSWER_SECONDS: u16 = 20;
/// The same for a single key.
const KEY_SECONDS: u16 = 8;
/// How often a question is put at most.
const TRIES_MAX: u32 = 5;
/// The key that agrees to being recorded, or to a contract.
pub const YES_KEY: char = '1';
/// The key that refuses.
pub const NO_KEY: char = '2';

/// All configured scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    base: Option<String>,
    scripts: Vec<Configured>,
}

/// One script with what it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Configured {
    /// Its name.
    pub name: String,
    /// The dialect it is for and was checked for.
    pub dialect: Dialect,
    /// In which language we speak where the script leaves the words to us.
    pub tongue: Tongue,
    numbers: Vec<String>,
    rooms: Vec<String>,
    conference: bool,
    parts: Vec<Part>,
    failure: Speech,
}

impl std::fmt::Debug for Configured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Configured({}, {:?}, {} parts)", self.name, self.dialect, self.parts.len())
    }
}

/// A part of a script: taken in one go, or a question that cuts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Steps without a question.
    Steps(Vec<Step>),
    /// May this call be recorded?
    Consent(Consent),
    /// Which of these?
    Menu(Menu),
    /// A recording that goes on when it ends.
    Record(Record),
    /// Reads back what the person has not answered yet, and asks for the code.
    Confirm(Confirm),
}

/// See [`Part::Consent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// What is said.
    pub notice: Speech,
    /// Whether the call goes on only with a yes.
    pub required: bool,
    /// How often it is asked.
    pub tries: u32,
}

/// See [`Part::Menu`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// What is said.
    pub question: Speech,
    /// The script behind each key.
    pub choices: BTreeMap<char, String>,
    /// How often it is asked.
    pub tries: u32,
}

/// See [`Part::Confirm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// How often a code is asked for.
    pub tries: u32,
}

/// What a call is known by when a script is chosen for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// Our line.
    pub line: Option<&'a str>,
    /// The room that the address of the question names.
    pub room: Option<&'a str>,
    /// Whether the leg was placed for a conference of ours.
    pub conference: bool,
}

impl Book {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`BookError`]: what is wrong, in which script and action.
    pub fn read(toml: &str) -> Result<Book, BookError> {
        file::read(toml)
    }

    /// The script for a call: of its conference, else of its room, else of its number, else the one for everything else.
    pub fn choose(&self, dialect: Dialect, occasion: Occasion<'_>) -> Option<&Configured> {
        let of_dialect = || self.scripts.iter().filter(move |script| script.dialect == dialect);
        let holds = |list: &[String], wanted: Option<&str>| {
            wanted.is_some_and(|wanted| list.iter().any(|one| one == wanted))
        };
        let conference = of_dialect().find(|script| occasion.conference && script.conference);
        let room = || of_dialect().find(|script| holds(&script.rooms, occasion.room));
        let number = || of_dialect().find(|script| holds(&script.numbers, occasion.line));
        let rest = || of_dialect().find(|script| script.is_for_the_rest());
        // Whoever asks for a room, or is rung for a conference, is not sent elsewhere by the number.
        match occasion {
            Occasion { conference: true, .. } => conference,
            Occasion { room: Some(_), .. } => room(),
            _ => number().or_else(rest),
        }
    }

    /// A script by its name.
    pub fn named(&self, dialect: Dialect, name: &str) -> Option<&Configured> {
        self.scripts.iter().find(|script| script.dialect == dialect && script.name == name)
    }

    /// Where the providers reach this service, without a slash at the end; none where no script needs it.
    pub fn base(&self) -> Option<&str> {
        self.base.as_deref()
    }

    /// How many scripts there are.
    pub fn len(&self) -> usize {
        self.scripts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scripts.is_empty()
    }
}

impl Configured {
    fn is_for_the_rest(&self) -> bool {
        self.numbers.is_empty() && self.rooms.is_empty() && !self.conference
    }

    /// Steps in which a conference without a room is the one the leg was placed for: so one script serves all conferences.
    pub fn joining(&self, mut steps: Vec<Step>, room: &Label) -> Vec<Step> {
        for step in &mut steps {
            if let Step::Conference(joined) = step
                && self.joins_its_own()
            {
                joined.name.get_or_insert_with(|| room.clone());
            }
        }
        steps
    }

    /// The room that a call at this part joins before the next question, where it has a name.
    pub fn room_ahead(&self, part: usize) -> Option<&str> {
        let Part::Steps(steps) = self.part(part)? else { return None };
        steps.iter().find_map(|step| match step {
            Step::Conference(room) => room.name.as_ref().map(Label::as_str),
            _ => None,
        })
    }

    /// Whether its conferences need no room of their own. Africa's Talking has one room for each number, without a name.
    pub fn joins_its_own(&self) -> bool {
        self.conference && self.dialect != Dialect::AfricasTalking
    }

    /// Steps as they can be answered, for a look at them before there is a conference.
    fn anywhere(&self, steps: Vec<Step>) -> Vec<Step> {
        self.joining(steps, &Label::new("room").expect("a short plain name"))
    }

    /// A part by its number, from 0; none behind the last.
    pub fn part(&self, number: usize) -> Option<&Part> {
        self.parts.get(number)
    }

    /// What is answered where the call cannot be recorded: it is closed politely.
    pub fn closing(&self) -> Rendered {
        self.close(&self.failure)
    }

    /// Some words, then the end of the call, as far as the dialect can say it.
    pub fn close(&self, words: &Speech) -> Rendered {
        let say = Step::Say(Say { speech: words.clone(), voice: None, play_beep: None });
        let with_end = Script::new(vec![say.clone(), Step::Hangup]).ok();
        let without = Script::new(vec![say]).ok();
        let spoken = [with_end, without].into_iter().flatten().find_map(|s| s.render(self.dialect).ok());
        spoken.unwrap_or_else(|| self.dialect.nothing())
    }

    /// Steps as they are answered. None at all is an answer with nothing to do.
    ///
    /// # Errors
    /// Why they cannot be answered; only where they are not those that were checked.
    pub fn render(&self, steps: Vec<Step>) -> Result<Rendered, TurnError> {
        if steps.is_empty() {
            return Ok(self.dialect.nothing());
        }
        Ok(Script::new(steps)?.render(self.dialect)?)
    }
}

/// Why steps cannot be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// Not in an order a call can follow.
    #[error(transparent)]
    Order(#[from] ScriptError),
    /// Not in this dialect.
    #[error(transparent)]
    Dialect(#[from] Inexpressible),
}

/// Something that is asked: the words, and the addresses for keys and for silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// What is said.
    pub words: Speech,
    /// How many keys end it.
    pub keys: u8,
    /// How long the person may think before the first key.
    pub seconds: u16,
    /// How it is asked.
    pub dialect: Dialect,
    /// Where the keys are sent.
    pub answered: Address,
    /// Where to go on when nothing is pressed.
    pub silent: Address,
}

impl Asking {
    /// The steps that ask.
    pub fn steps(&self) -> Vec<Step> {
        let prompt = Prompt::Say(Say { speech: self.words.clone(), voice: None, play_beep: None });
        // MiniVoice has no address for keys: it tells them to its webhook, and is sent on in any case.
        let is_told = self.dialect == Dialect::MiniVoice;
        let digits = GetDigits {
            prompt,
            num_digits: Some(self.keys),
            timeout_s: Some(self.seconds),
            finish_on_key: None,
            callback: (!is_told).then(|| self.answered.clone()),
        };
        let on = if is_told { &self.answered } else { &self.silent };
        vec![Step::GetDigits(digits), Step::Redirect(on.clone())]
    }
}

/// The words of a text, whatever it holds: what no speech can carry is left out.
pub fn spoken(text: &str) -> Speech {
    let clean = text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'));
    let cut: String = clean.take(READ_BACK_CHARS_MAX).collect();
    Speech::plain(&cut).unwrap_or_else(|_| Speech::plain("-").expect("one plain character"))
}

/// What is said when a contract is read back, or the new terms that are proposed for it.
pub fn read_back(language: Language, agreed_text: &str, is_new: bool) -> Speech {
    words::read_back(language, agreed_text, is_new)
}

/// A prompt that plays a file.
fn played(url: Address) -> Prompt {
    Prompt::Play(Play { url })
}
