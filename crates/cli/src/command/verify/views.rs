//! The views against a fresh fold of the log.

use indicatif::ProgressBar;
use ledger::verify::{Finding, Level, Status, Step};
use projector::rebuild::{self, RebuildError};
use store::{Difference, Store};

/// Name of the step.
const NAME: &str = "views";
/// How often to begin anew when the log grows meanwhile: a comparison is exact only while nothing is written.
const ATTEMPTS: usize = 3;

/// The step where it was not asked for.
pub fn not_asked() -> Step {
    let message = "not asked for: --views folds the log anew, which writes to the database";
    step(Status::NotChecked, false, 0, Some(finding(None, NAME, message)))
}

/// Folds the log into tables beside the live views and compares.
///
/// # Errors
/// When the database does not answer.
pub async fn compare(store: &Store, bar: &ProgressBar) -> anyhow::Result<Step> {
    for _ in 0..ATTEMPTS {
        let before = store.tip().await?.size;
        let progress = |done, size| {
            bar.set_length(size);
            bar.set_position(done);
        };
        let differences = match rebuild::compare(store, progress).await {
            Ok(differences) => differences,
            Err(RebuildError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let position = match &error {
                    RebuildError::Record { position, .. } | RebuildError::Event { position, .. } => {
                        Some(*position)
                    }
                    _ => None,
                };
                let found = Finding { position, ..finding(None, "record", &error.to_string()) };
                return Ok(step(Status::NotChecked, true, 0, Some(found)));
            }
        };
        if let Some(first) = differences.first() {
            if store.tip().await?.size == before {
                return Ok(step(Status::Fail, true, 0, Some(told(first, differences.len()))));
            }
        } else {
            return Ok(step(Status::Pass, true, before, None));
        }
    }
    let message = "the log grew during every comparison; stop the service, or try again when it is quiet";
    Ok(step(Status::NotChecked, true, 0, Some(finding(None, NAME, message))))
}

fn told(difference: &Difference, count: usize) -> Finding {
    let Difference { table, key } = difference;
    // A link may lead from a phone number or a code: only where it leads to is told.
    let parts: Vec<&str> = key.split(' ').collect();
    let (shown, stream) = match (table.as_str(), parts.as_slice()) {
        ("link", [space, .., stream]) => (format!("{space} … {stream}"), Some((*stream).to_owned())),
        ("link", _) => ("…".to_owned(), None),
        ("stream_head" | "call_view", [stream]) | ("task", [stream, _]) => {
            (key.clone(), Some((*stream).to_owned()))
        }
        _ => (key.clone(), None),
    };
    let message = format!("{count} rows are not what a fresh fold of the log gives; the first is named");
    Finding {
        expected: "the row of a fresh fold".to_owned(),
        actual: "missing, too many, or other".to_owned(),
        ..finding(stream, &format!("{table} {shown}"), &message)
    }
}

fn finding(stream: Option<String>, field: &str, message: &str) -> Finding {
    Finding {
        position: None,
        stream,
        version: None,
        field: field.to_owned(),
        expected: String::new(),
        actual: String::new(),
        message: message.to_owned(),
    }
}

fn step(status: Status, required: bool, checked: u64, finding: Option<Finding>) -> Step {
    Step { level: Level::L5, name: NAME, status, required, checked, finding }
}
