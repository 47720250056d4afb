//! The voice companies we speak with, and the ways an input can reach us.

use serde::{Deserialize, Serialize};

/// A voice company whose webhooks and REST interface we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Africa's Talking.
    AfricasTalking,
    /// TryVox.
    TryVox,
    /// MiniVoice.
    MiniVoice,
}

impl Provider {
    /// All of them, in the order in which one is chosen where nothing else decides.
    pub const ALL: [Provider; 3] = [Provider::AfricasTalking, Provider::TryVox, Provider::MiniVoice];

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Provider> {
        Provider::ALL.into_iter().find(|provider| provider.as_str() == word)
    }

    /// The word used in stream names, subjects and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Provider::AfricasTalking => "africastalking",
            Provider::TryVox => "tryvox",
            Provider::MiniVoice => "minivoice",
        }
    }
}

/// By which way an input came in; the `source.via` of a record (EVIDENCE §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// A webhook of Africa's Talking.
    AfricasTalking,
    /// A webhook of TryVox.
    TryVox,
    /// A webhook of MiniVoice.
    MiniVoice,
    /// A request to our own interface.
    Api,
    /// A text message a party sent.
    Sms,
    /// A USSD session of a party.
    Ussd,
    /// The result of something we did outside.
    Effect,
}

impl Via {
    /// The word used in subjects and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Via::AfricasTalking => "africastalking",
            Via::TryVox => "tryvox",
            Via::MiniVoice => "minivoice",
            Via::Api => "api",
            Via::Sms => "sms",
            Via::Ussd => "ussd",
            Via::Effect => "effect",
        }
    }
}

impl From<Provider> for Via {
    fn from(provider: Provider) -> Via {
        match provider {
            Provider::AfricasTalking => Via::AfricasTalking,
            Provider::TryVox => Via::TryVox,
            Provider::MiniVoice => Via::MiniVoice,
        }
    }
}
