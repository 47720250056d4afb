//! A conference of ours, or a single dialling: whom we asked a provider to dial, and the legs it gave us.
//!
//! No provider tells who is in a conference (Africa's Talking has one session per phone and no room id), so status and
//! members are derived when asked, from this state and the states of its legs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::arrival::Bodies;
use crate::call::{Call, Progress};
use crate::command::ContractType;
use crate::control::{Action, Controls};
use crate::event::{Event, EventData};
use crate::fact::ConferenceStatus;
use crate::provider::Provider;
use crate::recording::{Recording, Recordings};
use crate::report::{FailureReason, LegStatus};
use crate::transcript::{Transcript, Transcripts};

use ledger::time::Timestamp;

/// State of a conference or of a dialling.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conference {
    /// When it was asked for; none if only a provider spoke of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// Who dials, or at whom it was found; none where it was recorded before there was a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Name of the room at the provider, where it is another than our id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// When the room was opened, by the clock of the provider at whom it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// Whom we dial; a number is none when erased.
    pub parties: Vec<Option<String>>,
    /// What is negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_type: Option<ContractType>,
    /// Expected length, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_duration_s: Option<u32>,
    /// The provider's answer, per party.
    pub legs: Vec<PlacedLeg>,
    /// Why the dialling failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// The furthest status reported about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<ConferenceStatus>,
    /// The longest duration reported about the whole, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// What was asked of the provider.
    #[serde(skip_serializing_if = "Controls::is_empty")]
    pub controls: Controls,
    /// The provider ended it because we asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Fields of which different values were told.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub disputed: BTreeSet<String>,
    /// Recordings reported on the conference itself.
    pub recordings: Recordings,
    /// What was said on it.
    #[serde(skip_serializing_if = "Transcripts::is_empty")]
    pub transcripts: Transcripts,
    /// Bodies of webhooks kept with its records.
    #[serde(skip_serializing_if = "Bodies::is_empty")]
    pub bodies: Bodies,
    /// Somebody on it was forgotten: nothing more is kept of what was said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

/// One leg the provider took or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedLeg {
    /// 0-based party.
    pub party: u32,
    /// The stream of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Whether it was taken.
    pub status: LegStatus,
}

impl std::fmt::Debug for Conference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Conference({} parties, {} legs)", self.parties.len(), self.legs.len())
    }
}

impl Conference {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.bodies.apply(event);
        match &event.data {
            EventData::ConferenceRequested(data) => {
                self.requested_at = Some(event.recorded_at);
                self.contract_type = Some(data.contract_type);
                self.expected_duration_s = Some(data.expected_duration_s);
                self.provider = data.provider;
                self.room = event.private.get("room").map(str::to_owned);
                self.parties = parties(event, data.parties);
            }
            EventData::ConferenceFound(data) => {
                self.provider = Some(data.provider);
                self.begun_at = data.begun_at;
                self.room = event.private.get("room").map(str::to_owned);
            }
            EventData::ControlRequested(_) | EventData::ControlDone(_) | EventData::ControlFailed(_) => {
                self.ended |= self.controls.apply(event) == Some(Action::End);
            }
            EventData::DialRequested(data) => {
                self.requested_at = Some(event.recorded_at);
                self.provider = data.provider;
                self.parties = parties(event, data.parties);
            }
            EventData::DialPlaced(data) => {
                self.failure = None;
                self.provider = Some(data.provider);
                self.legs = data
                    .legs
                    .iter()
                    .map(|leg| PlacedLeg {
                        party: leg.party,
                        call: leg.call_id.as_ref().map(|id| crate::entity::call_stream(data.provider, id)),
                        status: leg.status,
                    })
                    .collect();
            }
            EventData::DialFailed(data) => self.failure = Some(data.reason),
            EventData::ConferenceReported(data) => {
                let disputed = self.contradictions(data.status, data.duration_s);
                self.disputed.extend(disputed.into_iter().map(str::to_owned));
                self.reported = self.reported.max(Some(data.status));
                self.duration_s = self.duration_s.max(data.duration_s);
            }
            EventData::RecordingAvailable(data) => {
                if self.recordings.contradicts(event.private.get("url"), data.duration_s) {
                    self.disputed.insert("recording_duration_s".to_owned());
                }
                self.recordings.apply(event);
            }
            _ => {
                self.forgotten |= matches!(event.data, EventData::PersonalErased(_));
                self.transcripts.apply(event);
                self.recordings.apply(event);
            }
        }
    }

    /// The fields in which a report differs from what was reported before. That a conference went on before it ended is no
    /// contradiction.
    pub fn contradictions(&self, status: ConferenceStatus, duration_s: Option<u32>) -> Vec<&'static str> {
        let over = |status: &ConferenceStatus| *status != ConferenceStatus::Active;
        let ends = (self.reported.filter(over), Some(status).filter(over));
        let status_differs = matches!(ends, (Some(known), Some(told)) if known != told);
        let duration_differs =
            matches!((self.duration_s, duration_s), (Some(known), Some(told)) if known != told);
        let fields = [("status", status_differs), ("duration_s", duration_differs)];
        fields.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name).collect()
    }

    /// Keys of the links in [`crate::world::space::RUNG`]: one per number that is rung.
    pub fn rung(&self) -> impl Iterator<Item = String> + '_ {
        let numbers = self.requested_at.map(|at| {
            let phones = self.parties.iter().flatten();
            phones.map(move |phone| rung_key(phone, at))
        });
        numbers.into_iter().flatten()
    }

    /// Whether it is over by what is told of itself, whatever its legs say.
    pub fn is_over(&self) -> bool {
        let over = |status: ConferenceStatus| status != ConferenceStatus::Active;
        self.ended || self.reported.is_some_and(over)
    }

    /// Where it stands, given the states of its legs: those that are known, by the provider's answer or because they name
    /// it themselves.
    pub fn status(&self, legs: &[&Call]) -> ConferenceStatus {
        if let Some(reported @ (ConferenceStatus::Completed | ConferenceStatus::Failed)) = self.reported {
            return reported;
        }
        if self.ended {
            return ConferenceStatus::Completed;
        }
        let placed = self.legs.iter().filter(|l| l.call.is_some()).count();
        // An answer that was lost named no leg; those that name the conference were placed all the same.
        let taken = placed.max(legs.len());
        if taken == 0 && (self.failure.is_some() || !self.legs.is_empty()) {
            return ConferenceStatus::Failed;
        }
        let over = legs.iter().filter(|c| c.progress == Progress::Ended).count();
        if taken == 0 || over < taken {
            ConferenceStatus::Active
        } else if legs.iter().any(|c| c.answered || c.duration_s.unwrap_or(0) > 0) {
            ConferenceStatus::Completed
        } else {
            ConferenceStatus::Failed
        }
    }

    /// The transcript that counts: one of the whole before one of a leg.
    pub fn transcript<'a>(&'a self, legs: &[&'a Call]) -> Option<&'a Transcript> {
        self.transcripts.current().or_else(|| legs.iter().find_map(|leg| leg.transcripts.current()))
    }

    /// All recordings: its own, then those of its legs, fetched ones first.
    pub fn all_recordings<'a>(&'a self, legs: &[&'a Call]) -> Vec<&'a Recording> {
        let own = self.recordings.0.values();
        let mut all: Vec<_> = own.chain(legs.iter().flat_map(|c| c.recordings.0.values())).collect();
        all.sort_by_key(|r| (r.fetched.is_none(), r.available_at));
        all
    }
}

/// Key of a link from a number to what rings it: with the hour, so that a number that is rung for years does not lead
/// to everything it was ever rung for.
pub fn rung_key(phone: &str, at: Timestamp) -> String {
    let text = at.to_string();
    format!("{phone} {}", &text[..13])
}

fn parties(event: &Event, count: u32) -> Vec<Option<String>> {
    (0..count).map(|n| event.private.get(&format!("phone_{n}")).map(str::to_owned)).collect()
}

/// Prefix of the ids of conferences.
pub const CONFERENCE_PREFIX: &str = "ATVoice_";
/// Hex digits behind it.
pub const CONFERENCE_HEX_CHARS: usize = 12;
/// Hex digits of the id of a dialling.
pub const DIAL_HEX_CHARS: usize = 32;

/// The stream of a conference or dialling of ours by an id that a provider sent back; none where it is no id of ours.
/// Anybody can write anything there, so only what cannot be anything else than such an id is taken into a record.
pub fn request_stream(id: &str) -> Option<String> {
    let hex = |text: &str, chars: usize| {
        text.len() == chars && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match id.strip_prefix(CONFERENCE_PREFIX) {
        Some(rest) if hex(rest, CONFERENCE_HEX_CHARS) => Some(crate::entity::conference_stream(id)),
        None if hex(id, DIAL_HEX_CHARS) => Some(crate::entity::dial_stream(id)),
        _ => None,
    }
}
