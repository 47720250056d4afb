//! Reading VoxML, which the documents have in two forms: as XML, and as JSON.

use serde_json::Value;

use crate::africastalking::instruction::read_script;
use crate::follow::Step;

/// The instructions of an answer in order; none where it is in neither form.
pub(super) fn steps(answer: &str) -> Option<Vec<Step>> {
    if answer.trim_start().starts_with('<') {
        let elements = read_script(answer).ok()?;
        let outer = elements.into_iter().filter(|element| element.depth == 0);
        return Some(outer.map(|element| of_element(&element.name, element.text)).collect());
    }
    let answer: Value = serde_json::from_str(answer).ok()?;
    if answer["voxml_version"] != "1.0" {
        return None;
    }
    let instructions = answer["instructions"].as_array()?;
    Some(instructions.iter().map(of_verb).collect())
}

/// No verb but Conference is documented as XML.
fn of_element(name: &str, text: String) -> Step {
    match name {
        "Conference" => Step::Join { room: Some(text), record: false },
        "Hangup" | "Reject" => Step::End,
        _ => Step::Heard,
    }
}

fn of_verb(verb: &Value) -> Step {
    let text = |name: &str| verb[name].as_str().map(str::to_owned);
    match verb["verb"].as_str().unwrap_or_default() {
        "Gather" => Step::Ask(text("action_url")),
        "Redirect" => text("url").map_or(Step::End, Step::Go),
        "Conference" => Step::Join { room: text("name"), record: verb["record"] == true },
        "Record" => Step::Record,
        "Hangup" | "Reject" => Step::End,
        _ => Step::Heard,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let join = |record| vec![Step::Join { room: Some("support-room-1".to_owned()), record }];
        for (answer, expected) in [
            ("<Response>\n<Conference>support-room-1</Conference>\n</Response>", Some(join(false))),
            (
                "<Response><Conference\nmuted=\"false\">\nsupport-room-1\n</Conference></Response>",
                Some(join(false)),
            ),
            (
                r#"{"voxml_version":"1.0","instructions":[{"verb":"Conference","name":"support-room-1","record":true}]}"#,
                Some(join(true)),
            ),
            (
                r#"{"voxml_version":"1.0","instructions":[{"verb":"Gather","action_url":"http://a/b"},{"verb":"Redirect","url":"http://a/c"},{"verb":"Pause"},{"verb":"Hangup"}]}"#,
                Some(vec![
                    Step::Ask(Some("http://a/b".to_owned())),
                    Step::Go("http://a/c".to_owned()),
                    Step::Heard,
                    Step::End,
                ]),
            ),
            (r#"{"instructions":[]}"#, None),
            ("OK", None),
            ("<Response>", None),
        ] {
            assert_eq!(steps(answer), expected, "{answer}");
        }
    }
}
