//! A service without a socket: requests go straight into the router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use carrier::Carrier;
use contract::agreement::Agreement;
use contract::entity::Entity;
use contract::input::{Body as InputBody, Input, Webhook};
use contract::phone::Country;
use effects::account::Account;
use effects::client::{Client, ClientLimits};
use effects::control::Controller;
use effects::dial::Dialer;
use effects::door::Door;
use http_surface::auth::{KEY_RANDOM_BYTES, NewKey};
use http_surface::health::Lag;
use http_surface::{Config, Parts, Tools, conference_script, minivoice_answer, router, tryvox_answer};
use journal::{Journal, Limits};
use ledger::checkpoint::LogKey;
use ledger::key::{Action, KeyStatement, Reason, RecordKey, Role, RootKey};
use ledger::time::Timestamp;
use projector::checkpoint::Checkpointer;
use projector::genesis::Statement;
use projector::lock::Lock;
use projector::writer::{Opener, Writer};
use providers::africastalking::time::Zone;
use providers::minivoice::signature::SigningSecrets;
use providers::script::{Book, Dialect, Script};
use providers::secret::PathSecrets;
use serde_json::Value;
use store::rows::ApiKeyRow;
use store::{OpenOptions, Store};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const ORIGIN: &str = "ledger.example/test";
pub const SECRET: &str = "a-secret-of-22-characters-or-more";
pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";

/// How the service is set up.
pub struct Setup {
    pub open_api: bool,
    pub loopback: bool,
    /// Webhook paths without a secret on other addresses than loopback.
    pub bare_hooks: bool,
    pub entries_public: bool,
    pub projector: bool,
    pub carrier: Option<Account>,
    /// What MiniVoice signs with.
    pub signing: Vec<&'static str>,
    pub voxml: Dialect,
    pub book: Book,
    /// What recordings are processed with.
    pub tools: Tools,
}

impl Default for Setup {
    /// On loopback, open, entries public, nobody folds, nobody can be rung.
    fn default() -> Setup {
        Setup {
            open_api: true,
            loopback: true,
            bare_hooks: false,
            entries_public: true,
            projector: false,
            carrier: None,
            signing: Vec::new(),
            voxml: Dialect::TryVoxXml,
            book: Book::default(),
            tools: Tools::default(),
        }
    }
}

pub struct Rig {
    pub router: Router,
    pub store: Store,
    pub door: Door,
    pub log_key: Arc<LogKey>,
    stop: CancellationToken,
    scratch: TempDir,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The status, or a panic with the whole answer.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

impl Rig {
    pub async fn new(setup: Setup) -> Rig {
        rustls::crypto::ring::default_provider().install_default().ok();
        let scratch = TempDir::new().unwrap();
        let journal = Journal::open(&scratch.path().join("journal.db"), Limits::default()).await.unwrap();
        let url = format!("sqlite://{}", scratch.path().join("ledger.db").display());
        let store = Store::open(&url, OpenOptions::new(ORIGIN)).await.unwrap();
        let door = Door::new(journal);
        let root = RootKey::from_seed(&[1; 32]);
        let log_key = Arc::new(LogKey::from_seed(ORIGIN, &[3; 32]).unwrap());
        let limits = ClientLimits { connect: Duration::from_secs(5), total: Duration::from_secs(5) };
        let client = Client::new(limits).unwrap();
        let controller = Controller::new(door.clone(), client.clone(), setup.carrier.clone().into());
        let dialer = Dialer::new(door.clone(), client, setup.carrier);
        let config = Config {
            loopback: setup.loopback,
            open_api: setup.open_api,
            allow_unauthenticated_webhooks: setup.bare_hooks,
            secrets: PathSecrets::new(&[SECRET]).unwrap(),
            country: Country::KENYA,
            zone: Zone::NAIROBI,
            entries_public: setup.entries_public,
            origin: ORIGIN.to_owned(),
            root: root.public().clone(),
            log_vkey: log_key.verifier().clone(),
            book: setup.book,
            script: Script::default(),
            conference_script: conference_script(),
            minivoice_signing: SigningSecrets::new(&setup.signing).unwrap(),
            minivoice_answer: minivoice_answer(),
            tryvox_answer: tryvox_answer(setup.voxml),
            tryvox_auth_id: None,
            conference_parties_max: 10,
            webhooks: true,
            api: true,
            index: Some(index()),
            run: "test".to_owned(),
        };
        let lag = Arc::new(|| -> std::pin::Pin<Box<dyn Future<Output = Lag> + Send>> {
            Box::pin(std::future::ready(Lag { working: true, inputs: Some(0) }))
        });
        let parts =
            Parts { door: door.clone(), reader: store.reader(), dialer, controller, lag, tools: setup.tools };
        let stop = CancellationToken::new();
        let rig = Rig { router: router(&config, parts), store, door, log_key, stop, scratch };
        if setup.projector {
            rig.fold(&root).await;
        }
        rig
    }

    /// Starts a projector and a checkpointer.
    async fn fold(&self, root: &RootKey) {
        let record = RecordKey::from_seed(&[2; 32]);
        let log_as_record = RecordKey::from_seed(&[3; 32]);
        let statements =
            vec![statement(root, Role::Record, &record), statement(root, Role::Log, &log_as_record)];
        let (active, active_seen) = watch::channel(None);
        let writer = Writer {
            store: self.store.clone(),
            opener: Opener::Journal(self.door.journal().clone()),
            key_of: Arc::new(move |_| Ok(record.clone())),
            root: root.public().clone(),
            origin: ORIGIN.to_owned(),
            owner: "test".to_owned(),
            statements,
            index: Some(index()),
            active,
            faults: projector::faults::Faults::default(),
        };
        let door = self.door.clone();
        let checkpointer = Checkpointer {
            store: self.store.clone(),
            key: self.log_key.clone(),
            lock: Lock::open(&self.scratch.path().join("checkpoint")).unwrap(),
            active: active_seen,
            covered: watch::channel(Vec::new()).0,
            clock: Arc::new(move || door.now()),
            recover: false,
            faults: projector::faults::Faults::default(),
        };
        let stop = self.stop.clone();
        tokio::spawn(async move {
            writer.run(stop).await.unwrap();
        });
        let stop = self.stop.clone();
        tokio::spawn(async move { checkpointer.run(stop).await.unwrap() });
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, media: &str, body: impl Into<Body>) -> Answer {
        self.send(Request::post(path).header("content-type", media).body(body.into()).unwrap()).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, JSON, body.to_string()).await
    }

    /// Makes a key of the interface; gives its text.
    pub async fn key(&self, scopes: &str, change: impl FnOnce(&mut ApiKeyRow)) -> String {
        let mut random = [0_u8; KEY_RANDOM_BYTES];
        let seed = self.door.stamp().unwrap().seed;
        for (n, chunk) in (0_u32..).zip(random.chunks_mut(32)) {
            chunk.copy_from_slice(&seed.derive("key", n).0[..chunk.len()]);
        }
        let new = NewKey::of(&random);
        let mut row = ApiKeyRow {
            id: new.id.clone(),
            secret_sha256: new.secret_sha256,
            scopes: scopes.to_owned(),
            label: String::new(),
            created_at: self.door.now(),
            expires_at: None,
            revoked_at: None,
        };
        change(&mut row);
        let revoked = row.revoked_at.take();
        assert!(self.store.keys().insert(row).await.unwrap());
        if let Some(at) = revoked {
            assert!(self.store.keys().revoke(&new.id, at).await.unwrap());
        }
        new.text
    }

    /// Everything journaled so far.
    pub async fn inputs(&self) -> Vec<Input> {
        let batch = self.door.journal().read(0, 10_000, 100_000_000).await.unwrap();
        batch.entries.iter().map(|at| Input::from_bytes(&at.entry.payload).unwrap()).collect()
    }

    /// The only webhook journaled so far.
    pub async fn webhook(&self) -> (Input, Webhook) {
        let mut inputs = self.inputs().await;
        assert_eq!(inputs.len(), 1);
        let input = inputs.remove(0);
        let InputBody::Webhook(webhook) = input.body.clone() else { panic!("not a webhook") };
        (input, webhook)
    }

    /// Waits until everything journaled has its outcome.
    pub async fn folded(&self) {
        for _ in 0..1_000 {
            let inputs = self.inputs().await;
            let mut open = false;
            for input in inputs {
                open |= self.store.outcome(input.id).await.unwrap().is_none();
            }
            if !open {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("inputs were not folded");
    }

    /// The folded state of a contract, with the codes its parties were sent.
    pub async fn agreement(&self, id: &str) -> Agreement {
        let (_, state) = self.store.contract(id).await.unwrap().unwrap();
        let Entity::Contract(agreement) = Entity::from_json(&state).unwrap() else {
            panic!("not a contract")
        };
        *agreement
    }

    pub async fn code(&self, id: &str, party: usize) -> String {
        self.agreement(id).await.parties[party].code.clone().unwrap()
    }
}

fn statement(root: &RootKey, role: Role, key: &RecordKey) -> Statement {
    let issued_at: Timestamp = "2026-01-01T00:00:00.000Z".parse().unwrap();
    let statement = KeyStatement {
        action: Action::Added,
        role,
        origin: ORIGIN.to_owned(),
        public_key: key.public().clone(),
        issued_at,
        from_position: None,
        reason: Some(Reason::Genesis),
    };
    Statement { json: statement.sign(root, Some(key)).data().canonical(), issued_at }
}

/// The account of a carrier.
pub fn account(carrier: &Carrier) -> Account {
    Account {
        username: "sandbox".to_owned(),
        api_key: "carrier-key".to_owned(),
        line: "+254700000000".to_owned(),
        sender: None,
        voice_url: Some(carrier.voice_url()),
        messaging_url: Some(carrier.sms_url()),
    }
}

/// The source document's own request.
pub fn source_contract() -> Value {
    serde_json::json!({
        "transcript": "Agreement to supply 500 kg of maize at 50 KES per kg",
        "parties": [
            { "phone": "+254712345678", "role": "buyer", "name": "John Kamau" },
            { "phone": "+254787654321", "role": "seller", "name": "Mary Wanjiru" },
        ],
        "contract_type": "agricultural_supply",
        "terms": {
            "product": "maize",
            "quantity": "500",
            "unit": "kg",
            "unit_price": 50,
            "total_amount": 25000,
            "currency": "KES",
            "delivery_location": "Nairobi Market",
            "delivery_deadline": "2026-03-15",
            "quality_requirements": "Grade A, moisture content below 13%",
        },
    })
}

/// The index of persons of all ledgers in these tests.
fn index() -> contract::person::Index {
    contract::person::Index::new([5; 32], contract::phone::Country::KENYA)
}
