//! Settings: each as a flag, as an `AHADI_*` variable, and secrets also as a file (`*_FILE`).
//!
//! The only place that reads the environment. Nothing here is a default that a production setup could not live with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything in one process.
    All,
    /// Takes webhooks.
    Ingress,
    /// Folds inputs into the log; only one is active.
    Projector,
    /// Answers commands and queries.
    Api,
    /// Sends messages, fetches recordings.
    Effects,
}

/// Whether raw entries of the log are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Entries {
    /// Anybody may read them: they hold nothing personal.
    Public,
    /// Only keys with the scope `audit:read`.
    Audit,
}

/// How calls of TryVox are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Voxml {
    /// As its conference document has it.
    Xml,
    /// As its reference has it.
    Json,
}

/// Who dials where a request names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dials {
    /// Africa's Talking.
    Africastalking,
    /// TryVox.
    Tryvox,
    /// MiniVoice.
    Minivoice,
}

/// Settings of the service.
#[derive(Args, Clone)]
pub struct Config {
    /// Address to listen on.
    #[arg(long, env = "AHADI_LISTEN", default_value = "127.0.0.1:5000")]
    pub listen: SocketAddr,
    /// Directory of journal, keys, recordings, checkpoint file and, without a database URL, the ledger.
    #[arg(long, env = "AHADI_DATA_DIR", default_value = "ahadi-data")]
    pub data_dir: PathBuf,
    /// postgres://… or sqlite://…; none means a SQLite file in the data directory.
    #[arg(long, env = "AHADI_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// File that holds the database URL.
    #[arg(long, env = "AHADI_DATABASE_URL_FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,
    /// nats://… of a server with JetStream; none means the projector reads the journal itself.
    #[arg(long, env = "AHADI_NATS_URL", hide_env_values = true)]
    pub nats_url: Option<String>,
    /// File that holds the address of NATS, with user and password in it.
    #[arg(long, env = "AHADI_NATS_URL_FILE", conflicts_with = "nats_url")]
    pub nats_url_file: Option<PathBuf>,
    /// Name of the ledger, for ever: a domain and a path.
    #[arg(long, env = "AHADI_ORIGIN", default_value = "localhost/ahadi")]
    pub origin: String,
    /// What this process does.
    #[arg(long, env = "AHADI_ROLE", value_enum, value_delimiter = ',', default_value = "all")]
    pub role: Vec<Role>,
    /// A key of the interface with all rights. Without one, the first start makes one and prints it once.
    #[arg(long, env = "AHADI_ADMIN_KEY", hide_env_values = true)]
    pub admin_key: Option<String>,
    /// File that holds the admin key.
    #[arg(long, env = "AHADI_ADMIN_KEY_FILE", conflicts_with = "admin_key")]
    pub admin_key_file: Option<PathBuf>,
    /// No key is needed for the interface. Only possible while listening on loopback.
    #[arg(long, env = "AHADI_OPEN_API")]
    pub open_api: bool,
    /// Serve the webhook paths without a secret on other addresses than loopback too; their records say
    /// `authenticated: false`.
    #[arg(long, env = "AHADI_ALLOW_UNAUTHENTICATED_WEBHOOKS")]
    pub allow_unauthenticated_webhooks: bool,
    /// Secret segment of the webhook paths, 22 characters or more; two while it is changed, with a comma between.
    #[arg(long, env = "AHADI_WEBHOOK_SECRET", hide_env_values = true, value_delimiter = ',')]
    pub webhook_secret: Vec<String>,
    /// File that holds the webhook secrets, one per line.
    #[arg(long, env = "AHADI_WEBHOOK_SECRET_FILE", conflicts_with = "webhook_secret")]
    pub webhook_secret_file: Option<PathBuf>,
    /// MiniVoice: the secret it signs its webhooks with, 16 bytes or more; two while it is changed, with a comma between.
    /// None means that it signs nothing, and the secret segment of the path is the only proof.
    #[arg(long, env = "AHADI_MINIVOICE_WEBHOOK_SECRET", hide_env_values = true, value_delimiter = ',')]
    pub minivoice_webhook_secret: Vec<String>,
    /// File that holds the signing secrets of MiniVoice, one per line.
    #[arg(long, env = "AHADI_MINIVOICE_WEBHOOK_SECRET_FILE", conflicts_with = "minivoice_webhook_secret")]
    pub minivoice_webhook_secret_file: Option<PathBuf>,
    /// TryVox: whether its calls are answered with VoxML as XML or as JSON.
    #[arg(long, env = "AHADI_TRYVOX_VOXML", value_enum, default_value = "xml")]
    pub tryvox_voxml: Voxml,
    /// File of call scripts for some numbers, rooms or conferences, TOML. It is read at the start; a script that its
    /// provider cannot say stops the start.
    #[arg(long, env = "AHADI_SCRIPTS")]
    pub scripts: Option<PathBuf>,
    /// Country whose local phone numbers (`07…`) are understood, ISO 3166.
    #[arg(long, env = "AHADI_COUNTRY", default_value = "KE")]
    pub country: String,
    /// Who may read raw entries of the log.
    #[arg(long, env = "AHADI_LOG_ENTRIES", value_enum, default_value = "public")]
    pub log_entries: Entries,
    /// Africa's Talking: user name; `sandbox` chooses its sandbox.
    #[arg(long, env = "AHADI_AFRICASTALKING_USERNAME")]
    pub africastalking_username: Option<String>,
    /// Africa's Talking: API key.
    #[arg(long, env = "AHADI_AFRICASTALKING_API_KEY", hide_env_values = true)]
    pub africastalking_api_key: Option<String>,
    /// File that holds the API key of Africa's Talking.
    #[arg(long, env = "AHADI_AFRICASTALKING_API_KEY_FILE", conflicts_with = "africastalking_api_key")]
    pub africastalking_api_key_file: Option<PathBuf>,
    /// Africa's Talking: our number, E.164.
    #[arg(long, env = "AHADI_AFRICASTALKING_NUMBER")]
    pub africastalking_number: Option<String>,
    /// Africa's Talking: short code or sender id of messages.
    #[arg(long, env = "AHADI_AFRICASTALKING_SENDER")]
    pub africastalking_sender: Option<String>,
    /// Africa's Talking: base URL of its voice service, in place of its own.
    #[arg(long, env = "AHADI_AFRICASTALKING_VOICE_URL")]
    pub africastalking_voice_url: Option<String>,
    /// Africa's Talking: base URL of its message service, in place of its own.
    #[arg(long, env = "AHADI_AFRICASTALKING_SMS_URL")]
    pub africastalking_sms_url: Option<String>,
    /// After how many minutes without any news a call that has not ended is asked about, or flagged where its provider
    /// cannot be asked.
    #[arg(long, env = "AHADI_SILENT_CALL_MINUTES", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub silent_call_minutes: u32,
    /// After how many seconds a recording that was fetched is fetched once more, to see whether its address still gives the
    /// same bytes; 0 for only when it is named again.
    #[arg(long, env = "AHADI_RECORDING_CHECK_SECONDS", default_value_t = 86_400,
          value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
    pub recording_check_seconds: u32,
    /// How the providers reach this service, without a slash at the end: `https://voice.example.org`. TryVox is told it with
    /// every call.
    #[arg(long, env = "AHADI_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Who dials where a request names nobody: africastalking, tryvox or minivoice; else the first that is configured.
    #[arg(long, env = "AHADI_PROVIDER", value_enum)]
    pub provider: Option<Dials>,
    /// TryVox: id of the account.
    #[arg(long, env = "AHADI_TRYVOX_AUTH_ID")]
    pub tryvox_auth_id: Option<String>,
    /// TryVox: the account's token.
    #[arg(long, env = "AHADI_TRYVOX_AUTH_TOKEN", hide_env_values = true)]
    pub tryvox_auth_token: Option<String>,
    /// File that holds the token of TryVox.
    #[arg(long, env = "AHADI_TRYVOX_AUTH_TOKEN_FILE", conflicts_with = "tryvox_auth_token")]
    pub tryvox_auth_token_file: Option<PathBuf>,
    /// TryVox: our number, E.164.
    #[arg(long, env = "AHADI_TRYVOX_NUMBER")]
    pub tryvox_number: Option<String>,
    /// TryVox: base URL, in place of its own.
    #[arg(long, env = "AHADI_TRYVOX_URL")]
    pub tryvox_url: Option<String>,
    /// MiniVoice: key of the application.
    #[arg(long, env = "AHADI_MINIVOICE_API_KEY", hide_env_values = true)]
    pub minivoice_api_key: Option<String>,
    /// File that holds the key of MiniVoice.
    #[arg(long, env = "AHADI_MINIVOICE_API_KEY_FILE", conflicts_with = "minivoice_api_key")]
    pub minivoice_api_key_file: Option<PathBuf>,
    /// MiniVoice: our number, E.164.
    #[arg(long, env = "AHADI_MINIVOICE_NUMBER")]
    pub minivoice_number: Option<String>,
    /// MiniVoice: base URL, in place of its own.
    #[arg(long, env = "AHADI_MINIVOICE_URL")]
    pub minivoice_url: Option<String>,
    /// Most parties of one conference, 2 to 250.
    #[arg(long, env = "AHADI_CONFERENCE_PARTIES_MAX", default_value_t = 10,
          value_parser = clap::value_parser!(u16).range(2..=250))]
    pub conference_parties_max: u16,
    /// How long a provider may take to answer a request, seconds. After that it is unknown whether it did it.
    #[arg(long, env = "AHADI_PROVIDER_SECONDS_MAX", default_value_t = 15,
          value_parser = clap::value_parser!(u16).range(1..=120))]
    pub provider_seconds_max: u16,
    /// Internal addresses from which recordings may be fetched, `host:port`.
    #[arg(long, env = "AHADI_RECORDING_ALLOW", value_delimiter = ',')]
    pub recording_allow: Vec<String>,
    /// A transcription service that speaks OpenAI's `/v1/audio/transcriptions`, for example a Whisper server; none means that
    /// nothing is transcribed.
    #[arg(long, env = "AHADI_TRANSCRIBE_URL", hide_env_values = true)]
    pub transcribe_url: Option<String>,
    /// Name of its model.
    #[arg(long, env = "AHADI_TRANSCRIBE_MODEL", default_value = "whisper-1")]
    pub transcribe_model: String,
    /// Its API key, where it wants one.
    #[arg(long, env = "AHADI_TRANSCRIBE_API_KEY", hide_env_values = true)]
    pub transcribe_api_key: Option<String>,
    /// File that holds its API key.
    #[arg(long, env = "AHADI_TRANSCRIBE_API_KEY_FILE", conflicts_with = "transcribe_api_key")]
    pub transcribe_api_key_file: Option<PathBuf>,
    /// A service that speaks OpenAI's `/v1/chat/completions`, which reads the terms in transcripts a second time; none means
    /// that no transcript is sent anywhere for that.
    #[arg(long, env = "AHADI_EXTRACT_URL", hide_env_values = true)]
    pub extract_url: Option<String>,
    /// Name of its model.
    #[arg(long, env = "AHADI_EXTRACT_MODEL", default_value = "gpt-4o-mini")]
    pub extract_model: String,
    /// Its API key, where it wants one.
    #[arg(long, env = "AHADI_EXTRACT_KEY", hide_env_values = true)]
    pub extract_key: Option<String>,
    /// File that holds its API key.
    #[arg(long, env = "AHADI_EXTRACT_KEY_FILE", conflicts_with = "extract_key")]
    pub extract_key_file: Option<PathBuf>,
    /// Where recordings are kept: `s3://bucket/path` of a bucket that speaks S3, with region, endpoint and credentials in the
    /// usual `AWS_*` variables; none means a directory in the data directory.
    #[arg(long, env = "AHADI_BLOBS")]
    pub blobs: Option<String>,
    /// How long raw inputs are kept in journal and stream, days. Part of what is promised to people.
    #[arg(long, env = "AHADI_RETENTION_DAYS", default_value_t = 30)]
    pub retention_days: u32,
    /// Start although the database is older than the last signed checkpoint, and fold the missing inputs again.
    #[arg(long, env = "AHADI_RECOVER")]
    pub recover: bool,
    /// Log lines as JSON.
    #[arg(long, env = "AHADI_LOG_JSON")]
    pub log_json: bool,
    /// What is logged, for example `info` or `ahadi=debug`.
    #[arg(long, env = "AHADI_LOG", default_value = "info")]
    pub log: String,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Reads the files that secrets are given in, and refuses settings that do not go together.
    ///
    /// # Errors
    /// What is wrong and how to mend it.
    pub fn resolve(mut self) -> anyhow::Result<Config> {
        for (value, file) in [
            (&mut self.database_url, &self.database_url_file),
            (&mut self.nats_url, &self.nats_url_file),
            (&mut self.admin_key, &self.admin_key_file),
            (&mut self.africastalking_api_key, &self.africastalking_api_key_file),
            (&mut self.transcribe_api_key, &self.transcribe_api_key_file),
            (&mut self.extract_key, &self.extract_key_file),
            (&mut self.tryvox_auth_token, &self.tryvox_auth_token_file),
            (&mut self.minivoice_api_key, &self.minivoice_api_key_file),
        ] {
            if let Some(path) = file {
                *value = Some(secret_file(path)?);
            }
        }
        for (values, file) in [
            (&mut self.webhook_secret, &self.webhook_secret_file),
            (&mut self.minivoice_webhook_secret, &self.minivoice_webhook_secret_file),
        ] {
            if let Some(path) = file {
                *values = secret_file(path)?.lines().map(|line| line.trim().to_owned()).collect();
            }
        }
        if self.open_api && !self.listen.ip().is_loopback() {
            bail!(
                "--open-api serves everything without a key; it is refused because {} is not loopback",
                self.listen
            );
        }
        ensure!(!self.role.is_empty(), "--role: at least one");
        if self.nats_url.is_none() && !self.has_all_roles() {
            bail!("--role: separate processes need --nats-url, which carries inputs from one to the other");
        }
        Ok(self)
    }

    /// Whether this process does everything.
    pub fn has_all_roles(&self) -> bool {
        self.role.contains(&Role::All)
    }

    /// Whether this process has a role.
    pub fn has(&self, role: Role) -> bool {
        self.has_all_roles() || self.role.contains(&role)
    }

    /// The database as a URL.
    pub fn database(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("ledger.db").display()))
    }

    /// Where the keys are.
    pub fn keys_dir(&self) -> PathBuf {
        self.data_dir.join("keys")
    }

    /// Where the last signed checkpoint is kept.
    pub fn lock_file(&self) -> PathBuf {
        self.data_dir.join("checkpoint")
    }
}

/// Reads a secret from a file, without the line end that editors add.
fn secret_file(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the secret file {} cannot be read", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Settings whose values are never shown.
pub const SECRETS: [&str; 12] = [
    "database_url",
    "nats_url",
    "admin_key",
    "webhook_secret",
    "minivoice_webhook_secret",
    "africastalking_api_key",
    "transcribe_url",
    "transcribe_api_key",
    "extract_url",
    "extract_key",
    "tryvox_auth_token",
    "minivoice_api_key",
];
