//! Real nats-servers of our own, one per world: on a free loopback port, in a directory of its own, stopped by its pid.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running nats-server.
pub struct NatsServer {
    child: Child,
    binary: PathBuf,
    port: u16,
    directory: PathBuf,
    /// A configuration file, and what it takes from the environment.
    configured: Option<(PathBuf, Vec<(String, String)>)>,
}

impl NatsServer {
    /// Starts the server whose binary the variable names.
    pub fn start(variable: &str, directory: &Path) -> NatsServer {
        NatsServer::start_as(variable, directory, None)
    }

    /// Starts it with a configuration, which says where things are stored, on a port of its own.
    pub fn start_configured(
        variable: &str,
        directory: &Path,
        config: &Path,
        environment: &[(&str, &str)],
    ) -> NatsServer {
        let owned = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        NatsServer::start_as(variable, directory, Some((config.to_owned(), owned.collect())))
    }

    fn start_as(
        variable: &str,
        directory: &Path,
        configured: Option<(PathBuf, Vec<(String, String)>)>,
    ) -> NatsServer {
        let binary = std::env::var_os(variable).unwrap_or_else(|| {
            panic!("{variable} is not set: run `just test`, which fetches and names the servers")
        });
        let directory = directory.join("nats");
        std::fs::create_dir_all(&directory).unwrap();
        // The server takes a free port itself and says which: one found free here could be taken before it starts.
        let mut child = spawn(Path::new(&binary), "-1", &directory, configured.as_ref());
        let port = told_port(&mut child, &directory);
        let server = NatsServer { child, binary: binary.into(), port, directory, configured };
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
        let (port, configured) = (self.port.to_string(), self.configured.as_ref());
        self.child = spawn(&self.binary, &port, &self.directory, configured);
        self.wait();
    }

    /// Forgets everything it stored. Only while it is down.
    pub fn forget(&self) {
        std::fs::remove_dir_all(&self.directory).unwrap();
    }

    fn wait(&self) {
        for _ in 0..1_200 {
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

/// The port in the file that the server writes once it listens.
fn told_port(child: &mut Child, directory: &Path) -> u16 {
    for _ in 0..1_200 {
        let files = std::fs::read_dir(directory).unwrap().filter_map(Result::ok);
        let written =
            files.map(|file| file.path()).find(|path| path.extension().is_some_and(|e| e == "ports"));
        let text = written.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        if let Ok(ports) = serde_json::from_str::<serde_json::Value>(&text) {
            let url = ports["nats"][0].as_str().expect("the file names an address");
            return url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address has a port");
        }
        assert!(child.try_wait().unwrap().is_none(), "nats-server ended at once");
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("nats-server did not open a port within 30 s");
}

fn spawn(
    binary: &Path,
    port: &str,
    directory: &Path,
    configured: Option<&(PathBuf, Vec<(String, String)>)>,
) -> Child {
    let mut command = Command::new(binary);
    match configured {
        Some((config, environment)) => command.arg("-c").arg(config).envs(environment.iter().cloned()),
        None => command.args(["-js", "-sd"]).arg(directory),
    };
    command
        .args(["-a", "127.0.0.1", "-p", port, "--ports_file_dir"])
        .arg(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the nats-server binary can be run")
}
