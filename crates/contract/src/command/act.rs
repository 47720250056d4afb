//! What parties, and whoever runs the ledger, do with a contract after it was drafted.

use std::collections::BTreeMap;

use ledger::hash::Hash;
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Language, OtherTerm, Terms};
use crate::lifecycle::{Status, Step};
use crate::money::Amount;
use crate::phone::Phone;

/// Names of what can be told about a delivery.
pub const DELIVERY_DETAILS: [&str; 6] = ["quantity", "unit", "location", "delivered_on", "reference", "note"];
/// Names of what can be told about a payment, besides amount and currency.
pub const PAYMENT_DETAILS: [&str; 4] = ["method", "paid_on", "reference", "note"];

/// One step on one contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Which contract, `AGRI-2026-001234`.
    pub contract_id: String,
    /// Who takes it.
    pub actor: Actor,
    /// What is done.
    pub deed: Deed,
    /// Payload hashes of which the newest record of the contract must have one (`If-Match`); empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub if_head: Vec<Hash>,
}

/// Who acts, and how that is known.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A party: by its number, and the code it was sent.
    Party {
        /// Which party.
        phone: Phone,
        /// The code.
        code: String,
    },
    /// Whoever runs the ledger, by a key of the interface. It may propose, and withdraw what binds nobody yet; it never
    /// agrees for anybody.
    Operator,
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Actor::Party { .. } => "Party(..)",
            Actor::Operator => "Operator",
        })
    }
}

/// What is done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Agree to the terms the code was sent for.
    Confirm,
    /// Refuse them.
    Reject,
    /// Propose new terms.
    Amend(Box<Amendment>),
    /// Report a delivery.
    Deliver(Details),
    /// Report a payment.
    Pay(Payment),
    /// Another party's report is so.
    Acknowledge(ReportRef),
    /// Another party's report is not so.
    Contest(ReportRef),
    /// All is done.
    Complete,
    /// The contract shall end undone.
    Cancel,
    /// The contract is not kept.
    Dispute {
        /// In the party's own words.
        reason: String,
    },
    /// How the dispute shall end.
    Resolve {
        /// `active`, `completed` or `cancelled`.
        to: Status,
    },
    /// Send a party its request to confirm again.
    Resend {
        /// Which party.
        phone: Phone,
    },
}

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.step().map_or("resend", Step::as_str))
    }
}

impl Deed {
    /// The step it is; none for what is no step in a contract's life.
    pub fn step(&self) -> Option<Step> {
        Some(match self {
            Deed::Confirm => Step::Confirm,
            Deed::Reject => Step::Reject,
            Deed::Amend(_) => Step::Amend,
            Deed::Deliver(_) => Step::Deliver,
            Deed::Pay(_) => Step::Pay,
            Deed::Acknowledge(_) => Step::Acknowledge,
            Deed::Contest(_) => Step::Contest,
            Deed::Complete => Step::Complete,
            Deed::Cancel => Step::Cancel,
            Deed::Dispute { .. } => Step::Dispute,
            Deed::Resolve { .. } => Step::Resolve,
            Deed::Resend { .. } => return None,
        })
    }
}

/// New terms, whole: what is not named is no longer agreed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// What was said, or a description of it.
    pub transcript: String,
    /// The language of the agreed text; none keeps the contract's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The known terms.
    pub terms: Terms,
    /// Further terms.
    #[serde(default)]
    pub other_terms: Vec<OtherTerm>,
    /// The conference it was negotiated on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_id: Option<String>,
    /// After this instant it can no longer be confirmed; none means a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What is told about a delivery or a payment, by name.
pub type Details = BTreeMap<String, String>;

/// A payment that a party reports.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How much.
    pub amount: Amount,
    /// ISO 4217; none means the contract's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What else is told.
    #[serde(default)]
    pub details: Details,
}

/// Names a report by the version of its record on the contract's stream.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRef {
    /// Version.
    pub report: u32,
    /// In the party's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
