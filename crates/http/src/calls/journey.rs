//! The journey of a call: everything that came about it and about the other legs of its conference, in order.
//!
//! What was new stands on the log and is read from there, with the state after each record folded on the way. What came
//! again led to no record; it is kept beside the log and shown in its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contract::call::{Call, Progress};
use contract::entity::Entity;
use contract::event::{Event, EventData};
use contract::fact::CallOutcome;
use contract::world::space;
use ledger::disclosure::Disclosure;
use ledger::record::Record;
use ledger::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use store::Reader;
use store::rows::{RecordRow, RepeatRow};
use uuid::Uuid;

use crate::contracts::plain;
use crate::problem::Problem;

/// Most records read of one stream; a call has about ten.
const STREAM_RECORDS_MAX: u32 = 1_000;
/// Most repetitions read of one stream.
const STREAM_REPEATS_MAX: u32 = 1_000;
/// Most streams that are joined: the legs of a conference, and the conference itself.
const STREAMS_MAX: usize = 64;

/// A journey as it is answered.
#[derive(Serialize)]
pub(super) struct Journey {
    conference: Option<String>,
    legs: Vec<Leg>,
    journey: Vec<Step>,
    truncated: bool,
}

/// One call that belongs to the journey.
#[derive(Serialize)]
struct Leg {
    stream: String,
    progress: &'static str,
    outcome: Option<CallOutcome>,
    silent: bool,
}

/// What a step is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    /// A provider told it for the first time.
    First,
    /// A provider told it before; nothing changed.
    Duplicate,
    /// It contradicts what was told before.
    Conflict,
    /// Asked for or done by us.
    Own,
}

/// One thing that happened.
#[derive(Serialize)]
struct Step {
    what: Mark,
    late: bool,
    stale: bool,
    stream: String,
    position: Option<u64>,
    version: Option<u64>,
    r#type: String,
    input: Uuid,
    received_at: Option<Timestamp>,
    recorded_at: Option<Timestamp>,
    occurred_at: Option<Timestamp>,
    occurred_at_assumed_zone: Option<String>,
    source: Option<String>,
    authenticated: bool,
    data: Value,
    private: Map<String, Value>,
    state: Value,
}

/// Reads the journey of the call on `stream`; private values only where `personal`. Steps before `from_version` of a stream
/// are folded and not shown.
///
/// # Errors
/// When the store fails, or holds what this program cannot read.
pub(super) async fn read(
    reader: &Reader,
    stream: &str,
    from_version: u64,
    personal: bool,
) -> Result<Journey, Problem> {
    let joined = Joined::of(reader, stream).await?;
    let (mut rows, mut repeats) = (Vec::new(), Vec::new());
    let mut truncated = joined.truncated;
    for name in &joined.streams {
        let records = reader.stream_records(name, 1, STREAM_RECORDS_MAX).await?;
        let again = reader.repeats(name, STREAM_REPEATS_MAX).await?;
        truncated |= records.len() >= STREAM_RECORDS_MAX as usize;
        truncated |= again.len() >= STREAM_REPEATS_MAX as usize;
        rows.extend(records);
        repeats.extend(again);
    }
    rows.sort_by_key(|row| row.position);
    repeats.sort_by_key(|row| (row.received_at, row.input, row.ordinal));
    let positions: Vec<u64> = rows.iter().map(|row| row.position).collect();
    let mut disclosed: HashMap<u64, Vec<String>> = HashMap::new();
    for row in reader.disclosures_of(&positions).await? {
        disclosed.entry(row.position).or_default().push(row.encoded);
    }
    let mut telling =
        Telling { personal, states: BTreeMap::new(), places: HashMap::new(), steps: Vec::new() };
    let mut repeats = repeats.into_iter().peekable();
    let mut received: HashMap<Uuid, Option<Timestamp>> = HashMap::new();
    for row in rows {
        let record = ledger::record::open(&row.jws).map_err(Problem::internal)?;
        let input = record.source.input;
        let at = match received.get(&input) {
            Some(at) => *at,
            None => *received.entry(input).or_insert(reader.received_at(input).await?),
        };
        // Ids of one door grow, also within a millisecond.
        let before = |again: &RepeatRow| at.is_some_and(|at| (again.received_at, again.input) < (at, input));
        while let Some(again) = repeats.next_if(before) {
            telling.repeat(again);
        }
        let disclosures = disclosed.remove(&row.position).unwrap_or_default();
        telling.record(&row, &record, at, &disclosures)?;
    }
    repeats.for_each(|again| telling.repeat(again));
    let legs = joined.streams.iter().filter_map(|name| telling.leg(name)).collect();
    let mut journey = telling.steps;
    journey.retain(|step| step.version.is_none_or(|version| version >= from_version));
    Ok(Journey { conference: joined.conference, legs, journey, truncated })
}

/// The streams that belong together.
struct Joined {
    conference: Option<String>,
    streams: BTreeSet<String>,
    truncated: bool,
}

impl Joined {
    /// A call, the conference it was dialled for, and the other legs of that. The link is a view of what the provider
    /// answered to the dialling, so it does not matter whether a webhook came before that answer.
    async fn of(reader: &Reader, stream: &str) -> Result<Joined, Problem> {
        let mut streams = BTreeSet::from([stream.to_owned()]);
        let mut conferences = reader.links(space::CALL, stream).await?;
        if !stream.starts_with("call/") {
            conferences = vec![stream.to_owned()];
        }
        for conference in &conferences {
            let id = conference.split_once('/').map_or("", |(_, id)| id);
            streams.extend(reader.links(space::LEG, id).await?);
            streams.insert(conference.clone());
        }
        let truncated = streams.len() > STREAMS_MAX;
        while streams.len() > STREAMS_MAX {
            let dropped =
                streams.iter().rfind(|name| *name != stream && !conferences.contains(name)).cloned();
            match dropped {
                Some(name) => streams.remove(&name),
                None => break,
            };
        }
        Ok(Joined { conference: conferences.into_iter().next(), streams, truncated })
    }
}

/// Tells step by step, folding the states on the way.
struct Telling {
    personal: bool,
    states: BTreeMap<String, Folded>,
    /// Position of each record, by stream and version.
    places: HashMap<(String, u64), u64>,
    steps: Vec<Step>,
}

/// A stream as far as it is told.
struct Folded {
    entity: Entity,
    /// The latest of the provider's times so far.
    newest: Option<Timestamp>,
}

impl Telling {
    fn record(
        &mut self,
        row: &RecordRow,
        record: &Record,
        received_at: Option<Timestamp>,
        disclosures: &[String],
    ) -> Result<(), Problem> {
        let event =
            Event::from_record(record, disclosures.iter().map(String::as_str)).map_err(Problem::internal)?;
        let (what, stale) = mark(&event.data);
        let Some(folded) = self.folded(&row.stream) else { return Ok(()) };
        let late = what != Mark::Own && folded.is_late(&event);
        folded.entity.apply(&event);
        folded.newest = folded.newest.max(event.occurred.as_ref().map(|occurred| occurred.at));
        self.places.insert((row.stream.clone(), row.version), row.position);
        let step = Step {
            what,
            late,
            stale,
            stream: row.stream.clone(),
            position: Some(row.position),
            version: Some(row.version),
            r#type: record.kind.clone(),
            input: record.source.input,
            received_at,
            recorded_at: Some(record.recorded_at),
            occurred_at: record.occurred_at,
            occurred_at_assumed_zone: record.occurred_at_assumed_zone.clone(),
            source: Some(record.source.via.clone()),
            authenticated: record.source.authenticated,
            data: plain(&record.data.value()),
            private: if self.personal { opened(disclosures) } else { Map::new() },
            state: self.state(&row.stream),
        };
        self.steps.push(step);
        Ok(())
    }

    fn repeat(&mut self, again: RepeatRow) {
        let place = again.version.and_then(|version| self.places.get(&(again.stream.clone(), version)));
        let step = Step {
            what: Mark::Duplicate,
            late: false,
            stale: again.stale,
            position: place.copied(),
            version: again.version,
            r#type: again.kind,
            input: again.input,
            received_at: Some(again.received_at),
            recorded_at: None,
            occurred_at: again.occurred_at,
            occurred_at_assumed_zone: None,
            source: None,
            authenticated: again.authenticated,
            data: Value::Object(Map::new()),
            private: Map::new(),
            state: self.state(&again.stream),
            stream: again.stream,
        };
        self.steps.push(step);
    }

    fn folded(&mut self, stream: &str) -> Option<&mut Folded> {
        if !self.states.contains_key(stream) {
            let folded = Folded { entity: Entity::empty(stream)?, newest: None };
            self.states.insert(stream.to_owned(), folded);
        }
        self.states.get_mut(stream)
    }

    fn calls(&self) -> impl Iterator<Item = (&String, &Call)> {
        self.states.iter().filter_map(|(stream, folded)| match &folded.entity {
            Entity::Call(call) => Some((stream, &**call)),
            _ => None,
        })
    }

    fn leg(&self, stream: &str) -> Option<Leg> {
        let (_, call) = self.calls().find(|(name, _)| *name == stream)?;
        Some(Leg {
            stream: stream.to_owned(),
            progress: call.progress.as_str(),
            outcome: call.outcome,
            silent: call.silence.is_some() && call.progress != Progress::Ended,
        })
    }

    /// Where the stream stands, without anything personal.
    fn state(&self, stream: &str) -> Value {
        match self.states.get(stream).map(|folded| &folded.entity) {
            Some(Entity::Call(call)) => serde_json::json!({
                "progress": call.progress.as_str(),
                "answered": call.answered,
                "outcome": call.outcome,
                "recordings": call.recordings.0.len(),
                "disputed": call.disputed,
            }),
            Some(Entity::Conference(conference)) => {
                let legs: Vec<&Call> = self.calls().map(|(_, call)| call).collect();
                serde_json::json!({
                    "status": conference.status(&legs),
                    "recordings": conference.all_recordings(&legs).len(),
                    "disputed": conference.disputed,
                })
            }
            _ => Value::Null,
        }
    }
}

impl Folded {
    /// Whether an event belongs before something that is known already: by the order of a call, or by the provider's time.
    fn is_late(&self, event: &Event) -> bool {
        let Entity::Call(known) = &self.entity else { return false };
        let mut alone = Call::default();
        alone.apply(event);
        let behind = alone.progress != Progress::Known && alone.progress < known.progress;
        behind || event.occurred.as_ref().is_some_and(|occurred| self.newest.is_some_and(|n| occurred.at < n))
    }
}

fn mark(data: &EventData) -> (Mark, bool) {
    let (conflict, stale) = match data {
        EventData::CallStarted(fact)
        | EventData::CallQueued(fact)
        | EventData::CallRinging(fact)
        | EventData::CallAnswered(fact)
        | EventData::CallTransferred(fact)
        | EventData::CallInput(fact)
        | EventData::CallEnded(fact)
        | EventData::CallOther(fact) => (fact.conflict, fact.stale),
        EventData::RecordingAvailable(data) => (data.conflict, data.stale),
        EventData::ConferenceReported(data) => (data.conflict, false),
        EventData::WebhookRepeated(_) => return (Mark::Duplicate, false),
        _ => return (Mark::Own, false),
    };
    (if conflict { Mark::Conflict } else { Mark::First }, stale)
}

fn opened(disclosures: &[String]) -> Map<String, Value> {
    let parsed = disclosures.iter().filter_map(|encoded| Disclosure::parse(encoded).ok());
    parsed.map(|(_, name, value)| (name, plain(&value))).collect()
}
