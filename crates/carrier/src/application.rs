//! What TryVox and MiniVoice have in common besides their shapes: an application with a story, faults, a way to reach the
//! service, and recordings.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::Response;

use crate::StartError;
use crate::config::{Config, Pace, RecordingMode};
use crate::courier::{Courier, Manner};
use crate::delivery;
use crate::faults::Faults;
use crate::plan::Planned;
use crate::reach::moved;
use crate::recording::{self, Recording};
use crate::script::Script;
use crate::server::drawn_clock;

/// How often a webhook is sent again at most, where it is sent again at all.
const ATTEMPTS_MAX: u32 = 4;
/// Pause before the second try.
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// How long the service may take to answer.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(20);

/// The story of an application, and how it is told.
#[derive(Clone)]
pub struct Story {
    /// Where the service is really reached, in place of scheme and host of every address it is given; without it nothing
    /// is told and nobody picks up.
    pub reach: Option<String>,
    /// What people do when called.
    pub script: Script,
    /// What goes wrong with webhooks.
    pub faults: Faults,
    /// How recordings are served.
    pub recording_mode: RecordingMode,
    /// Decides everything left to chance.
    pub seed: u64,
    /// How fast the story is told.
    pub pace: Pace,
    /// The provider's clock at the start, in seconds since 1970; the time of a call is drawn from the hour that follows.
    pub clock_seconds: i64,
    /// The client webhooks are sent with; else one without proxies.
    pub client: Option<reqwest::Client>,
}

impl Default for Story {
    fn default() -> Story {
        let Config { script, faults, recording_mode, seed, pace, clock_seconds, .. } = Config::default();
        Story { reach: None, script, faults, recording_mode, seed, pace, clock_seconds, client: None }
    }
}

/// A running application.
pub(crate) struct Application {
    pub(crate) courier: Courier,
    pub(crate) seed: u64,
    clock_seconds: i64,
    behaviour: Mutex<Behaviour>,
    recordings: Mutex<BTreeMap<String, Recording>>,
    counts: Mutex<BTreeMap<String, u32>>,
}

/// What can be changed while it runs.
#[derive(Clone)]
pub(crate) struct Behaviour {
    pub(crate) reach: Option<String>,
    pub(crate) script: Script,
    pub(crate) faults: Faults,
    pub(crate) recording_mode: RecordingMode,
}

impl Drop for Application {
    fn drop(&mut self) {
        self.courier.stopped.cancel();
    }
}

impl Application {
    pub(crate) fn new(story: Story) -> Result<Application, StartError> {
        let Story { reach, script, faults, recording_mode, seed, pace, clock_seconds, client } = story;
        let client = match client {
            Some(client) => client,
            None => crate::client()?,
        };
        let courier = Courier::new(Manner {
            pace,
            attempts_max: ATTEMPTS_MAX,
            retry_pause: RETRY_PAUSE,
            callback_timeout: CALLBACK_TIMEOUT,
            client,
        });
        let behaviour = Mutex::new(Behaviour { reach, script, faults, recording_mode });
        let (recordings, counts) = Default::default();
        Ok(Application { courier, seed, clock_seconds, behaviour, recordings, counts })
    }

    pub(crate) fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        // Each change is complete in itself, so a panic elsewhere leaves nothing half done.
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address a callback goes to now.
    pub(crate) fn url(&self, planned: &Planned) -> Option<String> {
        self.moved(planned.url.as_deref()?)
    }

    fn moved(&self, address: &str) -> Option<String> {
        moved(address, self.behaviour().reach.as_deref()?)
    }

    /// 0 for the first call to a phone, and so on.
    pub(crate) fn next_number(&self, phone: &str) -> u32 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(phone.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    /// When the story of a call began by the provider's clock, milliseconds since 1970.
    pub(crate) fn began_ms(&self, call: &str) -> i64 {
        (self.clock_seconds + drawn_clock(self.seed, call)) * 1_000
    }

    /// Sends JSON to an address the service gave, and gives the answer where it is a good one.
    pub(crate) async fn ask(
        &self,
        address: &str,
        body: String,
        headers: Vec<(&'static str, String)>,
    ) -> Option<String> {
        let manner = &self.courier.manner;
        let mut request = manner.client.post(self.moved(address)?).timeout(manner.callback_timeout);
        request = request.header(reqwest::header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let (status, answer) = delivery::read(request.body(body).send().await.ok()?).await.ok()?;
        (200..300).contains(&status).then_some(answer)
    }

    /// Makes the recording of a call known, and gives its address.
    pub(crate) fn record(&self, base_url: &str, call: &str, talk: &str, seconds: u32) -> String {
        let url = format!("{base_url}/recordings/{talk}.wav");
        let recording = Recording {
            id: talk.to_owned(),
            session_id: call.to_owned(),
            url: url.clone(),
            seconds,
            requests: 0,
        };
        self.kept().insert(talk.to_owned(), recording);
        url
    }

    pub(crate) fn recordings(&self) -> Vec<Recording> {
        self.kept().values().cloned().collect()
    }

    /// The answer to a request for a recording.
    pub(crate) fn serve(&self, file: &str) -> Response {
        let mode = self.behaviour().recording_mode.clone();
        let talk = file.strip_suffix(".wav").unwrap_or_default();
        let recording = self.kept().get_mut(talk).map(|recording| {
            recording.requests += 1;
            recording.clone()
        });
        recording::response(&mode, self.seed, talk, recording)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Recording>> {
        self.recordings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A time of a provider's clock, RFC 3339 in UTC: to the millisecond, or to the second.
pub(crate) fn time(ms: i64, to_the_millisecond: bool) -> String {
    let format = if to_the_millisecond { "%Y-%m-%dT%H:%M:%S%.3fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default().format(format).to_string()
}
