//! Composition: builds the parts a process needs for its roles, starts them, and stops them in order.
//!
//! Stopping has two steps: first no new work is taken (listener, workers), and what was begun is finished; then what
//! was journaled is folded and a last checkpoint signed. Whatever a hard stop leaves is taken up at the next start.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use contract::person::Index;
use contract::phone::Country;
use effects::door::Door;
use effects::forget;
use journal::{Bus, BusOptions, Journal, Limits, Relay, RelayOptions};
use ledger::time::Timestamp;
use projector::checkpoint::{Checkpointer, Clock};
use projector::cover;
use projector::faults::Faults;
use projector::lock::Lock;
use projector::publish::Publisher;
use projector::writer::{Opener, Writer};
use store::rows::SourcePosition;
use store::{Lease, OpenOptions, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Role};
use crate::keyfiles::{self, KeyFiles};
use crate::lag;
use crate::owner::Owner;

/// A part of the system came to its end, well or not.
type Ended = (&'static str, anyhow::Result<()>);

/// The running parts of one process.
pub struct System {
    /// Settings it was built from.
    pub config: Config,
    /// The ledger.
    pub store: Store,
    /// The way in; none in a process that only projects.
    pub door: Option<Door>,
    /// Keys, where this process holds any.
    pub keys: Option<KeyFiles>,
    /// Finds persons; none in a process that was not given the key.
    pub index: Option<Index>,
    /// Whether this process is the active writer.
    pub active: watch::Receiver<Option<Lease>>,
    /// The bus, where there is one.
    pub bus: Option<Bus>,
    /// The name under which this process writes; kept from others as long as this lives.
    owner: Option<Owner>,
    intake: CancellationToken,
    folding: CancellationToken,
    parts: JoinSet<Ended>,
    followers: JoinSet<Ended>,
}

impl System {
    /// Opens and starts everything but the listener and the effects.
    ///
    /// # Errors
    /// What does not fit, and what to do about it.
    pub async fn start(config: Config) -> anyhow::Result<System> {
        System::start_with(config, Faults::default()).await
    }

    /// [`System::start`], with steps of the projector made to fail where a test wants them to.
    ///
    /// # Errors
    /// As [`System::start`].
    pub async fn start_with(config: Config, faults: Faults) -> anyhow::Result<System> {
        keyfiles::private_directory(&config.data_dir)
            .with_context(|| format!("cannot make the data directory {}", config.data_dir.display()))?;
        let intake = CancellationToken::new();
        let folding = CancellationToken::new();
        let bus = open_bus(&config).await?;
        let store = Store::open(&config.database(), OpenOptions::new(config.origin.clone())).await?;
        let door = match takes_inputs(&config) {
            true => Some(Door::new(open_journal(&config.data_dir).await?)),
            false => None,
        };
        let mut system = System {
            config,
            store,
            door,
            keys: None,
            index: None,
            active: watch::channel(None).1,
            bus,
            owner: None,
            intake,
            folding,
            parts: JoinSet::new(),
            followers: JoinSet::new(),
        };
        system.start_forgetting().await?;
        system.start_relay();
        system.index = index(&system.config, system.config.has(Role::Projector))?;
        if system.config.has(Role::Projector) {
            system.start_projector(faults).await?;
        }
        Ok(system)
    }

    /// Cancelled when no new work shall be taken.
    pub fn intake(&self) -> CancellationToken {
        self.intake.clone()
    }

    /// Adds a part that takes work until [`System::intake`] is cancelled.
    pub fn add(
        &mut self,
        name: &'static str,
        part: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.parts.spawn(async move { (name, part.await) });
    }

    fn start_relay(&mut self) {
        let (Some(bus), Some(door)) = (self.bus.clone(), self.door.as_ref()) else { return };
        let (journal, stop) = (door.journal().clone(), self.folding.clone());
        let options = RelayOptions { keep: Some(retention(&self.config)), ..RelayOptions::default() };
        self.followers.spawn(async move {
            let relay = Relay::new(journal, bus, options);
            ("relay", relay.run(stop).await.map_err(anyhow::Error::from))
        });
    }

    async fn start_projector(&mut self, faults: Faults) -> anyhow::Result<()> {
        let keys = keyfiles::open(&self.config.keys_dir(), &self.config.origin, now())?;
        keyfiles::check_named(&keys, &self.config.keys_dir(), &self.store, &self.config.origin).await?;
        let opener = match (&self.bus, &self.door) {
            (Some(bus), _) => Opener::JetStream(bus.clone()),
            (None, Some(door)) => Opener::Journal(door.journal().clone()),
            (None, None) => return Err(anyhow!("a projector needs a journal of its own or --nats-url")),
        };
        let (active, active_seen) = watch::channel(None);
        let (covered, covered_seen) = watch::channel(Vec::new());
        let mut checkpointer = Checkpointer {
            store: self.store.clone(),
            key: keys.log.clone(),
            lock: Lock::open(&self.config.lock_file())?,
            active: active_seen.clone(),
            covered,
            clock: clock(),
            recover: self.config.recover,
            faults: faults.clone(),
        };
        // Before a single record is written: a database older than what was signed is refused here.
        checkpointer.check().await?;
        let owner = Owner::of(&self.config.data_dir, unique_name())?;
        let writer = Writer {
            store: self.store.clone(),
            opener,
            key_of: keyfiles::key_of(self.config.keys_dir()),
            root: keys.root.clone(),
            origin: self.config.origin.clone(),
            owner: owner.name.clone(),
            statements: keys.statements.clone(),
            index: self.index.clone(),
            active,
            faults: faults.clone(),
        };
        self.owner = Some(owner);
        self.start_writing(writer, checkpointer);
        if let Some(bus) = self.bus.clone() {
            self.start_announcing(bus, active_seen.clone(), covered_seen.clone(), faults);
        }
        self.start_retention(active_seen.clone());
        self.start_giving_way(active_seen.clone());
        self.active = active_seen;
        self.keys = Some(keys);
        if self.bus.is_none() {
            self.start_pruning(covered_seen);
        }
        Ok(())
    }

    /// Writes and signs. At the end the checkpointer is told to stop by the end of the writer, so that its last
    /// checkpoint covers the last record, and the lease is kept until that is signed.
    fn start_writing(&mut self, writer: Writer, checkpointer: Checkpointer) {
        let (signing, signed) = (CancellationToken::new(), CancellationToken::new());
        let (stop, store) = (self.folding.clone(), self.store.clone());
        let (stop_signing, all_signed) = (signing.clone().drop_guard(), signed.clone());
        self.followers.spawn(async move {
            let held = writer.run(stop).await;
            drop(stop_signing);
            all_signed.cancelled().await;
            if let Ok(Some(lease)) = &held
                && let Err(error) = store.release_lease(lease).await
            {
                tracing::info!(%error, "the lease runs out by itself");
            }
            ("projector", held.map(drop).map_err(anyhow::Error::from))
        });
        self.followers.spawn(async move {
            let _signed = signed.drop_guard();
            ("checkpointer", checkpointer.run(signing).await.map_err(Into::into))
        });
    }

    /// Whoever holds a journal deletes from it what is erased: what was erased meanwhile before anything is relayed again.
    async fn start_forgetting(&mut self) -> anyhow::Result<()> {
        let Some(door) = &self.door else { return Ok(()) };
        let (journal, reader, stop) = (door.journal().clone(), self.store.reader(), self.folding.clone());
        forget::catch_up(&journal, &reader).await?;
        self.followers.spawn(async move {
            forget::follow(journal, reader, stop).await;
            ("forgetting", Ok(()))
        });
        Ok(())
    }

    /// What stands in the database in raw form is kept for the stated time.
    fn start_retention(&mut self, active: watch::Receiver<Option<Lease>>) {
        let (store, stop, retention) = (self.store.clone(), self.folding.clone(), retention(&self.config));
        self.followers.spawn(async move {
            projector::retention::keep(store, active, retention, clock(), stop).await;
            ("retention", Ok(()))
        });
    }

    /// The door of a process that also folds does not run far ahead of the fold.
    fn start_giving_way(&mut self, active: watch::Receiver<Option<Lease>>) {
        let Some(door) = &self.door else { return };
        let (reader, bus, journal) = (self.store.reader(), self.bus.clone(), door.journal().clone());
        let stop = self.intake.clone();
        self.followers.spawn(async move {
            lag::tell(reader, bus, journal, active, stop).await;
            ("giving way", Ok(()))
        });
    }

    /// What tells the world beyond this process, by NATS.
    fn start_announcing(
        &mut self,
        bus: Bus,
        active: watch::Receiver<Option<Lease>>,
        covered: watch::Receiver<Vec<SourcePosition>>,
        faults: Faults,
    ) {
        let origin = self.config.origin.clone();
        let publisher = Publisher { store: self.store.clone(), bus: bus.clone(), origin, active, faults };
        let stop = self.folding.clone();
        self.followers.spawn(async move {
            publisher.run(stop).await;
            ("publisher", Ok(()))
        });
        let stop = self.folding.clone();
        self.followers.spawn(async move {
            cover::announce(bus, covered, stop).await;
            ("coverage", Ok(()))
        });
    }

    /// In one process the checkpointer says directly what is covered; with a bus, the relay learns it there.
    fn start_pruning(&mut self, covered: watch::Receiver<Vec<SourcePosition>>) {
        let Some(door) = &self.door else { return };
        let (journal, stop) = (door.journal().clone(), self.folding.clone());
        let retention = retention(&self.config);
        self.followers.spawn(async move {
            cover::prune(journal, covered, retention, clock(), stop).await;
            ("pruning", Ok(()))
        });
    }

    /// Waits until a part ends by itself, which only happens when something is wrong.
    pub async fn failed(&mut self) -> anyhow::Error {
        loop {
            let ended = tokio::select! {
                Some(ended) = self.parts.join_next() => ended,
                Some(ended) = self.followers.join_next() => ended,
                else => std::future::pending().await,
            };
            match ended {
                Ok((name, Ok(()))) => tracing::debug!(part = name, "ended"),
                Ok((name, Err(error))) => return error.context(format!("the {name} stopped")),
                Err(error) => return anyhow!("a part of the service broke: {error}"),
            }
        }
    }

    /// Stops in two steps. The journal is closed last.
    pub async fn stop(mut self) {
        self.intake.cancel();
        finish(&mut self.parts).await;
        self.drain().await;
        self.folding.cancel();
        finish(&mut self.followers).await;
        if let Some(door) = &self.door {
            door.journal().close().await;
        }
        self.store.close().await;
    }

    /// Waits, for a few seconds at most, until what was journaled is folded.
    async fn drain(&self) {
        let (Some(door), None) = (&self.door, &self.bus) else { return };
        if self.active.borrow().is_none() {
            return;
        }
        let journal = door.journal();
        for _ in 0..50 {
            let read_to = self.store.tip().await.map(|tip| tip.read_to).unwrap_or_default();
            let position = read_to.iter().find(|p| p.source == journal.identity()).map_or(0, |p| p.position);
            if position >= journal.last_position() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn finish(parts: &mut JoinSet<Ended>) {
    while let Some(ended) = parts.join_next().await {
        match ended {
            Ok((name, Err(error))) => {
                tracing::error!(part = name, error = format!("{error:#}"), "ended badly");
            }
            Err(error) => tracing::error!(%error, "a part broke while stopping"),
            Ok((name, Ok(()))) => tracing::debug!(part = name, "ended"),
        }
    }
}

/// How long raw inputs are kept, in journal and stream alike.
fn retention(config: &Config) -> Duration {
    Duration::from_secs(u64::from(config.retention_days) * 24 * 3_600)
}

/// What finds persons: the projector makes the key where there is none, others only read it.
///
/// # Errors
/// When the key cannot be read, or the country is none.
pub fn index(config: &Config, make: bool) -> anyhow::Result<Option<Index>> {
    let country = Country::from_code(&config.country)
        .with_context(|| format!("--country: {} is not an ISO 3166 code", config.country))?;
    let key = match make {
        true => {
            keyfiles::private_directory(&config.keys_dir())?;
            Some(keyfiles::open_index(&config.keys_dir())?)
        }
        false => keyfiles::index(&config.keys_dir())?,
    };
    Ok(key.map(|key| Index::new(*key, country)))
}

fn takes_inputs(config: &Config) -> bool {
    config.has(Role::Ingress) || config.has(Role::Api) || config.has(Role::Effects)
}

async fn open_journal(data_dir: &Path) -> anyhow::Result<Journal> {
    Journal::open(&data_dir.join("journal.db"), Limits::default())
        .await
        .context("the journal cannot be opened")
}

/// The door opens whether or not the bus is there: until then the journal keeps what comes.
async fn open_bus(config: &Config) -> anyhow::Result<Option<Bus>> {
    let Some(url) = &config.nats_url else { return Ok(None) };
    let options = BusOptions { retention: retention(config), ..BusOptions::new(url, 0) };
    Ok(Some(Bus::open(options).await.context("NATS")?))
}

/// A name for this process: never the same twice.
fn unique_name() -> String {
    let nanos = wall().as_nanos();
    format!("{}-{nanos}", std::process::id())
}

/// The time for things that are not inputs: checkpoints, key files.
pub fn now() -> Timestamp {
    let millis = i64::try_from(wall().as_millis()).unwrap_or(0);
    Timestamp::from_millis(millis).unwrap_or(Timestamp::EPOCH)
}

fn wall() -> Duration {
    // The composition is the one place besides the door that may ask for the time.
    #[allow(clippy::disallowed_methods)]
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

fn clock() -> Clock {
    Arc::new(now)
}
