//! Commands about what was said: recordings handed to us, transcripts, and asking for a transcript.

use serde::{Deserialize, Serialize};

use crate::transcript::Turn;

/// See [`super::Command::AddRecording`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddRecording {
    /// Id of the conference it is kept under, `ATVoice_` and 12 hex digits, drawn at the door.
    pub conference_id: String,
    /// Where it is.
    pub source: RecordingSource,
    /// Whether it is to be transcribed.
    pub transcribe: bool,
}

impl std::fmt::Debug for AddRecording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddRecording({})", self.conference_id)
    }
}

/// Where a recording is that a client hands to us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingSource {
    /// At an address, from which it is fetched like any other.
    Url(String),
    /// Already in the store of recordings.
    Stored {
        /// Lower-case hex SHA-256 of the audio bytes.
        sha256: String,
        /// Size in bytes.
        bytes: u64,
        /// By the first bytes of the file.
        media_type: String,
        /// Length in milliseconds where the format told it.
        duration_ms: Option<u64>,
    },
}

impl std::fmt::Debug for RecordingSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RecordingSource::Url(_) => "Url(..)",
            RecordingSource::Stored { .. } => "Stored(..)",
        })
    }
}

/// See [`super::Command::AddTranscript`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddTranscript {
    /// The stream of the call or conference it is of.
    pub stream: String,
    /// What was said.
    pub turns: Vec<Turn>,
}

/// See [`super::Command::RequestTranscript`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTranscript {
    /// The stream of the call or conference.
    pub stream: String,
    /// Task number of the recording, which must have been fetched.
    pub recording: u32,
}

/// See [`super::Command::RequestTerms`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTerms {
    /// The stream of the call or conference.
    pub stream: String,
    /// Which transcript of it.
    pub transcript: u32,
    /// What is negotiated.
    pub contract_type: super::ContractType,
    /// The day of the call, `2026-03-10`.
    pub day: String,
}
