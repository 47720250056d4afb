//! Africa's Talking: its two APIs, its callbacks and its call scripts, in the shapes seen in production logs, vendor
//! tests and recorded answers.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::config::ApiMode;
use crate::server::{DropConnection, Shared};

pub(crate) mod callback;
pub(crate) mod instruction;
pub(crate) mod leg;
pub(crate) mod line;
pub(crate) mod operator;
pub(crate) mod script;
pub(crate) mod sms;
pub(crate) mod voice;

/// What the provider answers to a wrong key or username, as plain text.
pub const BAD_KEY_TEXT: &str = "The supplied authentication is invalid";

/// The provider writes the absence of a value as this word.
pub(crate) const NONE: &str = "None";

pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/voice/call", post(voice::call))
        .route("/voice/callTransfer", post(line::transfer))
        .route("/voice/queueStatus", post(line::queues))
        .route("/voice/mediaUpload", post(line::upload))
        .route("/sms/version1/messaging", post(sms::messaging))
}

/// A field of a decoded form; absent and empty are the same to the provider.
fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// The numbers of a comma list.
fn numbers(form: &[(String, String)]) -> Vec<String> {
    field(form, "to")
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(|number| number.trim().to_owned())
        .filter(|number| !number.is_empty())
        .collect()
}

/// Digits of a number in international form, plus sign not counted (E.164 allows 15).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Whether the provider would dial it: `+` and digits only.
fn is_dialable(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        NUMBER_DIGITS.contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_authentic(shared: &Shared, headers: &HeaderMap, form: &[(String, String)]) -> bool {
    headers.get("apiKey").is_some_and(|key| key.as_bytes() == shared.api_key.as_bytes())
        && field(form, "username") == Some(&shared.username)
}

fn unauthorized() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=UTF-8"),
        (header::WWW_AUTHENTICATE, "Basic realm=\"api\",charset=UTF-8"),
    ];
    (StatusCode::UNAUTHORIZED, headers, BAD_KEY_TEXT).into_response()
}

/// What a faulty API does to a request: whether it is acted upon, and what the client sees of it.
enum Fault {
    /// The request is carried out, and this is seen.
    Accepted(Blind),
    /// The request is not carried out, and this is seen.
    Ignored(Blind),
    /// The request is refused with this word.
    Refused(String),
    /// 401, though the key is good.
    Unauthorized,
    /// The request is carried out and answered.
    None,
}

/// Ways to leave a client without an answer.
enum Blind {
    Silence,
    HangUp,
    ServerError,
}

impl From<ApiMode> for Fault {
    fn from(mode: ApiMode) -> Self {
        match mode {
            ApiMode::Normal => Fault::None,
            ApiMode::Unauthorized => Fault::Unauthorized,
            ApiMode::Refuse(word) => Fault::Refused(word),
            ApiMode::ServerError => Fault::Ignored(Blind::ServerError),
            ApiMode::Hang { accepted: true } => Fault::Accepted(Blind::Silence),
            ApiMode::Hang { accepted: false } => Fault::Ignored(Blind::Silence),
            ApiMode::Drop { accepted: true } => Fault::Accepted(Blind::HangUp),
            ApiMode::Drop { accepted: false } => Fault::Ignored(Blind::HangUp),
        }
    }
}

impl Blind {
    async fn answer(self) -> Response {
        match self {
            Blind::Silence => std::future::pending().await,
            Blind::HangUp => DropConnection::response(),
            Blind::ServerError => (
                StatusCode::INTERNAL_SERVER_ERROR,
                [(header::CONTENT_TYPE, "text/plain")],
                "Internal Server Error",
            )
                .into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_numbers_are_dialled() {
        for (number, expected) in [
            ("+254700000001", true),
            ("+256312000000", true),
            ("254700000001", false),
            ("0700000001", false),
            ("+0700000001", false),
            ("+2547", false),
            ("+25470000000a", false),
            ("+2547000000010000", false),
            ("", false),
        ] {
            assert_eq!(is_dialable(number), expected, "{number}");
        }
    }
}
