//! Long files and long functions: those there are stand in `ratchet.txt`, which may only shrink.

use std::collections::{BTreeMap, BTreeSet};

use super::rule;
use super::source::{code, files, functions};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 80;

/// What is too long, by name: a path, or a path and a function.
fn too_long() -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            found.insert(file.path.clone(), lines);
        }
        for (name, lines) in functions(&code(&file.text)) {
            if lines > FUNCTION_LINES_MAX {
                let longest = found.entry(format!("{} {name}", file.path)).or_default();
                *longest = lines.max(*longest);
            }
        }
    }
    found
}

fn compare(list: &str, actual: &BTreeMap<String, usize>) -> Vec<String> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let allowed: BTreeMap<&str, usize> =
        lines.map(|line| line.split_once(' ').map(|(n, name)| (name, n.parse().unwrap())).unwrap()).collect();
    let names: BTreeSet<&str> = allowed.keys().copied().chain(actual.keys().map(String::as_str)).collect();
    let compare_one = |name: &str| match (allowed.get(name), actual.get(name)) {
        (Some(most), Some(lines)) if lines > most => {
            Some(format!("{name} has grown from {most} to {lines} lines"))
        }
        (Some(_), Some(_)) => None,
        (Some(_), None) => Some(format!("{name} is short enough now: delete its line from ratchet.txt")),
        (None, lines) => Some(format!("{name} has {} lines", lines.unwrap())),
    };
    names.into_iter().filter_map(compare_one).collect()
}

#[test]
fn what_is_too_long_only_gets_shorter() {
    let sample = BTreeMap::from([("a".to_owned(), 600), ("b".to_owned(), 600), ("d".to_owned(), 501)]);
    assert_eq!(
        compare("# why\n600 a\n599 b\n501 c\n", &sample),
        [
            "b has grown from 599 to 600 lines",
            "c is short enough now: delete its line from ratchet.txt",
            "d has 501 lines"
        ],
    );
    rule(
        "a file of more than 500 lines holds two nouns, a function of more than 80 holds two thoughts. The old ones \
         in crates/it/tests/tidy/ratchet.txt are to be split, new ones to be written short.",
        compare(include_str!("ratchet.txt"), &too_long()),
    );
}
