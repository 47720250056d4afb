//! A slower disk, where it is asked for: a library that makes each sync of the service take longer.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Microseconds each sync shall take longer.
const VARIABLE: &str = "AHADI_BENCH_FSYNC_US";

/// What the service is started with besides: nothing, or the library and its delay.
pub fn variables() -> Vec<(&'static str, String)> {
    match micros() {
        Some(micros) => vec![("LD_PRELOAD", library().display().to_string()), (VARIABLE, micros.to_string())],
        None => Vec::new(),
    }
}

/// How much longer a sync of the service takes.
pub fn micros() -> Option<u32> {
    std::env::var(VARIABLE).ok()?.parse().ok().filter(|micros| *micros > 0)
}

/// Compiled anew each time; it takes a moment.
fn library() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/pipeline/slowsync.c");
    let library = crate::table::directory().join("slowsync.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(compiler.status().expect("a C compiler").success(), "the library was not compiled");
    library
}
