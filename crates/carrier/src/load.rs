//! An endless stream of callbacks for load tests.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;

use crate::africastalking::callback::{delivery_report, incoming};
use crate::africastalking::leg::LegPlan;
use crate::config::Config;
use crate::faults::Faults;
use crate::message::{Report, Sms};
use crate::plan::{Draft, Planned, UrlKind};
use crate::random::{generator, hex_id};
use crate::script::Outcome;
use crate::server::drawn_clock;

/// Sessions in progress at any time, whose callbacks are mixed.
const SESSIONS: usize = 64;
/// Percent of sessions that are messages rather than calls.
const MESSAGE_PERCENT: u8 = 25;
/// Percent of callbacks that come twice.
const DUPLICATE_PERCENT: u8 = 5;
/// Percent of optional fields missing.
const MISSING_PERCENT: u8 = 2;

/// One callback of a load.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Which of the service's URLs it goes to.
    pub path_kind: UrlKind,
    /// The form, encoded.
    pub body: String,
}

/// An endless, realistic mix of Africa's Talking callbacks: many calls at once, some of them unanswered, messages and
/// delivery reports between them, a few copies and missing fields. Each call and message has an id of its own, all
/// phones are invented, recordings point to a host that does not exist. Equal seeds give equal streams.
pub fn webhooks(seed: u64) -> impl Iterator<Item = Webhook> + Send {
    let mut load = Load {
        seed,
        number: Config::default().number,
        clock_seconds: Config::default().clock_seconds,
        dice: generator(seed, "load", "", 0),
        sessions: Vec::new(),
        count: 0,
    };
    std::iter::from_fn(move || Some(load.next_webhook()))
}

struct Load {
    seed: u64,
    number: String,
    clock_seconds: i64,
    dice: ChaCha8Rng,
    /// What is left to send of each session, in reverse.
    sessions: Vec<Vec<Planned>>,
    count: u32,
}

impl Load {
    fn next_webhook(&mut self) -> Webhook {
        while self.sessions.len() < SESSIONS {
            let mut plan = self.new_session();
            plan.reverse();
            self.sessions.push(plan);
        }
        let chosen = self.dice.random_range(0..self.sessions.len());
        let next = self.sessions[chosen].pop().expect("sessions without callbacks are never kept");
        if self.sessions[chosen].is_empty() {
            self.sessions.swap_remove(chosen);
        }
        Webhook { path_kind: next.url_kind, body: next.body }
    }

    fn new_session(&mut self) -> Vec<Planned> {
        let count = self.count;
        self.count = self.count.wrapping_add(1);
        let phone = format!("+2547000000{:02}", self.dice.random_range(1..100));
        let id = hex_id(self.seed, "load.session", &phone, count);
        let drafts = if self.dice.random_range(0..100) < MESSAGE_PERCENT {
            self.messages(&id, &phone)
        } else {
            self.call(&id, &phone)
        };
        let faults = Faults {
            duplicate_percent: DUPLICATE_PERCENT,
            duplicates_max: 3,
            missing_field_percent: MISSING_PERCENT,
            reorder_window: usize::from(self.dice.random_ratio(1, 10)),
            ..Faults::default()
        };
        faults.apply(self.seed, &id, drafts)
    }

    fn call(&mut self, id: &str, phone: &str) -> Vec<Draft> {
        let outcomes = [
            (Outcome::Answers { after_seconds: 5 }, 8),
            (Outcome::NoAnswer, 2),
            (Outcome::Busy, 1),
            (Outcome::Rejects, 1),
            (Outcome::Unreachable, 1),
        ];
        let (outcome, _) = outcomes
            .choose_weighted(&mut self.dice, |(_, weight)| *weight)
            .expect("the table is not empty and its weights are positive");
        let outbound = self.dice.random_ratio(4, 5) || !matches!(outcome, Outcome::Answers { .. });
        let recorded = self.dice.random_ratio(1, 3);
        LegPlan {
            seed: self.seed,
            session_id: &format!("ATVId_{id}"),
            phone,
            number: &self.number,
            outbound,
            client_request_id: outbound.then_some(id),
            clock_seconds: self.clock_seconds + drawn_clock(self.seed, id),
            outcome: *outcome,
            talk_seconds: self.dice.random_range(0..900),
            recording_url: recorded.then(|| format!("http://recordings.invalid/{id}.mp3")),
            final_to_instruct: true,
        }
        .drafts()
    }

    fn messages(&mut self, id: &str, phone: &str) -> Vec<Draft> {
        let draft = |due_ms, url_kind, fields| Draft::form(due_ms, url_kind, id, fields);
        let sms = Sms {
            to: phone.to_owned(),
            from: self.number.clone(),
            text: String::new(),
            at_order: 0,
            message_id: format!("ATXid_{id}"),
        };
        let report = if self.dice.random_ratio(1, 20) { Report::Failed(None) } else { Report::Delivered };
        let report = delivery_report(&sms, &report, &mut self.dice);
        let words = ["YES", "NDIO", "NO", "HAPANA", "yes", "Ndio"];
        let text = format!(
            "{} {:04}",
            words[self.dice.random_range(0..words.len())],
            self.dice.random_range(0..10_000)
        );
        let clock_seconds = self.clock_seconds + drawn_clock(self.seed, id);
        let reply =
            incoming(&format!("ATUid_{id}"), phone, &self.number, &text, clock_seconds, &mut self.dice);
        let report = report.map(|fields| draft(900, UrlKind::SmsDelivery, fields));
        report.into_iter().chain([draft(3_000, UrlKind::SmsIncoming, reply)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn the_stream_repeats_for_a_seed_and_mixes_everything() {
        let first: Vec<Webhook> = webhooks(3).take(5_000).collect();
        assert!(first == webhooks(3).take(5_000).collect::<Vec<_>>());
        assert!(first != webhooks(4).take(5_000).collect::<Vec<_>>());
        let mut kinds: BTreeMap<UrlKind, usize> = BTreeMap::new();
        let mut sessions = BTreeSet::new();
        for webhook in &first {
            *kinds.entry(webhook.path_kind).or_default() += 1;
            let fields: BTreeMap<String, String> =
                form_urlencoded::parse(webhook.body.as_bytes()).into_owned().collect();
            sessions.extend(fields.get("sessionId").cloned());
            let phone = ["callerNumber", "from", "phoneNumber"].iter().find_map(|name| fields.get(*name));
            assert!(phone.is_some_and(|phone| phone.starts_with("+2547000000")), "an invented phone");
        }
        assert_eq!(kinds.len(), 4);
        assert!(kinds.values().all(|count| *count > 100), "{kinds:?}");
        assert!(sessions.len() > 500, "{}", sessions.len());
    }
}
