//! NATS servers to test against: the shared ones, with streams of one's own, and private ones to kill.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use journal::{Bus, BusOptions};
use uuid::Uuid;

use crate::sample::Scratch;

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `just test`, which starts the servers"))
}

/// The newest server tried and the oldest.
pub fn urls() -> [String; 2] {
    [variable("AHADI_TEST_NATS_URL"), variable("AHADI_TEST_NATS_FLOOR_URL")]
}

/// A server process on a free port of loopback, with a store of its own.
pub struct Server {
    port: u16,
    store: PathBuf,
    scratch: Scratch,
    child: Option<Child>,
}

impl Server {
    pub async fn start() -> Server {
        // Released again for the server; nobody else on this machine asks for this very port in between.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let scratch = Scratch::new();
        let mut server = Server { port, store: scratch.path().join("store"), scratch, child: None };
        server.restart().await;
        server
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn options(&self) -> BusOptions {
        BusOptions::new(&self.url(), 0)
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub async fn restart(&mut self) {
        self.kill();
        let log = std::fs::File::create(self.scratch.path().join("server.log")).unwrap();
        let child = Command::new(variable("AHADI_NATS_SERVER"))
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(&self.store)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        for _ in 0..400 {
            if async_nats::connect(self.url()).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("nats-server did not start on port {}", self.port);
    }

    /// The store as it is on disk now; the server must not be running.
    pub fn snapshot(&self) -> PathBuf {
        assert!(self.child.is_none(), "the server is running");
        let copy = self.scratch.path().join(format!("copy-{}", Uuid::now_v7().simple()));
        copy_directory(&self.store, &copy);
        copy
    }

    /// Puts a snapshot in the place of the store, or nothing at all.
    pub fn replace_store(&self, with: Option<&Path>) {
        assert!(self.child.is_none(), "the server is running");
        std::fs::remove_dir_all(&self.store).unwrap();
        if let Some(copy) = with {
            copy_directory(copy, &self.store);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_directory(&item.path(), &target);
        } else {
            std::fs::copy(item.path(), target).unwrap();
        }
    }
}

/// Streams of one's own on a shared server, removed at the end of a test that succeeds.
pub struct Streams {
    pub bus: Bus,
}

impl Streams {
    pub async fn make(url: &str) -> Streams {
        Streams { bus: Bus::connect(own_names(url)).await.unwrap() }
    }

    pub async fn remove(self) {
        let context = async_nats::jetstream::new(self.bus.client().clone());
        let options = self.bus.options();
        for name in [&options.input_stream, &options.events_stream, &options.covered_stream] {
            context.delete_stream(name).await.unwrap();
        }
    }
}

/// Options whose streams and subjects meet no other test's on the same server.
pub fn own_names(url: &str) -> BusOptions {
    BusOptions::under(&format!("test{}", Uuid::now_v7().simple()), url, 0)
}
