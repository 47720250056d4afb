//! Commands whose work is outside (somebody is rung, a text is spoken), once for each `Idempotency-Key`.
//!
//! Without a key a command is journaled and carried out. Under a key it is first recorded, and carried out by that one
//! request whose input the ledger took: of two that came in at once, in whichever processes, the other finds that it is
//! not the one. The answer is written from what the ledger says came of it, so that it can be written again.
//!
//! ```text
//!  key seen before? ──yes──► what the ledger says came of it
//!        │ no
//!  journal ─► recorded ─► ours? ──yes──► act ─► journal the result ─► what the ledger says came of it
//! ```

use std::time::Duration;

use contract::command::{Command, Keyed};
use contract::control::{Action, Said};
use contract::event::{Event, EventData};
use contract::input::Body;
use contract::outcome::{TURN_MEMBER, turn};
use contract::provider::Via;
use contract::report::{DialledLeg, FailureReason};
use effects::control::{ControlError, Controller, Order};
use effects::dial::{Dialer, Dialling};
use effects::door::Stamp;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use crate::conferences::not_done;
use crate::intake::{Done, Intake, OUTCOME_SECONDS_MAX, done, late, not_taken, same, take, watch};
use crate::once::{Asked, Flight, Flights};
use crate::problem::Problem;

/// How often the ledger is asked what came of it.
const RESULT_POLL_MS: u64 = 25;
/// How long a request that was journaled is waited for before nobody carries it out any more. The client was told long
/// before that it is not recorded yet.
const RECORDED_SECONDS_MAX: u64 = 60;
/// After this long nobody is carrying it out any more: the wait for the record, the longest a provider may take (120 s),
/// and as much again for a journal that is slow.
const UNKNOWN_AFTER_MS: i64 = 300_000;
/// Records read at once.
const PAGE: u32 = 200;

/// A request under a key, when it begins.
pub(crate) enum Begun {
    /// It was made before; this is how it was recorded.
    Before(Done),
    /// It is new.
    First(First),
}

/// A new request under a key. While it lives, the same key is refused.
pub(crate) struct First {
    asked: Asked,
    intake: Intake,
    flight: Flight,
}

/// A request that the ledger took, and whether to carry it out.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// As it was recorded.
    pub(crate) done: Done,
    /// False where that took so long that the client was told so: then only that it was given up is to be reported.
    pub(crate) in_time: bool,
}

impl Intake {
    /// Begins a request under a key.
    ///
    /// # Errors
    /// What it was refused with; 409 while it is being answered, 422 where the key was used for something else.
    pub(crate) async fn begin(&self, asked: Asked) -> Result<Begun, Problem> {
        let flight = self.flights().begin(asked.id)?;
        Ok(match self.told(&asked).await? {
            Some(done) => Begun::Before(done),
            None => Begun::First(First { asked, intake: self.clone(), flight }),
        })
    }

    /// Refuses the key to others while the answer is being made.
    ///
    /// # Errors
    /// 409 where another request has it.
    pub(crate) fn hold(&self, asked: Option<&Asked>) -> Result<Option<Flight>, Problem> {
        asked.map(|asked| self.flights().begin(asked.id)).transpose()
    }

    /// What the ledger says came of a request, as `find` reads it in an event of its stream.
    ///
    /// # Errors
    /// 409 where it is not known yet, 500 where nobody will ever know.
    pub(crate) async fn result<T>(
        &self,
        done: &Done,
        find: impl Fn(&Event) -> Option<T>,
    ) -> Result<T, Problem> {
        let until = Instant::now() + Duration::from_secs(OUTCOME_SECONDS_MAX);
        let mut from = done.version.max(1);
        let mut requested_at = None;
        loop {
            let records = self.reader().stream_records(&done.stream, from, PAGE).await?;
            let positions: Vec<u64> = records.iter().map(|record| record.position).collect();
            let disclosures = match positions.is_empty() {
                true => Vec::new(),
                false => self.reader().disclosures_of(&positions).await?,
            };
            for record in &records {
                let opened = ledger::record::open(&record.jws).map_err(Problem::internal)?;
                let own = disclosures.iter().filter(|row| row.position == record.position);
                let event = Event::from_record(&opened, own.map(|row| row.encoded.as_str()));
                let event = event.map_err(Problem::internal)?;
                requested_at.get_or_insert(event.recorded_at);
                if let Some(found) = find(&event) {
                    return Ok(found);
                }
                from = record.version + 1;
            }
            let age = requested_at.map_or(0, |at| self.door().now().millis() - at.millis());
            if age > UNKNOWN_AFTER_MS {
                let detail = "It was begun and interrupted; whether it took effect is unknown.".to_owned();
                return Err(Problem::provider(detail, Interrupted));
            }
            if Instant::now() >= until {
                return Err(Flights::taken());
            }
            tokio::time::sleep(Duration::from_millis(RESULT_POLL_MS)).await;
        }
    }
}

/// For the log of the process.
#[derive(Debug, thiserror::Error)]
#[error("no result stands on the ledger")]
struct Interrupted;

impl First {
    /// What the input gets at the door: its id is that of the key.
    ///
    /// # Errors
    /// 503 where there are no random bytes.
    pub(crate) fn stamp(&self) -> Result<Stamp, Problem> {
        Ok(Stamp { id: self.asked.id, ..self.intake.door().stamp().map_err(not_taken)? })
    }

    /// Journals the command, waits until it is recorded, and lets `act` carry it out if it is ours to. All of that goes on
    /// when the client leaves.
    ///
    /// # Errors
    /// As [`Intake::run`]; 422 where another request was first under this key.
    pub(crate) async fn carry_out<F>(
        self,
        stamp: Stamp,
        command: Command,
        act: impl FnOnce(Turn) -> F + Send + 'static,
    ) -> Result<Done, Problem>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (id, limit) = (self.asked.id, Duration::from_secs(OUTCOME_SECONDS_MAX));
        let (tell, told) = oneshot::channel();
        let working = tokio::spawn(self.work(stamp, command, tell, act));
        // A sender that is gone has been dropped with the work, whose own end says why.
        if tokio::time::timeout(limit, told).await.is_err() {
            return Err(late(id));
        }
        working.await.map_err(Problem::internal)?
    }

    async fn work<F: Future<Output = ()>>(
        self,
        stamp: Stamp,
        command: Command,
        tell: oneshot::Sender<()>,
        act: impl FnOnce(Turn) -> F,
    ) -> Result<Done, Problem> {
        let First { asked, intake, flight: _flight } = self;
        let began = Instant::now();
        let ours = turn(&stamp.seed);
        let announced = intake.reader().board().wait(asked.id);
        let keyed = Keyed { request: asked.request, inner: Box::new(command) };
        take(intake.door(), stamp, Via::Api, true, Body::Command(Command::Once(keyed))).await?;
        let watching = watch(intake.reader(), asked.id, announced);
        let limit = Duration::from_secs(RECORDED_SECONDS_MAX);
        let text = tokio::time::timeout(limit, watching).await.map_err(|_| late(asked.id))??;
        same(&asked, &text)?;
        let kept: serde_json::Value = serde_json::from_str(&text).map_err(Problem::internal)?;
        let done = done(asked.id, serde_json::from_str(&text).map_err(Problem::internal)?)?;
        let in_time = began.elapsed() < Duration::from_secs(OUTCOME_SECONDS_MAX);
        // A client that left meanwhile asks again under its key, and is told what came of it.
        let _ = tell.send(());
        if kept[TURN_MEMBER].as_str() == Some(ours.as_str()) && !done.already {
            act(Turn { done: done.clone(), in_time }).await;
        }
        Ok(done)
    }
}

/// Carries out a dialling whose turn it is. What comes of it is on the ledger; where it cannot be put there, the log has it.
pub(crate) async fn dial(dialer: Dialer, turn: Turn, dialling: Dialling) {
    let stream = dialling.stream.clone();
    let done = match turn.in_time {
        true => dialer.dial(dialling).await.map(|_| ()),
        false => dialer.give_up(&stream).await,
    };
    if let Err(error) = done {
        tracing::debug!(stream, %error, "a dialling under a key came to nothing");
    }
}

/// Carries out an act whose turn it is.
pub(crate) async fn act(controller: Controller, turn: Turn, order: Order) {
    let (stream, control) = (order.stream.clone(), order.control);
    let done = match turn.in_time {
        true => controller.act(order).await.map(|_| ()),
        false => controller.give_up(&stream, control).await,
    };
    if let Err(error) = done {
        tracing::debug!(stream, %error, "an act under a key came to nothing");
    }
}

/// What came of a dialling; none in an event that tells nothing of it.
pub(crate) fn dialled(event: &Event) -> Option<Result<Vec<DialledLeg>, FailureReason>> {
    match &event.data {
        EventData::DialPlaced(placed) => Some(Ok(placed.legs.clone())),
        EventData::DialFailed(failed) => Some(Err(failed.reason)),
        _ => None,
    }
}

/// What came of an act: the provider's id of what it began, or why it was not done.
fn acted(control: Uuid) -> impl Fn(&Event) -> Option<Result<Option<String>, FailureReason>> {
    move |event| match &event.data {
        EventData::ControlDone(done) if done.control == control => {
            Some(Ok(event.private.get("reference").map(str::to_owned)))
        }
        EventData::ControlFailed(failed) if failed.control == control => Some(Err(failed.reason)),
        _ => None,
    }
}

/// What came of an act, from the ledger; `gone` is what to say where the provider had nothing to do it to.
///
/// # Errors
/// As [`Intake::result`], and what the provider said.
pub(crate) async fn came_of(
    intake: &Intake,
    done: &Done,
    gone: &'static str,
) -> Result<effects::control::Done, Problem> {
    let reference = intake.result(done, acted(done.input)).await?;
    let reference = reference.map_err(|reason| not_done(&ControlError::Refused(reason), gone))?;
    Ok(effects::control::Done { reference, recording: None })
}

/// What an act asks for, as bytes to compare.
pub(crate) fn what(action: Action, said: &Said) -> Vec<u8> {
    serde_json::to_vec(&(action, said)).expect("an act holds only strings")
}
