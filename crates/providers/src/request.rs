//! Requests with JSON bodies as values, ready to be sent.

use std::fmt::Write as _;

/// A request. `Debug` shows only its method and where it goes: headers, path and body hold the key, ids and people's
/// numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Scheme, host and first segment of the provider's own servers, without a slash at its end.
    pub base: &'static str,
    /// Path under the base with its leading slash, and the query.
    pub path: String,
    /// Headers, lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// The body; none where there is none.
    pub body: Option<String>,
}

impl ApiRequest {
    /// A request with a bearer key.
    pub(crate) fn new(
        method: &'static str,
        base: &'static str,
        path: String,
        api_key: &str,
        body: Option<String>,
    ) -> ApiRequest {
        let mut headers =
            vec![("accept", "application/json".to_owned()), ("authorization", format!("Bearer {api_key}"))];
        if body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        ApiRequest { method, base, path, headers, body }
    }
}

impl std::fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiRequest({} {})", self.method, self.base)
    }
}

/// A text as one segment of a path (RFC 3986 §3.3): what is not unreserved is percent-encoded, and so are the two
/// segments that would change the path.
pub(crate) fn segment(text: &str) -> String {
    let dots = matches!(text, "." | "..");
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.');
        if plain && !dots {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_segment_stays_one() {
        for (text, expected) in [
            ("call_20260529T120000.000000000", "call_20260529T120000.000000000"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("..", "%2E%2E"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(segment(text), expected);
        }
    }
}
