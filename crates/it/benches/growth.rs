//! What everything costs in a log of 10^4, 10^5, 10^6 … records, signed and committed as the service does it; then how long
//! auditing, rebuilding and checking a bundle take, beside the limits of this machine in the same run.
//!
//! `just bench --bench growth`. AHADI_GROWTH_RECORDS: sizes, by default 10000,100000. AHADI_GROWTH_STORES: by default
//! sqlite,postgres. AHADI_GROWTH_PARTS: by default queries,verify,rebuild,bundle. AHADI_GROWTH_ROUNDS: how often the last
//! three are repeated. AHADI_GROWTH_DIR: where the ledgers are kept; one that is there already is used as it is. AHADI_GROWTH_BINARY: the program, where it is not to be built.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

#[path = "growth/agreements.rs"]
mod agreements;
#[path = "growth/audit.rs"]
mod audit;
#[path = "growth/figures.rs"]
mod figures;
#[path = "growth/place.rs"]
mod place;
#[path = "growth/probes.rs"]
mod probes;
#[path = "growth/writing.rs"]
mod writing;

use figures::Figures;
use place::Place;
use writing::Writing;

/// As in the program: what is measured in this process is to cost what it costs there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub const ORIGIN: &str = "bench.test/ahadi";
/// Rounds of appending at each size; medians are shown.
const APPENDS: usize = 5;

fn setting(name: &str, usual: &str) -> Vec<String> {
    let text = std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sizes: Vec<u64> =
        setting("AHADI_GROWTH_RECORDS", "10000,100000").iter().map(|size| size.parse().unwrap()).collect();
    let parts = setting("AHADI_GROWTH_PARTS", "queries,verify,rebuild,bundle");
    let rounds: usize = setting("AHADI_GROWTH_ROUNDS", "3")[0].parse().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let kept = std::env::var("AHADI_GROWTH_DIR").ok();
    let directory = kept.as_ref().map_or(scratch.path().to_owned(), Into::into);
    let has = |part: &str| parts.iter().any(|one| one == part);
    for store in setting("AHADI_GROWTH_STORES", "sqlite,postgres") {
        let Some(place) = runtime.block_on(Place::at(&store, &directory.join(&store), kept.is_some())) else {
            println!("{store}: AHADI_TEST_POSTGRES_URL is not set");
            continue;
        };
        println!("== {store}");
        if !runtime.block_on(place.is_there()) {
            runtime.block_on(grow(&place, &sizes, has("queries")));
        }
        if has("verify") {
            audit::verify(&runtime, &place, rounds);
        }
        if has("rebuild") {
            audit::rebuild(&runtime, &place, rounds);
        }
        if has("bundle") {
            audit::bundle(&runtime, &place);
        }
        if kept.is_none() {
            runtime.block_on(place.remove());
        }
    }
}

/// Writes the log and measures at each size.
async fn grow(place: &Place, sizes: &[u64], queries: bool) {
    let mut writing = Writing::begin(place).await;
    let mut figures = Figures::default();
    for size in sizes {
        let spent = writing.grow_to(*size).await;
        println!("{} records, {:.0}/s all the way, with making the inputs", writing.size(), spent);
        if queries {
            for _ in 0..APPENDS {
                let (append, checkpoint) = (writing.round().await, writing.checkpoint().await);
                figures.add("append, for each record", *size, append);
                figures.add("checkpoint: read the edge, sign, insert", *size, checkpoint);
            }
            probes::run(&writing, *size, &mut figures).await;
            place.bytes(*size, &mut figures).await;
            figures.value("memory of this process, MiB", *size, memory_mib("VmRSS:"));
        }
    }
    // Auditors ask for a checkpoint that covers all of it.
    writing.checkpoint().await;
    writing.end().await;
    figures.print();
}

fn memory_mib(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = status.lines().find_map(|one| one.strip_prefix(line)).unwrap();
    kib.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
}
