//! The account we act with at Africa's Talking.

use std::fmt;

use providers::africastalking::rest::{Request, Service};

/// Name, key and numbers of one account. `Debug` shows neither key nor numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// User name; `sandbox` means the provider's sandbox.
    pub username: String,
    /// The API key.
    pub api_key: String,
    /// The line calls are placed from, in E.164.
    pub line: String,
    /// Short code or sender id of text messages; without it the provider's own is shown.
    pub sender: Option<String>,
    /// Base of the voice service, without a slash at the end; else the provider's own.
    pub voice_url: Option<String>,
    /// Base of the message service, without a slash at the end; else the provider's own.
    pub messaging_url: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Account {
    /// Where a request goes: what is configured, else the provider's own servers.
    pub(crate) fn url(&self, request: &Request) -> String {
        let configured = match request.service {
            Service::Voice => self.voice_url.as_deref(),
            Service::Messaging => self.messaging_url.as_deref(),
        };
        format!("{}{}", configured.unwrap_or_else(|| request.base()), request.path)
    }
}
