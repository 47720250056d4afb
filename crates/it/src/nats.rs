//! Real nats-servers of our own, one per world: on a free loopback port, in a directory of its own, stopped by its pid.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running nats-server.
pub struct NatsServer {
    child: Child,
    binary: PathBuf,
    port: u16,
    directory: PathBuf,
}

impl NatsServer {
    /// Starts the server whose binary the variable names.
    pub fn start(variable: &str, directory: &Path) -> NatsServer {
        let binary = std::env::var_os(variable).unwrap_or_else(|| {
            panic!("{variable} is not set: run `just test`, which fetches and names the servers")
        });
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = directory.join("nats");
        let child = spawn(Path::new(&binary), port, &directory);
        let server = NatsServer { child, binary: binary.into(), port, directory };
        server.wait();
        server
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it as a power failure would, as far as the process can tell.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port and directory.
    pub fn restart(&mut self) {
        self.child = spawn(&self.binary, self.port, &self.directory);
        self.wait();
    }

    /// Forgets everything it stored. Only while it is down.
    pub fn forget(&self) {
        std::fs::remove_dir_all(&self.directory).unwrap();
    }

    fn wait(&self) {
        for _ in 0..600 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("nats-server did not open its port");
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(binary: &Path, port: u16, directory: &Path) -> Child {
    Command::new(binary)
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
        .arg(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the nats-server binary can be run")
}
