//! The binary `ahadi`.

use clap::Parser;
use mimalloc::MiMalloc;

/// What one thread takes, another often gives back: an input is made by a handler and freed by the journal. The allocator
/// of the C library makes both wait for one lock there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(cli::Arguments::parse())
}
