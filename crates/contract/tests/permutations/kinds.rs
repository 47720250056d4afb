//! Every type of record once: what is written can be read.

use contract::command::{ContractType, Language};
use contract::event::*;
use contract::fact::{CallOutcome, Cause, ConferenceStatus, DeliveryStatus, Direction, Leg};
use contract::provider::Provider;
use contract::report::{DialledLeg, FailureReason, LegStatus};
use ledger::hash::sha256;
use ledger::time::Timestamp;

/// The closed list, as it stands in logs for ever.
pub const ALL: [&str; 28] = [
    "call.started",
    "call.queued",
    "call.ringing",
    "call.answered",
    "call.transferred",
    "call.input",
    "call.ended",
    "call.other",
    "recording.available",
    "recording.fetched",
    "recording.altered",
    "recording.failed",
    "conference.requested",
    "conference.reported",
    "dial.requested",
    "dial.placed",
    "dial.failed",
    "contract.drafted",
    "contract.confirmed",
    "contract.rejected",
    "contract.code_refused",
    "message.requested",
    "message.attempted",
    "message.accepted",
    "message.failed",
    "message.received",
    "message.delivery",
    "key.added",
];
