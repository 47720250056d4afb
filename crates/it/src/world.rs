//! A whole service in this process.

use std::net::SocketAddr;
use std::time::Duration;

use carrier::{Carrier, Pace, Targets};
use clap::Parser;
use cli::config::Config;
use cli::surface::{self, Listening};
use cli::system::System;
use projector::faults::Faults;
use store::{OpenOptions, Store};
use tempfile::TempDir;

use crate::nats::NatsServer;
use crate::postgres::PostgresDatabase;
use crate::sound;

/// Name of the ledger in tests.
pub const ORIGIN: &str = "it.test/ahadi";
/// The webhook secret in tests.
pub const SECRET: &str = "a-path-secret-for-tests-only-0123456789";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The projector reads the journal.
    Journal,
    /// Through nats-server 2.15.
    Nats,
    /// Through Debian's nats-server 2.9.
    NatsFloor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    pub store: StoreKind,
    pub source: SourceKind,
}

impl Setup {
    pub const EMBEDDED: Setup = Setup { store: StoreKind::Sqlite, source: SourceKind::Journal };

    /// Both stores with every source.
    pub const ALL: [Setup; 6] = [
        Setup { store: StoreKind::Sqlite, source: SourceKind::Journal },
        Setup { store: StoreKind::Sqlite, source: SourceKind::Nats },
        Setup { store: StoreKind::Sqlite, source: SourceKind::NatsFloor },
        Setup { store: StoreKind::Postgres, source: SourceKind::Journal },
        Setup { store: StoreKind::Postgres, source: SourceKind::Nats },
        Setup { store: StoreKind::Postgres, source: SourceKind::NatsFloor },
    ];
}

/// A service, its carrier, and the servers it stands on.
pub struct World {
    pub setup: Setup,
    pub directory: TempDir,
    pub carrier: Carrier,
    pub nats: Option<NatsServer>,
    pub http: reqwest::Client,
    /// What is to fail in the projector; nothing until asked for.
    pub faults: Faults,
    pub(crate) postgres: Option<PostgresDatabase>,
    running: Option<(System, Listening)>,
    /// Further flags of the service, from its next start on.
    pub extra: Vec<String>,
    open: bool,
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

impl World {
    pub async fn start(setup: Setup) -> World {
        World::start_with(setup, &[]).await
    }

    /// Starts a service with further flags.
    pub async fn start_with(setup: Setup, extra: &[&str]) -> World {
        World::make(setup, extra, true, carrier::Config::default().seed).await
    }

    /// Starts a service whose carrier draws from this seed.
    pub async fn start_seeded(setup: Setup, seed: u64) -> World {
        World::make(setup, &[], true, seed).await
    }

    /// Starts a service with further flags, whose carrier draws from this seed.
    pub async fn start_told(setup: Setup, extra: &[String], seed: u64) -> World {
        let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
        World::make(setup, &extra, true, seed).await
    }

    /// Starts a service whose interface asks for keys.
    pub async fn start_closed(setup: Setup, extra: &[&str]) -> World {
        World::make(setup, extra, false, carrier::Config::default().seed).await
    }

    async fn make(setup: Setup, extra: &[&str], open: bool, seed: u64) -> World {
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
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let client = Some(http.clone());
        let config = carrier::Config { pace: Pace::Fast, seed, client, ..carrier::Config::default() };
        let carrier = Carrier::start(config).await.unwrap();
        let extra = extra.iter().map(|s| (*s).to_owned()).collect();
        let (running, faults) = (None, Faults::armed());
        let mut world =
            World { setup, directory, carrier, nats, http, faults, postgres, running, extra, open };
        world.boot().await;
        world
    }

    /// The settings of this world.
    pub fn config(&self) -> Config {
        let mut flags: Vec<String> = vec!["it".into(), "--listen=127.0.0.1:0".into()];
        if self.open {
            flags.push("--open-api".into());
        }
        flags.push(format!("--data-dir={}", self.directory.path().join("data").display()));
        flags.push(format!("--origin={ORIGIN}"));
        flags.push(format!("--webhook-secret={SECRET}"));
        if let Some(postgres) = &self.postgres {
            flags.push(format!("--database-url={}", postgres.url()));
        }
        if let Some(nats) = &self.nats {
            flags.push(format!("--nats-url={}", nats.url()));
        }
        let carrier = &self.carrier;
        flags.extend([
            "--africastalking-username=sandbox".into(),
            "--africastalking-api-key=carrier-key".into(),
            "--africastalking-number=+254700000000".into(),
            format!("--africastalking-voice-url={}", carrier.voice_url()),
            format!("--africastalking-sms-url={}", carrier.sms_url()),
            format!("--recording-allow={}", carrier.address()),
        ]);
        flags.extend(self.extra.iter().cloned());
        Flags::try_parse_from(flags).unwrap_or_else(|e| panic!("{e}")).config.resolve().unwrap()
    }

    /// Other further flags, from the next start on.
    pub fn set_flags(&mut self, extra: &[&str]) {
        self.extra = extra.iter().map(|s| (*s).to_owned()).collect();
    }

    /// Starts the service (again), on the same data.
    pub async fn boot(&mut self) {
        assert!(self.running.is_none(), "the service runs already");
        let mut system = System::start_with(self.config(), self.faults.clone()).await.unwrap();
        let listening = surface::start(&mut system).await.unwrap();
        let base = format!("http://{}", listening.address);
        let hooks = format!("{base}/hooks/africastalking/{SECRET}");
        self.carrier.set_targets(Targets {
            voice_events: Some(format!("{hooks}/voice/events")),
            voice_instruct: Some(format!("{hooks}/voice/instruct")),
            sms_incoming: Some(format!("{hooks}/sms/incoming")),
            sms_delivery: Some(format!("{hooks}/sms/delivery")),
        });
        self.running = Some((system, listening));
    }

    /// Stops the service in order.
    pub async fn halt(&mut self) {
        let (system, _) = self.running.take().expect("the service runs");
        system.stop().await;
    }

    pub fn system(&self) -> &System {
        &self.running.as_ref().expect("the service runs").0
    }

    pub fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("the service runs").1.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let answer = self.http.post(self.url(path)).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// A form body exactly as given, as `curl -d` sends it.
    pub async fn post_form(&self, path: &str, body: &str) -> (u16, String) {
        let request =
            self.http.post(self.url(path)).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until the carrier has said everything, everything journaled is folded, and nothing is left to be done.
    pub async fn settle(&self) {
        for _ in 0..3_000 {
            if self.is_at_rest(Self::is_done).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the world did not come to rest within 30 s");
    }

    /// Waits until everything is folded and every message that was asked for was sent. Recordings may be missing for
    /// good.
    pub async fn settle_messages(&self) {
        for _ in 0..3_000 {
            if self.is_at_rest(Self::is_sent).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("messages were not sent within 30 s");
    }

    /// Whether the carrier is idle, everything journaled is folded and this holds, all at one time: what is looked at one after
    /// the other counts only where the log did not grow meanwhile.
    async fn is_at_rest(&self, holds: impl AsyncFn(&World) -> bool) -> bool {
        let before = self.system().store.tip().await.unwrap().size;
        self.carrier.idle().await;
        if !(holds(self).await && self.is_folded().await) {
            return false;
        }
        self.carrier.idle().await;
        self.is_folded().await && self.system().store.tip().await.unwrap().size == before
    }

    /// Whether every journaled input has its outcome.
    async fn is_folded(&self) -> bool {
        let journal = self.system().door.as_ref().unwrap().journal();
        let mut after = 0;
        loop {
            let batch = journal.read(after, 1_000, 16 * 1024 * 1024).await.unwrap();
            if batch.through == after {
                return true;
            }
            for entry in &batch.entries {
                if self.system().store.outcome(entry.entry.id).await.unwrap().is_none() {
                    return false;
                }
            }
            after = batch.through;
        }
    }

    async fn is_done(&self) -> bool {
        // Deadlines of pending contracts are a day away, and so is a second look at a recording.
        let open = self.system().store.tasks(10_000).await.unwrap();
        open.iter().all(|task| task.kind == "deadline" || task.kind == "check")
    }

    async fn is_sent(&self) -> bool {
        let open = self.system().store.tasks(10_000).await.unwrap();
        open.iter().all(|task| task.kind != "message")
    }

    /// Ends the world and fails the test unless everything that must hold holds.
    pub async fn sound(mut self) {
        self.carrier.idle().await;
        if self.running.is_none() {
            self.boot().await;
        }
        self.settle_folding().await;
        self.settle_signing().await;
        let keys = self.system().keys.as_ref().expect("this process projects");
        let (root, vkey) = (keys.root.clone(), keys.log.vkey());
        self.halt().await;
        let store = self.open_store().await;
        sound::assert_sound(&store, ORIGIN, &root, &vkey).await;
        let index = cli::system::index(&self.config(), false).unwrap().expect("a projector has an index");
        let misled = projector::person::compare(&store, &index).await.unwrap();
        assert!(misled.is_empty(), "records are not found by the persons they name: {misled:?}");
        store.close().await;
        self.end().await;
    }

    /// The ledger, for a look at it while the service is halted, or for an edit behind its back.
    pub async fn open_store(&self) -> Store {
        Store::open(&self.config().database(), OpenOptions::new(ORIGIN)).await.unwrap()
    }

    /// Ends the world without a look at it: for tests that broke something for good.
    pub async fn end(mut self) {
        if self.running.is_some() {
            self.halt().await;
        }
        self.carrier.stop().await;
        if let Some(postgres) = self.postgres.take() {
            postgres.drop_it().await;
        }
    }

    /// Waits until everything journaled has its outcome.
    pub async fn settle_folding(&self) {
        for _ in 0..3_000 {
            if self.is_folded().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("journaled inputs were not folded within 30 s");
    }

    /// Waits until a checkpoint covers the whole log, which takes a second or two.
    pub async fn settle_signing(&self) {
        let store = &self.system().store;
        for _ in 0..1_000 {
            let signed = store.latest_checkpoint().await.unwrap().map_or(0, |checkpoint| checkpoint.size);
            if signed == store.tip().await.unwrap().size {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no checkpoint covered the log within 20 s");
    }
}
