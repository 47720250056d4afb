//! The limit of the whole: as few steps as what is promised leaves, each as a program would take it that does nothing else.
//!
//! A form is parsed, written to a journal with all that wait, synced and answered; behind that, bytes as long as those of a
//! record are signed on all cores and inserted, a thousand at a time, while the next are signed: into SQLite, or, by way of
//! JetStream, into PostgreSQL. A command is answered once it is inserted. Nothing is checked, known again, folded, chained,
//! hashed or shown, and there are no views.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, stream};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::{mpsc, oneshot};

/// As many as the service takes into one transaction.
const BATCH: usize = 1_000;
/// As the relay holds.
const IN_FLIGHT: usize = 1_000;
/// Bytes of a payload whose JWS has some 1,031, as that of a webhook does in the middle.
const PAYLOAD_BYTES: usize = 640;
/// The protected header of a record is as long.
const HEADER: [u8; 66] = [b'h'; 66];
/// Pages of the log of a file before they are moved: 32 MiB, as the ledger has.
const LOG_PAGES: usize = 8_192;

/// Where a line keeps what came.
#[derive(Serialize, Deserialize)]
pub struct Place {
    pub directory: PathBuf,
    /// URL of NATS; without it, the journal is read in this process.
    pub nats: Option<String>,
    /// URL of PostgreSQL; without it, SQLite.
    pub database: Option<String>,
}

/// The way in.
#[derive(Clone)]
pub struct Line {
    journal: mpsc::UnboundedSender<Arrival>,
    left: Arc<AtomicUsize>,
}

struct Arrival {
    form: String,
    asker: Asker,
}

/// Who waits for an arrival.
enum Asker {
    /// Until it is in the journal.
    Kept(oneshot::Sender<()>),
    /// Until it is inserted.
    Inserted(oneshot::Sender<()>),
    /// Nobody any more.
    Gone,
}

/// Something in the journal.
struct Entry {
    position: i64,
    form: String,
    asker: Asker,
}

/// One row of the only table.
struct Record {
    position: i64,
    stream: String,
    jws: String,
    asker: Asker,
}

impl Line {
    /// Starts all stages.
    pub async fn begin(place: Place) -> Line {
        let left = Arc::new(AtomicUsize::new(0));
        let (journal, arrivals) = mpsc::unbounded_channel();
        let (kept, entries) = mpsc::unbounded_channel();
        let directory = place.directory.clone();
        std::thread::spawn(move || write_journal(&directory, arrivals, &kept));
        // One batch may wait while another is written.
        let (signed, rows) = mpsc::channel(1);
        match place.database {
            None => {
                let done = left.clone();
                std::thread::spawn(move || insert_sqlite(&place.directory, rows, &done));
            }
            Some(database) => {
                tokio::spawn(insert_postgres(database, rows, left.clone()));
            }
        }
        let read = match place.nats {
            None => entries,
            Some(nats) => {
                let (read, consumed) = mpsc::unbounded_channel();
                tokio::spawn(relay(nats, entries, read));
                consumed
            }
        };
        tokio::spawn(sign_from(read, signed));
        Line { journal, left }
    }

    /// Comes back when it is in the journal.
    pub async fn keep(&self, form: &HashMap<String, String>) {
        self.ask(form, Asker::Kept).await;
    }

    /// Comes back when it is signed and inserted, not by way of NATS.
    pub async fn carry_out(&self, form: &HashMap<String, String>) {
        self.ask(form, Asker::Inserted).await;
    }

    async fn ask(&self, form: &HashMap<String, String>, asker: fn(oneshot::Sender<()>) -> Asker) {
        self.left.fetch_add(1, Ordering::Relaxed);
        let (done, told) = oneshot::channel();
        let form = serde_json::to_string(form).unwrap();
        self.journal.send(Arrival { form, asker: asker(done) }).ok().unwrap();
        told.await.unwrap();
    }

    /// How many are not inserted yet.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

fn open_sqlite(path: &Path, table: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    let pragmas =
        format!("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint={LOG_PAGES};");
    connection.execute_batch(&format!("{pragmas} {table}")).unwrap();
    connection
}

fn write_journal(
    directory: &Path,
    mut arrivals: mpsc::UnboundedReceiver<Arrival>,
    next: &mpsc::UnboundedSender<Entry>,
) {
    let table = "CREATE TABLE entry (position INTEGER PRIMARY KEY AUTOINCREMENT, form TEXT)";
    let connection = open_sqlite(&directory.join("bare-journal.db"), table);
    let mut waiting = Vec::new();
    while let Some(first) = arrivals.blocking_recv() {
        waiting.push(first);
        while let Ok(another) = arrivals.try_recv() {
            waiting.push(another);
        }
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let insert = |arrival: &Arrival| {
            let mut statement = connection.prepare_cached("INSERT INTO entry (form) VALUES (?1)").unwrap();
            statement.insert([&arrival.form]).unwrap()
        };
        let positions: Vec<i64> = waiting.iter().map(insert).collect();
        connection.execute_batch("COMMIT").unwrap();
        for (position, Arrival { form, asker }) in positions.into_iter().zip(waiting.drain(..)) {
            let asker = asker.kept();
            let _ = next.send(Entry { position, form, asker });
        }
    }
}

impl Asker {
    /// Who asked may be gone.
    fn kept(self) -> Asker {
        match self {
            Asker::Kept(asker) => {
                let _ = asker.send(());
                Asker::Gone
            }
            other => other,
        }
    }

    fn inserted(self) {
        if let Asker::Inserted(asker) = self.kept() {
            let _ = asker.send(());
        }
    }
}

/// Signs what is there, on all cores.
async fn sign_from(mut entries: mpsc::UnboundedReceiver<Entry>, next: mpsc::Sender<Vec<Record>>) {
    let key = Arc::new(SigningKey::from_bytes(&[7; 32]));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut batch = Vec::with_capacity(BATCH);
    while entries.recv_many(&mut batch, BATCH).await > 0 {
        let size = batch.len().div_ceil(cores);
        let mut shares = Vec::with_capacity(cores);
        while !batch.is_empty() {
            let share: Vec<Entry> = batch.drain(..size.min(batch.len())).collect();
            let key = key.clone();
            shares.push(tokio::task::spawn_blocking(move || sign(&key, share)));
        }
        let mut signed = Vec::with_capacity(BATCH);
        for share in shares {
            signed.extend(share.await.unwrap());
        }
        next.send(signed).await.ok().unwrap();
    }
}

fn sign(key: &SigningKey, share: Vec<Entry>) -> Vec<Record> {
    let record = |Entry { position, form, asker }: Entry| {
        let mut payload = form.clone().into_bytes();
        payload.resize(PAYLOAD_BYTES, b' ');
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
        let signature = key.sign(signed.as_bytes());
        let jws = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        // Of the form what its stream is called by; a text message has an id of its own.
        let form: HashMap<String, String> = serde_json::from_str(&form).unwrap();
        let stream = form.get("sessionId").or_else(|| form.get("id")).cloned().unwrap_or_default();
        Record { position, stream, jws, asker }
    };
    share.into_iter().map(record).collect()
}

fn insert_sqlite(directory: &Path, mut rows: mpsc::Receiver<Vec<Record>>, left: &AtomicUsize) {
    let table = "CREATE TABLE bare (position INTEGER PRIMARY KEY, stream TEXT, version INTEGER, jws TEXT, UNIQUE (stream, version))";
    let connection = open_sqlite(&directory.join("bare.db"), table);
    while let Some(batch) = rows.blocking_recv() {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for record in &batch {
            let sql = "INSERT INTO bare VALUES (?1, ?2, ?1, ?3)";
            let mut statement = connection.prepare_cached(sql).unwrap();
            statement.execute((record.position, &record.stream, &record.jws)).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        left.fetch_sub(batch.len(), Ordering::Relaxed);
        batch.into_iter().for_each(|record| record.asker.inserted());
    }
}

async fn insert_postgres(url: String, mut rows: mpsc::Receiver<Vec<Record>>, left: Arc<AtomicUsize>) {
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let table = "CREATE TABLE bare (position BIGINT PRIMARY KEY, stream TEXT, version BIGINT, jws TEXT, UNIQUE (stream, version))";
    connection.execute("DROP TABLE IF EXISTS bare").await.unwrap();
    connection.execute(table).await.unwrap();
    while let Some(batch) = rows.recv().await {
        let positions: Vec<i64> = batch.iter().map(|record| record.position).collect();
        let streams: Vec<&str> = batch.iter().map(|record| record.stream.as_str()).collect();
        let texts: Vec<&str> = batch.iter().map(|record| record.jws.as_str()).collect();
        let sql = "INSERT INTO bare SELECT p, s, p, j FROM unnest($1::bigint[], $2::text[], $3::text[]) AS row (p, s, j)";
        let insert = sqlx::query(sql).bind(positions).bind(streams).bind(texts);
        insert.execute(&mut connection).await.unwrap();
        left.fetch_sub(batch.len(), Ordering::Relaxed);
        batch.into_iter().for_each(|record| record.asker.inserted());
    }
}

/// From the journal into the stream and out of it again.
async fn relay(url: String, entries: mpsc::UnboundedReceiver<Entry>, next: mpsc::UnboundedSender<Entry>) {
    const STREAM: &str = "BARE";
    let context = jetstream::new(async_nats::connect(url).await.unwrap());
    let config = stream::Config {
        name: STREAM.to_owned(),
        subjects: vec!["bare.>".to_owned()],
        ..stream::Config::default()
    };
    context.create_stream(config).await.unwrap();
    let config =
        pull::Config { ack_policy: AckPolicy::None, memory_storage: true, ..pull::Config::default() };
    let consumer = context.create_consumer_on_stream(config, STREAM).await.unwrap();
    tokio::spawn(publish(context, entries));
    let mut messages = consumer.stream().max_messages_per_batch(BATCH).messages().await.unwrap();
    while let Some(message) = messages.next().await {
        let message = message.unwrap();
        let position = message.info().unwrap().stream_sequence;
        let form = String::from_utf8(message.payload.to_vec()).unwrap();
        let position = i64::try_from(position).unwrap();
        next.send(Entry { position, form, asker: Asker::Gone }).ok().unwrap();
    }
}

async fn publish(context: jetstream::Context, mut entries: mpsc::UnboundedReceiver<Entry>) {
    let (sent, mut waiting) = mpsc::channel::<PublishAckFuture>(IN_FLIGHT);
    tokio::spawn(async move {
        while let Some(acknowledged) = waiting.recv().await {
            acknowledged.await.unwrap();
        }
    });
    while let Some(Entry { position, form, .. }) = entries.recv().await {
        let message = PublishMessage::build().message_id(position.to_string()).payload(form.into());
        sent.send(context.send_publish("bare.entry", message).await.unwrap()).await.unwrap();
    }
}
