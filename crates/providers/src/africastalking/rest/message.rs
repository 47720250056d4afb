//! Sending text messages.

use contract::phone::Phone;
use contract::report::{FailureReason, Receipt};
use serde_json::Value;

use super::super::cost;
use super::{Request, RestError, Service, answer, refusal, text};

/// What the status codes of recipients mean: none is taken, else why not.
const CODES: &[(u16, Option<FailureReason>)] = &[
    (100, None),                                    // Processed
    (101, None),                                    // Sent
    (102, None),                                    // Queued
    (401, Some(FailureReason::Other)),              // RiskHold
    (402, Some(FailureReason::InvalidSender)),      // InvalidSenderId
    (403, Some(FailureReason::InvalidNumber)),      // InvalidPhoneNumber
    (404, Some(FailureReason::InvalidNumber)),      // UnsupportedNumberType
    (405, Some(FailureReason::InsufficientCredit)), // InsufficientBalance
    (406, Some(FailureReason::OptedOut)),           // UserInBlacklist
    (407, Some(FailureReason::ProviderError)),      // CouldNotRoute
    (409, Some(FailureReason::OptedOut)),           // DoNotDisturbRejection
    (500, Some(FailureReason::ProviderError)),      // InternalServerError
    (501, Some(FailureReason::ProviderError)),      // GatewayError
    (502, Some(FailureReason::ProviderError)),      // RejectedByGateway
];

/// Sends one text to numbers. `from` is a short code or sender id; without it the provider's own is shown.
pub fn send_sms(username: &str, api_key: &str, from: Option<&str>, to: &[Phone], message: &str) -> Request {
    let to: Vec<&str> = to.iter().map(Phone::as_str).collect();
    Request::post(Service::Messaging, "/version1/messaging", username, api_key)
        .with("to", to.join(","))
        .with("message", message)
        .maybe("from", from)
        .with("bulkSMSMode", "1")
        // The provider answers at once and sends from its queue; without it the request waits for every network.
        .with("enqueue", "1")
}

/// One number of the answer to [`send_sms`]. `Debug` hides the number.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The number, as the provider wrote it.
    pub number: String,
    /// The id by which delivery reports come; none when the message was not taken.
    pub message_id: Option<String>,
    /// The provider's code, 100 to 502.
    pub status_code: u16,
    /// The cost as written, `KES 0.8000`; may be in another currency than the total.
    pub cost: Option<String>,
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recipient({}, {:?})", self.status_code, self.message_id)
    }
}

impl Recipient {
    /// The code and the cost as they are recorded. A cost that is no amount is left out.
    pub fn receipt(&self) -> Receipt {
        let (currency, cost) = self.cost.as_deref().and_then(cost).unzip();
        Receipt { code: self.status_code, cost, currency: currency.flatten() }
    }

    /// Whether the message was taken.
    ///
    /// # Errors
    /// Why not; a code we do not know is taken only in the 100s.
    pub fn outcome(&self) -> Result<(), FailureReason> {
        let known = CODES.iter().find(|(code, _)| *code == self.status_code).map(|(_, failure)| *failure);
        match known {
            Some(None) => Ok(()),
            Some(Some(reason)) => Err(reason),
            None if (100..200).contains(&self.status_code) => Ok(()),
            None => Err(FailureReason::Other),
        }
    }
}

/// Reads the answer to [`send_sms`]: at least one recipient.
///
/// # Errors
/// [`RestError`]; a wrong sender id comes as status 201 with its name in the message and no recipients.
pub fn read_sms(status: u16, body: &[u8]) -> Result<Vec<Recipient>, RestError> {
    let json = answer(status, body)?;
    let unreadable = RestError::Unreadable { status };
    let data = json.get("SMSMessageData").ok_or(unreadable)?;
    let recipients: Vec<Recipient> = match data.get("Recipients") {
        Some(Value::Array(recipients)) => recipients.iter().filter_map(recipient).collect(),
        _ => Vec::new(),
    };
    if recipients.is_empty() {
        return Err(text(data, "Message").map_or(unreadable, |message| RestError::Refused(refusal(message))));
    }
    Ok(recipients)
}

fn recipient(json: &Value) -> Option<Recipient> {
    let code = json.get("statusCode")?;
    let status_code = code.as_u64().or_else(|| code.as_str()?.trim().parse().ok())?;
    Some(Recipient {
        number: text(json, "number").unwrap_or_default().to_owned(),
        message_id: text(json, "messageId").map(str::to_owned),
        status_code: u16::try_from(status_code).ok()?,
        cost: text(json, "cost").map(str::to_owned),
    })
}
