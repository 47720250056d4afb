//! The life of a contract, as one table: which step is possible in which status, who must take it, and where it leads.
//!
//! The table is all there is: decisions look steps up in it, refusals name what it allows, and
//! `docs/reference/lifecycle.md` shows it as [`table`] writes it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Drafted; somebody has not answered yet.
    Pending,
    /// Every party agreed; nobody has reported anything done yet.
    Confirmed,
    /// A delivery or a payment was reported.
    Active,
    /// A party says that the contract is not kept.
    Disputed,
    /// Every party says that all is done.
    Completed,
    /// A party refused.
    Rejected,
    /// Not confirmed in time.
    Expired,
    /// Called off by every party, or withdrawn before anybody was bound.
    Cancelled,
}

impl Status {
    /// All of them, in the order of a contract's life.
    pub const ALL: [Status; 8] = [
        Status::Pending,
        Status::Confirmed,
        Status::Active,
        Status::Disputed,
        Status::Completed,
        Status::Rejected,
        Status::Expired,
        Status::Cancelled,
    ];

    /// The word in views and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Confirmed => "confirmed",
            Status::Active => "active",
            Status::Disputed => "disputed",
            Status::Completed => "completed",
            Status::Rejected => "rejected",
            Status::Expired => "expired",
            Status::Cancelled => "cancelled",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing more can happen.
    pub fn is_final(self) -> bool {
        !TABLE.iter().any(|rule| rule.from == self)
    }

    /// Whether it ended without ever binding anybody, or binds nobody any more.
    pub fn is_void(self) -> bool {
        matches!(self, Status::Rejected | Status::Expired | Status::Cancelled)
    }
}

/// A step in a contract's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Agree to the terms that were sent.
    Confirm,
    /// Refuse the terms that were sent.
    Reject,
    /// The time to confirm is over.
    Expire,
    /// Propose new terms, which every party must confirm.
    Amend,
    /// Report a delivery.
    Deliver,
    /// Report a payment.
    Pay,
    /// Say that what another party reported is so.
    Acknowledge,
    /// Say that what another party reported is not so.
    Contest,
    /// Say that all is done.
    Complete,
    /// Say that the contract shall end undone.
    Cancel,
    /// Say that the contract is not kept.
    Dispute,
    /// Say how a dispute ends.
    Resolve,
}

impl Step {
    /// The word in paths, records and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Confirm => "confirm",
            Step::Reject => "reject",
            Step::Expire => "expire",
            Step::Amend => "amend",
            Step::Deliver => "deliver",
            Step::Pay => "pay",
            Step::Acknowledge => "acknowledge",
            Step::Contest => "contest",
            Step::Complete => "complete",
            Step::Cancel => "cancel",
            Step::Dispute => "dispute",
            Step::Resolve => "resolve",
        }
    }
}

/// Who must take a step before it leads anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Each party must say so; until the last has, it is a proposal.
    EveryParty,
    /// One party is enough.
    OneParty,
    /// A party other than the one who reported.
    AnotherParty,
    /// The operator alone.
    Operator,
    /// The clock.
    Time,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            By::EveryParty => "every party",
            By::OneParty => "one party",
            By::AnotherParty => "another party",
            By::Operator => "the operator",
            By::Time => "time",
        })
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The status before.
    pub from: Status,
    /// The step.
    pub step: Step,
    /// Who must take it.
    pub by: By,
    /// The status after.
    pub to: Status,
}

const fn rule(from: Status, step: Step, by: By, to: Status) -> Rule {
    Rule { from, step, by, to }
}

/// Every legal step. What is not here is refused.
pub const TABLE: [Rule; 28] = [
    rule(Status::Pending, Step::Confirm, By::EveryParty, Status::Confirmed),
    rule(Status::Pending, Step::Reject, By::OneParty, Status::Rejected),
    rule(Status::Pending, Step::Expire, By::Time, Status::Expired),
    rule(Status::Pending, Step::Amend, By::EveryParty, Status::Confirmed),
    rule(Status::Pending, Step::Cancel, By::EveryParty, Status::Cancelled),
    rule(Status::Pending, Step::Cancel, By::Operator, Status::Cancelled),
    rule(Status::Confirmed, Step::Amend, By::EveryParty, Status::Confirmed),
    rule(Status::Confirmed, Step::Deliver, By::OneParty, Status::Active),
    rule(Status::Confirmed, Step::Pay, By::OneParty, Status::Active),
    rule(Status::Confirmed, Step::Cancel, By::EveryParty, Status::Cancelled),
    rule(Status::Confirmed, Step::Dispute, By::OneParty, Status::Disputed),
    rule(Status::Active, Step::Amend, By::EveryParty, Status::Active),
    rule(Status::Active, Step::Deliver, By::OneParty, Status::Active),
    rule(Status::Active, Step::Pay, By::OneParty, Status::Active),
    rule(Status::Active, Step::Acknowledge, By::AnotherParty, Status::Active),
    rule(Status::Active, Step::Contest, By::AnotherParty, Status::Active),
    rule(Status::Active, Step::Complete, By::EveryParty, Status::Completed),
    rule(Status::Active, Step::Cancel, By::EveryParty, Status::Cancelled),
    rule(Status::Active, Step::Dispute, By::OneParty, Status::Disputed),
    rule(Status::Disputed, Step::Deliver, By::OneParty, Status::Disputed),
    rule(Status::Disputed, Step::Pay, By::OneParty, Status::Disputed),
    rule(Status::Disputed, Step::Acknowledge, By::AnotherParty, Status::Disputed),
    rule(Status::Disputed, Step::Contest, By::AnotherParty, Status::Disputed),
    rule(Status::Disputed, Step::Dispute, By::AnotherParty, Status::Disputed),
    rule(Status::Disputed, Step::Amend, By::EveryParty, Status::Disputed),
    rule(Status::Disputed, Step::Resolve, By::EveryParty, Status::Active),
    rule(Status::Disputed, Step::Resolve, By::EveryParty, Status::Completed),
    rule(Status::Disputed, Step::Resolve, By::EveryParty, Status::Cancelled),
];

/// The steps that are legal in a status, each once, in the order of the table.
pub fn legal(from: Status) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for rule in TABLE.iter().filter(|rule| rule.from == from) {
        if !steps.contains(&rule.step) {
            steps.push(rule.step);
        }
    }
    steps
}

/// Where a step leads; none where it is not legal. A step of the operator alone leads nowhere else than the parties' own,
/// so that who takes it need not be asked. [`Step::Resolve`] leads where the resolution says: [`resolution`].
pub fn leads_to(from: Status, step: Step) -> Option<Status> {
    TABLE.iter().find(|rule| rule.from == from && rule.step == step).map(|rule| rule.to)
}

/// Whether one of the operator's own words is enough for this step.
pub fn is_operators(from: Status, step: Step) -> bool {
    TABLE.iter().any(|rule| rule.from == from && rule.step == step && rule.by == By::Operator)
}

/// Whether a dispute can end so.
pub fn resolution(to: Status) -> bool {
    TABLE.iter().any(|rule| rule.step == Step::Resolve && rule.to == to)
}

/// The table in Markdown, as it stands in the reference.
pub fn table() -> String {
    let mut text = String::from("| status | step | by | status after |\n|---|---|---|---|\n");
    for Rule { from, step, by, to } in TABLE {
        let line = format!("| `{}` | `{}` | {by} | `{}` |\n", from.as_str(), step.as_str(), to.as_str());
        text.push_str(&line);
    }
    let over: Vec<String> =
        Status::ALL.into_iter().filter(|s| s.is_final()).map(|s| format!("`{}`", s.as_str())).collect();
    text.push_str(&format!("\nNothing more can happen to a contract that is {}.\n", over.join(", ")));
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_status_is_reached_and_every_open_one_can_be_left() {
        let reached: BTreeSet<Status> = TABLE.iter().map(|rule| rule.to).chain([Status::Pending]).collect();
        assert_eq!(reached.len(), Status::ALL.len());
        let over = Status::ALL.into_iter().filter(|s| s.is_final());
        let ended = [Status::Completed, Status::Rejected, Status::Expired, Status::Cancelled];
        assert_eq!(over.collect::<Vec<_>>(), ended);
        for open in Status::ALL.into_iter().filter(|s| !s.is_final()) {
            assert!(TABLE.iter().any(|rule| rule.from == open && rule.to != open), "{open:?} cannot be left");
        }
    }

    /// [`leads_to`] asks for no more than status and step.
    #[test]
    fn but_for_a_resolution_a_step_leads_to_one_place() {
        for rule in TABLE.iter().filter(|rule| rule.step != Step::Resolve) {
            assert_eq!(leads_to(rule.from, rule.step), Some(rule.to), "{rule:?}");
        }
        let rows: BTreeSet<String> = TABLE.iter().map(|rule| format!("{rule:?}")).collect();
        assert_eq!(rows.len(), TABLE.len(), "a row stands twice");
    }

    #[test]
    fn words_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).ok(), Some(status.as_str().into()));
        }
        assert_eq!(Status::from_word("done"), None);
    }
}
