//! Call scripts as MiniVoice's JSON actions.
//!
//! An action can be written in two forms, which mean the same and may be mixed:
//!
//! ```text
//!  typed  {"type":"conference","room":"daily_support_room","mute":false}
//!  keyed  {"conference":{"room":"daily_support_room","mute":false}}
//! ```

use crate::json::members::Members;
use crate::script::{Dial, GetDigits, Inexpressible, Key, Prompt, Room, Say, Script, Speech, Step, Target};

/// The content type it is answered with.
pub const CONTENT_TYPE: &str = "application/json";
/// Longest wait for a key, in seconds; the shortest is one.
pub const GATHER_SECONDS_MAX: u16 = 30;
/// An answer with nothing to do.
pub const NOTHING: &str = r#"{"actions":[]}"#;

/// How an action is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its name under `type`.
    Typed,
    /// Its name as the key.
    Keyed,
}

/// Writes a script in one line.
///
/// # Errors
/// [`Inexpressible`] for steps the provider has no action for (play, record with a prompt, queues, reject, pause,
/// hang-up), settings its actions do not have, and steps behind one that never comes back.
pub fn render(script: &Script, form: Form) -> Result<String, Inexpressible> {
    let actions = script.each(actions)?;
    if let Some(last) = script.steps().iter().position(never_comes_back)
        && last + 1 < script.steps().len()
    {
        let reason = "MiniVoice runs no action behind a conference or a transfer";
        return Err(Inexpressible { step: last + 2, reason });
    }
    let written = actions.into_iter().flatten().map(|action| action.write(form)).collect::<Vec<_>>();
    Ok(Members::new().with("actions", written).json())
}

struct Action {
    name: &'static str,
    members: Members,
}

impl Action {
    fn new(name: &'static str, members: Members) -> Action {
        Action { name, members }
    }

    fn write(self, form: Form) -> Members {
        match form {
            Form::Typed => Members::new().with("type", self.name).and(self.members),
            Form::Keyed => Members::new().with(self.name, self.members),
        }
    }
}

fn never_comes_back(step: &Step) -> bool {
    matches!(step, Step::Conference(_) | Step::Dial(_))
}

fn actions(step: &Step) -> Result<Vec<Action>, &'static str> {
    match step {
        Step::Say(say) => Ok(vec![Action::new("say", Members::new().with("text", words(say)?))]),
        Step::GetDigits(digits) => Ok(vec![gather(digits)?]),
        Step::Dial(dial) => transfer(dial),
        // The provider would fetch it with GET, the others with POST; a script means the same everywhere.
        Step::Redirect(address) => {
            let members = Members::new().with("url", address.as_str()).with("method", "POST");
            Ok(vec![Action::new("redirect", members)])
        }
        Step::Conference(room) => conference(room),
        Step::Play(_) => Err("MiniVoice has no action that plays a file"),
        Step::Record(_) => Err("MiniVoice has no recording that asks and goes on"),
        Step::RecordRest => {
            Err("MiniVoice records only beside other actions: record the conference or the dial")
        }
        Step::Enqueue(_) | Step::Dequeue(_) => Err("MiniVoice has no queues"),
        Step::Reject => Err("MiniVoice rejects by the route of the number, not by an action"),
        Step::Pause(_) => Err("MiniVoice has no pause"),
        Step::Hangup => Err("MiniVoice has no action that ends a call; it ends behind the last action"),
    }
}

fn words(say: &Say) -> Result<&str, &'static str> {
    if say.voice.is_some() || say.play_beep == Some(true) {
        return Err("MiniVoice has one voice and no beep");
    }
    match &say.speech {
        Speech::Plain(words) => Ok(words.as_str()),
        Speech::Ssml(_) => Err("MiniVoice speaks plain text only"),
    }
}

fn gather(digits: &GetDigits) -> Result<Action, &'static str> {
    let Prompt::Say(prompt) = &digits.prompt else { return Err("MiniVoice asks for keys by speech only") };
    if digits.callback.is_some() {
        return Err("MiniVoice sends keys to its webhook, not to an address of their own");
    }
    if digits.timeout_s.is_some_and(|seconds| !(1..=GATHER_SECONDS_MAX).contains(&seconds)) {
        return Err("MiniVoice waits 1 to 30 seconds for keys");
    }
    if digits.num_digits == Some(0) {
        return Err("MiniVoice waits for one key at least");
    }
    let members = Members::new()
        .with("prompt", words(prompt)?)
        .maybe("num_digits", digits.num_digits)
        .maybe("timeout_seconds", digits.timeout_s)
        .maybe("finish_on_key", digits.finish_on_key.map(|key| Key::char(key).to_string()));
    Ok(Action::new("gather", members))
}

fn transfer(dial: &Dial) -> Result<Vec<Action>, &'static str> {
    let [target] = dial.targets.as_slice() else { return Err("MiniVoice passes a call on to one target") };
    if dial.ring_back_tone.is_some() || dial.max_duration_s.is_some() {
        return Err("MiniVoice passes a call on without a tone or a time limit of its own");
    }
    if !is_number_or_sip(target) {
        return Err("MiniVoice passes a call on to a number or a SIP address");
    }
    // With a number to show, the documented example has other names than the documented table.
    let members = match &dial.caller_id {
        Some(from) => Members::new().with("to", target.as_str()).with("from", from.as_str()),
        None => Members::new().with("destination", target.as_str()),
    };
    Ok(recorded(dial.record, Action::new("transfer", members)))
}

fn is_number_or_sip(target: &Target) -> bool {
    let text = target.as_str();
    text.contains('@') || text.strip_prefix('+').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

fn conference(room: &Room) -> Result<Vec<Action>, &'static str> {
    let Some(name) = &room.name else { return Err("a conference at MiniVoice needs the name of a room") };
    if room.start_on_enter.is_some() || room.wait.is_some() {
        return Err("MiniVoice begins a conference when somebody joins, and has no waiting");
    }
    let members = Members::new()
        .with("room", name.as_str())
        .maybe("mute", room.muted)
        .maybe("end_on_exit", room.end_on_exit);
    Ok(recorded(room.record, Action::new("conference", members)))
}

/// Recording is an action of its own, which goes on beside the next ones.
fn recorded(record: Option<bool>, action: Action) -> Vec<Action> {
    let start = (record == Some(true)).then(|| Action::new("start_recording", Members::new()));
    start.into_iter().chain([action]).collect()
}
