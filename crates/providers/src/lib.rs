//! The providers' bytes and our words: pure translation, both ways.
//!
//! Nothing here opens a socket, reads a clock or draws a number. A webhook's bytes become facts; a call script becomes
//! the provider's markup; a wish becomes a request as a value, and the bytes of its answer become a result.
//!
//! ```text
//!  webhook bytes ──► form / JSON ──► fields ──► facts        (africastalking::{voice, sms, ussd}, voicepact,
//!                                                             minivoice::webhook, tryvox::webhook)
//!  script ─────────────────────────► markup                  (africastalking::xml, minivoice::actions,
//!                                                             tryvox::{voxml_xml, voxml_json})
//!  wish ──► request value ··· sent by `effects` ··· answer bytes ──► result   (africastalking::rest,
//!                                                             minivoice::rest, tryvox::rest)
//! ```
//!
//! Reading is tolerant where a provider is known to vary (case, `None`, lost `+`, missing fields) and strict where
//! guessing would lie: bytes that are no form or JSON, a missing id, one field with two values.
//!
//! One module per provider; a new one brings its module and its folder in `tests/fixtures`.

pub mod africastalking;
pub mod form;
mod json;
mod leg;
pub mod minivoice;
pub mod reading;
pub mod request;
pub mod script;
pub mod secret;
pub mod tryvox;
pub mod voicepact;
mod word;

pub use reading::{Echo, ReadError, Reading};
