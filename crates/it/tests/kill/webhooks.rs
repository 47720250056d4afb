//! Webhooks: each that was answered 2xx is there, and none is there twice.

use std::collections::{HashMap, HashSet};

use contract::input::{Body, Webhook};
use contract::outcome::Outcome;
use store::rows::Needs;
use uuid::Uuid;

use crate::account::{Found, Journaled};
use crate::load::Book;

/// Keys asked about at once.
const KEYS_AT_ONCE: usize = 1_000;

pub async fn check(found: &Found, book: &Book) {
    let journaled: Vec<(&Journaled, &Webhook)> = found.journaled.iter().filter_map(as_webhook).collect();
    all_are_kept(&journaled, book);
    all_came_to_something(&journaled);
    every_fact_was_seen(found, &journaled).await;
    no_body_led_to_the_same_twice(found, &journaled);
}

fn as_webhook(one: &Journaled) -> Option<(&Journaled, &Webhook)> {
    match &one.input.body {
        Body::Webhook(webhook) => Some((one, webhook)),
        Body::Command(_) | Body::Report(_) | Body::Deadline(_) => None,
    }
}

/// Every 2xx has a row of the journal to itself.
fn all_are_kept(journaled: &[(&Journaled, &Webhook)], book: &Book) {
    let mut kept: HashMap<&str, usize> = HashMap::new();
    for (_, webhook) in journaled {
        *kept.entry(&webhook.raw).or_default() += 1;
    }
    for body in &book.webhooks {
        let rows = kept.get_mut(body.as_str());
        let left = rows.filter(|rows| **rows > 0);
        *left.expect("a webhook answered 2xx is not in the journal") -= 1;
    }
}

fn all_came_to_something(journaled: &[(&Journaled, &Webhook)]) {
    let mut recorded = HashSet::new();
    for (one, webhook) in journaled {
        match &one.outcome {
            Some(Outcome::Recorded { .. }) => {
                recorded.insert(webhook.raw.as_str());
            }
            Some(Outcome::AlreadyApplied { .. } | Outcome::Quarantined { .. }) => {}
            // Came while it was stopping: a reply to a message sent after the load. The next start would fold it.
            None => {}
            Some(Outcome::Refused(refusal)) => panic!("a webhook was refused: {refusal}"),
        }
    }
    assert!(recorded.len() > journaled.len() / 2, "most webhooks are new and lead to records");
}

async fn every_fact_was_seen(found: &Found, journaled: &[(&Journaled, &Webhook)]) {
    // What came while it was stopping is folded by the next start.
    let applied = |one: &Journaled| {
        matches!(one.outcome, Some(Outcome::Recorded { .. } | Outcome::AlreadyApplied { .. }))
    };
    let facts = journaled.iter().filter(|(one, _)| applied(one)).flat_map(|(_, webhook)| {
        webhook.facts.iter().map(|fact| format!("{}:{}", webhook.provider.as_str(), fact.key))
    });
    let keys: Vec<String> = facts.collect::<HashSet<_>>().into_iter().collect();
    let mut seen = HashSet::new();
    for some in keys.chunks(KEYS_AT_ONCE) {
        let needs = Needs { seen: some.to_vec(), ..Needs::default() };
        seen.extend(found.store.load(&needs).await.unwrap().seen.into_iter().map(|row| row.key));
    }
    let missing: Vec<&String> = keys.iter().filter(|key| !seen.contains(*key)).collect();
    assert!(missing.is_empty(), "facts that were told and never seen: {missing:?}");
}

/// However often a body came, what it says stands once.
fn no_body_led_to_the_same_twice(found: &Found, journaled: &[(&Journaled, &Webhook)]) {
    let bodies: HashMap<Uuid, &str> =
        journaled.iter().map(|(one, webhook)| (one.input.id, webhook.raw.as_str())).collect();
    let repeated = bodies.len() - bodies.values().collect::<HashSet<_>>().len();
    assert!(repeated > 0, "the load has repeats");
    let mut first: HashMap<(&str, &str, &str), Uuid> = HashMap::new();
    for record in &found.records {
        let Some(body) = bodies.get(&record.input) else { continue };
        let earlier = *first.entry((&record.stream, &record.kind, body)).or_insert(record.input);
        assert_eq!(earlier, record.input, "{} on {} was recorded twice", record.kind, record.stream);
    }
}
