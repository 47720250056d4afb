//! What an audit found.

use std::fmt;

use serde::Serialize;

/// How far a check reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Level {
    /// The document and the disclosed values.
    L0,
    /// Each record for itself.
    L1,
    /// Each stream.
    L2,
    /// Inclusion under a signed checkpoint.
    L3,
    /// Agreement with every checkpoint kept.
    L4,
    /// The whole log and what is stored of it.
    L5,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything there was to check is right, and there was something.
    Pass,
    /// Something is wrong.
    Fail,
    /// Something needed for the check was not there.
    NotChecked,
}

/// The first thing a step found wrong, or what it missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Position in the log, where the fault has one.
    pub position: Option<u64>,
    /// Stream of the record there, where that could be read.
    pub stream: Option<String>,
    /// Version of the record there.
    pub version: Option<u64>,
    /// The field, file or part at fault.
    pub field: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub actual: String,
    /// The same in a sentence. Holds nothing personal.
    pub message: String,
}

/// One check over everything it applies to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How far it reaches.
    pub level: Level,
    /// Its name, the same in every report.
    pub name: &'static str,
    /// How it ended.
    pub status: Status,
    /// Whether the verdict needs it: a required step that is not checked leaves the whole undecided.
    pub required: bool,
    /// How many things were checked and found right.
    pub checked: u64,
    /// For a failed step the first fault, for one not checked the reason.
    pub finding: Option<Finding>,
}

/// The steps of one audit, in the order of their levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Every step, also those not checked.
    pub steps: Vec<Step>,
}

impl Report {
    /// 1 if a step failed, else 2 if a required step was not checked, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.steps.iter().any(|step| step.status == Status::Fail) {
            1
        } else if self.steps.iter().any(|step| step.required && step.status == Status::NotChecked) {
            2
        } else {
            0
        }
    }

    /// The fault at the smallest position, with its step; faults without a position come last.
    pub fn first_fault(&self) -> Option<(&Step, &Finding)> {
        let failed = self.steps.iter().filter(|step| step.status == Status::Fail);
        let faults = failed.filter_map(|step| Some((step, step.finding.as_ref()?)));
        faults.min_by_key(|(_, finding)| finding.position.unwrap_or(u64::MAX))
    }

    /// The step of this name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, word) = match self {
            Level::L0 => ("L0", "document"),
            Level::L1 => ("L1", "record"),
            Level::L2 => ("L2", "stream"),
            Level::L3 => ("L3", "included"),
            Level::L4 => ("L4", "consistent"),
            Level::L5 => ("L5", "whole log"),
        };
        f.pad(&format!("{code} {word}"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Pass => "PASS",
            Status::Fail => "FAIL",
            Status::NotChecked => "NOT CHECKED",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "position {position}, ")?;
        }
        if let (Some(stream), Some(version)) = (&self.stream, self.version) {
            write!(f, "{stream} version {version}, ")?;
        }
        write!(f, "{}: {}", self.field, self.message)?;
        if !self.expected.is_empty() || !self.actual.is_empty() {
            write!(f, "\n      expected {}\n      actual   {}", self.expected, self.actual)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let Step { level, name, status, checked, required, .. } = step;
            let optional = if *required || *status != Status::NotChecked { "" } else { " (optional)" };
            writeln!(f, "{level:<14} {name:<18} {status:<11} {checked:>8} checked{optional}")?;
            if let Some(finding) = &step.finding {
                writeln!(f, "    {finding}")?;
            }
        }
        f.write_str(match self.exit_code() {
            0 => "RESULT: PASS\n",
            1 => "RESULT: FAIL\n",
            _ => "RESULT: NOT CHECKED in full\n",
        })
    }
}
