//! Counting what passes and keeping the first fault of each step.

use super::report::{Finding, Level, Report, Status, Step};
use crate::record::Record;

/// The steps of every audit, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Document,
    Disclosures,
    OriginPinned,
    RootPinned,
    Record,
    Origin,
    KeyStatements,
    Key,
    Signature,
    Versions,
    Links,
    Times,
    Ids,
    LogKeyPinned,
    Checkpoint,
    Inclusion,
    Kept,
    Witnesses,
    Entries,
    Columns,
    Nodes,
    Tiles,
    Erasure,
}

const CHECKS: [(Check, Level, &str); 23] = [
    (Check::Document, Level::L0, "document"),
    (Check::Disclosures, Level::L0, "disclosures"),
    (Check::OriginPinned, Level::L1, "origin pinned"),
    (Check::RootPinned, Level::L1, "root key pinned"),
    (Check::Record, Level::L1, "record"),
    (Check::Origin, Level::L1, "origin"),
    (Check::KeyStatements, Level::L1, "key statements"),
    (Check::Key, Level::L1, "key"),
    (Check::Signature, Level::L1, "signature"),
    (Check::Versions, Level::L2, "versions"),
    (Check::Links, Level::L2, "links"),
    (Check::Times, Level::L2, "times"),
    (Check::Ids, Level::L2, "ids"),
    (Check::LogKeyPinned, Level::L3, "log key pinned"),
    (Check::Checkpoint, Level::L3, "checkpoint"),
    (Check::Inclusion, Level::L3, "inclusion"),
    (Check::Kept, Level::L4, "checkpoints kept"),
    (Check::Witnesses, Level::L4, "witnesses"),
    (Check::Entries, Level::L5, "entries"),
    (Check::Columns, Level::L5, "stored columns"),
    (Check::Nodes, Level::L5, "stored nodes"),
    (Check::Tiles, Level::L5, "tiles"),
    (Check::Erasure, Level::L5, "erasure"),
];

/// Where a record stands, for a finding.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place<'r> {
    position: Option<u64>,
    stream: Option<&'r str>,
    version: Option<u64>,
}

impl<'r> Place<'r> {
    /// Nowhere in particular.
    pub(crate) const NONE: Place<'static> = Place { position: None, stream: None, version: None };

    /// A position of which nothing more is known.
    pub(crate) fn at(position: u64) -> Place<'static> {
        Place { position: Some(position), ..Place::NONE }
    }

    /// A record at a position.
    pub(crate) fn of(position: u64, record: &'r Record) -> Place<'r> {
        Place {
            position: Some(position),
            stream: Some(record.stream.as_str()),
            version: Some(record.version),
        }
    }

    /// A record of a stream at a position.
    pub(crate) fn of_stream(position: u64, stream: &'r str, version: u64) -> Place<'r> {
        Place { position: Some(position), stream: Some(stream), version: Some(version) }
    }

    /// A finding here.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "takes numbers and texts alike, most of them made for it"
    )]
    pub(crate) fn finding(
        &self,
        field: impl Into<String>,
        expected: impl ToString,
        actual: impl ToString,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            position: self.position,
            stream: self.stream.map(str::to_owned),
            version: self.version,
            field: field.into(),
            expected: expected.to_string(),
            actual: actual.to_string(),
            message: message.into(),
        }
    }

    /// A finding made elsewhere, moved here.
    pub(crate) fn locate(&self, finding: Finding) -> Finding {
        let Place { position, stream, version } = *self;
        Finding { position, stream: stream.map(str::to_owned), version, ..finding }
    }

    /// A finding here that compares nothing.
    pub(crate) fn note(&self, field: impl Into<String>, message: impl Into<String>) -> Finding {
        self.finding(field, "", "", message)
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    checked: u64,
    fault: Option<Finding>,
    gap: Option<Finding>,
    required: bool,
    /// Nothing to check is as good as all of it checked.
    vacuous: bool,
}

/// The steps while an audit runs.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    states: [State; CHECKS.len()],
}

impl Tally {
    pub(crate) fn new() -> Tally {
        Tally { states: Default::default() }
    }

    fn state(&mut self, check: Check) -> &mut State {
        &mut self.states[check as usize]
    }

    /// One more thing found right.
    pub(crate) fn pass(&mut self, check: Check) {
        self.pass_many(check, 1);
    }

    pub(crate) fn pass_many(&mut self, check: Check, count: u64) {
        self.state(check).checked += count;
    }

    /// A fault; kept if it is the first, that is, at the smallest position.
    pub(crate) fn fail(&mut self, check: Check, finding: Finding) {
        keep_first(&mut self.state(check).fault, finding);
    }

    /// Something that could not be checked; kept if it is the first.
    pub(crate) fn skip(&mut self, check: Check, finding: Finding) {
        keep_first(&mut self.state(check).gap, finding);
    }

    /// What another part of the audit found.
    pub(crate) fn merge(&mut self, other: Tally) {
        for (own, State { checked, fault, gap, required, vacuous }) in
            self.states.iter_mut().zip(other.states)
        {
            own.checked += checked;
            fault.into_iter().for_each(|fault| keep_first(&mut own.fault, fault));
            gap.into_iter().for_each(|gap| keep_first(&mut own.gap, gap));
            own.required |= required;
            own.vacuous |= vacuous;
        }
    }

    /// The verdict needs these steps.
    pub(crate) fn require(&mut self, checks: &[Check]) {
        checks.iter().for_each(|check| self.state(*check).required = true);
    }

    /// These steps pass even with nothing to check.
    pub(crate) fn allow_none(&mut self, checks: &[Check]) {
        checks.iter().for_each(|check| self.state(*check).vacuous = true);
    }

    /// The verdict does without this step after all.
    pub(crate) fn release(&mut self, check: Check) {
        self.state(check).required = false;
    }

    /// How many things were found right so far.
    pub(crate) fn checked(&self, check: Check) -> u64 {
        self.states[check as usize].checked
    }

    pub(crate) fn report(self) -> Report {
        let steps = CHECKS.iter().zip(self.states).map(|((check, level, name), state)| {
            debug_assert_eq!(CHECKS[*check as usize].2, *name, "the table is in the order of the enum");
            let State { checked, fault, gap, required, vacuous } = state;
            let (status, finding) = match (fault, gap) {
                (Some(fault), _) => (Status::Fail, Some(fault)),
                (None, Some(gap)) => (Status::NotChecked, Some(gap)),
                (None, None) if checked > 0 || vacuous => (Status::Pass, None),
                (None, None) => {
                    (Status::NotChecked, Some(Place::NONE.note("input", "nothing was given to check")))
                }
            };
            Step { level: *level, name, status, required, checked, finding }
        });
        Report { steps: steps.collect() }
    }
}

fn keep_first(kept: &mut Option<Finding>, finding: Finding) {
    let order = |finding: &Finding| finding.position.unwrap_or(u64::MAX);
    if kept.as_ref().is_none_or(|kept| order(&finding) < order(kept)) {
        *kept = Some(finding);
    }
}
