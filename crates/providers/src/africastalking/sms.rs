//! Text message callbacks: what people write to us, and what became of what we wrote.

use contract::fact::{DeliveryStatus, Fact, Private, Subject, What};
use contract::phone::Country;
use contract::provider::Provider;

use super::number;
use super::time::{self, Zone};
use crate::form::{self, Fields};
use crate::reading::ReadError;
use crate::word::plain;

/// Reads a message a person sent us. The text is kept exactly as it came.
///
/// # Errors
/// [`ReadError`]: no form, no sender (`from`); [`ReadError::Ignored`] for subscriptions, which some set up on the same
/// address. An opt-out that comes there is read as one.
pub fn read_incoming(
    body: &[u8],
    content_type: &str,
    country: Country,
    zone: &Zone,
) -> Result<Fact, ReadError> {
    let fields = form::read(body, content_type)?;
    if let Some(fact) = notice(&fields, country)? {
        return Ok(fact);
    }
    fields.required("from")?;
    let id = match fields.get("id")? {
        Some(_) => fields.id("id")?.to_owned(),
        // Without an id, equal bodies are one message. They hold the time, so that is nearly always right.
        None => format!("digest-{}", fields.digest()),
    };
    Ok(Fact {
        key: format!("{id}:received"),
        subject: Subject::Message { provider: Provider::AfricasTalking, id },
        occurred: fields.get("date")?.and_then(|text| time::read(text, zone)),
        what: What::MessageReceived {},
        private: Private {
            phone: number(&fields, &["from"], country)?,
            line: number(&fields, &["to"], country)?,
            text: fields.raw("text")?.map(str::to_owned),
            ..Private::default()
        },
    })
}

/// Reads a delivery report of a message we sent. A report without a status is [`DeliveryStatus::Unknown`].
///
/// # Errors
/// [`ReadError`]: no form, no `id`; [`ReadError::Ignored`] for subscriptions. An opt-out that comes there is read as one.
pub fn read_delivery(body: &[u8], content_type: &str, country: Country) -> Result<Fact, ReadError> {
    let fields = form::read(body, content_type)?;
    if let Some(fact) = notice(&fields, country)? {
        return Ok(fact);
    }
    let id = fields.id("id")?.to_owned();
    let (status, word) = delivery(fields.get("status")?.unwrap_or_default());
    Ok(Fact {
        key: format!("{id}:delivery:{word}"),
        subject: Subject::Message { provider: Provider::AfricasTalking, id },
        occurred: None,
        what: What::MessageDelivery { status },
        private: Private { phone: number(&fields, &["phoneNumber"], country)?, ..Private::default() },
    })
}

/// The provider's word, and ours in the key.
fn delivery(status: &str) -> (DeliveryStatus, &'static str) {
    match plain(status).as_str() {
        "buffered" => (DeliveryStatus::Buffered, "buffered"),
        "submitted" => (DeliveryStatus::Submitted, "submitted"),
        "sent" => (DeliveryStatus::Sent, "sent"),
        "rejected" => (DeliveryStatus::Rejected, "rejected"),
        "failed" => (DeliveryStatus::Failed, "failed"),
        "success" | "delivered" => (DeliveryStatus::Delivered, "delivered"),
        _ => (DeliveryStatus::Unknown, "unknown"),
    }
}

/// Reads the callback for opt-outs from bulk messages (`senderId`, `phoneNumber`): the person wants no more of them.
///
/// # Errors
/// [`ReadError`]: no form, no number.
pub fn read_opt_out(body: &[u8], content_type: &str, country: Country) -> Result<Fact, ReadError> {
    opt_out(&form::read(body, content_type)?, country)
}

/// Opt-outs (`senderId`, `phoneNumber`) and subscriptions (`shortCode`, `keyword`, `updateType`) carry no message.
fn notice(fields: &Fields, country: Country) -> Result<Option<Fact>, ReadError> {
    if fields.get("updateType")?.is_some() {
        return Err(ReadError::Ignored { kind: "sms subscription" });
    }
    if fields.get("senderId")?.is_some() && fields.get("id")?.is_none() && fields.get("from")?.is_none() {
        return opt_out(fields, country).map(Some);
    }
    Ok(None)
}

fn opt_out(fields: &Fields, country: Country) -> Result<Fact, ReadError> {
    let phone = number(fields, &["phoneNumber"], country)?;
    if phone.is_none() {
        return Err(ReadError::Missing { field: "phoneNumber" });
    }
    Ok(Fact {
        subject: Subject::Contact {},
        // Nothing but the number tells two of them apart, and a number may stand in no key.
        key: "opted_out".to_owned(),
        occurred: None,
        what: What::TextsRefused {},
        private: Private { phone, ..Private::default() },
    })
}
