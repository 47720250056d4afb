//! Text messages the carrier took from the service.

use std::fmt;

/// One message to one phone, kept in the order of acceptance.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// The phone it is for.
    pub to: String,
    /// The sender named in the request; the carrier's number if it named none.
    pub from: String,
    /// The text.
    pub text: String,
    /// Its place among all accepted messages, from 0.
    pub at_order: usize,
    /// The id given in the answer, `ATXid_…`.
    pub message_id: String,
}

impl fmt::Debug for Sms {
    /// Leaves out phone and text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms")
            .field("at_order", &self.at_order)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

/// What the delivery report of an accepted message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Report {
    /// `Success`.
    #[default]
    Delivered,
    /// `Failed`, with a reason such as `DeliveryFailure` or without one.
    Failed(Option<String>),
    /// `Rejected`, with a reason such as `UserInBlackList` or without one.
    Rejected(Option<String>),
    /// No report is sent.
    Missing,
}
