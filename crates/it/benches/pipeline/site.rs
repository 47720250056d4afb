//! The real binary under load, with the servers it stands on.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contract::input::{Body, Input};

use it::nats::NatsServer;
use it::postgres::PostgresDatabase;
use it::process::{Service, release_binary};
use tempfile::TempDir;

use crate::load::{Requests, Told};
use crate::slow;
use crate::wire::{self, Connection};

pub const SECRET: &str = "a-path-secret-for-the-benchmark-0123456789";
pub const ORIGIN: &str = "bench.test/ahadi";
/// How long the lag may take to go back to zero before the benchmark gives up.
const DRAIN_SECONDS_MAX: u64 = 120;

/// On what the service stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SQLite, read from the journal.
    Embedded,
    /// NATS and PostgreSQL.
    Servers,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Embedded => "embedded",
            Kind::Servers => "NATS + PostgreSQL",
        }
    }
}

pub struct Site {
    pub address: SocketAddr,
    service: Service,
    directory: TempDir,
    postgres: Option<PostgresDatabase>,
    // Held until the end; it is stopped when dropped.
    _nats: Option<NatsServer>,
}

impl Site {
    /// Starts it, with all roles or only some.
    pub async fn start(kind: Kind, roles: Option<&str>) -> Site {
        let directory = tempfile::tempdir().unwrap();
        let (mut postgres, mut nats) = (None, None);
        if kind == Kind::Servers {
            postgres = Some(PostgresDatabase::create().await);
            nats = Some(NatsServer::start("AHADI_NATS_SERVER", directory.path()));
        }
        let mut flags = vec![
            "--listen=127.0.0.1:0".to_owned(),
            "--open-api".to_owned(),
            "--log=warn".to_owned(),
            format!("--data-dir={}", directory.path().join("data").display()),
            format!("--origin={ORIGIN}"),
            format!("--webhook-secret={SECRET}"),
        ];
        flags.extend(
            postgres.iter().map(|postgres: &PostgresDatabase| format!("--database-url={}", postgres.url())),
        );
        flags.extend(nats.iter().map(|nats: &NatsServer| format!("--nats-url={}", nats.url())));
        let slow = slow::variables();
        let variables: Vec<_> = slow.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let (Some(roles), Kind::Embedded) = (roles, kind) {
            // A part alone needs the keys that a whole service makes at its first start.
            let mut first = Service::spawn_program(release_binary(), &flags, &variables);
            first.address().await;
            first.stop().await;
            flags.push(format!("--role={roles}"));
            // Parts of a service need a bus; this one is never there, so the journal keeps what comes.
            flags.push("--nats-url=nats://127.0.0.1:9".to_owned());
        }
        let mut service = Service::spawn_program(release_binary(), &flags, &variables);
        let address = service.address().await;
        Site { address, service, directory, postgres, _nats: nats }
    }

    pub fn hooks() -> String {
        format!("/hooks/africastalking/{SECRET}")
    }

    /// Most memory the process ever held, MiB.
    pub fn peak_mib(&self) -> f64 {
        let status = format!("/proc/{}/status", self.service.pid().unwrap());
        let text = std::fs::read_to_string(status).unwrap();
        let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        kib.unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Processor time the process has used, seconds.
    pub fn cpu(&self) -> f64 {
        cpu(self.service.pid().unwrap())
    }

    /// Waits until nothing that was taken waits to be folded; gives the seconds that took.
    pub async fn drain(&self) -> f64 {
        let start = Instant::now();
        let mut connection = Connection::open(self.address).await.unwrap();
        loop {
            let answer = connection.exchange(&wire::get("/readyz")).await.unwrap();
            let told: serde_json::Value = serde_json::from_slice(answer.body).unwrap();
            if told["projector_lag_inputs"] == 0 {
                return start.elapsed().as_secs_f64();
            }
            let waited = start.elapsed().as_secs();
            assert!(waited < DRAIN_SECONDS_MAX, "the lag does not go away:\n{}", self.service.said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn database(&self) -> String {
        match &self.postgres {
            Some(postgres) => postgres.url(),
            None => format!("sqlite://{}", self.data().join("ledger.db").display()),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Stops it in order, then checks that every input taken has its outcome in the ledger.
    pub async fn stop_and_account(self, taken: &Taken) {
        let (database, data) = (self.database(), self.data());
        self.service.stop().await;
        let options = store::OpenOptions { migrate: false, ..store::OpenOptions::new(ORIGIN) };
        let store = store::Store::open(&database, options).await.unwrap();
        account(&data, Some(&store), taken).await;
        store.close().await;
        if let Some(postgres) = self.postgres {
            postgres.drop_it().await;
        }
    }

    /// Stops it in order, then checks that every input taken is in the journal, where nothing is folded.
    pub async fn stop_and_count(self, taken: &Taken) {
        let data = self.data();
        self.service.stop().await;
        account(&data, None, taken).await;
    }
}

/// Processor time a process has used, seconds.
pub fn cpu(pid: u32) -> f64 {
    /// Ticks of the kernel's accounting; the same on every Linux.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may hold blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS_PER_SECOND
}

/// What was answered with success.
#[derive(Default)]
pub struct Taken {
    /// How often each body of a webhook was, by its digest.
    bodies: HashMap<u64, usize>,
    /// Commands.
    commands: usize,
}

impl Taken {
    pub fn commands(&mut self, told: &Told) {
        self.commands += told.taken.len();
    }

    pub fn webhooks(&mut self, told: &Told, requests: &Requests) {
        let mut request = Vec::new();
        for n in &told.taken {
            requests(*n, &mut request);
            *self.bodies.entry(digest(wire::body(&request))).or_default() += 1;
        }
    }

    /// One arrival in the journal stands for one answer. More may have arrived than were answered.
    fn found(&mut self, input: &Input) {
        match &input.body {
            Body::Webhook(webhook) => {
                if let Some(count) = self.bodies.get_mut(&digest(webhook.raw.as_bytes())) {
                    *count = count.saturating_sub(1);
                }
            }
            Body::Command(_) => self.commands = self.commands.saturating_sub(1),
            _ => {}
        }
    }

    fn missing(&self) -> usize {
        self.bodies.values().sum::<usize>() + self.commands
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

async fn account(data: &Path, store: Option<&store::Store>, taken: &Taken) {
    let mut missing = Taken { bodies: taken.bodies.clone(), commands: taken.commands };
    let journal = journal::Journal::open(&data.join("journal.db"), journal::Limits::default()).await.unwrap();
    let mut after = 0;
    loop {
        let batch = journal.read(after, 1_000, 64 << 20).await.unwrap();
        if batch.entries.is_empty() {
            break;
        }
        let inputs: Vec<Input> =
            batch.entries.iter().map(|row| Input::from_bytes(&row.entry.payload).unwrap()).collect();
        inputs.iter().for_each(|input| missing.found(input));
        if let Some(store) = store {
            let ids = inputs.iter().map(|input| input.id).collect();
            let needs = store::rows::Needs { inputs: ids, ..store::rows::Needs::default() };
            let known: HashSet<_> = store.load(&needs).await.unwrap().inputs.into_iter().collect();
            // What workers reported while the service stopped is folded at the next start.
            let lost = inputs
                .iter()
                .filter(|input| !known.contains(&input.id))
                .filter(|input| !matches!(input.body, Body::Report(_) | Body::Deadline(_)));
            assert_eq!(lost.count(), 0, "webhooks or commands without an outcome behind position {after}");
        }
        after = batch.through;
    }
    assert_eq!(missing.missing(), 0, "answered with success and not in the journal");
    journal.close().await;
}
