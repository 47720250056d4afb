//! Our own calls with their labels: how many terms are found, and how many found are right.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The calls. `part` says when a call was written: `held` before the rules and never looked at while they were made;
/// the others before the rules met them, after which they were used to mend the rules.
const OWN: &str = include_str!("own.jsonl");
/// Sixty more, written from the description of the labels alone. The rules met them once, with F1 0.919, and were then
/// mended in what these calls showed.
const NEW: &str = include_str!("new.jsonl");
/// Forty more, written in the same way after that. The rules met them once, with F1 0.944 (by `score.py`), and were then
/// mended in general, not for single calls.
const SECOND: &str = include_str!("second.jsonl");
/// What must be reached over all fields, in thousandths of F1.
const OVERALL_FLOOR: u32 = 950;
/// What each field must reach, in thousandths of F1.
const FIELD_FLOOR: u32 = 850;

/// A call with its labels.
#[derive(Deserialize)]
pub struct Labelled {
    /// Its name.
    pub id: String,
    part: String,
    /// Dialogue, monologue or speech without punctuation.
    pub style: String,
    /// What it is about.
    pub contract_type: String,
    /// Its day.
    pub call_date: String,
    /// What was said.
    pub transcript: String,
    terms: BTreeMap<String, String>,
}

/// All of them.
pub fn own() -> Vec<Labelled> {
    OWN.lines()
        .chain(NEW.lines())
        .chain(SECOND.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Right, wrongly found, missed.
#[derive(Default, Clone, Copy)]
struct Counts(u32, u32, u32);

impl Counts {
    fn f1(self) -> u32 {
        let Counts(right, wrong, missed) = self;
        (2000 * right).checked_div(2 * right + wrong + missed).unwrap_or(1000)
    }
}

fn counts(calls: &[&Labelled], read: Read) -> (BTreeMap<String, Counts>, Vec<String>) {
    let mut fields: BTreeMap<String, Counts> = BTreeMap::new();
    let mut differences = Vec::new();
    for call in calls {
        let found = read(call);
        for (field, value) in &found {
            let right = call.terms.get(*field) == Some(value);
            let counts = fields.entry((*field).to_owned()).or_default();
            counts.0 += u32::from(right);
            counts.1 += u32::from(!right);
        }
        for (field, value) in &call.terms {
            if found.get(field.as_str()) != Some(value) {
                fields.entry(field.clone()).or_default().2 += 1;
                differences.push(format!(
                    "{} {field}: {value}, read {:?}",
                    call.id,
                    found.get(field.as_str())
                ));
            }
        }
    }
    (fields, differences)
}

/// A reader of calls.
type Read = fn(&Labelled) -> BTreeMap<&'static str, String>;

fn ours(call: &Labelled) -> BTreeMap<&'static str, String> {
    super::read(&call.transcript, &call.contract_type, &call.call_date)
}

fn theirs(call: &Labelled) -> BTreeMap<&'static str, String> {
    super::baseline::read(&call.transcript)
}

/// F1 over all fields, in thousandths.
fn overall(calls: &[&Labelled], read: Read) -> u32 {
    let (fields, _) = counts(calls, read);
    fields.values().fold(Counts::default(), |a, b| Counts(a.0 + b.0, a.1 + b.1, a.2 + b.2)).f1()
}

#[test]
#[allow(clippy::print_stdout)]
fn patterns_alone_read_a_fifth_of_it() {
    let own = own();
    for part in ["", "new", "second"] {
        let calls: Vec<&Labelled> = match part {
            "" => own.iter().filter(|call| !["new", "second"].contains(&call.part.as_str())).collect(),
            part => own.iter().filter(|call| call.part == part).collect(),
        };
        let (ours, theirs) = (overall(&calls, ours), overall(&calls, theirs));
        println!("{} calls {part}: ours {ours}, patterns {theirs}, of 1000", calls.len());
        // Not better than the original, which a hand-run measured at 0.17 to 0.19, nor a scarecrow.
        assert!((100..=300).contains(&theirs), "{part}: {theirs}");
        assert!(ours > 900, "{part}: {ours}");
    }
}

fn check(parts: &[&str]) {
    let own = own();
    let calls: Vec<&Labelled> = own.iter().filter(|c| parts.contains(&c.part.as_str())).collect();
    let (fields, differences) = counts(&calls, ours);
    let all = fields.values().fold(Counts::default(), |a, b| Counts(a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let differences = differences.join("\n  ");
    assert!(all.0 > 100, "there must be something to measure");
    assert!(all.f1() >= OVERALL_FLOOR, "F1 {} of 1000\n  {differences}", all.f1());
    for (field, counts) in fields {
        // One error among very few labels says nothing about a field.
        let enough = counts.0 + counts.2 >= 5;
        assert!(!enough || counts.f1() >= FIELD_FLOOR, "{field}: F1 {}\n  {differences}", counts.f1());
    }
}

#[test]
fn calls_that_the_rules_were_made_with() {
    check(&["tuned", "late", "fresh", "last", "end", "new"]);
}

#[test]
fn calls_that_were_held_back() {
    check(&["held"]);
}

#[test]
fn calls_that_were_written_last() {
    check(&["second"]);
}

#[test]
fn no_deal_leaves_nothing() {
    let own = own();
    let mut none = own.iter().filter(|c| c.terms.is_empty()).peekable();
    assert!(none.peek().is_some());
    for call in none {
        let found = super::read(&call.transcript, &call.contract_type, &call.call_date);
        assert_eq!(found, BTreeMap::new(), "{}", call.id);
    }
}
