//! Reading the call script (Voice XML) the service answers with.

use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// One element of a call script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// As written: `Say`, `GetDigits`, …
    pub name: String,
    /// In the order written.
    pub attributes: Vec<(String, String)>,
    /// The text directly inside, trimmed.
    pub text: String,
    /// 0 for the children of `Response`, 1 for what is inside them.
    pub depth: usize,
}

/// Why an answer is not a call script.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not well-formed XML.
    #[error("not well-formed XML: {0}")]
    Xml(#[from] quick_xml::Error),
    /// The outermost element is not `Response`, or there is none.
    #[error("the outermost element is not Response")]
    NotAResponse,
}

/// What the service told the carrier to do with one session.
#[derive(Clone)]
pub struct Instruction {
    /// The session it was asked about.
    pub session_id: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// The answer as received.
    pub body: String,
    /// Its elements in document order; empty if the answer was unreadable.
    pub elements: Vec<Element>,
    /// Why the answer was unreadable, if it was.
    pub problem: Option<String>,
}

impl fmt::Debug for Instruction {
    /// Leaves out what is said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.elements.iter().map(|element| element.name.as_str()).collect();
        f.debug_struct("Instruction")
            .field("session_id", &self.session_id)
            .field("status", &self.status)
            .field("elements", &names)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

impl Instruction {
    pub(crate) fn read(session_id: &str, status: u16, body: String) -> Self {
        let (elements, problem) = match read_script(&body) {
            Ok(elements) => (elements, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Instruction { session_id: session_id.to_owned(), status, body, elements, problem }
    }
}

/// The elements of a call script in document order.
///
/// # Errors
/// [`ScriptError`] if `xml` is not well-formed or not a `Response`.
pub fn read_script(xml: &str) -> Result<Vec<Element>, ScriptError> {
    let mut reader = Reader::from_str(xml);
    let mut elements: Vec<Element> = Vec::new();
    // Indices of the elements still open, `None` standing for `Response`.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut seen_response = false;
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                let index = enter(&tag, open.len(), &mut elements, &mut seen_response)?;
                open.push(index);
            }
            Event::Empty(tag) => {
                enter(&tag, open.len(), &mut elements, &mut seen_response)?;
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => append(&mut elements, &open, &text.xml10_content()),
            Event::CData(text) => append(&mut elements, &open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .unwrap_or_default()
                        .to_owned(),
                };
                append(&mut elements, &open, &resolved);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if !seen_response || !open.is_empty() {
        return Err(ScriptError::NotAResponse);
    }
    for element in &mut elements {
        element.text = element.text.trim().to_owned();
    }
    Ok(elements)
}

fn enter(
    tag: &BytesStart<'_>,
    depth: usize,
    elements: &mut Vec<Element>,
    seen_response: &mut bool,
) -> Result<Option<usize>, ScriptError> {
    let name = tag.name().as_ref().to_owned();
    if depth == 0 {
        if name != "Response" || *seen_response {
            return Err(ScriptError::NotAResponse);
        }
        *seen_response = true;
        return Ok(None);
    }
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(quick_xml::Error::from)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    elements.push(Element { name, attributes, text: String::new(), depth: depth - 1 });
    Ok(Some(elements.len() - 1))
}

fn append(elements: &mut [Element], open: &[Option<usize>], text: &str) {
    if let Some(Some(index)) = open.last() {
        elements[*index].text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(xml: &str, expected: &[(usize, &str, &str)]) {
        let elements = read_script(xml).unwrap();
        let found: Vec<(usize, &str, &str)> = elements
            .iter()
            .map(|element| (element.depth, element.name.as_str(), element.text.as_str()))
            .collect();
        assert_eq!(found, expected, "{xml}");
    }

    #[test]
    fn scripts_are_read() {
        check(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Say>Wheat &amp; maize&#33;</Say>\n</Response>\n",
            &[(0, "Say", "Wheat & maize!")],
        );
        check(
            "<Response><GetDigits finishOnKey=\"#\"><Say>Key</Say></GetDigits><Conference/></Response>",
            &[(0, "GetDigits", ""), (1, "Say", "Key"), (0, "Conference", "")],
        );
        check("<Response></Response>", &[]);
        check("<Response/>", &[]);
        let dial =
            &read_script("<Response><Dial record=\"true\" phoneNumbers=\"+254700000001,a@b\"/></Response>")
                .unwrap()[0];
        assert_eq!(
            dial.attributes,
            [
                ("record".to_owned(), "true".to_owned()),
                ("phoneNumbers".to_owned(), "+254700000001,a@b".to_owned())
            ]
        );
    }

    #[test]
    fn other_answers_are_refused() {
        for text in [
            "",
            "OK",
            "{}",
            "<Say>Hi</Say>",
            "<Response><Say></Response>",
            "<Response>",
            "<Response/><Response/>",
        ] {
            assert!(read_script(text).is_err(), "{text}");
        }
    }
}
