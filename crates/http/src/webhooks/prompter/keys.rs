//! Keys that were pressed, and what is told of a call beside what its provider tells.

use contract::command::Answer;
use contract::fact::{Fact, Leg, Private, Subject, What, Wish};
use providers::script::book::{ANSWER_KEYS, Ask, NO_KEY, YES_KEY};

/// The keys that were pressed, without the one that ends them. The question becomes part of the key of the fact: one
/// provider tells the same keys for two questions in equal words.
pub(super) fn pressed(facts: &mut [Fact], ask: &Ask) -> Option<String> {
    let input = facts.iter_mut().find(|fact| matches!(fact.what, What::CallInput(_)))?;
    input.key = format!("{}:{}", input.key, ask.key());
    Some(input.private.digits.as_deref()?.trim_end_matches('#').to_owned())
}

/// `1` or `2` and the four digits of a code.
pub(super) fn answered(pressed: Option<&str>) -> Option<(Answer, String)> {
    let pressed = pressed?;
    let digits = pressed.len() == usize::from(ANSWER_KEYS) && pressed.bytes().all(|b| b.is_ascii_digit());
    let (key, code) = digits.then(|| pressed.split_at(1))?;
    let answer = match key.chars().next() {
        Some(YES_KEY) => Answer::Yes,
        Some(NO_KEY) => Answer::No,
        _ => return None,
    };
    Some((answer, code.to_owned()))
}

/// Makes the keys an answer to a contract. Where they came by themselves before, that is one more thing told.
pub(super) fn mark(facts: &mut Vec<Fact>, ask: &Ask, wish: &Wish, code: &str) {
    for fact in facts.iter_mut() {
        if let What::CallInput(leg) = &fact.what {
            fact.what = What::CallKeyed { leg: leg.clone(), wish: wish.clone() };
            fact.private.code = Some(code.to_owned());
            return;
        }
    }
    let keyed = What::CallKeyed { leg: Leg::default(), wish: wish.clone() };
    let mut keyed = said(facts, &format!("keyed:{}", ask.key()), keyed, None);
    if let Some(fact) = &mut keyed {
        fact.private.code = Some(code.to_owned());
    }
    facts.extend(keyed);
}

/// One more thing told of the call that the others are about.
pub(super) fn said(facts: &[Fact], word: &str, what: What, told: Option<String>) -> Option<Fact> {
    let of = facts.iter().find(|fact| matches!(fact.subject, Subject::Call { .. }))?;
    let Subject::Call { id, .. } = &of.subject else { return None };
    let private = Private {
        phone: of.private.phone.clone(),
        line: of.private.line.clone(),
        told,
        ..Private::default()
    };
    let (subject, occurred) = (of.subject.clone(), of.occurred.clone());
    Some(Fact { key: format!("{id}:{word}"), subject, occurred, what, private })
}
