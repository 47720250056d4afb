//! The binary `ahadi`.

use clap::Parser;
use tikv_jemallocator::Jemalloc;

/// What one thread takes, another often gives back: an input is made by a handler and freed by the journal. There the
/// allocator of the C library makes both wait for one lock, and joins small pieces again and again.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> std::process::ExitCode {
    cli::run(cli::Arguments::parse())
}
