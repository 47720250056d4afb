//! Seal, commit and verify, each beside the limit of this machine measured in the same run, in turns.
//!
//! Prints medians and ratios as a table, then the same as one line of JSON. A ratio of 1 means at the limit.
//! `just bench` starts PostgreSQL; without AHADI_TEST_POSTGRES_URL only SQLite is measured.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::fact::{Direction, Fact, Leg, Private, Subject, What};
use contract::input::{Body, INPUT_VERSION, Input, Seed, Webhook};
use contract::provider::{Provider, Via};
use ed25519_dalek::{Signature, VerifyingKey};
use ledger::hash::sha256;
use ledger::key::{KeyRing, RecordKey};
use ledger::record::Record;
use ledger::time::Timestamp;
use ledger::tree::Tree;
use ledger::verify::{Auditor, CheckedRecord, Pins, check_each_record, check_records};
use projector::pipeline::Pipeline;
use projector::plan::{self, Read, Tail};
use sqlx::{Connection, Executor};
use store::rows::{Loaded, RecordRow, SourceMove};
use store::{OpenOptions, Store};

/// As in the program: what is measured in this process is to cost what it costs there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ORIGIN: &str = "bench.test/ahadi";
const ROUNDS: usize = 7;
/// Inputs of one round: enough that a round takes some hundred milliseconds.
const INPUTS: usize = 10_000;
/// Inputs of one transaction: as many as the writer takes when there are more, if AHADI_BENCH_BATCH does not say otherwise.
static BATCH: LazyLock<usize> =
    LazyLock::new(|| std::env::var("AHADI_BENCH_BATCH").map_or(1_000, |number| number.parse().unwrap()));
/// Records read back at a time.
const PAGE: u32 = 1_000;
/// Calls going on at the same time: their webhooks come mixed.
const CALLS: usize = 64;

struct Line {
    what: String,
    ours_us: Vec<f64>,
    limit: String,
    limit_us: Vec<f64>,
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl Line {
    fn new(what: &str, limit: &str) -> Line {
        Line { what: what.into(), ours_us: Vec::new(), limit: limit.into(), limit_us: Vec::new() }
    }

    fn print(&self) {
        let (ours, limit) = (median(&self.ours_us), median(&self.limit_us));
        let spread = |values: &[f64]| {
            let (low, high) = values.iter().fold((f64::MAX, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
            format!("{low:.2}..{high:.2}")
        };
        println!(
            "{:<34} {:>9.0}/s {:>8.2} us ({:>14}) | {:<34} {:>9.0}/s | ratio {:.2}",
            self.what,
            1e6 / ours,
            ours,
            spread(&self.ours_us),
            self.limit,
            1e6 / limit,
            limit / ours
        );
    }

    fn json(&self) -> serde_json::Value {
        let (ours, limit) = (median(&self.ours_us), median(&self.limit_us));
        serde_json::json!({"what": self.what, "us": ours, "limit": self.limit, "limit_us": limit, "ratio": limit / ours})
    }
}

fn timed(count: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6 / count as f64
}

/// What a provider sends of a call: ringing, answered, ended.
const STEPS: [&str; 3] = ["Ringing", "Answered", "Completed"];

fn fact(call: usize, step: usize) -> Fact {
    let id = format!("ATVId_{call:032x}");
    let leg = Leg { direction: Some(Direction::Outbound), ..Leg::default() };
    let (word, what) = match step {
        0 => ("ringing", What::CallRinging(leg)),
        1 => ("answered", What::CallAnswered(leg)),
        _ => ("ended", What::CallEnded(Leg { duration_s: Some(45), ..leg })),
    };
    Fact {
        key: format!("{id}:{word}"),
        subject: Subject::Call { provider: Provider::AfricasTalking, id },
        occurred: None,
        what,
        private: Private {
            phone: Some(format!("+2547000{:05}", call % 100_000)),
            line: Some("+254700000000".into()),
            ..Private::default()
        },
    }
}

/// The body it came in, as long as those of the provider.
fn body(call: usize, step: usize) -> String {
    let state = STEPS[step];
    format!(
        "sessionId=ATVId_{call:032x}&isActive={}&callSessionState={state}&direction=Outbound&callerNumber=%2B2547000{:05}\
         &destinationNumber=%2B254700000000&callerCountryCode=254&callStartTime=2026-01-01+12%3A00%3A00&callerCarrierName=None\
         &durationInSeconds=45&amount=0.85&currencyCode=KES",
        u8::from(step < 2),
        call % 100_000,
    )
}

/// An input of the n-th millisecond: its id is drawn as the door does, so that ids grow with time.
fn input(round: usize, n: usize, body: Body) -> Read {
    let digest = sha256(format!("{round} {n}").as_bytes());
    let millis = 1_767_000_000_000 + (round * INPUTS + n) as u64;
    let mut random = [0_u8; 10];
    random.copy_from_slice(&digest.0[..10]);
    Read::Input(Box::new(Input {
        v: INPUT_VERSION,
        id: uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(),
        via: if matches!(body, Body::Webhook(_)) { Via::AfricasTalking } else { Via::Api },
        received_at: Timestamp::from_millis(millis as i64).unwrap(),
        authenticated: true,
        seed: Seed(digest),
        body,
    }))
}

/// Webhooks of calls with three events each, as the projector reads them.
fn inputs(round: usize) -> Vec<Read> {
    (0..INPUTS)
        .map(|n| {
            let (call, step) = (round * INPUTS + n / (3 * CALLS) * CALLS + n % CALLS, n / CALLS % 3);
            let webhook = Webhook {
                provider: Provider::AfricasTalking,
                route: "voice/events".into(),
                content_type: "application/x-www-form-urlencoded".into(),
                headers: std::collections::BTreeMap::new(),
                raw: body(call, step),
                raw_base64: false,
                facts: vec![fact(call, step)],
            };
            input(round, n, Body::Webhook(webhook))
        })
        .collect()
}

fn batches(reads: Vec<Read>) -> Vec<Arc<[Read]>> {
    let mut reads = reads.into_iter();
    let mut batches: Vec<Arc<[Read]>> = Vec::new();
    while reads.len() > 0 {
        batches.push(reads.by_ref().take(*BATCH).collect());
    }
    batches
}

fn key() -> RecordKey {
    RecordKey::from_seed(&sha256(b"bench record key").0)
}

fn empty() -> Tail {
    Tail { tree: Tree::empty(), last_recorded_at: None, ring: Arc::new(KeyRing::new(ORIGIN, None)) }
}

/// Signs the same bytes on all cores and does nothing else.
fn sign_all_cores(messages: &[&str], key: &RecordKey) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for chunk in messages.chunks(messages.len().div_ceil(cores)) {
            scope.spawn(move || {
                for message in chunk {
                    black_box(key.sign(message.as_bytes()));
                }
            });
        }
    });
}

fn signed_part(record: &RecordRow) -> &str {
    record.jws.rsplit_once('.').unwrap().0
}

fn plan_all(reads: Vec<Read>, key: &RecordKey) -> Vec<RecordRow> {
    plan::plan(reads, Loaded::default(), &empty(), ORIGIN, key, None).unwrap().commit.records
}

fn planning() -> Line {
    let key = key();
    let mut line = Line::new("plan: fold, seal, tree, views", "sign the same bytes, all cores");
    for round in 0..ROUNDS {
        let reads = inputs(round);
        let mut records = Vec::new();
        line.ours_us.push(timed(INPUTS, || records = plan_all(reads, &key)));
        let messages: Vec<&str> = records.iter().map(signed_part).collect();
        line.limit_us.push(timed(INPUTS, || sign_all_cores(&messages, &key)));
    }
    line
}

/// Checks shares of the records on all cores, then follows them in order.
fn audit(records: &[RecordRow], check: impl Fn(&[RecordRow]) -> Vec<CheckedRecord> + Sync) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let checked: Vec<_> = std::thread::scope(|scope| {
        let shares = records.chunks(records.len().div_ceil(cores));
        let workers: Vec<_> = shares.map(|share| scope.spawn(|| check(share))).collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    let mut auditor = Auditor::new(Pins::default());
    for (position, one) in (0..).zip(checked) {
        auditor.push_checked(position, one);
    }
    black_box(auditor.finish(None));
}

/// A record, what is signed of it, and its signature, as the library takes it.
fn opened(row: &RecordRow) -> (Record, &str, Signature) {
    let (signed, signature) = row.jws.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    (ledger::record::open(&row.jws).unwrap(), signed, signature)
}

/// Every check of a record, signature by signature and with signatures together, beside the strict checks alone and the
/// hashes of payload and leaf.
fn verifying() -> Vec<Line> {
    let key = key();
    let records = plan_all(inputs(0), &key);
    let limit = "strict checks and SHA-256, all cores";
    let mut one_by_one = Line::new("verify: every check, one by one", limit);
    let mut together = Line::new("verify: signatures together", limit);
    let known = std::iter::once((key.kid().to_owned(), key.public().clone())).collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..ROUNDS {
        one_by_one.ours_us.push(timed(INPUTS, || {
            audit(&records, |share| {
                check_each_record(share.iter().map(|r| (r.jws.as_str(), Vec::new())), &known)
            });
        }));
        together.ours_us.push(timed(INPUTS, || {
            audit(&records, |share| {
                check_records(share.iter().map(|r| (r.jws.as_str(), Vec::new())), &known)
            });
        }));
        let opened: Vec<_> = records.iter().map(opened).collect();
        let spent = timed(INPUTS, || {
            std::thread::scope(|scope| {
                for chunk in opened.chunks(opened.len().div_ceil(cores)) {
                    let public = VerifyingKey::from_bytes(key.public().as_bytes()).unwrap();
                    scope.spawn(move || {
                        for (record, signed, signature) in chunk {
                            assert!(public.verify_strict(signed.as_bytes(), signature).is_ok());
                            black_box((sha256(&record.payload), record.leaf()));
                        }
                    });
                }
            });
        });
        one_by_one.limit_us.push(spent);
        together.limit_us.push(spent);
    }
    vec![one_by_one, together]
}

/// Bytes in all tables and indexes, over bytes in the records themselves.
async fn disk(url: &str) {
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        let sql =
            "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size),
                   sum(octet_length(jws)), count(*) FROM record";
        let (all, jws, records): (i64, i64, i64) =
            sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
        println!("SQLite: {} bytes a record, {:.2} of its JWS", all / records, all as f64 / jws as f64);
        return;
    }
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let sql = "SELECT sum(octet_length(jws)), count(*) FROM record";
    let (jws, records): (i64, i64) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
    let sql = "SELECT relname::text, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
               WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 6";
    let tables: Vec<(String, i64, i64)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    let all: i64 = tables.iter().map(|(_, table, indexes)| table + indexes).sum();
    let each = |(name, table, indexes): &(String, i64, i64)| {
        format!("{name} {} + {}", table / records, indexes / records)
    };
    let parts = tables.iter().map(each).collect::<Vec<_>>().join(", ");
    println!(
        "PostgreSQL: {} bytes a record, {:.2} of its JWS (tables + indexes: {parts})",
        all / records,
        all as f64 / jws as f64
    );
}

/// One table with the bytes of a record, what has to be kept beside it, and the index every event store has.
async fn bare_insert(url: &str, records: &[RecordRow], beside: &[String]) -> f64 {
    let rows = records.len();
    if url.starts_with("sqlite") {
        let mut connection = sqlx::SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
        connection
            .execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; DROP TABLE IF EXISTS bare")
            .await
            .unwrap();
        connection.execute("CREATE TABLE bare (position INTEGER PRIMARY KEY, stream TEXT, version INTEGER, jws TEXT, beside TEXT, UNIQUE (stream, version))").await.unwrap();
        let start = Instant::now();
        for (batch, beside) in records.chunks(*BATCH).zip(beside.chunks(*BATCH)) {
            let mut sql = sqlx::QueryBuilder::<sqlx::Sqlite>::new(
                "INSERT INTO bare (position, stream, version, jws, beside) ",
            );
            sql.push_values(batch.iter().zip(beside), |mut row, (record, beside)| {
                row.push_bind(record.position as i64)
                    .push_bind(&record.stream)
                    .push_bind(record.version as i64)
                    .push_bind(&record.jws)
                    .push_bind(beside);
            });
            sql.build().execute(&mut connection).await.unwrap();
        }
        return start.elapsed().as_secs_f64() * 1e6 / rows as f64;
    }
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    connection.execute("DROP TABLE IF EXISTS bare").await.unwrap();
    connection.execute("CREATE TABLE bare (position BIGINT PRIMARY KEY, stream TEXT, version BIGINT, jws TEXT, beside TEXT, UNIQUE (stream, version))").await.unwrap();
    let start = Instant::now();
    for (batch, beside) in records.chunks(*BATCH).zip(beside.chunks(*BATCH)) {
        let positions: Vec<i64> = batch.iter().map(|r| r.position as i64).collect();
        let streams: Vec<&str> = batch.iter().map(|r| r.stream.as_str()).collect();
        let versions: Vec<i64> = batch.iter().map(|r| r.version as i64).collect();
        let texts: Vec<&str> = batch.iter().map(|r| r.jws.as_str()).collect();
        sqlx::query(
            "INSERT INTO bare SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[])",
        )
        .bind(positions)
        .bind(streams)
        .bind(versions)
        .bind(texts)
        .bind(beside)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    start.elapsed().as_secs_f64() * 1e6 / rows as f64
}

/// Processor time that processes have used so far, microseconds. Of Linux, in steps of 10 ms.
fn processor_us(processes: &[String]) -> f64 {
    const TICK_US: f64 = 10_000.0;
    let used = |process: &String| {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let after = text.rsplit_once(") ").map_or("", |(_, after)| after).to_owned();
        after.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
    };
    processes.iter().map(used).sum::<f64>() * TICK_US
}

/// The server's processes that work for this database.
async fn servers(url: &str) -> Vec<String> {
    if url.starts_with("sqlite") {
        return Vec::new();
    }
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let sql = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
}

/// The disclosures of each of these records, as one text.
async fn disclosed(store: &Store, records: &[RecordRow]) -> Vec<String> {
    let (first, mut texts) = (records[0].position, vec![String::new(); records.len()]);
    for one in store.disclosures(first..first + records.len() as u64).await.unwrap() {
        texts[usize::try_from(one.position - first).unwrap()] += &one.encoded;
    }
    texts
}

/// Two lines: beside inserting the records alone, and beside inserting all that has to be kept of them.
async fn committing(name: &str, url: &str) -> [Line; 2] {
    let key = Arc::new(key());
    let store = Store::open(url, OpenOptions::new(ORIGIN)).await.unwrap();
    let lease = store.acquire_lease("bench", std::time::Duration::from_secs(3_600)).await.unwrap().unwrap();
    let what = format!("plan and commit, {name}");
    let mut line = Line::new(&what, "1 / (1 / bare insert + 1 / sign)");
    let mut kept = Line::new("  the same", "with disclosures in the bare insert");
    let mut pipeline = Pipeline::new(store.clone(), lease, ORIGIN, empty());
    let (mut position, mut size) = (0, 0);
    let (mut own_us, mut server_us, mut written) = (0.0, 0.0, 0_usize);
    let own = ["self".to_owned()];
    for round in 0..ROUNDS {
        let batches = batches(inputs(round));
        let mut records: Vec<RecordRow> = Vec::new();
        // Connections are opened in the first round, which is left out.
        let working = servers(url).await;
        let before = (processor_us(&own), processor_us(&working));
        let start = Instant::now();
        for batch in batches {
            let from = position;
            position += batch.len() as u64;
            let read_to = Some(SourceMove { source: "bench".into(), from, to: position });
            let planned = pipeline.plan(Arc::clone(&key), &batch, read_to).await.unwrap().unwrap();
            pipeline.write(planned).await.unwrap();
        }
        pipeline.settle().await.unwrap();
        let spent = start.elapsed().as_secs_f64();
        let now = (processor_us(&own), processor_us(&working));
        while let page @ [_, ..] = &store.records(size, PAGE).await.unwrap()[..] {
            records.extend_from_slice(page);
            size += page.len() as u64;
        }
        if round > 0 {
            own_us += now.0 - before.0;
            server_us += now.1 - before.1;
            written += records.len();
        }
        line.ours_us.push(spent * 1e6 / records.len() as f64);
        let bare = url.replace("ledger", "bare");
        let insert = bare_insert(&bare, &records, &vec![String::new(); records.len()]).await;
        let insert_all = bare_insert(&bare, &records, &disclosed(&store, &records).await).await;
        let messages: Vec<&str> = records.iter().map(signed_part).collect();
        let sign = timed(records.len(), || sign_all_cores(&messages, &key));
        line.limit_us.push(insert + sign);
        kept.ours_us.push(spent * 1e6 / records.len() as f64);
        kept.limit_us.push(insert_all + sign);
    }
    store.close().await;
    let each = |us: f64| us / written as f64;
    println!(
        "{name}: processor time a record: ours {:.1} us, server {:.1} us",
        each(own_us),
        each(server_us)
    );
    disk(url).await;
    [line, kept]
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    let directory = std::env::temp_dir().join(format!("ahadi-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let mut lines = Vec::new();
    if wanted("plan") {
        lines.push(planning());
    }
    if wanted("verify") {
        lines.extend(verifying());
    }
    let sqlite = format!("sqlite://{}", directory.join("ledger.db").display());
    if wanted("sqlite") {
        lines.extend(runtime.block_on(committing("SQLite", &sqlite)));
    }
    let server = std::env::var("AHADI_TEST_POSTGRES_URL");
    if let (true, Ok(server)) = (wanted("postgres"), server) {
        let (base, _) = server.rsplit_once('/').unwrap();
        let name = format!("ledger_bench_{}", std::process::id());
        runtime.block_on(async {
            let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
            for database in [name.clone(), name.replace("ledger", "bare")] {
                let sql = format!("CREATE DATABASE {database}");
                admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
            }
            it::postgres::PostgresDatabase::make_log_files(&server).await;
        });
        lines.extend(runtime.block_on(committing("PostgreSQL", &format!("{base}/{name}"))));
        runtime.block_on(async {
            let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
            for database in [name.clone(), name.replace("ledger", "bare")] {
                let sql = format!("DROP DATABASE {database} WITH (FORCE)");
                admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
            }
        });
    }
    println!(
        "{INPUTS} webhooks a round, {ROUNDS} rounds, batches of {}; medians, with the range of the rounds",
        *BATCH
    );
    lines.iter().for_each(Line::print);
    println!("{}", serde_json::Value::Array(lines.iter().map(Line::json).collect()));
    std::fs::remove_dir_all(&directory).unwrap();
}
