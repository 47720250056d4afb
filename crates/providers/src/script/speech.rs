//! What is spoken: plain text, or SSML that is checked to be well-formed.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::ScriptError;

/// Longest text of one step, in bytes: about five minutes of talk.
pub const SPEECH_BYTES_MAX: usize = 4 * 1024;

/// Spoken text. Holds only characters XML can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speech {
    /// Words.
    Plain(Words),
    /// One `<speak>` element (W3C SSML 1.1), passed on unescaped.
    Ssml(Words),
}

/// Text checked by [`Speech`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(String);

impl Words {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Speech {
    /// Words to speak.
    ///
    /// # Errors
    /// [`ScriptError::Blank`], [`ScriptError::TooLong`], [`ScriptError::Character`].
    pub fn plain(text: &str) -> Result<Speech, ScriptError> {
        Ok(Speech::Plain(words(text)?))
    }

    /// SSML to speak: one `speak` element, without declaration, comments, processing instructions or DTD.
    ///
    /// # Errors
    /// As [`Speech::plain`], and [`ScriptError::Ssml`] where it is not well-formed.
    pub fn ssml(xml: &str) -> Result<Speech, ScriptError> {
        let words = words(xml)?;
        if well_formed(xml) { Ok(Speech::Ssml(words)) } else { Err(ScriptError::Ssml) }
    }
}

fn words(text: &str) -> Result<Words, ScriptError> {
    if text.trim().is_empty() {
        return Err(ScriptError::Blank { what: "speech" });
    }
    if text.len() > SPEECH_BYTES_MAX {
        return Err(ScriptError::TooLong { what: "speech", max: SPEECH_BYTES_MAX });
    }
    // XML 1.0 §2.2; a carriage return would come out of a parser as a line feed (§2.11).
    let sound =
        |c: char| matches!(c, '\t' | '\n') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    if text.chars().all(sound) {
        Ok(Words(text.to_owned()))
    } else {
        Err(ScriptError::Character { what: "speech" })
    }
}

/// The reader checks the pairing of tags; the rest is checked here: one root, plain names, sound attributes.
fn well_formed(xml: &str) -> bool {
    // "]]>" may not stand in text (XML 1.0 §2.4), and CDATA is not needed.
    if xml.contains("]]>") {
        return false;
    }
    let mut reader = Reader::from_str(xml);
    let mut depth = 0usize;
    let mut roots = 0usize;
    loop {
        let Ok(event) = reader.read_event() else { return false };
        match event {
            Event::Start(start) => {
                if !sound_tag(&start, depth) {
                    return false;
                }
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Event::Empty(start) => {
                if !sound_tag(&start, depth) {
                    return false;
                }
                roots += usize::from(depth == 0);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) => {
                if depth == 0 && !text.trim().is_empty() {
                    return false;
                }
            }
            Event::GeneralRef(reference) => {
                if depth == 0 || !matches!(&*reference, "amp" | "lt" | "gt" | "quot" | "apos") {
                    return false;
                }
            }
            Event::Eof => return depth == 0 && roots == 1,
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {
                return false;
            }
        }
    }
}

fn sound_tag(start: &BytesStart<'_>, depth: usize) -> bool {
    let name = start.name();
    if !plain_name(name.as_ref()) || (depth == 0 && name.as_ref() != "speak") {
        return false;
    }
    start.attributes().all(|attribute| {
        attribute.is_ok_and(|a| {
            plain_name(a.key.as_ref())
                && !a.value.contains('<')
                && a.normalized_value(XmlVersion::Implicit1_0).is_ok()
        })
    })
}

fn plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xml: &str, expected: bool) {
        assert_eq!(Speech::ssml(xml).is_ok(), expected, "{xml}");
    }

    #[test]
    fn only_one_sound_speak_element_is_ssml() {
        check("<speak>Hello <break time=\"1s\"/> there &amp; here</speak>", true);
        check(" <speak xml:lang='sw'><prosody rate=\"slow\">Karibu</prosody></speak>\n", true);
        for bad in [
            "Hello",
            "<speak>Hello",
            "<speak>Hello</speak><speak>again</speak>",
            "<speak>Hello</speak></Say><Reject/>",
            "<say>Hello</say>",
            "<speak>a & b</speak>",
            "<speak>&nbsp;</speak>",
            "<speak><a b=1/></speak>",
            "<speak><a b=\"1\" b=\"2\"/></speak>",
            "<speak><a b=\"<\"/></speak>",
            "<speak><a b=\"&x;\"/></speak>",
            "<speak><![CDATA[x]]></speak>",
            "<speak><!-- x --></speak>",
            "<!DOCTYPE speak><speak>x</speak>",
            "<?xml version=\"1.0\"?><speak>x</speak>",
            "<speak><b></speak></b>",
            "<speak>x</speak>y",
        ] {
            check(bad, false);
        }
    }
}
