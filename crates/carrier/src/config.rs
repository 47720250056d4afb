//! What a carrier is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::faults::Faults;
use crate::message::Report;
use crate::plan::UrlKind;
use crate::reply::Replies;
use crate::script::Script;

/// The service's URLs. A callback without a URL to go to is not sent.
#[derive(Clone, Default)]
pub struct Targets {
    /// For voice events.
    pub voice_events: Option<String>,
    /// For the voice callback that asks for instructions.
    pub voice_instruct: Option<String>,
    /// For messages from phones.
    pub sms_incoming: Option<String>,
    /// For delivery reports.
    pub sms_delivery: Option<String>,
}

impl Targets {
    /// The URL of one kind of callback.
    #[must_use]
    pub fn url(&self, kind: UrlKind) -> Option<&str> {
        match kind {
            UrlKind::VoiceEvents => self.voice_events.as_deref(),
            UrlKind::VoiceInstruct => self.voice_instruct.as_deref(),
            UrlKind::SmsIncoming => self.sms_incoming.as_deref(),
            UrlKind::SmsDelivery => self.sms_delivery.as_deref(),
        }
    }
}

/// How fast a story is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Without any waiting: the callbacks of one request go out one after another, each when the one before was
    /// answered, in the planned order. What is planned for the same moment still goes out together.
    #[default]
    Fast,
    /// As a telephone would; callbacks do not wait for each other.
    Real,
    /// So many times as fast as a telephone; 0 counts as 1.
    Times(u32),
}

/// What an API of the carrier does with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ApiMode {
    /// Carries it out and answers.
    #[default]
    Normal,
    /// 401 and a line of plain text, whatever the key.
    Unauthorized,
    /// Refuses it in the body under a good status, with a word such as `InvalidSenderId` (messages) or
    /// `Insufficient balance` (calls).
    Refuse(String),
    /// 500, not carried out.
    ServerError,
    /// Never answers.
    Hang {
        /// Whether the request is carried out all the same.
        accepted: bool,
    },
    /// Closes the connection without a byte: the client cannot know what happened.
    Drop {
        /// Whether the request is carried out all the same.
        accepted: bool,
    },
}

/// How recordings are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingMode {
    /// So many requests for each recording get 404 at first.
    pub not_found_first: u32,
    /// After so many good answers for a recording its bytes are others.
    pub tampered_after: Option<u32>,
    /// How the bytes come.
    pub body: RecordingBody,
}

/// How the bytes of a recording come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RecordingBody {
    /// At once, with their length.
    #[default]
    Whole,
    /// In pieces of 1 KiB with a pause between, without a length.
    Slow {
        /// The pause between pieces.
        pause: Duration,
    },
    /// So many bytes of zeros, without a length.
    Huge {
        /// Bytes sent.
        bytes: u64,
    },
    /// The first half with the length of the whole, then the connection is closed.
    CutShort,
    /// Headers and half the bytes, then nothing more.
    Hang,
}

/// What a carrier is started with. `Config::default()` is a carrier without faults where everybody answers, nobody
/// replies to messages and nothing is sent back because no URL is known.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any.
    pub listen: SocketAddr,
    /// How the service reaches the carrier, without a slash at the end; else made from the listening address. It is
    /// part of the recordings' URLs.
    pub public_url: Option<String>,
    /// The service's URLs.
    pub targets: Targets,
    /// Account name.
    pub username: String,
    /// Account key.
    pub api_key: String,
    /// The account's telephone number.
    pub number: String,
    /// Decides everything left to chance.
    pub seed: u64,
    /// The provider's wall clock at the start, in seconds since 1970 without regard to zones. With [`Pace::Fast`] the
    /// time of a call is drawn from the hour that follows.
    pub clock_seconds: i64,
    /// How fast the story is told.
    pub pace: Pace,
    /// What people do when called.
    pub script: Script,
    /// What people answer to messages.
    pub replies: Replies,
    /// What goes wrong with callbacks.
    pub faults: Faults,
    /// What delivery reports say.
    pub report: Report,
    /// What happens to requests for calls.
    pub call_mode: ApiMode,
    /// What happens to requests for messages.
    pub sms_mode: ApiMode,
    /// How recordings are served.
    pub recording_mode: RecordingMode,
    /// How often one delivery is tried when no connection comes about or it breaks. An answer of any status ends it.
    pub attempts_max: u32,
    /// Pause before the second try; it grows by itself with every further try.
    pub retry_pause: Duration,
    /// How long the service may take to answer a callback.
    pub callback_timeout: Duration,
    /// The client callbacks are sent with; else one without proxies.
    pub client: Option<reqwest::Client>,
}

/// 2026-03-02 08:00:00 on the wall.
const CLOCK_SECONDS_DEFAULT: i64 = 1_772_438_400;

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            targets: Targets::default(),
            username: "sandbox".to_owned(),
            api_key: "carrier-key".to_owned(),
            number: "+254700000000".to_owned(),
            seed: 0,
            clock_seconds: CLOCK_SECONDS_DEFAULT,
            pace: Pace::Fast,
            script: Script::default(),
            replies: Replies::default(),
            faults: Faults::default(),
            report: Report::default(),
            call_mode: ApiMode::Normal,
            sms_mode: ApiMode::Normal,
            recording_mode: RecordingMode::default(),
            attempts_max: 4,
            retry_pause: Duration::from_millis(50),
            callback_timeout: Duration::from_secs(20),
            client: None,
        }
    }
}
