//! The accounts we act with at providers.

use std::fmt;

use contract::provider::Provider;
use providers::africastalking::rest::{Request, Service};
use providers::script::Address;
use providers::tryvox::rest as tryvox;

/// The accounts that are configured, and which of them is taken where nobody chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// At Africa's Talking.
    pub africastalking: Option<Account>,
    /// At TryVox.
    pub tryvox: Option<TryVoxAccount>,
    /// At MiniVoice.
    pub minivoice: Option<MiniVoiceAccount>,
    /// Who dials where a request names nobody; else the first that is configured.
    pub preferred: Option<Provider>,
}

impl Accounts {
    /// Whether there is an account at a provider.
    pub fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::AfricasTalking => self.africastalking.is_some(),
            Provider::TryVox => self.tryvox.is_some(),
            Provider::MiniVoice => self.minivoice.is_some(),
        }
    }

    /// Who dials where a request names nobody.
    pub fn default_provider(&self) -> Provider {
        let first = || Provider::ALL.into_iter().find(|provider| self.has(*provider));
        self.preferred.or_else(first).unwrap_or(Provider::AfricasTalking)
    }

    /// The line calls are placed from at a provider.
    pub fn line(&self, provider: Provider) -> Option<&str> {
        match provider {
            Provider::AfricasTalking => self.africastalking.as_ref().map(|account| account.line.as_str()),
            Provider::TryVox => self.tryvox.as_ref().map(|account| account.line.as_str()),
            Provider::MiniVoice => self.minivoice.as_ref().map(|account| account.line.as_str()),
        }
    }
}

impl From<Option<Account>> for Accounts {
    fn from(africastalking: Option<Account>) -> Accounts {
        Accounts { africastalking, ..Accounts::default() }
    }
}

/// Name, key and numbers of an account at Africa's Talking. `Debug` shows neither key nor numbers.
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

/// An account at TryVox. `Debug` shows neither key nor addresses, which hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct TryVoxAccount {
    /// Id and key.
    pub rest: tryvox::Account,
    /// The line calls are placed from, in E.164.
    pub line: String,
    /// Base in place of `https://api.tryvox.io/v1/voice`, without a slash at the end.
    pub url: Option<String>,
    /// Where the provider asks us what to do with a call that was answered.
    pub answer: Address,
    /// Where the provider tells us that a call rings or is over.
    pub events: Address,
}

impl fmt::Debug for TryVoxAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryVoxAccount(..)")
    }
}

/// An account at MiniVoice, where the addresses of ours belong to the application and not to the call. `Debug` shows
/// nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct MiniVoiceAccount {
    /// The application's key.
    pub api_key: String,
    /// The line calls are placed from, in E.164.
    pub line: String,
    /// Base in place of `https://api.minivoice.eu/v1`, without a slash at the end.
    pub url: Option<String>,
}

impl fmt::Debug for MiniVoiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MiniVoiceAccount(..)")
    }
}
