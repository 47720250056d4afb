//! Call scripts: what a provider shall do with a call, in steps that mean the same for every provider.
//!
//! A script that exists is sound: its values are checked where they are made, its order in [`Script::new`]. What a
//! provider cannot do is refused where its dialect is chosen: see [`Script::check`].

pub mod book;
pub mod dialect;
pub mod speech;
pub mod value;

pub use book::Book;
pub use dialect::{Dialect, Inexpressible, Rendered};
pub use speech::Speech;
pub use value::{ADDRESS_BYTES_MAX, Address, Key, Label, Target};

/// Most steps of one script.
pub const STEPS_MAX: usize = 32;
/// Most targets of one dial.
pub const DIAL_TARGETS_MAX: usize = 20;

/// What the source document's example says to a caller.
const WELCOME: &str = "Welcome to the service. This is a demo voice application. Goodbye.";

/// Why something cannot stand in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// No step.
    #[error("a call script has at least one step")]
    Empty,
    /// More steps than a call needs.
    #[error("a call script has at most {STEPS_MAX} steps")]
    TooManySteps,
    /// A rejected call is never answered, so nothing else can happen.
    #[error("reject must be the only step")]
    RejectNotAlone,
    /// A step behind one that never comes back.
    #[error("step {step} can never be reached")]
    Unreachable {
        /// 1-based.
        step: usize,
    },
    /// A dial without a target, or with too many.
    #[error("a dial has 1 to {DIAL_TARGETS_MAX} targets")]
    Targets,
    /// A text that is empty.
    #[error("the {what} is empty")]
    Blank {
        /// Which text.
        what: &'static str,
    },
    /// A text over its limit.
    #[error("the {what} is longer than {max} bytes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The most taken.
        max: usize,
    },
    /// A character the text may not hold.
    #[error("the {what} holds a character that is not allowed")]
    Character {
        /// Which text.
        what: &'static str,
    },
    /// Not an address a provider could call.
    #[error("not an absolute http or https address")]
    Address,
    /// Not SSML.
    #[error("not one well-formed speak element")]
    Ssml,
}

/// A sound list of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script(Vec<Step>);

/// One thing to do with a call; the provider takes the next when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Speak.
    Say(Say),
    /// Play a sound file.
    Play(Play),
    /// Ask for keys.
    GetDigits(GetDigits),
    /// Connect to other phones. Answering with the same dial again after it ended would redial for ever.
    Dial(Dial),
    /// Record what the caller says to one prompt, then go on.
    Record(Record),
    /// Record until somebody hangs up.
    RecordRest,
    /// Fetch the next script elsewhere.
    Redirect(Address),
    /// Do not take the call.
    Reject,
    /// Join a room.
    Conference(Room),
    /// Wait in a queue.
    Enqueue(Enqueue),
    /// Take somebody out of a queue.
    Dequeue(Dequeue),
    /// Wait silently, as long as the provider's usual pause or so many seconds.
    Pause(Option<u16>),
    /// End the call.
    Hangup,
}

/// See [`Step::Say`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say {
    /// What.
    pub speech: Speech,
    /// Whose voice: `man`, `woman`, or a name of the provider's.
    pub voice: Option<Label>,
    /// Whether a beep follows.
    pub play_beep: Option<bool>,
}

/// See [`Step::Play`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// Where the file is.
    pub url: Address,
}

/// What is heard while waiting for keys or before a recording: exactly one, and nothing else can be nested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Speech.
    Say(Say),
    /// A sound file.
    Play(Play),
}

/// See [`Step::GetDigits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetDigits {
    /// The question.
    pub prompt: Prompt,
    /// How many keys end it.
    pub num_digits: Option<u8>,
    /// How long to wait, seconds.
    pub timeout_s: Option<u16>,
    /// Which key ends it.
    pub finish_on_key: Option<Key>,
    /// Where the keys are sent.
    pub callback: Option<Address>,
}

/// See [`Step::Dial`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial {
    /// Whom, at least one.
    pub targets: Vec<Target>,
    /// Whether to record both sides.
    pub record: Option<bool>,
    /// One after the other instead of all at once.
    pub sequential: Option<bool>,
    /// The number shown to them.
    pub caller_id: Option<Target>,
    /// What the caller hears meanwhile.
    pub ring_back_tone: Option<Address>,
    /// Longest talk, seconds.
    pub max_duration_s: Option<u32>,
}

/// See [`Step::Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is said before.
    pub prompt: Prompt,
    /// Which key ends it.
    pub finish_on_key: Option<Key>,
    /// Longest recording, seconds.
    pub max_length_s: Option<u32>,
    /// Longest silence, seconds.
    pub timeout_s: Option<u16>,
    /// Whether silence at both ends is cut off.
    pub trim_silence: Option<bool>,
    /// Whether a beep marks the start.
    pub play_beep: Option<bool>,
    /// Where the recording's address is sent. With Africa's Talking it replaces the callback address for the rest
    /// of the call.
    pub callback: Option<Address>,
}

/// See [`Step::Conference`]. Africa's Talking has one room per number and none of these settings; the others need a
/// name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Which room.
    pub name: Option<Label>,
    /// Joins silently.
    pub muted: Option<bool>,
    /// The room closes when this one leaves.
    pub end_on_exit: Option<bool>,
    /// The conference begins when this one joins; else this one waits for somebody who begins it.
    pub start_on_enter: Option<bool>,
    /// Whether it is recorded.
    pub record: Option<bool>,
    /// What is fetched and heard while waiting.
    pub wait: Option<Address>,
}

/// See [`Step::Enqueue`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enqueue {
    /// What is heard meanwhile.
    pub hold_music: Option<Address>,
    /// Which queue.
    pub name: Option<Label>,
}

/// See [`Step::Dequeue`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dequeue {
    /// Which queue.
    pub name: Option<Label>,
    /// The line whose queue it is.
    pub line: Target,
}

impl Say {
    /// Plain words in the provider's usual voice.
    ///
    /// # Errors
    /// As [`Speech::plain`].
    pub fn plain(text: &str) -> Result<Say, ScriptError> {
        Ok(Say { speech: Speech::plain(text)?, voice: None, play_beep: None })
    }
}

impl Script {
    /// Takes steps in an order a call can follow.
    ///
    /// # Errors
    /// [`ScriptError`]: no or too many steps, reject beside others, steps behind one that never comes back, a dial
    /// without targets.
    pub fn new(steps: Vec<Step>) -> Result<Script, ScriptError> {
        if steps.is_empty() {
            return Err(ScriptError::Empty);
        }
        if steps.len() > STEPS_MAX {
            return Err(ScriptError::TooManySteps);
        }
        if steps.len() > 1 && steps.contains(&Step::Reject) {
            return Err(ScriptError::RejectNotAlone);
        }
        for (index, step) in steps.iter().enumerate() {
            let last = index + 1 == steps.len();
            match step {
                Step::Redirect(_) | Step::RecordRest | Step::Hangup if !last => {
                    return Err(ScriptError::Unreachable { step: index + 2 });
                }
                Step::Dial(dial) if !(1..=DIAL_TARGETS_MAX).contains(&dial.targets.len()) => {
                    return Err(ScriptError::Targets);
                }
                _ => {}
            }
        }
        Ok(Script(steps))
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl Default for Script {
    /// The source document's example: a greeting, then the call ends.
    fn default() -> Script {
        Script(vec![Step::Say(Say::plain(WELCOME).expect("the text is short and plain"))])
    }
}
