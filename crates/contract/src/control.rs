//! Acts asked of a provider while a call or conference is going on: mute, speak, transfer, …
//!
//! Each is recorded when it is asked for and when the provider answered, on the stream of what it is about. One that
//! was asked for and has no answer on the log is one of which nobody knows whether it took effect.

use std::collections::BTreeMap;

use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::{Event, EventData};
use crate::provider::Provider;

/// What is asked of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The others shall not hear a member.
    Mute,
    /// They shall hear it again.
    Unmute,
    /// A member shall leave; it may come back by dialling in again.
    Kick,
    /// A text is spoken to all members.
    Speak,
    /// A file is played to all members.
    Play,
    /// The conference shall end for everybody.
    End,
    /// A call is passed on to another number.
    Transfer,
    /// The recording of a call shall begin.
    StartRecording,
    /// The recording of a call shall end.
    StopRecording,
    /// A call shall end.
    HangUp,
    /// A file is handed to the provider to be played later.
    UploadMedia,
}

/// What an act is done with; none of it stands in a record in clear.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The provider's id of a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Text to be spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whose voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Address of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A number, in E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Which side of a call: `caller` or `callee`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said(..)")
    }
}

impl Said {
    /// The values with the names of their disclosures.
    pub fn private(&self) -> Vec<(&'static str, &str)> {
        let named = [
            ("member", &self.member),
            ("text", &self.text),
            ("voice", &self.voice),
            ("url", &self.url),
            ("to", &self.to),
            ("leg", &self.leg),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

/// See [`crate::command::Command::ControlConference`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlConference {
    /// Our id: of a conference we asked for, or one drawn at the door for a room that others opened. The fold takes
    /// the id under which it met that room before, if there is one.
    pub conference_id: String,
    /// At whom.
    pub provider: Provider,
    /// The room's name at the provider. Names are used again over time: with `begun` they tell one conference.
    pub room: String,
    /// When the provider says that the room was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// What.
    pub action: Action,
    /// With what.
    #[serde(default)]
    pub said: Said,
}

impl std::fmt::Debug for ControlConference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ControlConference({}, {:?})", self.conference_id, self.action)
    }
}

/// See [`crate::command::Command::ControlCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlCall {
    /// At whom.
    pub provider: Provider,
    /// The provider's id of the call.
    pub call_id: String,
    /// What.
    pub action: Action,
    /// With what.
    #[serde(default)]
    pub said: Said,
}

/// See [`crate::command::Command::UploadMedia`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadMedia {
    /// Our id, drawn at the door.
    pub media_id: String,
    /// To whom.
    pub provider: Provider,
    /// Where the file is.
    pub said: Said,
}

/// The acts asked for on one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Controls {
    /// Those without a result, by the id of the input that asked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<Uuid, Action>,
    /// How many the provider did.
    #[serde(skip_serializing_if = "is_zero")]
    pub done: u32,
    /// How many it did not do, or nobody knows.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Controls {
    /// Whether nothing was ever asked for.
    pub fn is_empty(&self) -> bool {
        *self == Controls::default()
    }

    /// Folds one event; events of other things change nothing. Gives the act that was done, if it tells of one.
    pub fn apply(&mut self, event: &Event) -> Option<Action> {
        match &event.data {
            EventData::ControlRequested(data) => {
                self.open.insert(data.control, data.action);
                None
            }
            EventData::ControlDone(data) => {
                let action = self.open.remove(&data.control)?;
                self.done = self.done.saturating_add(1);
                Some(action)
            }
            EventData::ControlFailed(data) => {
                if self.open.remove(&data.control).is_some() {
                    self.failed = self.failed.saturating_add(1);
                }
                None
            }
            _ => None,
        }
    }
}

/// A file handed to a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Media {
    /// The one act on its stream.
    pub controls: Controls,
}

impl Media {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        self.controls.apply(event);
    }
}
