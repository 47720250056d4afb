//! The listener with its routes, and the workers that act outside.

use std::net::SocketAddr;

use anyhow::{Context, anyhow, bail};
use contract::phone::Country;
use effects::account::Accounts;
use effects::client::Client;
use effects::control::Controller;
use effects::deadline::Timekeeper;
use effects::dial::Dialer;
use effects::door::Door;
use effects::forget::Forgetter;
use effects::message::Messenger;
use effects::model::ModelSettings;
use effects::recording::{AllowList, Blobs, FetchLimits, Fetcher};
use effects::second::SecondReader;
use effects::silence::Finder;
use effects::transcribe::Transcriber;
use http_surface::{
    Config as Surface, Parts, Tools, conference_script, minivoice_answer, router, server, tryvox_answer,
};
use providers::africastalking::time::Zone;
use providers::minivoice::signature::SigningSecrets;
use providers::script::{Book, Dialect, Script};
use providers::secret::PathSecrets;
use tokio::net::TcpListener;

use crate::accounts::{accounts, limits};
use crate::command::keys;
use crate::config::{Config, Entries, Role, Voxml};
use crate::system::System;
use crate::{keyfiles, lag};

/// What listens.
pub struct Listening {
    /// The address that was really taken.
    pub address: SocketAddr,
    /// A key of the interface made at this first start; shown once.
    pub first_key: Option<String>,
}

impl Listening {
    /// Prints where everything is.
    pub fn print(&self, system: &System) {
        let base = format!("http://{}", self.address);
        let line = crate::terminal::note;
        line(&format!("ahadi {} serves {}", env!("CARGO_PKG_VERSION"), system.config.origin));
        line(&format!("  API      {base}/api/v1, {base}/v1"));
        line(&format!("  docs     {base}/"));
        line(&format!("  log      {base}/log/checkpoint"));
        line(&format!("  health   {base}/readyz"));
        line(&format!("  data     {}", system.config.data_dir.display()));
        line(&format!("  store    {}", system.store.backend_name()));
        let source = if system.bus.is_some() { "NATS JetStream" } else { "the journal of this process" };
        line(&format!("  inputs   {source}"));
        if let Some(keys) = &system.keys {
            line(&format!("  log key  {}", keys.log.vkey()));
            if keys.fresh {
                line(&format!(
                    "  keys were made in {}; move root.pem offline",
                    system.config.keys_dir().display()
                ));
            }
        }
        if system.config.open_api {
            line("  no key is needed (--open-api)");
        }
        if let Some(key) = &self.first_key {
            line(&format!("  admin key, shown only now: {key}"));
        }
    }
}

/// Starts the listener and the effects that this process's roles call for.
///
/// # Errors
/// When the address is taken or settings are wrong.
pub async fn start(system: &mut System) -> anyhow::Result<Listening> {
    let config = system.config.clone();
    let accounts = accounts(&config)?;
    let client = Client::new(limits(&config))?;
    if config.has(Role::Effects) {
        start_effects(system, &config, client.clone(), &accounts).await?;
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let first_key = first_key(system).await?;
    if let Some(door) = system.door.clone() {
        let transcriber = config.transcribe_url.is_some();
        let second_reader = config.extract_url.is_some();
        let tools = Tools { transcriber, second_reader, blobs: Some(open_blobs(&config).await?) };
        let dialer = Dialer::new(door.clone(), client.clone(), accounts.clone());
        let controller = Controller::new(door.clone(), client, accounts);
        let parts = Parts {
            door,
            reader: system.store.reader(),
            dialer: dialer.clone(),
            controller: controller.clone(),
            lag: lag::of(system),
            tools,
        };
        let routes = router(&surface(&config, system, address)?, parts);
        let stop = system.intake();
        system.add("listener", async move {
            server::serve(listener, routes, stop).await?;
            // What was begun for a client that left is finished too.
            dialer.finished().await;
            controller.finished().await;
            Ok(())
        });
    }
    Ok(Listening { address, first_key })
}

async fn start_effects(
    system: &mut System,
    config: &Config,
    client: Client,
    accounts: &Accounts,
) -> anyhow::Result<()> {
    let door = door(system)?;
    let reader = system.store.reader();
    let allow: AllowList = config.recording_allow.join(",").parse().context("--recording-allow")?;
    let blobs = open_blobs(config).await?;
    let transcribe = config.transcribe_url.is_some();
    let forgetter = Forgetter::new(door.clone(), blobs.clone(), system.bus.clone());
    let (stop, at) = (system.intake(), reader.clone());
    system.add("forgetter", async move {
        forgetter.run(at, stop).await;
        Ok(())
    });
    let fetcher = Fetcher::new(door.clone(), blobs.clone(), allow, FetchLimits::default(), transcribe)?;
    let check_after_s = Some(config.recording_check_seconds).filter(|seconds| *seconds > 0);
    let fetcher = fetcher.checking_after(check_after_s);
    let (stop, at) = (system.intake(), reader.clone());
    system.add("fetcher", async move {
        fetcher.run(at, stop).await;
        Ok(())
    });
    let timekeeper = Timekeeper::new(door.clone(), reader.clone());
    let stop = system.intake();
    system.add("timekeeper", async move {
        timekeeper.run(stop).await;
        Ok(())
    });
    start_readers(system, config, &door, blobs)?;
    let silent_ms = i64::from(config.silent_call_minutes) * 60_000;
    let finder = Finder::new(door.clone(), client.clone(), accounts.into(), country(config)?, silent_ms);
    let (stop, at) = (system.intake(), reader.clone());
    system.add("finder", async move {
        finder.run(at, stop).await;
        Ok(())
    });
    match accounts.africastalking.clone() {
        Some(account) => {
            let messenger = Messenger::new(door, client, account);
            let stop = system.intake();
            system.add("messenger", async move {
                messenger.run(reader, stop).await;
                Ok(())
            });
        }
        None => tracing::warn!("no account of Africa's Talking: nothing is dialled or sent; messages wait"),
    }
    Ok(())
}

/// Who writes down what was said, and who reads it a second time.
fn start_readers(system: &mut System, config: &Config, door: &Door, blobs: Blobs) -> anyhow::Result<()> {
    if let Some(settings) = transcribe_settings(config) {
        let transcriber = Transcriber::new(door.clone(), blobs, settings)?;
        let (stop, at) = (system.intake(), system.store.reader());
        system.add("transcriber", async move {
            transcriber.run(at, stop).await;
            Ok(())
        });
    }
    if let Some(url) = &config.extract_url {
        let settings = ModelSettings {
            url: url.clone(),
            model: config.extract_model.clone(),
            api_key: config.extract_key.clone(),
            total: effects::second::TOTAL,
        };
        let second = SecondReader::new(door.clone(), settings)?;
        let (stop, at) = (system.intake(), system.store.reader());
        system.add("second_reader", async move {
            second.run(at, stop).await;
            Ok(())
        });
    }
    Ok(())
}

async fn open_blobs(config: &Config) -> anyhow::Result<Blobs> {
    match &config.blobs {
        Some(url) if url.starts_with("s3://") => Blobs::bucket(url).context("--blobs"),
        Some(_) => bail!("--blobs: must be the address of a bucket, s3://bucket/path"),
        None => Ok(Blobs::open(&config.data_dir.join("recordings")).await?),
    }
}

fn transcribe_settings(config: &Config) -> Option<ModelSettings> {
    Some(ModelSettings {
        url: config.transcribe_url.clone()?,
        model: config.transcribe_model.clone(),
        api_key: config.transcribe_api_key.clone(),
        total: effects::transcribe::TOTAL,
    })
}

fn door(system: &System) -> anyhow::Result<Door> {
    system.door.clone().ok_or_else(|| anyhow!("this role takes inputs but has no journal"))
}

fn country(config: &Config) -> anyhow::Result<Country> {
    Country::from_code(&config.country)
        .with_context(|| format!("--country: {} is not an ISO 3166 code", config.country))
}

fn surface(config: &Config, system: &System, address: SocketAddr) -> anyhow::Result<Surface> {
    let country = country(config)?;
    let secrets: Vec<&str> = config.webhook_secret.iter().map(String::as_str).collect();
    let secrets = PathSecrets::new(&secrets).context("--webhook-secret")?;
    let signing: Vec<&str> = config.minivoice_webhook_secret.iter().map(String::as_str).collect();
    let minivoice_signing = SigningSecrets::new(&signing).context("--minivoice-webhook-secret")?;
    let voxml = match config.tryvox_voxml {
        Voxml::Xml => Dialect::TryVoxXml,
        Voxml::Json => Dialect::TryVoxJson,
    };
    // A process without the signing keys still names them to auditors: it reads the public halves.
    let (root, log_vkey) = match &system.keys {
        Some(keys) => (keys.root.clone(), keys.log.verifier().clone()),
        None => keyfiles::public(&config.keys_dir()).context(
            "a process that does not project needs keys/root.pub.jwk and keys/log.vkey of the projector in its data directory",
        )?,
    };
    Ok(Surface {
        loopback: address.ip().is_loopback(),
        open_api: config.open_api,
        allow_unauthenticated_webhooks: config.allow_unauthenticated_webhooks,
        secrets,
        country,
        zone: Zone::NAIROBI,
        entries_public: config.log_entries == Entries::Public,
        origin: config.origin.clone(),
        root,
        log_vkey,
        book: book(config)?,
        script: Script::default(),
        conference_script: conference_script(),
        minivoice_signing,
        minivoice_answer: minivoice_answer(),
        tryvox_answer: tryvox_answer(voxml),
        tryvox_auth_id: config.tryvox_auth_id.clone(),
        conference_parties_max: config.conference_parties_max.into(),
        webhooks: config.has(Role::Ingress),
        api: config.has(Role::Api),
        index: system.index.clone(),
        run: format!("{}-{}", std::process::id(), crate::system::now().millis()),
    })
}

/// The configured scripts, checked before the first call.
fn book(config: &Config) -> anyhow::Result<Book> {
    let Some(path) = &config.scripts else { return Ok(Book::default()) };
    let place = || format!("--scripts {}", path.display());
    let text = std::fs::read_to_string(path).with_context(place)?;
    Book::read(&text).with_context(place)
}

/// Adopts the configured admin key, or makes one where the interface has no key at all.
async fn first_key(system: &System) -> anyhow::Result<Option<String>> {
    let store = system.store.keys();
    if let Some(text) = &system.config.admin_key {
        keys::adopt(&store, text).await?;
        return Ok(None);
    }
    if system.config.open_api || !system.config.has(Role::Api) || !store.list().await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(keys::create(&store, "first start", "admin", None).await?))
}
