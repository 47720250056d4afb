//! Auditing, rebuilding and checking a bundle: the command as it is run, beside the bare work in the same run.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use futures_util::TryStreamExt;
use it::process::release_binary;
use ledger::disclosure::digest;
use ledger::hash::sha256;
use ledger::key::RecordKey;
use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use store::{OpenOptions, Store};
use tokio::runtime::Runtime;

use crate::ORIGIN;
use crate::figures::{median, spread};
use crate::place::Place;

/// Records on which the bare checks are timed; the log is read in full by what is compared with them.
const SAMPLE: u64 = 100_000;
/// How often a bundle is checked.
const BUNDLES: usize = 101;

/// The program: built now, or the one that AHADI_GROWTH_BINARY names.
fn binary() -> PathBuf {
    std::env::var_os("AHADI_GROWTH_BINARY").map_or_else(|| release_binary().to_owned(), PathBuf::from)
}

/// A command with the seconds it took and the most memory it held, in MiB.
fn run(arguments: &[&str]) -> (f64, f64) {
    let start = Instant::now();
    let mut child =
        Command::new(binary()).args(arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    loop {
        if let Some(ended) = child.try_wait().unwrap() {
            assert_eq!(ended.code(), Some(0), "{arguments:?}");
            return (start.elapsed().as_secs_f64(), peak);
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
        peak = peak.max(kib.map_or(0.0, |kib| kib.parse::<f64>().unwrap() / 1024.0));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

pub fn verify(runtime: &Runtime, place: &Place, rounds: usize) {
    binary();
    let (sample, size) = runtime.block_on(sample(place));
    let key = cli::keyfiles::record_keys(&place.directory.join("keys")).unwrap().remove(0).1;
    let directory = place.directory.display().to_string();
    let together = ["verify", "--all", &directory, "--database-url", &place.url];
    let one_by_one = [&together[..], &["--one-by-one"]].concat();
    let (mut limit, mut strict, mut batch, mut peaks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        limit.push(bare_checks(&sample, &key) * size as f64 / sample.len() as f64);
        let (seconds, peak) = run(&one_by_one);
        strict.push(seconds);
        peaks.push(peak);
        let (seconds, peak) = run(&together);
        batch.push(seconds);
        peaks.push(peak);
    }
    println!(
        "verify --all of {size} records, seconds: strict checks and SHA-256 alone, all cores {}",
        spread(&limit)
    );
    let ratio = median(&strict) / median(&limit);
    println!("  one by one {}, ratio {ratio:.2} (at most 1.25)", spread(&strict));
    println!("  together {} (at most 6 for 10^6), memory MiB {}", spread(&batch), spread(&peaks));
}

struct Sample {
    record: ledger::record::Record,
    signature: Signature,
    disclosures: Vec<String>,
}

async fn sample(place: &Place) -> (Vec<Sample>, u64) {
    let store = Store::open(&place.url, OpenOptions::new(ORIGIN)).await.unwrap();
    let size = store.tip().await.unwrap().size;
    let mut scan = store.scan(size.saturating_sub(SAMPLE)).await.unwrap();
    let mut sample = Vec::new();
    while let Some(page) = scan.next_page().await.unwrap() {
        sample.extend(page.into_iter().map(|(row, disclosures)| Sample {
            record: ledger::record::open(&row.jws).unwrap(),
            signature:
                Signature::from_slice(&URL_SAFE_NO_PAD.decode(signed_part(&row.jws).1).unwrap()).unwrap(),
            disclosures: disclosures.into_iter().map(|one| one.encoded).collect(),
        }));
    }
    store.close().await;
    (sample, size)
}

/// What is signed of an entry, and the signature.
fn signed_part(jws: &str) -> (&str, &str) {
    jws.rsplit_once('.').unwrap()
}

/// The library's strict check of every signature and every hash that has to be computed, on all cores; seconds.
fn bare_checks(sample: &[Sample], key: &RecordKey) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let key = VerifyingKey::from_bytes(key.public().as_bytes()).unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for chunk in sample.chunks(sample.len().div_ceil(cores)) {
            scope.spawn(move || {
                for one in chunk {
                    let signed = signed_part(one.record.jws()).0;
                    assert!(key.verify_strict(signed.as_bytes(), &one.signature).is_ok());
                    black_box((sha256(&one.record.payload), one.record.leaf()));
                    one.disclosures.iter().for_each(|encoded| {
                        black_box(digest(encoded));
                    });
                }
            });
        }
    });
    start.elapsed().as_secs_f64()
}

pub fn rebuild(runtime: &Runtime, place: &Place, rounds: usize) {
    let (mut limit, mut ours, mut checked) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        limit.push(runtime.block_on(raw_read(place)));
        let (seconds, replaced) = runtime.block_on(replace(place));
        ours.push(seconds);
        checked.push(replaced as f64);
    }
    println!("rebuild of all views, {:.0} records, seconds: {}", median(&checked), spread(&ours));
    println!(
        "  raw streaming read of the same rows {}, ratio {:.2} (at least 0.5)",
        spread(&limit),
        median(&limit) / median(&ours)
    );
}

async fn replace(place: &Place) -> (f64, u64) {
    let store = Store::open(&place.url, OpenOptions::new(ORIGIN)).await.unwrap();
    let start = Instant::now();
    let replaced = projector::rebuild::replace(&store, "bench-rebuild", |_, _| {}).await.unwrap();
    let seconds = start.elapsed().as_secs_f64();
    store.close().await;
    (seconds, replaced)
}

const RECORDS_SQL: &str =
    "SELECT position, stream, version, id, kind, recorded_at, prev, payload_sha256, leaf, jws
                           FROM record ORDER BY position";
const DISCLOSURES_SQL: &str = "SELECT position, opened FROM disclosure ORDER BY position";

/// One streaming query each over records and disclosures, of whose rows nothing is made; seconds.
async fn raw_read(place: &Place) -> f64 {
    macro_rules! read_all {
        ($connection:expr) => {{
            let start = Instant::now();
            for sql in [RECORDS_SQL, DISCLOSURES_SQL] {
                let mut rows = sqlx::query(sql).fetch(&mut $connection);
                while let Some(row) = rows.try_next().await.unwrap() {
                    black_box(row.len());
                }
            }
            start.elapsed().as_secs_f64()
        }};
    }
    if place.url.starts_with("sqlite") {
        let mut connection = SqliteConnection::connect(&place.url).await.unwrap();
        return read_all!(connection);
    }
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    read_all!(connection)
}

pub fn bundle(runtime: &Runtime, place: &Place) {
    let directory = place.directory.display().to_string();
    let keys = Path::new(&directory).join("keys");
    let file = place.directory.join("bundle.json");
    let id = crate::agreements::contract_id(3);
    let made = Command::new(binary())
        .args(["bundle", &id, "--from", &directory, "--database-url", &place.url])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::write(&file, &made.stdout).unwrap();
    let bundle = ledger::bundle::Bundle::from_json(&made.stdout).unwrap();
    let _ = runtime;
    let (root, vkey) = (keys.join("root.pub.jwk"), keys.join("log.vkey"));
    let arguments = [
        "verify",
        file.to_str().unwrap(),
        "--root",
        root.to_str().unwrap(),
        "--log-vkey",
        vkey.to_str().unwrap(),
    ];
    let (mut whole, mut nothing, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BUNDLES {
        let timed = |arguments: &[&str]| {
            let start = Instant::now();
            let done = Command::new(binary()).args(arguments).output().unwrap();
            assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stdout));
            start.elapsed().as_secs_f64() * 1e3
        };
        whole.push(timed(&arguments));
        nothing.push(timed(&["--version"]));
        let start = Instant::now();
        let read = ledger::bundle::Bundle::from_json(&made.stdout).unwrap();
        black_box(read.verify(&ledger::verify::Pins::default(), &[]));
        inside.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let records = bundle.records.len();
    println!(
        "ahadi verify of a bundle of {records} records, {} bytes, ms: {} (at most 5)",
        made.stdout.len(),
        spread(&whole)
    );
    println!("  the check alone {}, the program with --version {}", spread(&inside), spread(&nothing));
}
