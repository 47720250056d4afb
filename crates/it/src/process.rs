//! The service as real processes: built once, started, killed, told to stop.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr};
use tokio::sync::watch;

/// How long a process may take to open its door or to end before the test gives up on it. Not an expectation: machines
/// that run tests may be slow.
const PATIENCE: Duration = Duration::from_secs(90);
/// Lines of a process that are kept to be shown when a test fails.
const LINES_KEPT: usize = 200;

/// Where the binary is, built as it would be for use: without what tests turn on in its crates.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built(&[]))
}

/// The binary as it is released, for measurements; or the one that AHADI_BENCH_BINARY names.
pub fn release_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let named = std::env::var_os("AHADI_BENCH_BINARY").map(PathBuf::from);
        named.unwrap_or_else(|| built(&["--release"]))
    })
}

fn built(further: &[&str]) -> PathBuf {
    let arguments = ["build", "--package", "cli", "--bin", "ahadi", "--message-format", "json"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let built = Command::new(env!("CARGO")).args(arguments).args(further).current_dir(root).output().unwrap();
    assert!(built.status.success(), "cargo: {}", String::from_utf8_lossy(&built.stderr));
    let told = String::from_utf8(built.stdout).unwrap();
    let executable = told
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.expect("cargo names the executable it built")
}

/// A running `ahadi serve`. Killed when dropped.
pub struct Service {
    child: Child,
    address: watch::Receiver<Option<SocketAddr>>,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Service {
    /// Starts it with these flags and does not wait for anything.
    pub fn spawn(flags: &[String]) -> Service {
        Service::spawn_program(binary(), flags, &[])
    }

    /// [`Service::spawn`], of this executable and with these variables besides.
    pub fn spawn_program(program: &Path, flags: &[String], variables: &[(&str, &str)]) -> Service {
        let mut command = tokio::process::Command::new(program);
        command.arg("serve").args(flags).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Settings of whoever runs the tests are not settings of the test.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AHADI_"))
        {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        let mut child = command.spawn().expect("the binary can be run");
        let (found, address) = watch::channel(None);
        let lines = Arc::default();
        let stderr = child.stderr.take().expect("standard error is piped");
        tokio::spawn(follow(stderr, found, Arc::clone(&lines)));
        Service { child, address, lines }
    }

    /// Waits until its door is open. `None` when it ended before.
    pub async fn ready(&mut self) -> Option<SocketAddr> {
        let found = async { self.address.wait_for(Option::is_some).await.ok().and_then(|address| *address) };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(address) => address,
            Err(_) => panic!("the service did not open its door:\n{}", self.said()),
        }
    }

    /// [`Service::ready`], for when it has to be.
    pub async fn address(&mut self) -> SocketAddr {
        match self.ready().await {
            Some(address) => address,
            None => panic!("the service ended instead of opening its door:\n{}", self.said()),
        }
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether its door was open when it last spoke.
    pub fn is_ready(&mut self) -> bool {
        self.address.borrow().is_some()
    }

    /// Ends it at once, without a chance to do anything (SIGKILL). Says whether it still ran.
    pub async fn kill(mut self) -> bool {
        let still_ran = self.child.try_wait().unwrap().is_none();
        self.child.kill().await.unwrap();
        still_ran
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        let Some(id) = self.child.id() else { return };
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status().unwrap();
        assert!(sent.success(), "the signal was not sent");
    }

    /// Waits for its end.
    pub async fn end(&mut self) -> ExitStatus {
        match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.unwrap(),
            Err(_) => panic!("the service did not end:\n{}", self.said()),
        }
    }

    /// Stops it in order and fails the test if it does not end well.
    pub async fn stop(mut self) {
        self.terminate();
        let status = self.end().await;
        assert!(status.success(), "{status}:\n{}", self.said());
    }

    /// What it said last.
    pub fn said(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.iter().map(|line| format!("    {line}\n")).collect()
    }
}

async fn follow(
    stderr: ChildStderr,
    found: watch::Sender<Option<SocketAddr>>,
    kept: Arc<Mutex<VecDeque<String>>>,
) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = address_in(&line) {
            found.send_replace(Some(address));
        }
        let mut kept = kept.lock().unwrap();
        if kept.len() == LINES_KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}

/// The address in the line that names the interface.
fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.strip_prefix("  API ")?.trim_start().strip_prefix("http://")?;
    rest.split('/').next()?.parse().ok()
}
