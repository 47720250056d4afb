//! Reading JSON actions, each of which can be written in two forms.

use serde_json::Value;

use crate::follow::Step;

/// The actions of an answer in order; none where it has none.
pub(super) fn steps(answer: &str) -> Option<Vec<Step>> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    Some(answer["actions"].as_array()?.iter().map(step).collect())
}

fn step(action: &Value) -> Step {
    let keyed = || action.as_object().and_then(|members| members.iter().next());
    let (name, members) = match action["type"].as_str() {
        Some(name) => (name, action),
        None => keyed().map_or(("", action), |(name, members)| (name.as_str(), members)),
    };
    let text = |name: &str| members[name].as_str().map(str::to_owned);
    match name {
        "gather" => Step::Ask(None),
        "redirect" => text("url").map_or(Step::End, Step::Go),
        "conference" => Step::Join { room: text("room"), record: false },
        "start_recording" => Step::Record,
        _ => Step::Heard,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_forms_are_read_and_may_be_mixed() {
        let answer = r#"{"actions":[{"type":"say","text":"Hi"},{"gather":{"prompt":"Press 1"}},{"start_recording":{}},{"redirect":{"url":"http://a/b"}},{"type":"conference","room":"daily_support_room","mute":false}]}"#;
        let room = Some("daily_support_room".to_owned());
        let expected = [
            Step::Heard,
            Step::Ask(None),
            Step::Record,
            Step::Go("http://a/b".to_owned()),
            Step::Join { room, record: false },
        ];
        assert_eq!(steps(answer).unwrap(), expected);
        assert_eq!(steps("OK"), None);
        assert_eq!(steps(r#"{"action":[]}"#), None);
    }
}
