//! VoxML as JSON, as the reference of its verbs shows it.

use crate::json::members::Members;
use crate::script::{
    Address, Dial, GetDigits, Inexpressible, Key, Prompt, Record, Room, Say, Script, Speech, Step, Target,
};

/// The content type it is answered with.
pub const CONTENT_TYPE: &str = "application/json";
/// The version of VoxML.
pub const VERSION: &str = "1.0";
/// An answer with nothing to do.
pub const NOTHING: &str = r#"{"voxml_version":"1.0","instructions":[]}"#;

/// Writes a script in one line.
///
/// # Errors
/// [`Inexpressible`] for queues, SSML, beeps behind speech, a pause of a given length (its parameter is not documented),
/// and for steps without what the provider needs: a room without a name, keys or a recording without an address to send
/// them to.
pub fn render(script: &Script) -> Result<String, Inexpressible> {
    let instructions: Vec<Members> = script.each(instructions)?.into_iter().flatten().collect();
    Ok(Members::new().with("voxml_version", VERSION).with("instructions", instructions).json())
}

/// The name of a room, of the characters the provider takes.
pub(super) fn room_name(room: &Room) -> Result<&str, &'static str> {
    let name = room.name.as_ref().ok_or("a conference at TryVox needs the name of a room")?.as_str();
    // The names of other providers may hold a dot.
    if name.contains('.') {
        return Err("TryVox takes letters, digits, - and _ in the name of a room");
    }
    Ok(name)
}

fn verb(name: &str) -> Members {
    Members::new().with("verb", name)
}

fn instructions(step: &Step) -> Result<Vec<Members>, &'static str> {
    let one = |members| Ok(vec![members]);
    match step {
        Step::Say(say) => one(verb("Say").and(spoken(say)?)),
        Step::Play(play) => one(verb("Play").with("url", play.url.as_str())),
        Step::GetDigits(digits) => one(gather(digits)?),
        Step::Dial(dial) => one(dialled(dial)?),
        Step::Record(record) => recorded(record),
        Step::Redirect(address) => one(verb("Redirect").with("url", address.as_str())),
        Step::Reject => one(verb("Reject")),
        Step::Conference(room) => one(conference(room)?),
        Step::Pause(None) => one(verb("Pause")),
        Step::Hangup => one(verb("Hangup")),
        Step::Pause(Some(_)) => Err("TryVox documents no parameter for the length of a pause"),
        Step::RecordRest => Err("TryVox needs an address to send a recording to"),
        Step::Enqueue(_) | Step::Dequeue(_) => Err("TryVox has no queues"),
    }
}

/// Text and voice of a speech, which stand in an instruction of their own or within one that asks for keys.
fn spoken(say: &Say) -> Result<Members, &'static str> {
    if say.play_beep == Some(true) {
        return Err("TryVox has no beep behind speech");
    }
    match &say.speech {
        Speech::Plain(words) => Ok(Members::new()
            .with("text", words.as_str())
            .maybe("voice", say.voice.as_ref().map(|voice| voice.as_str()))),
        Speech::Ssml(_) => Err("TryVox documents no SSML"),
    }
}

fn gather(digits: &GetDigits) -> Result<Members, &'static str> {
    let callback = digits.callback.as_ref().ok_or("TryVox needs an address to send keys to")?;
    let members = verb("Gather")
        .with("input", "dtmf")
        .with("action_url", callback.as_str())
        .maybe("timeout", digits.timeout_s)
        .maybe("num_digits", digits.num_digits)
        .maybe("finish_on_key", digits.finish_on_key.map(|key| Key::char(key).to_string()));
    Ok(match &digits.prompt {
        Prompt::Say(say) => members.with("say", spoken(say)?),
        Prompt::Play(play) => members.with("play", Members::new().with("url", play.url.as_str())),
    })
}

/// Numbers, SIP addresses and clients stand in lists of their own; all of them ring at once.
fn dialled(dial: &Dial) -> Result<Members, &'static str> {
    if dial.sequential == Some(true) && dial.targets.len() > 1 {
        return Err("TryVox rings all targets at once");
    }
    let list = |wanted: fn(&str) -> bool, name: &str| {
        let named = dial.targets.iter().map(Target::as_str).filter(|target| wanted(target));
        let listed: Vec<Members> = named.map(|target| Members::new().with(name, target)).collect();
        (!listed.is_empty()).then_some(listed)
    };
    Ok(verb("Dial")
        .maybe("time_limit", dial.max_duration_s)
        .maybe("caller_id", dial.caller_id.as_ref().map(Target::as_str))
        .maybe("record", dial.record)
        .maybe("ring_tone", dial.ring_back_tone.as_ref().map(Address::as_str))
        .maybe("numbers", list(is_number, "number"))
        .maybe("sip", list(is_sip, "uri"))
        .maybe("client", list(|target| !is_number(target) && !is_sip(target), "name")))
}

fn is_number(target: &str) -> bool {
    let digits = target.strip_prefix('+').unwrap_or(target);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_sip(target: &str) -> bool {
    target.contains('@')
}

/// The prompt is an instruction of its own, before the one that records.
fn recorded(record: &Record) -> Result<Vec<Members>, &'static str> {
    let callback = record.callback.as_ref().ok_or("TryVox needs an address to send a recording to")?;
    let prompt = match &record.prompt {
        Prompt::Say(say) => verb("Say").and(spoken(say)?),
        Prompt::Play(play) => verb("Play").with("url", play.url.as_str()),
    };
    let trim = record.trim_silence.map(|trim| if trim { "trim-silence" } else { "do-not-trim" });
    let instruction = verb("Record")
        .with("action_url", callback.as_str())
        .maybe("max_length", record.max_length_s)
        .maybe("timeout", record.timeout_s)
        .maybe("finish_on_key", record.finish_on_key.map(|key| Key::char(key).to_string()))
        .maybe("trim", trim)
        .maybe("play_beep", record.play_beep);
    Ok(vec![prompt, instruction])
}

fn conference(room: &Room) -> Result<Members, &'static str> {
    Ok(verb("Conference")
        .with("name", room_name(room)?)
        .maybe("muted", room.muted)
        .maybe("start_on_enter", room.start_on_enter)
        .maybe("end_on_exit", room.end_on_exit)
        .maybe("wait_url", room.wait.as_ref().map(Address::as_str))
        .maybe("record", room.record))
}
