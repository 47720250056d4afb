//! Faults of delivery, drawn from the seed.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use serde_json::Value;

use crate::plan::{Content, Draft, Planned};
use crate::random::generator;

/// Callback fields that real callbacks lack now and then. The ids, the phones, `isActive`, the text of a message and
/// the recording's URL are never dropped: without them a callback says nothing.
pub const DROPPABLE_FIELDS: [&str; 25] = [
    "callSessionState",
    "hangupCause",
    "callStartTime",
    "callerCarrierName",
    "callerCountryCode",
    "currencyCode",
    "amount",
    "direction",
    "durationInSeconds",
    "status",
    "networkCode",
    "linkId",
    // TryVox.
    "account_id",
    "call_status",
    "price",
    "price_unit",
    "start_time",
    "timestamp",
    "recording_duration",
    // MiniVoice.
    "customer_id",
    "application_id",
    "provider_call_id",
    "route_mode",
    "routing_target",
    "variables",
];

/// Copies are sent this long after the original, at most, in milliseconds.
const DUPLICATE_SPREAD_MS: u64 = 2_000;

/// What goes wrong with callbacks, in percent of callbacks. The default is a carrier without faults. Each kind of
/// fault is drawn on its own, so switching one on does not move the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Callbacks that are sent again, after others.
    pub duplicate_percent: u8,
    /// How many extra copies such a callback gets, at most; 0 counts as 1.
    pub duplicates_max: u8,
    /// Callbacks that are sent twice at the same moment.
    pub concurrent_percent: u8,
    /// How many places a callback may fall behind within its call; 0 keeps the order.
    pub reorder_window: usize,
    /// Callbacks that come late.
    pub delay_percent: u8,
    /// How late, at most, in milliseconds of the story.
    pub delay_ms_max: u64,
    /// Chance of each droppable field to be missing from a callback.
    pub missing_field_percent: u8,
    /// Callbacks that are never sent.
    pub never_sent_percent: u8,
    /// Callbacks that tell that a call is over and are never sent.
    pub lost_end_percent: u8,
    /// Callbacks whose body comes in two pieces.
    pub slow_percent: u8,
    /// How long the sender pauses between the two, at most, in real milliseconds.
    pub slow_ms_max: u64,
    /// Whether the first callback of a call arrives before the answer to the request that placed it.
    pub callback_before_answer: bool,
}

impl Faults {
    /// Bad days as they are known from production logs: copies, disorder, delay and missing fields; nothing is lost.
    #[must_use]
    pub fn rough() -> Self {
        Faults {
            duplicate_percent: 40,
            duplicates_max: 5,
            concurrent_percent: 15,
            reorder_window: 3,
            delay_percent: 20,
            delay_ms_max: 60_000,
            missing_field_percent: 10,
            never_sent_percent: 0,
            lost_end_percent: 0,
            slow_percent: 10,
            slow_ms_max: 100,
            callback_before_answer: true,
        }
    }

    /// Whether callbacks may be told in another order than they happened.
    pub(crate) fn mixes(&self) -> bool {
        self.reorder_window > 0 || self.delay_percent > 0
    }

    /// The deliveries that really happen for `drafts`, in the order of sending. Pure: equal arguments give equal
    /// plans.
    pub(crate) fn apply(&self, seed: u64, subject: &str, mut drafts: Vec<Draft>) -> Vec<Planned> {
        drafts.sort_by_key(|draft| draft.due_ms);
        let mut dice = Dice::new(seed, subject);
        let mut plan = Vec::new();
        for draft in drafts {
            let lost = percent(&mut dice.lost, self.never_sent_percent)
                | (percent(&mut dice.lost_end, self.lost_end_percent) && draft.ends);
            let copies = self.copies(&mut dice);
            let twice = percent(&mut dice.concurrent, self.concurrent_percent);
            let late = self.lateness_ms(&mut dice);
            let slow = self.slowness_ms(&mut dice);
            let draft = self.without_fields(&mut dice, draft);
            if lost {
                continue;
            }
            let planned = draft.encode(u8::from(twice) + 1, late, slow);
            for offset in copies {
                plan.push(Planned { due_ms: planned.due_ms + offset, at_once: 1, ..planned.clone() });
            }
            plan.push(planned);
        }
        plan.sort_by_key(|planned| planned.due_ms);
        self.reorder(&mut dice, plan)
    }

    fn copies(&self, dice: &mut Dice) -> Vec<u64> {
        let wanted = percent(&mut dice.duplicate, self.duplicate_percent);
        let count = dice.duplicate.random_range(1..=self.duplicates_max.max(1));
        let offsets = (0..count).map(|_| dice.duplicate.random_range(1..=DUPLICATE_SPREAD_MS)).collect();
        if wanted { offsets } else { Vec::new() }
    }

    fn lateness_ms(&self, dice: &mut Dice) -> u64 {
        let late = percent(&mut dice.delay, self.delay_percent);
        let by = dice.delay.random_range(0..=self.delay_ms_max);
        if late { by } else { 0 }
    }

    fn slowness_ms(&self, dice: &mut Dice) -> u64 {
        let slow = percent(&mut dice.slow, self.slow_percent);
        let by = dice.slow.random_range(0..=self.slow_ms_max);
        if slow { by } else { 0 }
    }

    fn without_fields(&self, dice: &mut Dice, mut draft: Draft) -> Draft {
        let mut stays = |name: &str| {
            !DROPPABLE_FIELDS.contains(&name) || !percent(&mut dice.missing, self.missing_field_percent)
        };
        match &mut draft.content {
            Content::Form(fields) => fields.retain(|(name, _)| stays(name)),
            Content::Json(body) => thin(body, &mut stays),
        }
        draft
    }

    /// Lets callbacks change places and keeps the moments of sending as they were.
    fn reorder(&self, dice: &mut Dice, plan: Vec<Planned>) -> Vec<Planned> {
        let moments: Vec<u64> = plan.iter().map(|planned| planned.due_ms).collect();
        let mut placed: Vec<(usize, Planned)> = plan
            .into_iter()
            .enumerate()
            .map(|(index, planned)| (index + dice.reorder.random_range(0..=self.reorder_window), planned))
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().zip(moments).map(|((_, planned), due_ms)| Planned { due_ms, ..planned }).collect()
    }
}

/// Takes members from an object and from the objects in it.
fn thin(value: &mut Value, stays: &mut impl FnMut(&str) -> bool) {
    let Value::Object(members) = value else { return };
    members.retain(|name, _| stays(name));
    members.values_mut().for_each(|member| thin(member, stays));
}

/// One generator per kind of fault.
struct Dice {
    duplicate: ChaCha8Rng,
    concurrent: ChaCha8Rng,
    reorder: ChaCha8Rng,
    delay: ChaCha8Rng,
    missing: ChaCha8Rng,
    lost: ChaCha8Rng,
    lost_end: ChaCha8Rng,
    slow: ChaCha8Rng,
}

impl Dice {
    fn new(seed: u64, subject: &str) -> Self {
        let dice = |purpose| generator(seed, purpose, subject, 0);
        Dice {
            duplicate: dice("fault.duplicate"),
            concurrent: dice("fault.concurrent"),
            reorder: dice("fault.reorder"),
            delay: dice("fault.delay"),
            missing: dice("fault.missing"),
            lost: dice("fault.lost"),
            lost_end: dice("fault.lost_end"),
            slow: dice("fault.slow"),
        }
    }
}

/// Draws once, so that the percentage does not change how many values are used.
fn percent(dice: &mut ChaCha8Rng, chance: u8) -> bool {
    dice.random_range(0..100) < chance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::UrlKind;
    use serde_json::json;

    fn drafts(count: u64) -> Vec<Draft> {
        (0..count)
            .map(|n| {
                let fields = vec![("sessionId", n.to_string()), ("callSessionState", "Ringing".to_owned())];
                Draft::form(n * 100, UrlKind::VoiceEvents, "ATVId_1", fields)
            })
            .collect()
    }

    fn bodies(faults: &Faults) -> Vec<String> {
        faults.apply(7, "call", drafts(200)).into_iter().map(|planned| planned.body).collect()
    }

    #[test]
    fn no_faults_change_nothing() {
        let plan = Faults::default().apply(7, "call", drafts(200));
        assert_eq!(plan.len(), 200);
        assert!(plan.iter().enumerate().all(|(n, planned)| {
            planned.due_ms == n as u64 * 100
                && planned.at_once == 1
                && planned.body == format!("sessionId={n}&callSessionState=Ringing")
        }));
    }

    #[test]
    fn each_fault_does_what_it_says() {
        let none = bodies(&Faults::default());
        let twice = bodies(&Faults { duplicate_percent: 100, duplicates_max: 1, ..Faults::default() });
        assert_eq!(twice.len(), 2 * none.len());
        let lost = bodies(&Faults { never_sent_percent: 50, ..Faults::default() });
        assert!(lost.len() > 50 && lost.len() < 150, "{}", lost.len());
        assert!(bodies(&Faults { never_sent_percent: 100, ..Faults::default() }).is_empty());
        let bare = bodies(&Faults { missing_field_percent: 100, ..Faults::default() });
        assert!(bare.iter().all(|body| !body.contains("callSessionState") && body.contains("sessionId")));
        let ends = |n: u64| Draft { ends: n % 2 == 1, ..drafts(n + 1).pop().expect("one draft at least") };
        let endless = Faults { lost_end_percent: 100, ..Faults::default() };
        assert_eq!(endless.apply(7, "call", (0..10).map(ends).collect()).len(), 5);
        let slow = Faults { slow_percent: 100, slow_ms_max: 9, ..Faults::default() };
        assert!(slow.apply(7, "call", drafts(20)).iter().any(|planned| planned.slow_ms > 0));
        let told = json!({ "call": { "id": "c", "customer_id": "x" }, "variables": {} });
        let draft = Draft::event(0, "c", "http://service.test", told);
        let thinned = Faults { missing_field_percent: 100, ..Faults::default() }.apply(7, "c", vec![draft]);
        assert_eq!(thinned[0].body, r#"{"call":{"id":"c"}}"#);
        let together = Faults { concurrent_percent: 100, ..Faults::default() }.apply(7, "call", drafts(3));
        assert!(together.iter().all(|planned| planned.at_once == 2));
    }

    #[test]
    fn disorder_stays_within_its_window_and_loses_nothing() {
        let none = bodies(&Faults::default());
        let mixed = bodies(&Faults { reorder_window: 3, ..Faults::default() });
        assert_ne!(mixed, none);
        for (place, body) in mixed.iter().enumerate() {
            let home = none.iter().position(|other| other == body).expect("every callback is still there");
            assert!(place.abs_diff(home) <= 3, "{home} moved to {place}");
        }
        let late = bodies(&Faults { delay_percent: 30, delay_ms_max: 5_000, ..Faults::default() });
        assert_ne!(late, none);
        let sorted = |mut bodies: Vec<String>| {
            bodies.sort();
            bodies
        };
        assert_eq!(sorted(late), sorted(none.clone()));
        assert_eq!(sorted(mixed), sorted(none));
    }

    #[test]
    fn one_fault_does_not_move_another() {
        let lost = Faults { never_sent_percent: 30, ..Faults::default() };
        let lost_and_doubled = Faults { duplicate_percent: 50, duplicates_max: 4, ..lost.clone() };
        let mut distinct = bodies(&lost_and_doubled);
        distinct.sort();
        distinct.dedup();
        let mut expected = bodies(&lost);
        expected.sort();
        assert_eq!(distinct, expected);
    }
}
