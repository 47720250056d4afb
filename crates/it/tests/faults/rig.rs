//! A service without a door in this process, whose steps can be made to fail.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use clap::Parser;
use cli::config::Config;
use cli::keyfiles;
use cli::system::System;
use it::nats::NatsServer;
use it::postgres::PostgresDatabase;
use it::sound;
use it::world::ORIGIN;
use it::{Setup, SourceKind, StoreKind};
use journal::{Entry, Journal};
use ledger::key::PublicKey;
use ledger::time::Timestamp;
use projector::faults::Faults;
use store::rows::Needs;
use store::{OpenOptions, Store};
use tempfile::TempDir;

/// How long things may take to come to rest. Not an expectation: machines that run tests may be slow.
pub const LOOKS_MAX: u32 = 3_000;
pub const LOOK_EVERY: Duration = Duration::from_millis(40);
/// When the keys of all rigs were made: equal inputs and equal keys lead to equal bytes.
const KEYS_MADE_MS: i64 = 1_772_400_000_000;
/// Where the publisher stores how far it has come.
const PUBLISHER: &str = "publisher";

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

pub struct Rig {
    pub faults: Faults,
    pub directory: TempDir,
    pub nats: Option<NatsServer>,
    pub postgres: Option<PostgresDatabase>,
    /// Another address for the database, where it stands behind something.
    pub database_url: Option<String>,
    pub recover: bool,
    system: Option<System>,
}

/// Keys that all rigs share, so that their logs can be compared.
fn keys() -> &'static Path {
    static KEYS: OnceLock<TempDir> = OnceLock::new();
    let directory = KEYS.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let made = Timestamp::from_millis(KEYS_MADE_MS).unwrap();
        keyfiles::open(&directory.path().join("keys"), ORIGIN, made).unwrap();
        directory
    });
    directory.path()
}

impl Rig {
    /// Its servers and keys; nothing runs yet.
    pub async fn new(setup: Setup) -> Rig {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let postgres = match setup.store {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => Some(PostgresDatabase::create().await),
        };
        let nats = match setup.source {
            SourceKind::Journal => None,
            SourceKind::Nats => Some(NatsServer::start("AHADI_NATS_SERVER", directory.path())),
            SourceKind::NatsFloor => Some(NatsServer::start("AHADI_NATS_FLOOR_SERVER", directory.path())),
        };
        let rig = Rig {
            faults: Faults::armed(),
            directory,
            nats,
            postgres,
            database_url: None,
            recover: false,
            system: None,
        };
        rig.give_keys("data");
        rig
    }

    /// A rig that runs.
    pub async fn start(setup: Setup) -> Rig {
        let mut rig = Rig::new(setup).await;
        rig.boot().await;
        rig
    }

    /// Puts the shared keys into a data directory.
    pub fn give_keys(&self, data: &str) {
        let to = self.directory.path().join(data).join("keys");
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(keys().join("keys")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }

    /// Settings of a process with this data directory.
    pub fn config(&self, data: &str, further: &[&str]) -> Config {
        let mut flags = vec!["it".to_owned(), format!("--origin={ORIGIN}")];
        flags.push(format!("--data-dir={}", self.directory.path().join(data).display()));
        // The inputs are of a fixed day, long ago: what is set aside must not expire while a test looks for it.
        flags.push("--retention-days=36500".to_owned());
        let database = self.database_url.clone().or(self.postgres.as_ref().map(PostgresDatabase::url));
        flags.extend(database.map(|url| format!("--database-url={url}")));
        flags.extend(self.nats.as_ref().map(|nats| format!("--nats-url={}", nats.url())));
        flags.extend(self.recover.then(|| "--recover".to_owned()));
        flags.extend(further.iter().map(|flag| (*flag).to_owned()));
        Flags::try_parse_from(flags).unwrap_or_else(|e| panic!("{e}")).config.resolve().unwrap()
    }

    /// Starts the service on what is there.
    pub async fn try_boot(&mut self) -> anyhow::Result<()> {
        assert!(self.system.is_none(), "it runs already");
        self.system = Some(System::start_with(self.config("data", &[]), self.faults.clone()).await?);
        Ok(())
    }

    pub async fn boot(&mut self) {
        self.try_boot().await.unwrap();
    }

    pub async fn halt(&mut self) {
        self.system.take().expect("it runs").stop().await;
    }

    pub fn system(&self) -> &System {
        self.system.as_ref().expect("it runs")
    }

    pub fn journal(&self) -> &Journal {
        self.system().door.as_ref().expect("it has a journal").journal()
    }

    pub async fn append(&self, entries: &[Entry]) {
        self.journal().append_all(entries.to_vec()).await.unwrap();
    }

    /// Waits until these entries have outcomes, the newest checkpoint covers everything, and everything is published;
    /// fails the test where a part of the service gives up meanwhile.
    pub async fn settle(&mut self, entries: &[Entry]) {
        let system = self.system.as_mut().expect("it runs");
        let (store, publishes) = (system.store.clone(), system.bus.is_some());
        let settled = async {
            for _ in 0..LOOKS_MAX {
                if is_settled(&store, entries, publishes).await {
                    return;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            panic!("the service made no progress");
        };
        tokio::select! {
            () = settled => {}
            error = system.failed() => panic!("the service gave up: {error:#}"),
        }
    }

    /// Waits until these entries have outcomes, whatever else does not come about.
    pub async fn fold(&self, entries: &[Entry]) {
        for _ in 0..LOOKS_MAX {
            if is_folded(&self.system().store, entries).await {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("the service folded nothing");
    }

    /// Waits until the service gives up, and says why.
    pub async fn failure(&mut self) -> String {
        let system = self.system.as_mut().expect("it runs");
        let failed = tokio::time::timeout(LOOK_EVERY * LOOKS_MAX, system.failed()).await;
        format!("{:#}", failed.expect("the service goes on, although it must not"))
    }

    /// The log as it stands.
    pub async fn log(&self) -> Vec<String> {
        log(&self.system().store).await
    }

    /// Ends it, fails the test unless the log is sound and the checkpoint file agrees, and gives the log.
    pub async fn end(mut self) -> Vec<String> {
        if self.system.is_some() {
            self.halt().await;
        }
        let log = self.log_if_sound(&[]).await;
        if let Some(postgres) = self.postgres.take() {
            postgres.drop_it().await;
        }
        log
    }

    /// The log of a service that does not run, audited; it agrees with these checkpoints and with the file.
    pub async fn log_if_sound(&self, kept: &[&str]) -> Vec<String> {
        self.log_if_sound_by("data", kept).await
    }

    /// [`Rig::log_if_sound`], with the keys and the file of another data directory.
    pub async fn log_if_sound_by(&self, data: &str, kept: &[&str]) -> Vec<String> {
        let config = self.config(data, &[]);
        let read = |name: &str| std::fs::read_to_string(config.keys_dir().join(name)).unwrap();
        let root = PublicKey::from_jwk(read("root.pub.jwk").trim()).unwrap();
        let store = Store::open(&config.database(), OpenOptions::new(ORIGIN)).await.unwrap();
        sound::assert_sound_with(&store, ORIGIN, &root, read("log.vkey").trim(), kept).await;
        let latest = store.latest_checkpoint().await.unwrap().expect("something was signed");
        assert_eq!(std::fs::read_to_string(config.lock_file()).unwrap(), latest.note);
        let log = log(&store).await;
        assert_eq!(latest.size, log.len() as u64, "the last checkpoint covers the last record");
        store.close().await;
        log
    }
}

/// All records, as they are signed.
pub async fn log(store: &Store) -> Vec<String> {
    store.records(0, u32::MAX).await.unwrap().into_iter().map(|row| row.jws).collect()
}

async fn is_folded(store: &Store, entries: &[Entry]) -> bool {
    let needs = Needs { inputs: entries.iter().map(|entry| entry.id).collect(), ..Needs::default() };
    // A database that does not answer knows nothing.
    store.load(&needs).await.is_ok_and(|loaded| loaded.inputs.len() == entries.len())
}

/// Whether these entries have outcomes, the newest checkpoint covers everything, and everything is published.
pub async fn is_settled(store: &Store, entries: &[Entry], publishes: bool) -> bool {
    // In this order: what is folded is in the tip, and what is in the tip was signed and published.
    if !is_folded(store, entries).await {
        return false;
    }
    let (Ok(tip), Ok(latest)) = (store.tip().await, store.latest_checkpoint().await) else { return false };
    let Ok(published) = store.cursor(PUBLISHER).await else { return false };
    tip.size > 0
        && latest.is_some_and(|latest| latest.size == tip.size)
        && (!publishes || published == Some(tip.size))
}
