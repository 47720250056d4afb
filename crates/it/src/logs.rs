//! What this process logs, kept so that a test can look for what must not be in it.

use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static STARTED: Once = Once::new();

/// Lines of this process. All tests of one file share them.
#[derive(Clone, Copy, Debug)]
pub struct Logs;

impl Logs {
    /// From now on every line is kept, those of our own crates down to `trace`, and every panic with its place.
    pub fn keep() -> Logs {
        STARTED.call_once(|| {
            let ours = [
                "cli",
                "contract",
                "effects",
                "http_surface",
                "journal",
                "ledger",
                "projector",
                "providers",
                "store",
            ];
            let levels = Targets::new()
                .with_default(LevelFilter::INFO)
                .with_targets(ours.map(|name| (name, LevelFilter::TRACE)));
            let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Logs);
            let subscriber = tracing_subscriber::registry().with(lines).with(levels);
            tracing::subscriber::set_global_default(subscriber)
                .expect("nothing else listens to this process");
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let place = info.location().map_or_else(String::new, ToString::to_string);
                kept().extend(format!("PANIC at {place}\n").bytes());
                usual(info);
            }));
        });
        Logs
    }

    /// Everything so far.
    pub fn text(self) -> String {
        String::from_utf8_lossy(&kept()).into_owned()
    }

    /// Lines that hold one of these.
    pub fn holding(self, needles: &[&str]) -> Vec<String> {
        let holds = |line: &&str| needles.iter().any(|needle| line.contains(needle));
        self.text().lines().filter(holds).map(str::to_owned).collect()
    }

    /// Panics in the crates of the service, as far as they went; failed assertions of tests are none.
    pub fn panics(self) -> Vec<String> {
        self.holding(&["PANIC at "]).into_iter().filter(|line| !line.contains("crates/it/")).collect()
    }
}

fn kept() -> MutexGuard<'static, Vec<u8>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        kept().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Logs;

    fn make_writer(&'a self) -> Logs {
        Logs
    }
}
