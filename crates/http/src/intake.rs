//! Handing inputs in, and waiting for what becomes of a command.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::{LOCATION, RETRY_AFTER};
use contract::command::{Command, Keyed};
use contract::input::{Body, Input};
use contract::outcome::{Outcome, REQUEST_MEMBER, Recorded, Refusal};
use contract::provider::Via;
use effects::door::{Door, DoorError, Stamp};
use store::Reader;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::once::{Asked, Flights};
use crate::problem::{Kind, Problem};

/// How long a command waits for its outcome. The projector needs milliseconds; longer means that it stands still.
pub(crate) const OUTCOME_SECONDS_MAX: u64 = 10;
/// How often the store is asked for an outcome: commits of another process are not announced in this one.
const OUTCOME_POLL_MS: u64 = 25;

/// The way in for handlers. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    door: Door,
    reader: Reader,
    flights: Flights,
}

/// A command that was recorded, now or before.
#[derive(Clone, Debug)]
pub struct Done {
    /// The input it came as.
    pub input: Uuid,
    /// The records it led to; none where it was recorded before.
    pub records: Vec<Recorded>,
    /// The stream it stands on.
    pub stream: String,
    /// The version of that stream's record with which all of it stands there.
    pub version: u64,
    /// Whether the same was recorded before.
    pub already: bool,
}

impl Intake {
    /// Through this door, with outcomes from this store.
    pub fn new(door: Door, reader: Reader) -> Intake {
        Intake { door, reader, flights: Flights::default() }
    }

    /// The keys that are being answered.
    pub(crate) fn flights(&self) -> &Flights {
        &self.flights
    }

    /// What is known.
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The door itself.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// Journals an input and does not wait for its outcome. A client that leaves once it is handed over changes nothing.
    ///
    /// # Errors
    /// 503 where it was not journaled, 413 where it is larger than an input can be.
    pub async fn take(
        &self,
        stamp: Stamp,
        via: Via,
        authenticated: bool,
        body: Body,
    ) -> Result<Input, Problem> {
        take(&self.door, stamp, via, authenticated, body).await
    }

    /// Journals a command of the interface and waits until it is recorded or refused.
    ///
    /// # Errors
    /// As [`Intake::take`]; the refusal as a 4xx; 503 where the outcome is not known in time, naming the input.
    pub async fn run(&self, command: Command) -> Result<Done, Problem> {
        let stamp = self.door.stamp().map_err(not_taken)?;
        self.run_stamped(stamp, command).await
    }

    async fn run_stamped(&self, stamp: Stamp, command: Command) -> Result<Done, Problem> {
        let input = stamp.id;
        // Before the input is handed in, or its outcome could be announced to nobody.
        let announced = self.reader.board().wait(input);
        self.take(stamp, Via::Api, true, Body::Command(command)).await?;
        done(input, self.outcome(input, announced).await?)
    }

    /// [`Intake::run`], once for each key: where the same was asked before, nothing is handed in, and what came of it then
    /// is the result.
    ///
    /// # Errors
    /// As [`Intake::run`]; 409 while the first request is being answered, 422 where the first one asked for something else.
    pub(crate) async fn run_once(&self, command: Command, asked: Option<Asked>) -> Result<Done, Problem> {
        let _flight = self.hold(asked.as_ref())?;
        self.run_held(command, asked).await
    }

    /// [`Intake::run_once`] for who holds the key already.
    ///
    /// # Errors
    /// As there, but for the 409.
    pub(crate) async fn run_held(&self, command: Command, asked: Option<Asked>) -> Result<Done, Problem> {
        self.run_named(asked, |_| command).await
    }

    /// [`Intake::run_held`] for a command that takes a name from what it got at the door.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn run_named(
        &self,
        asked: Option<Asked>,
        command: impl FnOnce(&Stamp) -> Command,
    ) -> Result<Done, Problem> {
        let Some(asked) = asked else {
            let stamp = self.door.stamp().map_err(not_taken)?;
            let command = command(&stamp);
            return self.run_stamped(stamp, command).await;
        };
        if let Some(done) = self.told(&asked).await? {
            return Ok(done);
        }
        let stamp = Stamp { id: asked.id, ..self.door.stamp().map_err(not_taken)? };
        let announced = self.reader.board().wait(asked.id);
        let keyed = Keyed { request: asked.request, inner: Box::new(command(&stamp)) };
        self.take(stamp, Via::Api, true, Body::Command(Command::Once(keyed))).await?;
        let limit = Duration::from_secs(OUTCOME_SECONDS_MAX);
        let watching = watch(&self.reader, asked.id, announced);
        let text = tokio::time::timeout(limit, watching).await.map_err(|_| late(asked.id))??;
        // Another process may have been first, with another request.
        same(&asked, &text)?;
        done(asked.id, serde_json::from_str(&text).map_err(Problem::internal)?)
    }

    /// What came of the first request under this key; none where there was none.
    ///
    /// # Errors
    /// What it was refused with; 422 where it asked for something else.
    pub(crate) async fn told(&self, asked: &Asked) -> Result<Option<Done>, Problem> {
        let Some(text) = self.reader.outcome(asked.id).await? else { return Ok(None) };
        same(asked, &text)?;
        done(asked.id, serde_json::from_str(&text).map_err(Problem::internal)?).map(Some)
    }

    /// Waits, for as long as a command does, until what was journaled elsewhere in this process has its outcome, whatever
    /// that is. Says whether it has: where what was done outside cannot be undone, the answer stands either way.
    pub(crate) async fn followed(&self, input: Uuid) -> bool {
        let announced = self.reader.board().wait(input);
        // It may have been announced before anybody listened.
        if let Ok(Some(_)) = self.reader.outcome(input).await {
            return true;
        }
        let limit = Duration::from_secs(OUTCOME_SECONDS_MAX);
        let watching = watch(&self.reader, input, announced);
        let known = matches!(tokio::time::timeout(limit, watching).await, Ok(Ok(_)));
        if !known {
            tracing::warn!(%input, "what was dialled is not yet recorded; it is answered all the same");
        }
        known
    }

    async fn outcome(&self, input: Uuid, announced: oneshot::Receiver<String>) -> Result<Outcome, Problem> {
        let limit = Duration::from_secs(OUTCOME_SECONDS_MAX);
        let watching = watch(&self.reader, input, announced);
        let text = tokio::time::timeout(limit, watching).await.map_err(|_| late(input))??;
        serde_json::from_str(&text).map_err(Problem::internal)
    }
}

/// What a command came to: done, or refused.
pub(crate) fn done(input: Uuid, outcome: Outcome) -> Result<Done, Problem> {
    match outcome {
        Outcome::Recorded { records, refused: None } => {
            let stream = records.first().map(|record| record.stream.clone()).unwrap_or_default();
            let own = records.iter().filter(|record| record.stream == stream);
            let version = own.map(|record| record.version).max().unwrap_or_default();
            Ok(Done { input, records, stream, version, already: false })
        }
        Outcome::AlreadyApplied { stream, version } => {
            Ok(Done { input, records: Vec::new(), stream, version, already: true })
        }
        Outcome::Refused(refusal) | Outcome::Recorded { refused: Some(refusal), .. } => Err(refusal.into()),
        Outcome::Quarantined { .. } => Err(Problem::new(
            Kind::Invalid,
            format!("The request could not be recorded; see /v1/inputs/{input}."),
        )),
    }
}

/// Whether the outcome is of the same request. One without a fingerprint came in without a key, so no key leads to it.
pub(crate) fn same(asked: &Asked, outcome: &str) -> Result<(), Problem> {
    let outcome: serde_json::Value = serde_json::from_str(outcome).map_err(Problem::internal)?;
    if outcome[REQUEST_MEMBER].as_str() == Some(asked.request.hex().as_str()) {
        return Ok(());
    }
    Err(Problem::new(Kind::KeyReused, "This Idempotency-Key was used for another request."))
}

/// Waits for the outcome of an input, however long that takes. `announced` was asked for before it was handed in.
pub(crate) async fn watch(
    reader: &Reader,
    input: Uuid,
    mut announced: oneshot::Receiver<String>,
) -> Result<String, Problem> {
    let mut listening = true;
    let mut poll = tokio::time::interval(Duration::from_millis(OUTCOME_POLL_MS));
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once.
    poll.tick().await;
    loop {
        tokio::select! {
            told = &mut announced, if listening => match told {
                Ok(outcome) => return Ok(outcome),
                Err(_) => listening = false,
            },
            _ = poll.tick() => match reader.outcome(input).await {
                Ok(Some(outcome)) => return Ok(outcome),
                // The input is journaled: that the store is away now only means to ask again.
                Ok(None) | Err(store::StoreError::Transient(_)) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// Journals an input. A client that leaves before it is handed over takes it away; from then on it is written whoever leaves.
pub(crate) async fn take(
    door: &Door,
    stamp: Stamp,
    via: Via,
    authenticated: bool,
    body: Body,
) -> Result<Input, Problem> {
    door.take_stamped(stamp, via, authenticated, body).await.map_err(not_taken)
}

/// Why nothing was kept.
pub(crate) fn not_taken(error: DoorError) -> Problem {
    if let DoorError::Journal(journal::AppendError::TooLarge(_)) = &error {
        return Problem::new(Kind::TooLarge, "The request is larger than an input can be.");
    }
    Problem::caused(
        Kind::NotJournaled,
        "The request was not accepted, because it could not be stored. Send it again.",
        error,
    )
    .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

pub(crate) fn late(input: Uuid) -> Problem {
    let place = format!("/v1/inputs/{input}");
    let detail =
        format!("The request was accepted, but is not yet recorded. {place} will tell what becomes of it.");
    Problem::new(Kind::NotYetRecorded, detail)
        .with_header(LOCATION, HeaderValue::try_from(place).expect("a path with a UUID is ASCII"))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let sentence = refusal.to_string();
        match refusal {
            Refusal::NotFound { .. } | Refusal::NotAParty => Problem::new(Kind::NotFound, sentence),
            Refusal::WrongCode | Refusal::TooManyAttempts => Problem::new(Kind::CodeRefused, sentence),
            Refusal::WrongStatus { .. }
            | Refusal::Expired
            | Refusal::AnsweredOtherwise
            | Refusal::OldTerms
            | Refusal::NotAsked
            | Refusal::Forgotten
            | Refusal::NotDue => Problem::new(Kind::Conflict, sentence),
            Refusal::Stale => Problem::new(Kind::PreconditionFailed, sentence),
            Refusal::TooOften { .. } => Problem::new(Kind::TooManyRequests, sentence),
            Refusal::PartyNeeded => Problem::field(Kind::Invalid, "phone_number", sentence),
            Refusal::Invalid { field, reason } => Problem::field(Kind::Invalid, &field, reason),
        }
    }
}
