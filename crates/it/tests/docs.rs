//! The reference names what there is: every type of record, every route, every setting. A plain search of texts.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join("docs").join(path)).unwrap_or_else(|error| panic!("docs/{path}: {error}"))
}

/// The product code of a folder: without what stands behind the first test module of a file.
fn code(folder: &str) -> String {
    fn read(path: &Path, into: &mut String) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| read(&entry.unwrap().path(), into));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            into.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
    let mut text = String::new();
    read(&root().join(folder), &mut text);
    text
}

/// What stands between `before` and the next quote.
fn quoted(text: &str, before: &str) -> BTreeSet<String> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|part| part.split_once('"')).map(|(inside, _)| inside.to_owned()).collect()
}

fn routes() -> BTreeSet<String> {
    let text: String = code("crates/http/src").split_whitespace().collect();
    quoted(&text, ".route(\"")
}

#[track_caller]
fn check(named: &BTreeSet<String>, least: usize, page: &str, spelled: impl Fn(&str) -> Vec<String>) {
    assert!(named.len() >= least, "only {} found in the code: the search is broken", named.len());
    let missing: Vec<&String> =
        named.iter().filter(|name| !spelled(name).iter().any(|text| page.contains(text))).collect();
    assert!(missing.is_empty(), "not documented: {missing:?}");
}

#[test]
fn every_type_of_record_is_documented() {
    let code = code("crates/contract/src/event.rs");
    let types = quoted(&code, "#[serde(rename = \"");
    check(&types, 30, &page("reference/records.md"), |name| vec![format!("`{name}`")]);
}

#[test]
fn every_route_is_documented() {
    let page = page("reference/http.md");
    // In backquotes, behind a method or alone.
    check(&routes(), 40, &page, |path| vec![format!(" {path}`"), format!("`{path}`"), format!(" {path}?")]);
}

/// The other way round, so that what goes away goes from the page too.
#[test]
fn every_documented_route_is_there() {
    let (page, routes) = (page("reference/http.md"), routes());
    let mut seen = 0;
    for method in ["`GET ", "`POST ", "`PUT ", "`DELETE "] {
        for part in page.split(method).skip(1) {
            let path = part.split(['`', '?', ' ']).next().unwrap_or_default();
            assert!(routes.contains(path), "docs/reference/http.md names {path}, which is no route");
            seen += 1;
        }
    }
    assert!(seen >= 40, "only {seen} found in the page: the search is broken");
}

#[test]
fn every_setting_is_documented() {
    let variables = quoted(&code("crates/cli/src"), "env = \"");
    assert!(variables.iter().all(|name| name.starts_with("AHADI_")), "{variables:?}");
    check(&variables, 25, &page("operating/settings.md"), |name| vec![format!("`{name}`")]);
}

/// The examples of call scripts are files as they would be configured.
#[test]
fn every_example_of_a_call_script_is_read() {
    let page = page("reference/scripts.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 3, "only {} found in the page: the search is broken", examples.len());
    for example in examples {
        let book =
            providers::script::Book::read(example).unwrap_or_else(|error| panic!("{error} in\n{example}"));
        assert!(!book.is_empty());
    }
}
