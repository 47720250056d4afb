//! Call scripts as the provider's voice XML, indented by two blanks as in the source document.

use std::fmt::Write as _;

use quick_xml::escape::{escape, partial_escape};

use crate::script::{
    Dequeue, Dial, Enqueue, GetDigits, Key, Play, Prompt, Record, Room, Say, Script, Speech, Step, Target,
};

/// The content type it is answered with; the provider takes `application/xml` as well.
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// An answer with nothing to do.
pub const NOTHING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n</Response>";

/// Writes a script. Attributes stand in the order of the vendor's own samples; settings that were not made are left
/// to the provider. What it cannot do, [`inexpressible`] names beforehand, and is left out here.
pub fn render(script: &Script) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n");
    for step in script.steps() {
        write_step(&mut xml, step);
    }
    xml.push_str("</Response>");
    xml
}

fn write_step(xml: &mut String, step: &Step) {
    match step {
        Step::Say(say) => write_say(xml, 1, say),
        Step::Play(play) => write_play(xml, 1, play),
        Step::GetDigits(digits) => write_digits(xml, digits),
        Step::Dial(dial) => dial_tag(dial).empty(xml, 1),
        Step::Record(record) => write_record(xml, record),
        Step::RecordRest => Tag::new("Record").empty(xml, 1),
        Step::Redirect(address) => Tag::new("Redirect").text(xml, 1, &partial_escape(address.as_str())),
        Step::Reject => Tag::new("Reject").empty(xml, 1),
        Step::Conference(_) => Tag::new("Conference").empty(xml, 1),
        Step::Enqueue(enqueue) => enqueue_tag(enqueue).empty(xml, 1),
        Step::Dequeue(dequeue) => dequeue_tag(dequeue).empty(xml, 1),
        // No element is documented for either.
        Step::Pause(_) | Step::Hangup => {}
    }
}

/// Why the provider cannot do a step; none where it can.
pub fn inexpressible(step: &Step) -> Option<&'static str> {
    match step {
        Step::Conference(room) if *room != Room::default() => {
            Some("Africa's Talking has one room per number, without name or settings")
        }
        Step::Pause(_) => Some("Africa's Talking has no pause"),
        Step::Hangup => {
            Some("Africa's Talking has no element that ends a call; it ends behind the last step")
        }
        _ => None,
    }
}

fn write_say(xml: &mut String, depth: usize, say: &Say) {
    let tag =
        Tag::new("Say").with("voice", say.voice.as_ref().map(|v| v.as_str())).with("playBeep", say.play_beep);
    match &say.speech {
        Speech::Plain(words) => tag.text(xml, depth, &partial_escape(words.as_str())),
        Speech::Ssml(words) => tag.text(xml, depth, words.as_str()),
    }
}

fn write_play(xml: &mut String, depth: usize, play: &Play) {
    Tag::new("Play").with("url", Some(play.url.as_str())).empty(xml, depth);
}

fn write_prompt(xml: &mut String, prompt: &Prompt) {
    match prompt {
        Prompt::Say(say) => write_say(xml, 2, say),
        Prompt::Play(play) => write_play(xml, 2, play),
    }
}

fn write_digits(xml: &mut String, digits: &GetDigits) {
    Tag::new("GetDigits")
        .with("numDigits", digits.num_digits)
        .with("timeout", digits.timeout_s)
        .with("finishOnKey", digits.finish_on_key.map(Key::char))
        .with("callbackUrl", digits.callback.as_ref().map(|c| c.as_str()))
        .around(xml, |xml| write_prompt(xml, &digits.prompt));
}

fn write_record(xml: &mut String, record: &Record) {
    Tag::new("Record")
        .with("finishOnKey", record.finish_on_key.map(Key::char))
        .with("maxLength", record.max_length_s)
        .with("timeout", record.timeout_s)
        .with("trimSilence", record.trim_silence)
        .with("playBeep", record.play_beep)
        .with("callbackUrl", record.callback.as_ref().map(|c| c.as_str()))
        .around(xml, |xml| write_prompt(xml, &record.prompt));
}

fn dial_tag(dial: &Dial) -> Tag {
    let targets: Vec<&str> = dial.targets.iter().map(Target::as_str).collect();
    Tag::new("Dial")
        .with("record", dial.record)
        .with("sequential", dial.sequential)
        .with("callerId", dial.caller_id.as_ref().map(Target::as_str))
        .with("ringBackTone", dial.ring_back_tone.as_ref().map(|t| t.as_str()))
        .with("maxDuration", dial.max_duration_s)
        .with("phoneNumbers", Some(targets.join(",")))
}

fn enqueue_tag(enqueue: &Enqueue) -> Tag {
    Tag::new("Enqueue")
        .with("holdMusic", enqueue.hold_music.as_ref().map(|m| m.as_str()))
        .with("name", enqueue.name.as_ref().map(|n| n.as_str()))
}

fn dequeue_tag(dequeue: &Dequeue) -> Tag {
    Tag::new("Dequeue")
        .with("name", dequeue.name.as_ref().map(|n| n.as_str()))
        .with("phoneNumber", Some(dequeue.line.as_str()))
}

/// A start tag in the making: name and escaped attributes.
struct Tag {
    name: &'static str,
    inner: String,
}

impl Tag {
    fn new(name: &'static str) -> Tag {
        Tag { name, inner: name.to_owned() }
    }

    fn with(mut self, name: &str, value: Option<impl ToString>) -> Tag {
        if let Some(value) = value {
            write!(self.inner, " {name}=\"{}\"", escape(value.to_string().as_str()))
                .expect("writing to a string cannot fail");
        }
        self
    }

    fn empty(self, xml: &mut String, depth: usize) {
        xml.push_str(&format!("{}<{}/>\n", "  ".repeat(depth), self.inner));
    }

    /// `escaped` goes in as it is.
    fn text(self, xml: &mut String, depth: usize, escaped: &str) {
        xml.push_str(&format!("{}<{}>{escaped}</{}>\n", "  ".repeat(depth), self.inner, self.name));
    }

    fn around(self, xml: &mut String, children: impl FnOnce(&mut String)) {
        xml.push_str(&format!("  <{}>\n", self.inner));
        children(xml);
        xml.push_str(&format!("  </{}>\n", self.name));
    }
}
