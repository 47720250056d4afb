//! What an answer to bad input looks like.

use it::wire::Answer;
use serde_json::Value;

/// Stands in everything personal that is sent here, or could stand beside it: in no log line.
pub const NEEDLES: [&str; 8] =
    ["eedle", "+2547", "2547000", "%2B254", "SELECT ", "INSERT ", "database is", "sqlite"];
/// The same for refusals, which show a number as an example.
const OF_REFUSALS: [&str; 4] = ["eedle", "2547000", "%2B254", "INSERT "];
/// What only a program's inside shows.
const INSIDES: [&str; 7] =
    ["panicked", ".rs:", "/crates/", "SELECT ", "sqlite", "postgres", "stack backtrace"];

/// Where errors have a code and a message.
const CODED: [&str; 6] = [
    "/v1/calls",
    "/v1/voice/accounts/",
    "/hooks/minivoice/",
    "/answer/minivoice/",
    "/hooks/tryvox/",
    "/answer/tryvox/",
];

/// A refusal in the family's form that names `field` (where there is one) and nothing of what was sent.
#[track_caller]
pub fn refused(what: &str, path: &str, answer: &Answer, field: Option<&str>) {
    let text = answer.text();
    assert!((400..500).contains(&answer.status), "{what} at {path:.80}: {} {text:.600}", answer.status);
    shaped(what, path, answer);
    if let Some(field) = field {
        assert!(text.contains(field), "{what} at {path:.80}: {text:.600} does not name {field}");
    }
}

/// Not our fault: taken, or refused as above.
#[track_caller]
pub fn no_fault(what: &str, path: &str, answer: &Answer) {
    assert!(answer.status < 500, "{what} at {path:.80}: {} {:.600}", answer.status, answer.text());
    assert!(answer.status >= 200, "{what} at {path:.80}: {}", answer.status);
    if answer.status >= 400 {
        shaped(what, path, answer);
    }
}

/// A refusal's form, which tells nothing of what was sent and of our inside.
#[track_caller]
fn shaped(what: &str, path: &str, answer: &Answer) {
    let text = answer.text();
    let place = format!("{what} at {path:.80}: {} {text:.600}", answer.status);
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    let members: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    let (media, sentence) = if path.starts_with("/api/v1/") || path.starts_with("/hooks/voicepact/") {
        assert_eq!(members, ["detail"], "{place}");
        ("application/json", &body["detail"])
    } else if CODED.iter().any(|prefix| path.starts_with(prefix)) {
        assert_eq!(members, ["error"], "{place}");
        assert!(body["error"]["code"].is_string(), "{place}");
        ("application/json", &body["error"]["message"])
    } else {
        assert_eq!(body["status"], answer.status, "{place}");
        for member in ["type", "title", "code"] {
            assert!(body[member].is_string(), "{member} of {place}");
        }
        ("application/problem+json", &body["detail"])
    };
    assert_eq!(answer.header("content-type"), media, "{place}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{place}");
    assert!(!answer.header("x-request-id").is_empty(), "{place}");
    assert!(sentence.as_str().is_some_and(|s| s.len() > 5 && s.len() < 4_000), "{place}");
    for needle in OF_REFUSALS.iter().chain(&INSIDES) {
        assert!(!text.contains(needle), "{place} holds {needle}");
    }
}
