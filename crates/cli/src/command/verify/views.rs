//! The views against a fresh fold of the log.

use indicatif::ProgressBar;
use ledger::verify::{Finding, Level, Status, Step};
use projector::rebuild::{self, RebuildError};
use store::Store;
use store::rows::ViewKey;

/// Name of the step.
const NAME: &str = "views";
/// How often to begin anew when the log grows meanwhile: a comparison is exact only while nothing is written.
const ATTEMPTS: usize = 3;

/// The step where it was not asked for.
pub fn not_asked() -> Step {
    let message = "not asked for: --views folds the log anew, which takes as long again";
    step(Status::NotChecked, false, 0, Some(finding(None, NAME, message)))
}

/// Folds the log and compares the views with what comes out.
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

fn told(key: &ViewKey, count: usize) -> Finding {
    let stream = match key {
        ViewKey::StreamHead(stream) | ViewKey::CallView(stream) => Some(stream),
        ViewKey::Task(stream, _) | ViewKey::Link(_, _, stream) => Some(stream),
        ViewKey::ContractView(_) | ViewKey::Counter(_) => None,
    };
    let message = format!("{count} rows are not what a fresh fold of the log gives; the first is named");
    Finding {
        expected: "the row of a fresh fold".to_owned(),
        actual: "missing, too many, or other".to_owned(),
        ..finding(stream.cloned(), &key.to_string(), &message)
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
