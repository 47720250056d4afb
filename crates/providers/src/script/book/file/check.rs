//! Renders everything that a script can ever answer, so that nothing is found out on a call.

use super::super::{ANSWER_KEYS, Ask, Configured, Part, Place, TRIES_MAX, spoken};
use super::BookError;
use super::action::told;
use crate::script::{Record, Script, ScriptError, Speech, Step};

/// Renders everything that can ever be answered, so that nothing is found out on a call.
pub(super) fn check(
    script: &Configured,
    actions: &[Vec<usize>],
    base: Option<&str>,
) -> Result<(), BookError> {
    let refuse = |action: usize, reason: String| {
        Err(BookError::Action { script: script.name.clone(), action, reason })
    };
    let all: Vec<&Step> = script
        .parts
        .iter()
        .flat_map(|part| match part {
            Part::Steps(steps) => steps.as_slice(),
            _ => &[],
        })
        .collect();
    if all.contains(&&Step::Reject) && (all.len() > 1 || script.parts.len() > 1) {
        return Err(BookError::Script {
            script: script.name.clone(),
            reason: "reject must be the only action".into(),
        });
    }
    for (number, part) in script.parts.iter().enumerate() {
        let first = actions[number].first().copied().unwrap_or(1);
        // Steps and the question behind them are one answer.
        let (mut page, mut from) = match part {
            Part::Steps(steps) => (steps.clone(), actions[number].clone()),
            question => match (asked(script, question, number, base), first) {
                (Ok(steps), first) => (steps.clone(), vec![first; steps.len()]),
                (Err(reason), first) => return refuse(first, reason),
            },
        };
        if let (Part::Steps(_), Some(question)) = (part, script.parts.get(number + 1)) {
            let of = actions[number + 1].first().copied().unwrap_or(1);
            match asked(script, question, number + 1, base) {
                Ok(steps) => {
                    from.extend(vec![of; steps.len()]);
                    page.extend(steps);
                }
                Err(reason) => return refuse(of, reason),
            }
        }
        let at = |step: usize| from.get(step.saturating_sub(1)).copied().unwrap_or(first);
        match Script::new(script.anywhere(page)) {
            Ok(page) => {
                if let Err(cannot) = page.check(script.dialect) {
                    return refuse(at(cannot.step), cannot.reason.to_owned());
                }
            }
            Err(ScriptError::Unreachable { step }) => return refuse(at(step), "can never be reached".into()),
            Err(other) => return refuse(first, other.to_string()),
        }
    }
    Ok(())
}

/// The steps of a question, with addresses as long as they get.
pub(super) fn asked(
    script: &Configured,
    part: &Part,
    number: usize,
    base: Option<&str>,
) -> Result<Vec<Step>, String> {
    let base =
        base.ok_or("waits for an answer, and so the file needs base_url: where the provider reaches us")?;
    let path = format!("/hooks/africastalking/{}/voice/instruct", "x".repeat(128));
    let place = Place { base, path: &path };
    let contract = matches!(part, Part::Confirm(_)).then(|| "AGRI-2026-000000001".to_owned());
    let after = Some(u64::MAX);
    let ask =
        Ask { script: script.name.clone(), part: number, attempt: TRIES_MAX, silent: false, contract, after };
    let asking = |words: &Speech, keys| {
        let asking = ask.asking(words.clone(), keys, place, script.dialect);
        asking.map(|asking| asking.steps()).map_err(told)
    };
    Ok(match part {
        Part::Consent(consent) => asking(&consent.notice, 1)?,
        Part::Menu(menu) => asking(&menu.question, 1)?,
        Part::Confirm(_) => asking(&spoken("x"), ANSWER_KEYS)?,
        Part::Record(record) => {
            let callback = Some(ask.address(place).map_err(told)?);
            vec![Step::Record(Record { callback, ..record.clone() })]
        }
        Part::Steps(steps) => steps.clone(),
    })
}
