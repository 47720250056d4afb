//! Where the service runs: its data, its servers, its processes.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use carrier::{Carrier, Pace, Replies, Reply, Targets};
use it::chance::Chance;
use it::nats::NatsServer;
use it::postgres::PostgresDatabase;
use it::process::Service;
use it::world::{ORIGIN, SECRET};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use store::rows::Needs;
use store::{OpenOptions, Store};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// How long what was journaled may take to be folded once nothing is killed any more. Lag returns to zero; how fast
/// depends on the machine.
const SETTLE_LOOKS_MAX: u32 = 1_200;
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Ids asked about at once.
const IDS_AT_ONCE: usize = 1_000;

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// SQLite and journal, one process.
    Embedded,
    /// NATS and PostgreSQL, one process.
    OneProcess,
    /// NATS and PostgreSQL; one process takes, answers and sends, another projects.
    TwoProcesses,
}

pub struct Site {
    pub mode: Mode,
    pub carrier: Carrier,
    directory: TempDir,
    postgres: Option<PostgresDatabase>,
    nats: Option<NatsServer>,
    nats_is_down: bool,
    /// Has the journal and the door.
    front: Option<Service>,
    /// Projects, where that is another process.
    back: Option<Service>,
    /// Where the door is, while it is open.
    address: watch::Sender<Option<SocketAddr>>,
}

impl Site {
    pub async fn new(mode: Mode) -> Site {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let (mut postgres, mut nats) = (None, None);
        if mode != Mode::Embedded {
            postgres = Some(PostgresDatabase::create().await);
            nats = Some(NatsServer::start("AHADI_NATS_SERVER", directory.path()));
        }
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let replies = Replies { otherwise: Reply::yes(), ..Replies::default() };
        let config =
            carrier::Config { pace: Pace::Fast, client: Some(http), replies, ..carrier::Config::default() };
        let carrier = Carrier::start(config).await.unwrap();
        let address = watch::Sender::new(None);
        Site {
            mode,
            carrier,
            directory,
            postgres,
            nats,
            nats_is_down: false,
            front: None,
            back: None,
            address,
        }
    }

    /// Follows where the door is.
    pub fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// Data directory of the process with the journal.
    pub fn front_dir(&self) -> PathBuf {
        self.directory.path().join("front")
    }

    /// Data directory of the process with the keys.
    pub fn keys_dir(&self) -> PathBuf {
        match self.mode {
            Mode::TwoProcesses => self.directory.path().join("back").join("keys"),
            Mode::Embedded | Mode::OneProcess => self.front_dir().join("keys"),
        }
    }

    pub fn database(&self) -> String {
        match &self.postgres {
            Some(postgres) => postgres.url(),
            None => format!("sqlite://{}", self.front_dir().join("ledger.db").display()),
        }
    }

    fn flags(&self, data_dir: &Path) -> Vec<String> {
        let carrier = &self.carrier;
        let mut flags = vec![
            "--listen=127.0.0.1:0".into(),
            "--open-api".into(),
            format!("--data-dir={}", data_dir.display()),
            format!("--origin={ORIGIN}"),
            format!("--webhook-secret={SECRET}"),
            "--africastalking-username=sandbox".into(),
            "--africastalking-api-key=carrier-key".into(),
            "--africastalking-number=+254700000000".into(),
            format!("--africastalking-voice-url={}", carrier.voice_url()),
            format!("--africastalking-sms-url={}", carrier.sms_url()),
        ];
        flags.extend(self.postgres.iter().map(|postgres| format!("--database-url={}", postgres.url())));
        flags.extend(self.nats.iter().map(|nats| format!("--nats-url={}", nats.url())));
        flags
    }

    /// Starts the processes that do not run.
    pub async fn up(&mut self) {
        if self.mode == Mode::TwoProcesses && self.back.is_none() {
            let mut flags = self.flags(&self.directory.path().join("back"));
            flags.push("--role=projector".into());
            self.back = Some(Service::spawn(&flags));
            self.hand_over_keys().await;
        }
        if self.front.is_none() {
            let mut flags = self.flags(&self.front_dir());
            if self.mode == Mode::TwoProcesses {
                flags.push("--role=ingress,api,effects".into());
            }
            self.front = Some(Service::spawn(&flags));
        }
    }

    /// Gives the process at the door the public keys, as an operator would, once there are any.
    async fn hand_over_keys(&mut self) {
        let to = self.front_dir().join("keys");
        if to.join("log.vkey").exists() {
            return;
        }
        self.back.as_mut().unwrap().address().await;
        std::fs::create_dir_all(&to).unwrap();
        for name in ["root.pub.jwk", "log.vkey"] {
            std::fs::copy(self.keys_dir().join(name), to.join(name)).unwrap();
        }
    }

    /// Waits until the door is open and tells everybody where it is.
    pub async fn ready(&mut self) {
        if let Some(back) = &mut self.back {
            back.address().await;
        }
        let address = self.front.as_mut().unwrap().address().await;
        let hooks = format!("http://{address}/hooks/africastalking/{SECRET}");
        self.carrier.set_targets(Targets {
            voice_events: Some(format!("{hooks}/voice/events")),
            voice_instruct: Some(format!("{hooks}/voice/instruct")),
            sms_incoming: Some(format!("{hooks}/sms/incoming")),
            sms_delivery: Some(format!("{hooks}/sms/delivery")),
        });
        self.address.send_replace(Some(address));
    }

    /// Whether the door has opened.
    pub fn is_ready(&mut self) -> bool {
        self.front.as_mut().is_some_and(Service::is_ready)
    }

    /// Kills what runs, or one of two.
    pub async fn kill(&mut self, chance: &mut Chance) {
        let which = chance.below(3);
        if self.mode != Mode::TwoProcesses || which != 0 {
            self.address.send_replace(None);
            let front = self.front.take().unwrap();
            let said = front.said();
            assert!(front.kill().await, "the service had ended by itself:\n{said}");
        }
        if self.mode == Mode::TwoProcesses && which != 1 {
            let back = self.back.take().unwrap();
            let said = back.said();
            assert!(back.kill().await, "the projector had ended by itself:\n{said}");
        }
    }

    /// Kills nats-server and lets the service be without it for a moment. If it is to forget, what it stored is gone.
    pub async fn kill_nats(&mut self, forget: bool, chance: &mut Chance) {
        let Some(nats) = &mut self.nats else { return };
        nats.kill();
        self.nats_is_down = true;
        if forget {
            nats.forget();
        }
        tokio::time::sleep(Duration::from_millis(chance.below(200))).await;
    }

    /// Starts nats-server again where it was killed, and lets the service be with it for a moment.
    pub async fn restart_nats(&mut self, chance: &mut Chance) {
        if let (Some(nats), true) = (&mut self.nats, self.nats_is_down) {
            nats.restart();
            self.nats_is_down = false;
            tokio::time::sleep(Duration::from_millis(chance.below(200))).await;
        }
    }

    /// Waits until everything journaled has its outcome. Gives the position up to which that is so.
    pub async fn settle(&self) -> u64 {
        let path = self.front_dir().join("journal.db");
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut journal = options.connect().await.unwrap();
        let options = OpenOptions { migrate: false, ..OpenOptions::new(ORIGIN) };
        let store = Store::open(&self.database(), options).await.unwrap();
        let rows: Vec<(i64, Uuid)> = entries(&mut journal).await;
        let last = rows.last().map_or(0, |(position, _)| position.unsigned_abs());
        let mut missing: HashSet<Uuid> = rows.into_iter().map(|(_, id)| id).collect();
        for _ in 0..SETTLE_LOOKS_MAX {
            for some in missing.iter().copied().collect::<Vec<_>>().chunks(IDS_AT_ONCE) {
                let needs = Needs { inputs: some.to_vec(), ..Needs::default() };
                for handled in store.load(&needs).await.unwrap().inputs {
                    missing.remove(&handled);
                }
            }
            if missing.is_empty() {
                store.close().await;
                return last;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let said = [&self.front, &self.back].into_iter().flatten().map(Service::said).collect::<String>();
        panic!("{} journaled inputs have no outcome:\n{said}", missing.len());
    }

    /// Gives away the process at the door.
    pub fn take_front(&mut self) -> Service {
        self.front.take().expect("it runs")
    }

    /// Stops everything in order: first what takes, then what folds.
    pub async fn stop(&mut self) {
        self.address.send_replace(None);
        for service in [self.front.take(), self.back.take()].into_iter().flatten() {
            service.stop().await;
        }
    }

    /// Takes down what is left.
    pub async fn end(mut self) {
        self.carrier.stop().await;
        if let Some(postgres) = self.postgres.take() {
            postgres.drop_it().await;
        }
    }
}

async fn entries(journal: &mut SqliteConnection) -> Vec<(i64, Uuid)> {
    sqlx::query_as("SELECT position, id FROM entry ORDER BY position").fetch_all(journal).await.unwrap()
}
