//! Names of files, and text that may stand in none of them.

use super::rule;
use super::source::{File, files, line_of};

#[test]
fn names_say_what_is_inside() {
    let empty = ["mod", "util", "utils", "common", "helper", "helpers", "misc"];
    let nameless = |path: &str| {
        let mut parts = path.split('/');
        let stem = parts.next_back().unwrap_or_default().split('.').next().unwrap_or_default();
        empty.contains(&stem) || parts.any(|folder| empty.contains(&folder))
    };
    assert!(
        nameless("crates/a/src/b/mod.rs")
            && nameless("crates/a/src/utils/b.rs")
            && !nameless("crates/a/src/model.rs")
    );
    let broken = files().iter().filter(|file| file.is_rust() && nameless(&file.path));
    rule(
        "a file is a noun. What has no better name than `utils` belongs to several nouns; what is called `mod.rs` is \
         called like all the others.",
        broken.map(|file| file.path.clone()).collect(),
    );
}

/// Written in two parts, so that this file does not hold what it looks for.
const FOREIGN: [(&str, &str); 9] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/tm", "p/"),
    (".libr", "ary/"),
    ("artif", "actory"),
    ("index.cr", "ates.io"),
    ("registry.np", "mjs"),
    ("files.python", "hosted"),
];

/// Places of machines and hosts in a text. `/var/tmp/` is no machine's own.
fn foreign(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (one, two) in FOREIGN {
        let needle = format!("{one}{two}");
        for (at, _) in file.text.match_indices(&needle) {
            let goes_on = file.text[..at].ends_with(|c: char| c.is_alphanumeric() || ".-_}*".contains(c));
            if !(needle.starts_with('/') && goes_on) {
                found.push(format!("{}:{}: {needle}", file.path, line_of(&file.text, at)));
            }
        }
    }
    found
}

#[test]
fn no_machine_of_ours_is_named() {
    let sample = format!("cp {}{}x a/tm{} https://a.example/wo{}b", "/wo", "rk/", "p/", "rk/");
    let seen = foreign(&File { path: "a".to_owned(), text: sample });
    assert_eq!(seen.len(), 1, "{seen:?}");
    rule(
        "what names a folder or a host of one machine works on that machine only. Use a path from the root of the \
         repository, mktemp, and the ordinary clients of registries.",
        files().iter().flat_map(foreign).collect(),
    );
}

#[test]
fn the_map_names_every_crate() {
    // Until somebody draws the map there is nothing to compare.
    let Some(map) = files().iter().find(|file| file.path == "docs/ARCHITECTURE.md") else { return };
    let manifests = files().iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let names =
        manifests.filter_map(File::crate_name).filter(|name| !map.text.contains(&format!("`{name}`")));
    rule(
        "docs/ARCHITECTURE.md is where somebody new looks first; a crate it does not name is found last.",
        names.map(|name| format!("docs/ARCHITECTURE.md does not name `{name}`")).collect(),
    );
}

#[test]
fn lines_end_alike() {
    let broken = files().iter().filter(|file| file.path.ends_with(".sql") || file.is_rust());
    rule(
        "migrations are hashed: a carriage return would make the same migration another one.",
        broken.filter(|file| file.text.contains('\r')).map(|file| file.path.clone()).collect(),
    );
}
