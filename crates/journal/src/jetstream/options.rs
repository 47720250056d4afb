//! How to connect, and what the streams shall be like.

use std::fmt;
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};

use super::BusError;
use crate::gate::StreamConfig;
use crate::subject::input_filter;

/// For how long inputs stay in the stream: longer than any outage of the reader.
const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
/// For how long the server drops repeats of an id. Kept short of what a reader remembers: the server holds these ids in
/// memory.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(10 * 60);
/// First token of all subjects, and in capitals of all stream names, unless another is given.
const ROOT: &str = "ahadi";

/// Where NATS is and what its streams are called. Cheap to change before [`Bus::connect`](super::Bus::connect).
#[derive(Clone)]
pub struct BusOptions {
    /// One or more `nats://` or `tls://` addresses, separated by commas. May hold a user and password.
    pub url: String,
    /// The text of a NATS credentials file.
    pub credentials: Option<String>,
    /// First token of every subject. Installations that share a NATS account have different ones.
    pub root: String,
    /// Which ledger this is; part of every input's subject.
    pub shard: u32,
    /// Stream of this shard's inputs. A stream per shard: sequences are then gapless and streams can live on different
    /// servers.
    pub input_stream: String,
    /// Stream of downstream events, for all shards.
    pub events_stream: String,
    /// Stream with the last covered position of each shard.
    pub covered_stream: String,
    /// Age at which inputs and events leave their streams.
    pub retention: Duration,
    /// Most bytes of the input stream; beyond that, publishing is refused and waits in the journal. `None` leaves it to
    /// the server.
    pub max_bytes: Option<u64>,
    /// For how long the server drops repeats of an id.
    pub duplicate_window: Duration,
    /// Copies of each stream in a cluster.
    pub replicas: u32,
    /// Compress stored messages; needs NATS 2.10.
    pub compression: bool,
}

impl fmt::Debug for BusOptions {
    // The address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusOptions")
            .field("shard", &self.shard)
            .field("input_stream", &self.input_stream)
            .field("events_stream", &self.events_stream)
            .finish_non_exhaustive()
    }
}

impl BusOptions {
    /// The usual names and limits: `AHADI_IN` (`AHADI_IN_<n>` for shards above 0), `AHADI_EVENTS`, `AHADI_COVERED`,
    /// 30 days, one replica.
    #[must_use]
    pub fn new(url: &str, shard: u32) -> BusOptions {
        BusOptions::under(ROOT, url, shard)
    }

    /// The same under another root, a single subject token.
    #[must_use]
    pub fn under(root: &str, url: &str, shard: u32) -> BusOptions {
        let name = root.to_uppercase();
        let input_stream = if shard == 0 { format!("{name}_IN") } else { format!("{name}_IN_{shard}") };
        BusOptions {
            url: url.to_owned(),
            credentials: None,
            root: root.to_owned(),
            shard,
            input_stream,
            events_stream: format!("{name}_EVENTS"),
            covered_stream: format!("{name}_COVERED"),
            retention: RETENTION,
            max_bytes: None,
            duplicate_window: DUPLICATE_WINDOW,
            replicas: 1,
            compression: false,
        }
    }

    /// The subject of a downstream event; `rest` is `<kind>.<type>.<id>`, or `>` for all of them.
    #[must_use]
    pub fn events_subject(&self, rest: &str) -> String {
        format!("{}.events.v1.{rest}", self.root)
    }

    /// Adds a name and the credentials.
    pub(super) fn complete(&self, options: ConnectOptions) -> Result<ConnectOptions, BusError> {
        let mut options = options.name("ahadi");
        // The library takes host and port from an address and leaves user and password to be told.
        if let Some(server) = self.servers()?.iter().find(|server| server.has_user_pass()) {
            let user = percent_decoded(server.username().unwrap_or_default())?;
            options = match server.password() {
                Some(password) => options.user_and_password(user, percent_decoded(password)?),
                None => options.token(user),
            };
        }
        match &self.credentials {
            None => Ok(options),
            Some(text) => options.credentials(text).map_err(|_| BusError::Options("credentials".to_owned())),
        }
    }

    pub(super) fn servers(&self) -> Result<Vec<ServerAddr>, BusError> {
        // The error of the parser repeats the address, which may hold a password.
        let parse = |url: &str| url.trim().parse().map_err(|_| BusError::Options("address".to_owned()));
        self.url.split(',').map(parse).collect()
    }

    pub(super) fn input_config(&self) -> StreamConfig {
        let mut config = self.keeping(&self.input_stream, &input_filter(&self.root, self.shard));
        config.max_bytes = self.max_bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        config
    }

    /// Every stream there has to be.
    pub(super) fn streams(&self) -> [StreamConfig; 3] {
        let mut covered = self.keeping(&self.covered_stream, &format!("{}.covered.v1.>", self.root));
        covered.max_age = 0;
        covered.max_msgs_per_subject = 1;
        covered.discard = "old".to_owned();
        [self.input_config(), self.keeping(&self.events_stream, &self.events_subject(">")), covered]
    }

    pub(super) fn covered_subject(&self) -> String {
        format!("{}.covered.v1.{}", self.root, self.shard)
    }

    fn keeping(&self, name: &str, subject: &str) -> StreamConfig {
        let mut config = StreamConfig::keeping(name, subject, self.retention, self.duplicate_window);
        config.num_replicas = self.replicas;
        config.compression = self.compression.then(|| "s2".to_owned());
        config
    }
}

/// What stands in the user part of an address, with `%XX` read back (RFC 3986 §2.1).
fn percent_decoded(text: &str) -> Result<String, BusError> {
    let wrong = || BusError::Options("address".to_owned());
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        bytes.push(u8::from_str_radix(digits.ok_or_else(wrong)?, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn users_and_passwords_are_read_from_the_address() {
        for (text, expected) in [("plain", Some("plain")), ("p%40ss%2Fw%25", Some("p@ss/w%")), ("", Some(""))]
        {
            assert_eq!(percent_decoded(text).ok().as_deref(), expected);
        }
        for broken in ["%", "%4", "%zz", "a%+1b", "%ff"] {
            let error = percent_decoded(broken).unwrap_err();
            assert_eq!(error.to_string(), "bad NATS address", "{broken}");
        }
    }
}
