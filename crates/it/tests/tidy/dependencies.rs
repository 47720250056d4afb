//! Who may use whom, among our own crates and of others.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::rule;
use super::source::{files, root};

/// Each package and those of ours it may use, in the order of the pipeline: arrows point up this table only.
const ARROWS: [(&str, &[&str]); 11] = [
    ("ledger", &[]),
    ("contract", &["ledger"]),
    ("providers", &["contract", "ledger"]),
    ("journal", &[]),
    ("store", &["ledger"]),
    ("projector", &["contract", "journal", "ledger", "providers", "store"]),
    ("effects", &["contract", "journal", "ledger", "providers", "store"]),
    // `effects` for the door every input comes in by, and for dialling.
    ("http-surface", &["contract", "effects", "journal", "ledger", "providers", "store"]),
    ("carrier", &["providers"]),
    // `carrier` for the demo.
    (
        "cli",
        &[
            "carrier",
            "contract",
            "effects",
            "http-surface",
            "journal",
            "ledger",
            "projector",
            "providers",
            "store",
        ],
    ),
    (
        "it",
        &[
            "carrier",
            "cli",
            "contract",
            "effects",
            "http-surface",
            "journal",
            "ledger",
            "projector",
            "providers",
            "store",
        ],
    ),
];

/// What the tests of a package may use on top.
const ARROWS_OF_TESTS: [(&str, &[&str]); 2] = [
    // The other end of the line, and the one who folds what effects report.
    ("effects", &["carrier", "projector"]),
    ("http-surface", &["carrier", "projector"]),
];

/// Packages of others that only these of ours may use, but for tests.
const CONFINED: [(&str, &[&str]); 8] = [
    // `cli` to show on a copy what happens to a ledger that is tampered with.
    ("sqlx", &["store", "cli", "it"]),
    ("rusqlite", &["journal", "store"]),
    ("async-nats", &["journal", "projector", "it"]),
    ("axum", &["http-surface", "carrier", "effects", "it"]),
    ("reqwest", &["effects", "carrier", "cli", "it"]),
    ("ed25519-dalek", &["ledger", "cli"]),
    ("clap", &["cli", "it"]),
    ("anyhow", &["cli", "it"]),
];

/// What pulls in a runtime, a socket, a clock or randomness.
const IMPURE: [&str; 24] = [
    "async-nats",
    "async-std",
    "axum",
    "fastrand",
    "futures-executor",
    "getrandom",
    "hyper",
    "hyper-util",
    "iana-time-zone",
    "libsqlite3-sys",
    "mio",
    "rand",
    "rand_chacha",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "tempfile",
    "tokio",
    "tower",
    "tracing",
];

const BANNED: [&str; 6] =
    ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "aws-lc-fips-sys"];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A dependency as some package declares it.
struct Declared {
    package: String,
    uses: String,
    for_tests: bool,
    ours: bool,
}

fn declared() -> Vec<Declared> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_package = |package: &Value| {
        let uses = package["dependencies"].as_array().unwrap().iter();
        uses.map(|one| Declared {
            package: text(&package["name"]),
            uses: text(&one["name"]),
            for_tests: one["kind"] == "dev",
            ours: one["path"].is_string(),
        })
        .collect::<Vec<_>>()
    };
    let declared: Vec<_> = metadata["packages"].as_array().unwrap().iter().flat_map(of_package).collect();
    assert!(declared.len() > 50, "cargo metadata names no dependencies");
    declared
}

fn list<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(package, _)| *package == name).map(|(_, list)| *list)
}

fn is_allowed(one: &Declared) -> bool {
    let of_tests = if one.for_tests { list(&ARROWS_OF_TESTS, &one.package) } else { None };
    let uses = one.uses.as_str();
    list(&ARROWS, &one.package).is_some_and(|list| list.contains(&uses))
        || of_tests.is_some_and(|list| list.contains(&uses))
}

#[test]
fn crates_use_only_what_stands_before_them() {
    let arrow = |package: &str, uses: &str| {
        is_allowed(&Declared {
            package: package.to_owned(),
            uses: uses.to_owned(),
            for_tests: false,
            ours: true,
        })
    };
    assert!(arrow("contract", "ledger") && !arrow("ledger", "contract") && !arrow("effects", "carrier"));
    let broken = declared().into_iter().filter(|one| one.ours && !is_allowed(one));
    rule(
        "`ls crates` is the pipeline. The one who folds cannot call the one who sends, who receives cannot write the \
         log, and nothing the service does depends on a simulation. Moving code is mostly the better answer than a new \
         arrow; a new arrow is written into this table and docs/ARCHITECTURE.md.",
        broken.map(|one| format!("{} may not use {}", one.package, one.uses)).collect(),
    );
}

#[test]
fn the_outside_is_reached_from_few_places() {
    let breaks = |one: &Declared| {
        let users = list(&CONFINED, &one.uses);
        !one.for_tests && users.is_some_and(|users| !users.contains(&one.package.as_str()))
    };
    rule(
        "SQL, NATS, HTTP and secret keys are each known to as few crates as can be, so that a change of one stays \
         there.",
        declared()
            .iter()
            .filter(|one| breaks(one))
            .map(|one| format!("{} may not use {}", one.package, one.uses))
            .collect(),
    );
}

#[test]
fn pure_crates_depend_on_nothing_impure() {
    let mut broken = Vec::new();
    for package in ["ledger", "contract", "providers"] {
        let tree = cargo(&[
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ]);
        let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(names.contains("sha2"), "cargo tree names no dependencies: {tree}");
        let impure = names.into_iter().filter(|name| IMPURE.contains(name));
        broken.extend(impure.map(|name| {
            format!("{package} depends on {name}: cargo tree -p {package} -e normal,features -i {name}")
        }));
    }
    rule(
        "whoever checks evidence runs `ledger`, and replays with `contract` and `providers`: few dependencies, and \
         none that can reach a clock, a socket or a random number.",
        broken,
    );
}

#[test]
fn one_tls_and_one_registry() {
    let lock = files().iter().find(|file| file.path == "Cargo.lock").unwrap();
    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut broken = Vec::new();
    for line in lock.text.lines() {
        let banned = BANNED.iter().find(|name| line == format!("name = \"{name}\""));
        broken.extend(banned.map(|name| format!("{name} is in Cargo.lock")));
        if line.starts_with("source = ") && line != registry {
            broken.push(format!("Cargo.lock: {line}"));
        }
    }
    rule(
        "TLS is rustls with ring, without C libraries to find; crates come from crates.io. See deny.toml.",
        broken,
    );
}
