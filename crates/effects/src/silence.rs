//! Finds calls that are never said to end, and asks their providers.
//!
//! A provider that does not repeat a lost webhook leaves a call open for ever. What was last heard of a call stands in
//! the ledger; once that is too long ago, the provider is asked where it has a request for that and we have an account.
//! What it says goes through the door like anything else; that nobody can be asked is recorded too, so that people can look.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use contract::entity::Entity;
use contract::fact::Fact;
use contract::phone::Country;
use contract::provider::Provider;
use contract::report::{FailureReason, Found, Report};
use ledger::time::Timestamp;
use providers::request::ApiRequest;
use providers::{minivoice, tryvox};
use store::rows::CallRow;
use store::{Reader, StoreError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::account::Accounts;
use crate::client::{Answer, Client, SendError};
use crate::door::{Door, DoorError};

/// How often calls are looked for. They are silent for many minutes before.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Most calls asked about in one pass, one after the other; the longest silent first.
const CALLS_MAX: u32 = 100;

/// The accounts that providers can be asked with, each with its base address where that is not the provider's own.
#[derive(Clone, Default)]
pub struct Askable {
    /// At TryVox.
    pub tryvox: Option<(tryvox::rest::Account, Option<String>)>,
    /// At MiniVoice: the key of the application.
    pub minivoice: Option<(String, Option<String>)>,
}

impl From<&Accounts> for Askable {
    fn from(accounts: &Accounts) -> Askable {
        Askable {
            tryvox: accounts.tryvox.as_ref().map(|account| (account.rest.clone(), account.url.clone())),
            minivoice: accounts
                .minivoice
                .as_ref()
                .map(|account| (account.api_key.clone(), account.url.clone())),
        }
    }
}

impl fmt::Debug for Askable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Askable({}, {})", self.tryvox.is_some(), self.minivoice.is_some())
    }
}

/// Why a pass came to no end.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The ledger could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was found could not be journaled.
    #[error(transparent)]
    Door(#[from] DoorError),
}

/// Looks for calls without an end. Cheap to clone.
#[derive(Clone)]
pub struct Finder {
    inner: Arc<Inner>,
}

struct Inner {
    door: Door,
    client: Client,
    askable: Askable,
    country: Country,
    silent_ms: i64,
}

impl fmt::Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finder")
    }
}

/// What was asked, by the stream of the call: which attempt. An attempt is not made again while its report waits to be
/// folded.
#[derive(Debug, Default)]
pub struct Asked(HashMap<String, u32>);

impl Finder {
    /// A finder that takes a call for silent when nothing was recorded of it for `silent_ms` milliseconds. Numbers in
    /// answers without a country are read as of `country`.
    pub fn new(door: Door, client: Client, askable: Askable, country: Country, silent_ms: i64) -> Finder {
        Finder { inner: Arc::new(Inner { door, client, askable, country, silent_ms }) }
    }

    /// Looks again and again until told to stop.
    pub async fn run(&self, reader: Reader, stop: CancellationToken) {
        let mut asked = Asked::default();
        while !stop.is_cancelled() {
            let now = self.inner.door.now();
            let pass = stop.run_until_cancelled(self.look(&reader, now, &mut asked)).await;
            if let Some(Err(error)) = pass {
                tracing::warn!(%error, "calls without an end could not be looked for");
            }
            tokio::select! { () = stop.cancelled() => {} () = tokio::time::sleep(LOOK_EVERY) => {} }
        }
    }

    /// One pass at the time `now`: asks about each silent call and journals what is found. Gives the ids of the reports.
    ///
    /// # Errors
    /// [`LookError`]; what was journaled before stands.
    pub async fn look(
        &self,
        reader: &Reader,
        now: Timestamp,
        asked: &mut Asked,
    ) -> Result<Vec<Uuid>, LookError> {
        let before = Timestamp::from_millis(now.millis().saturating_sub(self.inner.silent_ms));
        let silent = reader.open_calls(before.unwrap_or(Timestamp::EPOCH), CALLS_MAX).await?;
        asked.0.retain(|stream, _| silent.iter().any(|row| row.stream == *stream));
        let mut reports = Vec::new();
        for row in silent {
            let Some(attempt) = next_attempt(reader, &row.stream).await? else { continue };
            if asked.0.insert(row.stream.clone(), attempt) == Some(attempt) {
                continue;
            }
            let Some(provider) = Provider::from_word(row.provider()) else { continue };
            let found = self.ask(provider, &row).await;
            tracing::info!(stream = row.stream, attempt, ?found, "a call without an end was looked for");
            let report = Report::CallLooked { stream: row.stream, provider, attempt, found };
            reports.push(self.inner.door.report(report).await?.id);
        }
        Ok(reports)
    }

    async fn ask(&self, provider: Provider, row: &CallRow) -> Found {
        // An id too long for a name of a stream cannot be read back from it.
        let Some(id) = contract::entity::untoken(row.call_id()) else { return Found::CannotAsk {} };
        let Inner { askable, country, .. } = &*self.inner;
        match provider {
            Provider::TryVox => {
                let Some((account, base)) = &askable.tryvox else { return Found::CannotAsk {} };
                self.exchange(base.as_deref(), &tryvox::rest::get_call(account, &id), |answer| {
                    let call =
                        tryvox::rest::read_call(answer.status, &answer.body).map_err(|e| e.reason())?;
                    Ok(tryvox::told::facts(&call, *country))
                })
                .await
            }
            Provider::MiniVoice => {
                let Some((key, base)) = &askable.minivoice else { return Found::CannotAsk {} };
                self.exchange(base.as_deref(), &minivoice::rest::get_call(key, &id), |answer| {
                    let call =
                        minivoice::rest::read_call(answer.status, &answer.body).map_err(|e| e.reason())?;
                    Ok(minivoice::told::facts(&call, *country))
                })
                .await
            }
            // It has no request that asks about a call.
            Provider::AfricasTalking => Found::CannotAsk {},
        }
    }

    async fn exchange(
        &self,
        base: Option<&str>,
        request: &ApiRequest,
        read: impl Fn(&Answer) -> Result<Vec<Fact>, FailureReason>,
    ) -> Found {
        let answer = match self.inner.client.send_api(base, request).await {
            Ok(answer) => answer,
            Err(SendError::NotSent(_)) => return Found::Failed { reason: FailureReason::Unreachable },
            // Asking changes nothing outside, so that an answer is missing is all there is to it.
            Err(SendError::UnknownOutcome) => return Found::Failed { reason: FailureReason::TooSlow },
            Err(SendError::AnswerTooLarge { .. }) => {
                return Found::Failed { reason: FailureReason::TooLarge };
            }
        };
        match read(&answer) {
            Ok(facts) => Found::Told { facts, raw: String::from_utf8_lossy(&answer.body).into_owned() },
            Err(FailureReason::NotFound) => Found::Unknown {},
            Err(reason) => Found::Failed { reason },
        }
    }
}

/// The number of the next look for the end of a call; none where it is not looked for any more.
async fn next_attempt(reader: &Reader, stream: &str) -> Result<Option<u32>, StoreError> {
    let Some(row) = reader.stream(stream).await? else { return Ok(None) };
    Ok(match Entity::from_json(&row.state) {
        Ok(Entity::Call(call)) => match &call.silence {
            Some(silence) if silence.given_up => None,
            silence => Some(silence.as_ref().map_or(1, |silence| silence.attempts.saturating_add(1))),
        },
        _ => None,
    })
}
