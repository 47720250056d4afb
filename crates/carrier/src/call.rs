//! Calls the carrier placed for the service.

use std::fmt;

/// One accepted request to place calls.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// As in the request.
    pub client_request_id: Option<String>,
    /// The legs accepted, in the order of the request.
    pub legs: Vec<Leg>,
}

/// One phone that was called.
#[derive(Clone, PartialEq, Eq)]
pub struct Leg {
    /// The phone.
    pub phone: String,
    /// The session, `ATVId_…`.
    pub session_id: String,
}

impl fmt::Debug for Leg {
    /// Leaves out the phone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leg").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("client_request_id", &self.client_request_id)
            .field("legs", &self.legs)
            .finish()
    }
}
