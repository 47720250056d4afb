//! What stands in the `data` of the records of a contract's life after it was drafted.

use ledger::hash::Hash;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Channel, Link};
use crate::command::Language;
use crate::lifecycle::Status;

/// Data of `contract.amendment_proposed`. The new document is the disclosure `document`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendmentProposed {
    /// 0-based party; none where the operator proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<u32>,
    /// By which way.
    pub channel: Channel,
    /// SHA-256 of the new contract.json.
    pub document_sha256: Hash,
    /// SHA-256 of the one it is to take the place of.
    pub supersedes: Hash,
    /// Language of its text.
    pub language: Language,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
    /// Calls and conference it was negotiated on, as they stood then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Data of `contract.expired`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractExpired {
    /// What was not confirmed in time: the contract, or an amendment of it.
    pub document_sha256: Hash,
    /// The time that is over.
    pub expires_at: Timestamp,
}

/// Data of `contract.delivery_reported` and `contract.payment_reported`. What was told is private.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// 0-based party who reports.
    pub party: u32,
    /// By which way.
    pub channel: Channel,
}

/// Data of `contract.report_acknowledged` and `contract.report_contested`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportAnswered {
    /// 0-based party who answers.
    pub party: u32,
    /// By which way.
    pub channel: Channel,
    /// Version of the report.
    pub report: u32,
}

/// Data of the records of a step that every party must take: `contract.cancel_proposed`, `contract.cancelled` and their
/// like. The last word makes it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// 0-based party; none where the operator said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<u32>,
    /// By which way.
    pub channel: Channel,
    /// How many parties have not said so yet.
    pub remaining: u32,
    /// How the dispute ends; only of a resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Status>,
}

/// Data of `contract.disputed`. The reason is private.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disputed {
    /// 0-based party.
    pub party: u32,
    /// By which way.
    pub channel: Channel,
    /// What it was said in, where that is on the ledger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// Data of `contract.code_issued`. The code is private.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeIssued {
    /// 0-based party.
    pub party: u32,
    /// What it opens.
    pub document_sha256: Hash,
}
