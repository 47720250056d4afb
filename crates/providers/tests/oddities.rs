//! The 25 oddities that an adapter must survive, one test each, by the number they have in docs/reference/providers.md.
//!
//! Each is told by bodies under `fixtures`. Where the oddity is about what becomes of a call, the facts are folded as the
//! service folds them.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "oddities/desk.rs"]
mod desk;
#[path = "oddities/form.rs"]
mod form;
#[path = "oddities/order.rs"]
mod order;
#[path = "oddities/recordings.rs"]
mod recordings;
#[path = "oddities/words.rs"]
mod words;

use std::collections::BTreeMap;
use std::path::Path;

const ODDITIES: usize = 25;
const SOURCES: [&str; 4] = [
    include_str!("oddities/form.rs"),
    include_str!("oddities/order.rs"),
    include_str!("oddities/recordings.rs"),
    include_str!("oddities/words.rs"),
];

/// Each test by its number: its name and its text.
fn tests() -> BTreeMap<usize, (&'static str, &'static str)> {
    let mut found = BTreeMap::new();
    for text in SOURCES.iter().flat_map(|source| source.split("#[test]\n").skip(1)) {
        let (name, body) = text.trim_start().strip_prefix("fn ").unwrap().split_once('(').unwrap();
        let number = name.strip_prefix("oddity_").unwrap()[..2].parse().unwrap();
        assert!(found.insert(number, (name, body)).is_none(), "{name} is there twice");
    }
    found
}

/// The table of the reference names the test of each oddity, and each test reads bodies that are there.
#[test]
fn every_oddity_has_its_test_with_a_fixture_and_stands_in_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reference = std::fs::read_to_string(root.join("../../docs/reference/providers.md")).unwrap();
    let tests = tests();
    assert_eq!(tests.keys().copied().collect::<Vec<_>>(), (1..=ODDITIES).collect::<Vec<_>>());
    for (number, (name, body)) in tests {
        let row = reference.lines().find(|line| line.starts_with(&format!("| {number} | ")));
        let row = row.unwrap_or_else(|| panic!("oddity {number} is not in the reference"));
        assert!(row.contains(&format!("`{name}`")), "{row} does not name {name}");
        let is_there = |path: &str| path.contains('/') && root.join("tests/fixtures").join(path).is_file();
        let quoted: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
        let forms = || quoted.iter().filter(|text| text.contains("{name}")).chain(&FORMS);
        let is_read =
            |word: &&str| is_there(word) || forms().any(|form| is_there(&form.replace("{name}", word)));
        let mut constants = constants().filter(|(constant, _)| body.contains(constant));
        assert!(
            quoted.iter().any(is_read) || constants.any(|(_, path)| is_there(path)),
            "{name} reads no fixture"
        );
    }
}

/// How tests shorten the names of fixtures.
const FORMS: [&str; 2] = ["africastalking/voice_{name}.form", "africastalking/ussd_{name}.form"];

/// Fixtures that have a name in the tests.
fn constants() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = SOURCES.iter().flat_map(|source| source.lines());
    lines.filter_map(|line| line.strip_prefix("const ")?.strip_suffix("\";")?.split_once(": &str = \""))
}
