//! The whole pipeline under load: the real binary with real servers, each stage beside its limit, in turns.
//!
//! `just bench --bench pipeline`, or one stage of it: `just bench --bench pipeline -- door` (`relay`, `commands`,
//! `end-to-end`, `steady`, `contracts`; the last three also with `-embedded` or `-servers` behind them). Prints a table,
//! writes it to `target/bench/pipeline.json`, and fails where an answer is not the right one or an input that was answered
//! with success is not in the ledger.
//!
//! AHADI_BENCH_SECONDS: seconds of one round (default 3; what goes on for a minute takes twenty of them).
//! AHADI_BENCH_FSYNC_US: microseconds that each sync of the service and of PostgreSQL takes longer.
//! AHADI_BENCH_RATE: webhooks a second offered end to end, in place of those to be reached.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

#[path = "pipeline/bare.rs"]
mod bare;
#[path = "pipeline/commands.rs"]
mod commands;
#[path = "pipeline/line.rs"]
mod line;
#[path = "pipeline/load.rs"]
mod load;
#[path = "pipeline/mix.rs"]
mod mix;
#[path = "pipeline/relay.rs"]
mod relay;
#[path = "pipeline/site.rs"]
mod site;
#[path = "pipeline/slow.rs"]
mod slow;
#[path = "pipeline/table.rs"]
mod table;
#[path = "pipeline/wire.rs"]
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use bare::Bare;
use load::{Requests, Told};
use mix::Mix;
use serde_json::json;
use site::{Kind, Site, Taken};
use table::{Row, median};
use wire::Connection;

/// As in the program: what is measured in this process, and the bare handler, are to have the same.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
/// Different webhooks made beforehand; they come again with other ids.
const POOL: usize = 20_000;
/// How many times the rate to be reached is offered to the bare line.
const BARE_HASTE: f64 = 3.0;
/// Webhooks a second while it is measured how soon one is visible.
const STEADY: f64 = 1_000.0;
/// Contracts a second.
const CONTRACTS: f64 = 200.0;
/// Between two questions whether a call is there: as short as the answer should be exact, and long enough that asking is little
/// of the machine's work.
const ASK_PAUSE: Duration = Duration::from_micros(250);
/// How long a call may take to be seen before the benchmark gives up.
const SEEN_MAX: Duration = Duration::from_secs(30);
/// How long a new service has the same load before latencies count: its first connections and statements take 0.1 s, which would be the
/// 99th percentile of ten seconds.
const WARM: Duration = Duration::from_secs(1);
/// Rounds that what has to go on for a minute takes.
const MINUTE_ROUNDS: u32 = 20;
/// Rounds for latencies: some thousand answers for a 99th percentile.
const STEADY_ROUNDS: u32 = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Ok(what) = std::env::var(bare::VARIABLE) {
        return runtime.block_on(bare::serve(&what));
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    println!(
        "{CONNECTIONS} connections, {ROUNDS} rounds of {:?}; medians, with the range of the rounds; syncs {} us longer",
        round(),
        slow::micros().unwrap_or(0),
    );
    let mut rows = Vec::new();
    // Each stage is told when it ends: a run that is stopped has not measured for nothing.
    let mut tell = |stage: Vec<Row>| {
        stage.iter().for_each(Row::print);
        rows.extend(stage);
    };
    runtime.block_on(async {
        if let Ok(server) = std::env::var("AHADI_TEST_POSTGRES_URL") {
            it::postgres::PostgresDatabase::make_log_files(&server).await;
        }
        if wanted("door") {
            tell(door().await);
        }
        if wanted("relay") {
            tell(vec![relay::row().await]);
        }
        if wanted("commands") {
            tell(commands::rows().await);
        }
        for (kind, word) in [(Kind::Embedded, "embedded"), (Kind::Servers, "servers")] {
            let wanted = |name: &str| wanted(&format!("{name}-{word}"));
            if wanted("end-to-end") {
                tell(end_to_end(kind).await);
            }
            if wanted("steady") {
                tell(steady(kind).await);
            }
            if wanted("contracts") {
                tell(contracts(kind).await);
            }
        }
    });
    let told = json!({
        "seconds": round().as_secs_f64(), "fsync_us": slow::micros(),
        "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    let name = if slow::micros().is_some() { "pipeline-slow.json" } else { "pipeline.json" };
    std::fs::write(table::directory().join(name), told.to_string()).unwrap();
}

fn round() -> Duration {
    let seconds = std::env::var("AHADI_BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(3.0))
}

fn check(told: &Told) {
    assert!(
        told.others.is_empty(),
        "answers that are no success: {:?}",
        told.others.iter().take(5).collect::<Vec<_>>()
    );
}

/// A webhook to a 2xx that is on disk, beside a handler that only parses the same form.
async fn door() -> Vec<Row> {
    let site = Site::start(Kind::Embedded, Some("ingress")).await;
    let bare = Bare::handler().await;
    let ours = Arc::new(Mix::events(1, POOL, &format!("{}/voice/events", Site::hooks())));
    let theirs = Arc::new(Mix::events(1, POOL, "/hook"));
    let ours: Requests = Arc::new(move |n, request| ours.write(n, request));
    let theirs: Requests = Arc::new(move |n, request| theirs.write(n, request));
    let mut row = Row::new("door: webhook to 2xx after fsync", "/s", "bare axum handler, /s", ">= 0.4");
    let mut cost = Row::new("  processor time of the process", "us", "bare, us", "");
    let (sent, unmeasured) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut taken = Taken::default();
    let each = |told: &Told, cpu: f64| cpu * 1e6 / told.taken.len() as f64;
    for _ in 0..ROUNDS {
        let before = site.cpu();
        let told = load::closed(site.address, CONNECTIONS, round(), &sent, &ours).await;
        check(&told);
        taken.webhooks(&told, &ours);
        cost.ours.push(each(&told, site.cpu() - before));
        row.ours.push(told.per_second());
        let before = bare.cpu();
        let told = load::closed(bare.address, CONNECTIONS, round(), &unmeasured, &theirs).await;
        check(&told);
        cost.limits.push(each(&told, bare.cpu() - before));
        row.limits.push(told.per_second());
    }
    let half = median(&row.ours) / 2.0;
    let mut middle = Row::new("  p50 at half that load", "ms", "bare at the same rate, ms", "");
    let mut late = Row::new("  p99", "ms", "bare at the same rate, ms", "<= 5");
    for _ in 0..ROUNDS {
        let mut told = load::open(site.address, CONNECTIONS, half, round(), &sent, &ours).await;
        check(&told);
        taken.webhooks(&told, &ours);
        middle.ours.push(told.quantile_ms(0.5));
        late.ours.push(told.quantile_ms(0.99));
        let mut told = load::open(bare.address, CONNECTIONS, half, round(), &unmeasured, &theirs).await;
        check(&told);
        middle.limits.push(told.quantile_ms(0.5));
        late.limits.push(told.quantile_ms(0.99));
    }
    let rows = vec![row, cost, middle, late, Row::value("  most memory", "MiB", site.peak_mib(), "")];
    site.stop_and_count(&taken).await;
    rows
}

/// Webhooks at the rate to be reached for a minute, then until nothing waits any more; and the same on the bare line.
async fn end_to_end(kind: Kind) -> Vec<Row> {
    let target = if kind == Kind::Embedded { 25_000.0 } else { 15_000.0 };
    let rate = std::env::var("AHADI_BENCH_RATE").ok().and_then(|text| text.parse().ok()).unwrap_or(target);
    let requests = |hooks: &str| -> Requests {
        let mix = Mix::webhooks(2, POOL, hooks);
        Arc::new(move |n, request| mix.write(n, request))
    };
    // As many to each; the bare line is offered them sooner, to see what it can do.
    let offer = async |address, haste: f64, requests: &Requests| {
        let (rate, duration) = (rate * haste, (round() * MINUTE_ROUNDS).div_f64(haste));
        let told = load::open(address, CONNECTIONS, rate, duration, &AtomicUsize::new(0), requests).await;
        check(&told);
        told
    };
    let (ours, theirs) = (requests(&Site::hooks()), requests("/hook"));

    let bare = Bare::line(kind).await;
    let before = bare.cpu();
    let told = offer(bare.address, BARE_HASTE, &theirs).await;
    let bare_drained = bare.drain().await;
    let bare_cpu = (bare.cpu() - before) * 1e6 / told.taken.len() as f64;
    let bare_folded = told.taken.len() as f64 / (told.seconds + bare_drained);
    let bare_taken = told.per_second();
    bare.stop().await;

    let site = Site::start(kind, None).await;
    let before = site.cpu();
    let mut told = offer(site.address, 1.0, &ours).await;
    let (drained, cpu) = (site.drain().await, site.cpu() - before);
    let mut taken = Taken::default();
    taken.webhooks(&told, &ours);
    let count = told.taken.len() as f64;
    let name = kind.name();
    let what = format!("{name}: end to end, {rate}/s offered, taken");
    let rows = vec![
        Row::beside(&what, "/s", told.per_second(), bare_taken, &format!(">= {target}")),
        Row::beside("  lag back to zero after", "s", drained, bare_drained, "<= 2"),
        Row::beside("  folded until then", "/s", count / (told.seconds + drained), bare_folded, ""),
        Row::beside("  processor time of the process for each", "us", cpu * 1e6 / count, bare_cpu, ""),
        Row::value("  answered, p50", "ms", told.quantile_ms(0.5), ""),
        Row::value("  answered, p99", "ms", told.quantile_ms(0.99), ""),
        Row::value("  most memory of ahadi", "MiB", site.peak_mib(), "<= 256"),
    ];
    site.stop_and_account(&taken).await;
    rows
}

/// How soon a call can be seen after its first webhook, while others come at a steady rate.
async fn steady(kind: Kind) -> Vec<Row> {
    let site = Site::start(kind, None).await;
    let mix = Arc::new(Mix::webhooks(3, POOL, &Site::hooks()));
    let requests: Requests = Arc::new(move |n, request| mix.write(n, request));
    let duration = round() * STEADY_ROUNDS;
    let (sent, mut taken) = (AtomicUsize::new(0), Taken::default());
    let warm = load::open(site.address, CONNECTIONS, STEADY, WARM, &sent, &requests).await;
    check(&warm);
    taken.webhooks(&warm, &requests);
    let load = load::open(site.address, CONNECTIONS, STEADY, duration, &sent, &requests);
    let (told, mut seen) = tokio::join!(load, look(&site, duration));
    check(&told);
    taken.webhooks(&told, &requests);
    let own: Requests = Arc::new(|n, request| *request = ringing(n));
    taken.webhooks(&seen, &own);
    let name = kind.name();
    let rows = vec![
        Row::value(&format!("{name}: visible at {STEADY}/s, p50"), "ms", seen.quantile_ms(0.5), "<= 3"),
        Row::value("  p99", "ms", seen.quantile_ms(0.99), "<= 10"),
    ];
    site.stop_and_account(&taken).await;
    rows
}

/// The first webhook of a call of its own.
fn ringing(n: usize) -> Vec<u8> {
    let form = format!(
        "sessionId={}&isActive=1&callSessionState=Ringing&direction=Outbound&callerNumber=%2B254700000009",
        call(n)
    );
    wire::post(&format!("{}/voice/events", Site::hooks()), "application/x-www-form-urlencoded", &form)
}

fn call(n: usize) -> String {
    format!("ATVId_{n:032x}")
}

/// Posts calls of its own, and asks for each until it is there.
async fn look(site: &Site, duration: Duration) -> Told {
    let mut connection = Connection::open(site.address).await.unwrap();
    let (start, mut told) = (Instant::now(), Told::default());
    for n in 0.. {
        if start.elapsed() >= duration {
            break;
        }
        let (post, question) = (ringing(n), wire::get(&format!("/v1/calls/{}", call(n))));
        let began = Instant::now();
        assert_eq!(connection.exchange(&post).await.unwrap().status, 200);
        loop {
            match connection.exchange(&question).await.unwrap().status {
                200 => break,
                404 => assert!(began.elapsed() < SEEN_MAX, "a call is never seen"),
                other => panic!("{other} where a call was asked for"),
            }
            // On a thread of its own: the runtime's clock has whole milliseconds.
            tokio::task::spawn_blocking(|| std::thread::sleep(ASK_PAUSE)).await.unwrap();
        }
        told.taken.push(n);
        told.micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    told
}

/// Contracts drafted at a steady rate, each answered with its number and hash.
async fn contracts(kind: Kind) -> Vec<Row> {
    let site = Site::start(kind, None).await;
    let requests: Requests = Arc::new(|n, request| {
        let body = commands::contract(n).to_string();
        *request = wire::post("/api/v1/contracts/create", "application/json", &body);
    });
    let (sent, mut taken) = (AtomicUsize::new(0), Taken::default());
    let warm = load::open(site.address, 16, CONTRACTS, WARM, &sent, &requests).await;
    check(&warm);
    taken.commands(&warm);
    let duration = round() * STEADY_ROUNDS;
    let mut told = load::open(site.address, 16, CONTRACTS, duration, &sent, &requests).await;
    check(&told);
    taken.commands(&told);
    let (p50, p99) = if kind == Kind::Embedded { ("<= 4", "<= 15") } else { ("<= 8", "<= 30") };
    let name = kind.name();
    let what = format!("{name}: contracts/create at {CONTRACTS}/s, p50");
    let rows = vec![
        Row::value(&what, "ms", told.quantile_ms(0.5), p50),
        Row::value("  p99", "ms", told.quantile_ms(0.99), p99),
    ];
    site.stop_and_account(&taken).await;
    rows
}
