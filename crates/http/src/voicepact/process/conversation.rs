//! What was said, wherever it is: sent along, kept from before, or still in a recording.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use contract::call::Call;
use contract::command::{
    AddRecording, AddTranscript, Command, ContractType, RecordingSource, RequestTerms, RequestTranscript,
};
use contract::conference::Conference;
use contract::drafting;
use contract::entity::{Entity, conference_stream};
use contract::phone::Phone;
use contract::reading::Claimed;
use contract::recording::{Recording, Recordings};
use contract::report::FailureReason;
use contract::transcript::{self, Transcripts};
use effects::door::Stamp;
use ledger::time::Timestamp;
use tokio::time::Instant;

use super::Processing;
use super::read::Wanted;
use crate::once::Asked;
use crate::problem::{Kind, Problem};
use crate::voicepact::conference::conference_id;

/// How long a request waits for a recording to be fetched and transcribed; asking again goes on where it was.
const SAID_SECONDS_MAX: u64 = 40;
/// How long it waits for a second reader: two of its attempts. The rules have read by then.
const SECOND_SECONDS_MAX: u64 = 40;
/// How often the store is asked meanwhile.
const SAID_POLL_MS: u64 = 100;

/// A talk that can be read.
pub(super) struct Conversation {
    pub(super) transcript: String,
    /// When it was held, as near as is known.
    pub(super) at: Timestamp,
    /// None where only a transcript was sent.
    pub(super) conference_id: Option<String>,
    pub(super) contract_type: ContractType,
    /// Numbers that were dialled.
    pub(super) parties: Vec<Phone>,
    /// The stream of the transcript, and which one of it; none where it was only sent along.
    pub(super) kept: Option<(String, u32)>,
    /// What a second reader says; none where none is asked.
    pub(super) second: Option<Second>,
}

/// What came of asking a second reader.
pub(super) enum Second {
    Said(Vec<Claimed>),
    Failed,
    Late,
}

/// A conference and its legs as they stand.
struct Standing {
    stream: String,
    conference: Conference,
    /// With the streams they are on.
    legs: Vec<(String, Call)>,
}

impl Processing {
    pub(super) async fn conversation(
        &self,
        wanted: &Wanted,
        asked: Option<&Asked>,
    ) -> Result<Conversation, Problem> {
        let id = match (&wanted.conference_id, &wanted.audio_url, &wanted.turns) {
            (Some(id), _, turns) => {
                if let Some(turns) = turns {
                    let stream = conference_stream(id);
                    let command = AddTranscript { stream, turns: turns.clone() };
                    self.intake.run(Command::AddTranscript(command)).await?;
                }
                id.clone()
            }
            (None, Some(url), _) => self.add_recording(RecordingSource::Url(url.clone()), asked).await?,
            (None, None, turns) => {
                return Ok(Conversation {
                    transcript: transcript::text(turns.as_deref().unwrap_or_default()),
                    at: self.intake.door().now(),
                    conference_id: None,
                    contract_type: ContractType::default(),
                    parties: Vec::new(),
                    kept: None,
                    second: None,
                });
            }
        };
        self.said_on(&id).await
    }

    /// Keeps a recording under a conference id of its own: the same one under the same key.
    pub(super) async fn add_recording(
        &self,
        source: RecordingSource,
        asked: Option<&Asked>,
    ) -> Result<String, Problem> {
        let transcribe = self.tools.transcriber;
        let command = |stamp: &Stamp| {
            let conference_id = conference_id(&stamp.seed);
            Command::AddRecording(AddRecording { conference_id, source, transcribe })
        };
        let done = self.intake.run_named(asked.map(|asked| asked.part("recording")), command).await?;
        Ok(done.stream.strip_prefix("conference/").unwrap_or_default().to_owned())
    }

    /// What was said on a conference, once it is known.
    pub(super) async fn said_on(&self, id: &str) -> Result<Conversation, Problem> {
        let until = Instant::now() + Duration::from_secs(SAID_SECONDS_MAX);
        loop {
            let standing = self.standing(id).await?;
            if let Some(conversation) = standing.conversation(id) {
                return Ok(conversation);
            }
            match standing.next(self.tools.transcriber) {
                Next::Request(command) => {
                    self.intake.run(Command::RequestTranscript(command)).await?;
                }
                Next::Wait if Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(SAID_POLL_MS)).await;
                }
                Next::Wait => return Err(later(id)),
                Next::Never(hindrance) => return Err(never(id, &hindrance)),
            }
        }
    }

    /// Has a transcript that is kept read by the second reader, where there is one, and waits for it a while. Without its
    /// answer the rules read alone.
    pub(super) async fn second(
        &self,
        mut conversation: Conversation,
        contract_type: Option<ContractType>,
    ) -> Result<Conversation, Problem> {
        let Some((stream, transcript)) = conversation.kept.clone().filter(|_| self.tools.second_reader)
        else {
            return Ok(conversation);
        };
        let contract_type = contract_type.unwrap_or(conversation.contract_type);
        let day = drafting::day(conversation.at).to_string();
        let request = RequestTerms { stream: stream.clone(), transcript, contract_type, day };
        self.intake.run(Command::RequestTerms(request)).await?;
        let until = Instant::now() + Duration::from_secs(SECOND_SECONDS_MAX);
        conversation.second = loop {
            let row = self.reader.stream(&stream).await?;
            let entity =
                row.map(|row| Entity::from_json(&row.state)).transpose().map_err(Problem::internal)?;
            let transcripts = match &entity {
                Some(Entity::Call(call)) => Some(&call.transcripts),
                Some(Entity::Conference(conference)) => Some(&conference.transcripts),
                _ => None,
            };
            let reading =
                transcripts.and_then(|all| all.0.get(&transcript)).and_then(|one| one.reading.as_ref());
            match reading {
                Some(reading) if reading.is_open() && Instant::now() < until => {
                    tokio::time::sleep(Duration::from_millis(SAID_POLL_MS)).await;
                }
                Some(reading) if reading.is_open() => break Some(Second::Late),
                Some(reading) => break Some(reading.said().map_or(Second::Failed, Second::Said)),
                None => break Some(Second::Failed),
            }
        };
        Ok(conversation)
    }

    async fn standing(&self, id: &str) -> Result<Standing, Problem> {
        let unknown = || Problem::not_found("Conference not found");
        let row = self.reader.stream(&conference_stream(id)).await?.ok_or_else(unknown)?;
        let Entity::Conference(conference) = Entity::from_json(&row.state).map_err(Problem::internal)? else {
            return Err(unknown());
        };
        let legs = crate::legs::of(&self.reader, id, &conference).await?;
        Ok(Standing { stream: row.stream, conference: *conference, legs })
    }
}

/// What is to be done about a conference without a transcript.
enum Next {
    /// Have this recording transcribed.
    Request(RequestTranscript),
    /// Somebody is at it.
    Wait,
    /// Nobody will, and why.
    Never(Hindrance),
}

/// Why there will be no transcript.
enum Hindrance {
    NoRecording,
    NoTranscriber,
    NotFetched(FailureReason),
    NotTranscribed(FailureReason),
}

impl Standing {
    fn conversation(&self, id: &str) -> Option<Conversation> {
        let legs: Vec<&Call> = self.legs.iter().map(|(_, call)| call).collect();
        let transcript = self.conference.transcript(&legs)?;
        let talked = legs.iter().filter_map(|call| call.answered_at.or(call.started_at)).min();
        let phones = self.conference.parties.iter().flatten();
        let kept = self.streams().find_map(|(stream, _, transcripts)| {
            let (number, _) = transcripts.0.iter().find(|(_, one)| std::ptr::eq(*one, transcript))?;
            Some((stream.to_owned(), *number))
        });
        Some(Conversation {
            transcript: transcript.text.clone()?,
            at: talked.or(self.conference.requested_at).unwrap_or(transcript.at),
            conference_id: Some(id.to_owned()),
            contract_type: self.conference.contract_type.unwrap_or_default(),
            parties: phones.filter_map(|phone| phone.parse().ok()).collect(),
            kept,
            second: None,
        })
    }

    fn next(&self, transcriber: bool) -> Next {
        let mut last = Hindrance::NoRecording;
        let mut waiting = false;
        for (stream, recordings, transcripts) in self.streams() {
            for recording in recordings.0.values() {
                match step(recording, transcripts, transcriber) {
                    Next::Request(command) => {
                        return Next::Request(RequestTranscript { stream: stream.to_owned(), ..command });
                    }
                    Next::Wait => waiting = true,
                    Next::Never(hindrance) => last = hindrance,
                }
            }
        }
        if waiting { Next::Wait } else { Next::Never(last) }
    }

    fn streams(&self) -> impl Iterator<Item = (&str, &Recordings, &Transcripts)> {
        let Standing { stream, conference, .. } = self;
        let own = (stream.as_str(), &conference.recordings, &conference.transcripts);
        let legs = self.legs.iter().map(|(name, call)| (name.as_str(), &call.recordings, &call.transcripts));
        std::iter::once(own).chain(legs)
    }
}

/// What is to be done about one recording.
fn step(recording: &Recording, transcripts: &Transcripts, transcriber: bool) -> Next {
    if recording.fetched.is_none() && recording.given_up {
        return Next::Never(Hindrance::NotFetched(recording.failure.unwrap_or(FailureReason::Other)));
    }
    if !transcriber {
        return Next::Never(Hindrance::NoTranscriber);
    }
    if recording.fetched.is_none() {
        return Next::Wait;
    }
    let of_it = transcripts.0.values().filter(|one| one.recording == Some(recording.task));
    match of_it.max_by_key(|one| one.at) {
        None => Next::Request(RequestTranscript { stream: String::new(), recording: recording.task }),
        Some(one) if one.is_open() => Next::Wait,
        Some(one) => Next::Never(Hindrance::NotTranscribed(one.failure.unwrap_or(FailureReason::NotFound))),
    }
}

fn later(id: &str) -> Problem {
    let detail = format!(
        "The recording is kept and still being fetched or transcribed. Ask again with \"conference_id\": \"{id}\"."
    );
    Problem::new(Kind::NotYetRecorded, detail).with_header(RETRY_AFTER, HeaderValue::from_static("10"))
}

fn never(id: &str, hindrance: &Hindrance) -> Problem {
    let post = format!(
        "POST what was said to /v1/calls/{id}/transcript and ask again with \"conference_id\": \"{id}\"."
    );
    match hindrance {
        Hindrance::NoRecording => Problem::new(
            Kind::Conflict,
            format!("No recording of this conference is known yet. Ask again when there is one, or {post}"),
        ),
        Hindrance::NoTranscriber => Problem::new(
            Kind::Unavailable,
            format!(
                "The recording is kept, but no transcriber is configured: set AHADI_TRANSCRIBE_URL and \
                 AHADI_TRANSCRIBE_MODEL, or {post}"
            ),
        ),
        Hindrance::NotFetched(reason) => Problem::new(
            Kind::Invalid,
            format!("The recording cannot be fetched ({}). To go on without it, {post}", word(*reason)),
        ),
        Hindrance::NotTranscribed(reason) => Problem::new(
            Kind::Unavailable,
            format!("The recording was not transcribed ({}). To go on without it, {post}", word(*reason)),
        ),
    }
}

/// The word of the record for it.
fn word(reason: FailureReason) -> String {
    match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}
