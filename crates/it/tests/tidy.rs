//! The rules of this repository that no compiler knows. A rule that is broken says why it is there.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/migrations.rs"]
mod migrations;
#[path = "tidy/ratchet.rs"]
mod ratchet;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

/// Fails with all that is wrong and the reason of the rule.
#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn rule(why: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "\n\n  {}\n\n  Why: {why}\n", broken.join("\n  "));
}
