//! The columns that the store keeps only to find and order its rows. The audit of the log knows nothing of them; but
//! whoever queries the database believes them.

use ledger::checkpoint::{Checkpoint, LogVerifier};
use ledger::hash::{DIGEST_CHARS, Hash};
use ledger::record::Record;
use ledger::verify::{Finding, Level, Status, Step};
use store::rows::{CheckpointRow, DisclosureRow, RecordRow, Scope};

/// Name of the step.
const NAME: &str = "lookup columns";

/// What was compared so far.
#[derive(Default)]
pub struct Lookups {
    checked: u64,
    first: Option<Finding>,
}

impl Lookups {
    /// Compares a record's row. What the audit compares itself is left to it.
    pub fn record(&mut self, row: &RecordRow, record: &Record) {
        if record.id == row.id && record.kind == row.kind && record.recorded_at == row.recorded_at {
            self.checked += 1;
            return;
        }
        let pairs = [
            ("id", record.id.to_string(), row.id.to_string()),
            ("kind", record.kind.clone(), row.kind.clone()),
            ("recorded_at", record.recorded_at.to_string(), row.recorded_at.to_string()),
        ];
        if let Some((field, expected, actual)) = pairs.into_iter().find(|(_, ours, theirs)| ours != theirs) {
            let message = "the stored column is not what the record says";
            self.fail(at(row.position, Some(record), field, &expected, &actual, message));
        }
    }

    /// Compares the scope of a disclosure, whose text the audit matches with the record, with where its digest stands.
    pub fn disclosure(&mut self, row: &DisclosureRow, digest: &Hash, record: &Record) {
        let word = |scope| if scope == Scope::Record { "record" } else { "document" };
        let mut buffer = [0; DIGEST_CHARS];
        let digest = digest.base64url_in(&mut buffer);
        let is_of_record = record.commitments.binary_search_by(|one| one.as_str().cmp(digest)).is_ok();
        let expected = if is_of_record { Scope::Record } else { Scope::Document };
        if row.scope == expected {
            self.checked += 1;
        } else {
            let message = "the commitment does not stand where the stored scope says";
            let (expected, actual) = (word(expected), word(row.scope));
            self.fail(at(row.position, Some(record), "disclosure.scope", expected, actual, message));
        }
    }

    /// Compares the row of a checkpoint with the signed note in it. A note that is none is left to the audit.
    pub fn checkpoint(&mut self, row: &CheckpointRow, verifier: Option<&LogVerifier>) {
        let Some(Ok(signed)) = verifier.map(|verifier| Checkpoint::open(&row.note, verifier)) else { return };
        let pairs = [
            ("checkpoint.size", signed.size.to_string(), row.size.to_string()),
            ("checkpoint.root", signed.root.hex(), row.root.hex()),
        ];
        match pairs.into_iter().find(|(_, expected, actual)| expected != actual) {
            None => self.checked += 1,
            Some((field, expected, actual)) => {
                let message = "the stored column is not what the signed note says";
                self.fail(Finding { position: None, ..at(0, None, field, &expected, &actual, message) });
            }
        }
    }

    /// A row that is not even a row.
    pub fn unreadable(&mut self, position: u64, fault: &str) {
        self.fail(at(position, None, "row", "", "", fault));
    }

    /// A disclosure of a record that is not there.
    pub fn stray(&mut self, position: u64) {
        let message = "a disclosure is stored for a record that is not there";
        self.fail(at(position, None, "disclosure.position", "a record", "none", message));
    }

    /// Takes in what was compared elsewhere.
    pub fn merge(&mut self, other: Lookups) {
        self.checked += other.checked;
        other.first.into_iter().for_each(|finding| self.fail(finding));
    }

    fn fail(&mut self, finding: Finding) {
        let order = |finding: &Finding| finding.position.unwrap_or(u64::MAX);
        if self.first.as_ref().is_none_or(|first| order(&finding) < order(first)) {
            self.first = Some(finding);
        }
    }

    /// The step for the report.
    pub fn step(self) -> Step {
        let status = match (&self.first, self.checked) {
            (Some(_), _) => Status::Fail,
            (None, 0) => Status::NotChecked,
            (None, _) => Status::Pass,
        };
        Step {
            level: Level::L5,
            name: NAME,
            status,
            required: true,
            checked: self.checked,
            finding: self.first,
        }
    }
}

fn at(
    position: u64,
    record: Option<&Record>,
    field: &str,
    expected: &str,
    actual: &str,
    message: &str,
) -> Finding {
    Finding {
        position: Some(position),
        stream: record.map(|record| record.stream.to_string()),
        version: record.map(|record| record.version),
        field: field.to_owned(),
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        message: message.to_owned(),
    }
}
