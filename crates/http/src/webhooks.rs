//! Webhooks of providers: read, journal, acknowledge. Handlers that only acknowledge cannot read the store; those that
//! somebody waits for, on the phone or before a menu, may ask a [`Directory`](crate::directory::Directory) and nothing else.
//!
//! Each webhook has an address with a secret segment, whose inputs count as authenticated; those of the source documents
//! that name one have a bare address too, which exists only where the operator allows it. A wrong secret and an unknown
//! path answer the same. A provider that signs proves itself by its signature besides: see [`minivoice`].

pub mod africastalking;
pub mod messages;
pub mod minivoice;
pub mod prompter;
pub mod tryvox;
pub mod ussd;
pub mod voicepact;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::fact::Fact;
use contract::input::{Body, Webhook};
use contract::phone::Country;
use contract::provider::{Provider, Via};
use effects::door::{Door, Stamp};
use ledger::time::Timestamp;
use providers::ReadError;
use providers::africastalking::time::Zone;
use providers::minivoice::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use providers::secret::PathSecrets;

use crate::body::Raw;
use crate::problem::{Kind, Problem};

/// Headers kept with a webhook, lower-case. None of them can identify a person.
const HEADERS_KEPT: [&str; 4] = ["user-agent", "x-request-id", SIGNATURE_HEADER, TIMESTAMP_HEADER];
/// Longest header value kept.
const HEADER_BYTES_MAX: usize = 200;

/// What every webhook needs.
#[derive(Clone)]
pub struct Inlet {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    country: Country,
    zone: Zone,
    secrets: PathSecrets,
    bare: bool,
}

impl Inlet {
    /// `bare` opens the addresses without a secret.
    pub fn new(door: Door, country: Country, zone: Zone, secrets: PathSecrets, bare: bool) -> Inlet {
        Inlet { inner: Arc::new(Inner { door, country, zone, secrets, bare }) }
    }

    /// Whether the sender proved who it is.
    ///
    /// # Errors
    /// The 404 of an unknown path: without a segment where bare addresses are closed, with a wrong segment always.
    fn admit(&self, secret: Option<&str>) -> Result<bool, Problem> {
        match secret {
            None if self.inner.bare => Ok(false),
            Some(segment) if self.inner.secrets.matches(segment) => Ok(true),
            _ => Err(Problem::of_status(StatusCode::NOT_FOUND)),
        }
    }

    fn country(&self) -> Country {
        self.inner.country
    }

    fn zone(&self) -> &Zone {
        &self.inner.zone
    }

    /// Journals a webhook. When this returns, it is on disk.
    ///
    /// # Errors
    /// 503.
    async fn journal<const MAX: usize>(
        &self,
        raw: &Raw<MAX>,
        route: &str,
        via: Via,
        authenticated: bool,
        facts: Vec<Fact>,
    ) -> Result<(), Problem> {
        let webhook = webhook(raw, route, via, facts);
        self.journal_webhook(webhook, via, authenticated).await
    }

    /// See [`Inlet::journal`].
    async fn journal_webhook(&self, webhook: Webhook, via: Via, authenticated: bool) -> Result<(), Problem> {
        self.journal_stamped(self.stamp()?, webhook, via, authenticated).await
    }

    /// Draws the id of an input whose outcome somebody will wait for.
    fn stamp(&self) -> Result<Stamp, Problem> {
        self.inner.door.stamp().map_err(crate::intake::not_taken)
    }

    /// See [`Inlet::journal`].
    async fn journal_stamped(
        &self,
        stamp: Stamp,
        webhook: Webhook,
        via: Via,
        authenticated: bool,
    ) -> Result<(), Problem> {
        crate::intake::take(&self.inner.door, stamp, via, authenticated, Body::Webhook(webhook)).await?;
        Ok(())
    }

    /// The time by the door's clock.
    fn now(&self) -> Timestamp {
        self.inner.door.now()
    }
}

/// A webhook as it is journaled.
fn webhook<const MAX: usize>(raw: &Raw<MAX>, route: &str, via: Via, facts: Vec<Fact>) -> Webhook {
    let (text, raw_base64) = match std::str::from_utf8(&raw.bytes) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&raw.bytes), true),
    };
    let provider = match via {
        Via::MiniVoice => Provider::MiniVoice,
        Via::TryVox => Provider::TryVox,
        Via::AfricasTalking | Via::Api | Via::Sms | Via::Ussd | Via::Effect => Provider::AfricasTalking,
    };
    Webhook {
        provider,
        route: route.to_owned(),
        content_type: raw.content_type.split(';').next().unwrap_or_default().trim().to_owned(),
        headers: kept(&raw.headers),
        raw: text,
        raw_base64,
        facts,
    }
}

/// Whether the sender of a webhook proved who it is; checked before the body is read.
struct Sender {
    authenticated: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Sender
where
    Inlet: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Sender, Problem> {
        let secret = Option::<Path<String>>::from_request_parts(parts, state).await;
        let secret = secret.map_err(|_| Problem::of_status(StatusCode::NOT_FOUND))?;
        let inlet = Inlet::from_ref(state);
        let authenticated = inlet.admit(secret.as_ref().map(|Path(segment)| segment.as_str()))?;
        Ok(Sender { authenticated })
    }
}

fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let value = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        (value.len() <= HEADER_BYTES_MAX).then(|| value.to_owned())
    };
    HEADERS_KEPT.into_iter().filter_map(|name| Some((name.to_owned(), value(name)?))).collect()
}

/// A webhook that cannot be read is refused, naming the field, so that whoever set it up finds out.
fn unreadable(error: &ReadError) -> Problem {
    let kind = match error {
        ReadError::ContentType { .. } => Kind::UnsupportedMedia,
        ReadError::Invalid { .. } => Kind::Invalid,
        _ => Kind::Malformed,
    };
    match error.field() {
        // The sentence names the field already; as a fault it stands beside it once more.
        Some(field) => {
            let sentence = error.to_string();
            let reason = sentence.strip_prefix(&format!("field {field}: ")).unwrap_or(&sentence).to_owned();
            Problem::field(kind, field, reason)
        }
        None => Problem::new(kind, error.to_string()),
    }
}
