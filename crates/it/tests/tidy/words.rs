//! Words that may not stand in source.

use super::rule;
use super::source::{File, code, files, find_word, has_word, line_of, product, product_code};

/// Where these words stand in source.
fn places<'a>(file: &File, code: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found = Vec::new();
    for word in words {
        let mut from = 0;
        while let Some(at) = find_word(code, word, from) {
            found.push(format!("{}:{}: {word}", file.path, line_of(code, at)));
            from = at + word.len();
        }
    }
    found
}

#[test]
fn nothing_is_left_unfinished() {
    let rust = files().iter().filter(|file| file.is_rust());
    let found = rust.flat_map(|file| {
        let code = code(&file.text);
        let mut found = places(file, &code, ["todo!", "unimplemented!", "dbg!"]);
        let ignored = code.match_indices("#[ignore");
        found.extend(ignored.map(|(at, _)| format!("{}:{}: #[ignore]", file.path, line_of(&code, at))));
        found
    });
    rule(
        "what is committed works. A test that is left out proves nothing and is soon forgotten: assert what is true \
         today, or delete it.",
        found.collect(),
    );
}

#[test]
fn product_code_does_not_unwrap() {
    let found = product().flat_map(|file| {
        let code = product_code(&file.text);
        let unwraps = code.match_indices(".unwrap()").map(|(at, _)| at);
        unwraps.map(|at| format!("{}:{}", file.path, line_of(&code, at))).collect::<Vec<_>>()
    });
    rule(
        "a panic in the one writer stops the ledger. Return an error, or say with expect(\"reason\") why it cannot be.",
        found.collect(),
    );
}

#[test]
fn no_crate_may_be_unsafe() {
    let manifest = |file: &File| file.path.ends_with("Cargo.toml");
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| manifest(file)) {
        let inherits = file.text.contains("[lints]\nworkspace = true");
        let good = match file.path.as_str() {
            "Cargo.toml" => file.text.contains("unsafe_code = \"forbid\""),
            // No member of the workspace: its targets are macros of somebody else.
            "crates/fuzz/Cargo.toml" => true,
            _ => inherits,
        };
        if !good {
            broken.push(format!(
                "{} does not take its lints from the workspace, which forbids unsafe",
                file.path
            ));
        }
    }
    for file in files().iter().filter(|file| file.is_rust()) {
        broken.extend(places(file, &code(&file.text), ["unsafe"]));
    }
    rule("who audits evidence should not have to audit memory.", broken);
}

#[test]
fn only_the_writer_can_sign() {
    // Tests and the programs of operators make keys as well.
    let may_sign = ["ledger", "projector", "cli", "it"];
    let others = product().filter(|file| !may_sign.contains(&file.crate_name().unwrap_or_default()));
    let broken =
        others.flat_map(|file| places(file, &product_code(&file.text), ["RecordKey", "RootKey", "LogKey"]));
    rule(
        "a signature means that the projector put the record into the log. Code that never sees a key cannot sign.",
        broken.collect(),
    );
}

#[test]
fn requests_cannot_write_the_store() {
    // `use store::Store`, `store::{Reader, Store}`, `store::Store::open`.
    let reaches = |code: &str| {
        code.match_indices("store::").any(|(at, name)| {
            let named = &code[at + name.len()..];
            match named.strip_prefix('{') {
                Some(list) => has_word(&list[..list.find('}').unwrap_or(list.len())], "Store"),
                None => find_word(named, "Store", 0) == Some(0),
            }
        })
    };
    assert!(reaches("use store::{Keys, Store};") && reaches("store::Store::open()"));
    assert!(!reaches("use store::{Keys, Reader}; blob::Store"));
    let front = product().filter(|file| ["http", "effects"].contains(&file.crate_name().unwrap_or_default()));
    let broken = front.filter(|file| reaches(&product_code(&file.text))).map(|file| file.path.clone());
    rule(
        "handlers get store::Reader, effects too: whatever a request does to them, the ledger is written by the \
         projector alone.",
        broken.collect(),
    );
}

#[test]
fn pure_crates_do_no_input_or_output() {
    let reaches =
        ["std::fs", "std::net", "std::process", "std::env", "std::thread", "std::io::stdin", "SystemTime"];
    let pure = product()
        .filter(|file| ["ledger", "contract", "providers"].contains(&file.crate_name().unwrap_or_default()));
    let broken = pure.flat_map(|file| places(file, &product_code(&file.text), reaches));
    rule(
        "folding the same inputs again has to give the same bytes, on any machine: time, bytes and randomness come in \
         as arguments.",
        broken.collect(),
    );
}
