//! `POST /version1/messaging`: the message API, its delivery reports, and what phones write back.

use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::callback::{delivery_report, incoming};
use super::operator::operator;
use super::{Fault, NONE, field, is_authentic, is_dialable, numbers, unauthorized};
use crate::message::Sms;
use crate::plan::{Draft, UrlKind};
use crate::random::{generator, hex_id};
use crate::server::Shared;

/// Delivery is reported this long after the request, in milliseconds.
const REPORTED_AFTER_MS: u64 = 900;
/// A person has read the message and answered by then.
const ANSWERED_AFTER_MS: u64 = 3_000;

/// Characters of one message and of each part of a longer one, in the 7-bit alphabet and in UCS-2 (3GPP TS 23.038
/// and 23.040).
const PART_CHARS: [(usize, usize); 2] = [(160, 153), (70, 67)];
/// Price of one part, in ten-thousandths of the currency.
const PART_PRICE: usize = 8_000;

pub(crate) async fn messaging(
    State(shared): State<Shared>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let mode = {
        let mut behaviour = shared.behaviour();
        behaviour.next_sms_modes.pop_front().unwrap_or_else(|| behaviour.sms_mode.clone())
    };
    shared.log().sms_requests += 1;
    if !is_authentic(&shared, &headers, &form) {
        return unauthorized();
    }
    match Fault::from(mode) {
        Fault::None => send(&shared, &form),
        Fault::Accepted(blind) => {
            send(&shared, &form);
            blind.answer().await
        }
        Fault::Ignored(blind) => blind.answer().await,
        Fault::Refused(word) => answer(&word, &[]),
        Fault::Unauthorized => unauthorized(),
    }
}

fn answer(message: &str, recipients: &[Value]) -> Response {
    let body = json!({ "SMSMessageData": { "Message": message, "Recipients": recipients } });
    (StatusCode::CREATED, axum::Json(body)).into_response()
}

fn send(shared: &Shared, form: &[(String, String)]) -> Response {
    let text = field(form, "message").unwrap_or_default();
    let sender = field(form, "from").unwrap_or(&shared.number);
    // The provider queues the message if asked to, and says so by another code.
    let status_code = if field(form, "enqueue") == Some("1") { 102 } else { 101 };
    let parts = parts(text);
    let phones = numbers(form);
    let mut sent = 0;
    let mut currency = "KES";
    let mut recipients = Vec::new();
    for phone in &phones {
        let refused = match shared.behaviour().blacklist.contains(phone) {
            true => Some(("UserInBlacklist", 406)),
            false => (!is_dialable(phone)).then_some(("InvalidPhoneNumber", 403)),
        };
        if let Some((status, code)) = refused {
            recipients.push(json!({
                "cost": "0", "messageId": NONE, "number": phone, "status": status, "statusCode": code,
            }));
            continue;
        }
        let sms = accept(shared, phone, sender, text);
        sent += 1;
        currency = operator(phone).currency;
        recipients.push(json!({
            "cost": cost(currency, parts), "messageId": sms.message_id, "number": phone, "status": "Success",
            "statusCode": status_code,
        }));
    }
    let total = cost(currency, parts * sent);
    answer(
        &format!("Sent to {sent}/{} Total Cost: {total} Message parts: {parts}", phones.len()),
        &recipients,
    )
}

fn cost(currency: &str, parts: usize) -> String {
    let price = parts * PART_PRICE;
    format!("{currency} {}.{:04}", price / 10_000, price % 10_000)
}

fn parts(text: &str) -> usize {
    let ((whole, part), length) = if text.is_ascii() {
        (PART_CHARS[0], text.len())
    } else {
        (PART_CHARS[1], text.encode_utf16().count())
    };
    if length <= whole { 1 } else { length.div_ceil(part) }
}

/// Keeps the message and schedules its report and the answer to it.
fn accept(shared: &Shared, phone: &str, sender: &str, text: &str) -> Sms {
    let sms = {
        let mut log = shared.log();
        let number = log.next_number("sms", phone);
        let sms = Sms {
            to: phone.to_owned(),
            from: sender.to_owned(),
            text: text.to_owned(),
            at_order: log.messages.len(),
            message_id: format!("ATXid_{}", hex_id(shared.seed, "sms", phone, number)),
        };
        log.messages.push(sms.clone());
        sms
    };
    let (reply, report) = {
        let behaviour = shared.behaviour();
        (behaviour.replies.of(phone).clone(), behaviour.report.clone())
    };
    let mut drafts = Vec::new();
    let mut dice = generator(shared.seed, "report", &sms.message_id, 0);
    let fields = delivery_report(&sms, &report, &mut dice);
    drafts.extend(
        fields.map(|fields| Draft::form(REPORTED_AFTER_MS, UrlKind::SmsDelivery, &sms.message_id, fields)),
    );
    // The rule may be a closure of the caller's, so no lock is held while it runs.
    if let Some(text) = reply.answer(&sms) {
        drafts.push(text_draft(shared, phone, &sms.from, &text, ANSWERED_AFTER_MS));
    }
    shared.schedule(&sms.message_id, drafts);
    sms
}

/// A phone writes to the carrier's number. Gives the message's id.
pub(crate) fn text_in(shared: &Shared, phone: &str, text: &str) -> String {
    let draft = text_draft(shared, phone, &shared.number, text, 0);
    let id = draft.subject.clone();
    shared.schedule(&id, vec![draft]);
    id
}

fn text_draft(shared: &Shared, phone: &str, number: &str, text: &str, due_ms: u64) -> Draft {
    let count = shared.log().next_number("text", phone);
    let id = format!("ATUid_{}", hex_id(shared.seed, "text", phone, count));
    let mut dice = generator(shared.seed, "text", &id, 0);
    let fields = incoming(&id, phone, number, text, shared.clock_seconds(&id), &mut dice);
    Draft::form(due_ms, UrlKind::SmsIncoming, &id, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_counted_in_parts() {
        for (text, expected) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("ĩ".repeat(70), 1),
            ("ĩ".repeat(71), 2),
        ] {
            assert_eq!(parts(&text), expected, "{} characters", text.chars().count());
        }
        assert_eq!(cost("KES", 1), "KES 0.8000");
        assert_eq!(cost("UGX", 3), "UGX 2.4000");
    }
}
