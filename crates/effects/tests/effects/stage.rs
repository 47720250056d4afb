//! A journal in a directory of its own, and states of streams as the ledger would hold them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use carrier::{Carrier, Config};
use contract::entity::Entity;
use contract::input::{Body, Input};
use contract::phone::Phone;
use contract::provider::Via;
use contract::report::{Report, TaskRef};
use effects::account::Account;
use effects::client::{Client, ClientLimits};
use effects::door::Door;
use journal::{Journal, Limits};
use uuid::Uuid;

pub const WANJIKU: &str = "+254700000001";
pub const OTIENO: &str = "+254700000002";

/// A directory of its own, removed when dropped.
pub struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl Scratch {
    pub fn new() -> Scratch {
        let path = std::env::temp_dir().join(format!("ahadi-effects-{}", Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// A door in front of a real journal.
pub struct Stage {
    pub scratch: Scratch,
    pub door: Door,
}

impl Stage {
    pub async fn set() -> Stage {
        install_cryptography();
        let scratch = Scratch::new();
        let journal = Journal::open(&scratch.path().join("journal.db"), Limits::default()).await.unwrap();
        Stage { door: Door::new(journal), scratch }
    }

    pub fn journal(&self) -> &Journal {
        self.door.journal()
    }

    /// All that was journaled, as reports in order.
    pub async fn reports(&self) -> Vec<Report> {
        let batch = self.journal().read(0, 10_000, 100_000_000).await.unwrap();
        batch.entries.iter().filter_map(|at| report(Input::from_bytes(&at.entry.payload).unwrap())).collect()
    }
}

fn report(input: Input) -> Option<Report> {
    let Body::Report(report) = input.body else { return None };
    assert!(input.via == Via::Effect && input.authenticated);
    Some(report)
}

/// As the program does once at its start.
pub fn install_cryptography() {
    // Only the first of several tests can; the others find it done.
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// A client that gives up soon, so that a server which never answers does not hold up the tests.
pub fn client() -> Client {
    install_cryptography();
    Client::new(ClientLimits { connect: Duration::from_secs(5), total: Duration::from_millis(700) }).unwrap()
}

pub async fn carrier(config: Config) -> Carrier {
    Carrier::start(config).await.unwrap()
}

/// The account of a carrier with the usual configuration.
pub fn account(carrier: &Carrier) -> Account {
    account_at(&carrier.voice_url(), &carrier.sms_url())
}

pub fn account_at(voice_url: &str, messaging_url: &str) -> Account {
    Account {
        username: "sandbox".to_owned(),
        api_key: "carrier-key".to_owned(),
        line: "+254700000000".to_owned(),
        sender: None,
        voice_url: Some(voice_url.to_owned()),
        messaging_url: Some(messaging_url.to_owned()),
    }
}

pub fn phones(numbers: &[&str]) -> Vec<Phone> {
    numbers.iter().map(|number| number.parse().unwrap()).collect()
}

/// A port nobody listens on.
pub async fn closed_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// The first attempt at task 2 of a contract.
pub fn message_task() -> TaskRef {
    TaskRef { stream: "contract/AGRI-2026-000001".to_owned(), task: 2, attempt: 1 }
}

/// A contract that asks for one message.
pub fn contract_asking(to: Option<&str>, text: Option<&str>, status: &str, attempts: u32) -> Entity {
    let message = serde_json::json!({
        "template": "confirm_request", "to": to, "text": text, "status": status, "attempts": attempts,
        "not_before": "2026-03-02T08:00:00.000Z",
    });
    Entity::from_json(&serde_json::json!({ "contract": { "messages": { "2": message } } }).to_string())
        .unwrap()
}

/// The n-th attempt at task 3 of a call.
pub fn recording_task(attempt: u32) -> TaskRef {
    TaskRef { stream: "call/africastalking/ATVId_1".to_owned(), task: 3, attempt }
}

/// A call that names a recording, tried so often.
pub fn call_naming(url: Option<&str>, attempts: u32, given_up: bool) -> Entity {
    let recording = serde_json::json!({
        "task": 3, "url": url, "attempts": attempts, "given_up": given_up,
        "available_at": "2026-03-02T08:00:00.000Z", "not_before": "2026-03-02T08:00:00.000Z",
    });
    Entity::from_json(&serde_json::json!({ "call": { "recordings": { "1": recording } } }).to_string())
        .unwrap()
}
