//! What clients do meanwhile, and everything they were promised.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carrier::{UrlKind, Webhook, webhooks};
use it::world::SECRET;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Connections that send webhooks.
const SENDERS: u64 = 4;
/// Pause of a sender between two webhooks, so that 50 rounds stay thousands of them and not tens of thousands.
const SEND_PAUSE: Duration = Duration::from_millis(4);
/// Pause between two contracts.
const CREATE_PAUSE: Duration = Duration::from_millis(40);
/// Pause before a request is sent again.
const RETRY_PAUSE: Duration = Duration::from_millis(5);
/// Longest wait for something that the service does in milliseconds.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Pause of the observer of checkpoints.
const OBSERVE_PAUSE: Duration = Duration::from_millis(150);

/// A contract that was answered with success.
pub struct Made {
    /// What was said in it, unlike in any other.
    pub transcript: String,
    pub id: String,
    pub document_sha256: String,
}

/// What was promised.
#[derive(Default)]
pub struct Book {
    /// Bodies of webhooks answered 2xx, as often as they were.
    pub webhooks: Vec<String>,
    pub contracts: Vec<Made>,
    /// Inputs answered "accepted, not yet recorded".
    pub owed: Vec<Uuid>,
    /// Every checkpoint that was ever served.
    pub checkpoints: BTreeSet<String>,
    /// Other answers, by status.
    others: BTreeMap<u16, u32>,
    /// Requests that got no answer.
    pub cut: u32,
}

impl Book {
    /// In numbers. Fails the test where there is nothing to check.
    pub fn summary(&self) -> String {
        let numbers = [self.webhooks.len(), self.contracts.len(), self.checkpoints.len()];
        assert!(numbers.iter().all(|number| *number > 0), "a load that proves nothing: {numbers:?}");
        // What asks for more than the service has at the moment is told so; what it was sent was never wrong.
        assert!(self.others.keys().all(|status| *status == 503), "refused: {:?}", self.others);
        let [webhooks, contracts, checkpoints] = numbers;
        let (owed, cut, others) = (self.owed.len(), self.cut, &self.others);
        format!(
            "{webhooks} webhooks and {contracts} contracts answered 2xx, {owed} contracts owed, {cut} requests cut, \
             others {others:?}, {checkpoints} checkpoints seen"
        )
    }
}

/// Clients at work.
pub struct Load {
    clients: JoinSet<()>,
    stop: CancellationToken,
    book: Arc<Mutex<Book>>,
}

#[derive(Clone)]
struct Customer {
    http: Client,
    address: watch::Receiver<Option<SocketAddr>>,
    stop: CancellationToken,
    book: Arc<Mutex<Book>>,
}

impl Load {
    pub fn start(seed: u64, address: &watch::Receiver<Option<SocketAddr>>) -> Load {
        let (stop, book) = (CancellationToken::new(), Arc::default());
        let mut clients = JoinSet::new();
        let customer = || Customer {
            http: Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap(),
            address: address.clone(),
            stop: stop.clone(),
            book: Arc::clone(&book),
        };
        for sender in 0..SENDERS {
            clients.spawn(customer().send_webhooks(seed * SENDERS + sender));
        }
        clients.spawn(customer().create_contracts(seed));
        clients.spawn(customer().observe());
        Load { clients, stop, book }
    }

    /// Milliseconds until the first contract is made.
    pub async fn first_contract(&self) -> u64 {
        let start = Instant::now();
        self.wait_for(|book| !book.contracts.is_empty()).await;
        u64::try_from(start.elapsed().as_millis()).unwrap()
    }

    /// Until webhooks and contracts were answered and a checkpoint was seen.
    pub async fn something_of_everything(&self) {
        self.wait_for(|book| {
            !(book.webhooks.is_empty() || book.contracts.is_empty() || book.checkpoints.is_empty())
        })
        .await;
    }

    async fn wait_for(&self, there: impl Fn(&Book) -> bool) {
        let start = Instant::now();
        while !there(&self.book.lock().unwrap()) {
            assert!(start.elapsed() < WAIT_MAX, "nothing is made under load");
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Lets everybody finish what they are doing.
    pub async fn finish(mut self) -> Book {
        self.stop.cancel();
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
        std::mem::take(&mut self.book.lock().unwrap())
    }
}

impl Customer {
    /// As a provider does: one after the other, each again until it is taken.
    async fn send_webhooks(mut self, seed: u64) {
        for webhook in webhooks(seed) {
            while !self.send(&webhook).await {
                if self.rest(RETRY_PAUSE).await {
                    return;
                }
            }
            if self.rest(SEND_PAUSE).await {
                return;
            }
        }
    }

    async fn send(&mut self, webhook: &Webhook) -> bool {
        let Some(address) = self.open().await else { return false };
        let path = match webhook.path_kind {
            UrlKind::VoiceEvents => "voice/events",
            UrlKind::VoiceInstruct => "voice/instruct",
            UrlKind::SmsIncoming => "sms/incoming",
            UrlKind::SmsDelivery => "sms/delivery",
        };
        let url = format!("http://{address}/hooks/africastalking/{SECRET}/{path}");
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        match self.answer(request.body(webhook.body.clone()).send().await) {
            Some(answer) if answer.status().is_success() => {
                self.book.lock().unwrap().webhooks.push(webhook.body.clone());
                true
            }
            _ => false,
        }
    }

    /// Each contract is asked for once: what became of one whose answer never came, nobody knows.
    async fn create_contracts(mut self, seed: u64) {
        for number in 0_u32.. {
            self.create(format!("Agreement {seed}-{number} to supply 500 kg of maize")).await;
            if self.rest(CREATE_PAUSE).await {
                return;
            }
        }
    }

    async fn create(&mut self, transcript: String) {
        let Some(address) = self.open().await else { return };
        let body = json!({
            "transcript": transcript,
            "contract_type": "agricultural_supply",
            "parties": [
                { "phone": "+254700000011", "role": "buyer", "name": "Buyer" },
                { "phone": "+254700000012", "role": "seller", "name": "Seller" },
            ],
            "terms": { "product": "maize", "quantity": "500", "unit": "kg", "total_amount": 25000, "currency": "KES" },
        });
        let request = self.http.post(format!("http://{address}/api/v1/contracts/create")).json(&body);
        let Some(answer) = self.answer(request.send().await) else { return };
        let owed = answer.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        if let Some(id) = owed.and_then(|place| place.rsplit('/').next()?.parse().ok()) {
            self.book.lock().unwrap().owed.push(id);
        }
        let is_made = answer.status().is_success();
        let Some(answer) = answer.json::<Value>().await.ok().filter(|_| is_made) else { return };
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
        let made = Made { transcript, id: text("contract_id"), document_sha256: text("contract_hash") };
        self.book.lock().unwrap().contracts.push(made);
    }

    /// Keeps every checkpoint, as an auditor would.
    async fn observe(mut self) {
        while !self.rest(OBSERVE_PAUSE).await {
            let Some(address) = self.open().await else { return };
            let got = self.http.get(format!("http://{address}/log/checkpoint")).send().await;
            // There is none before the first second is over.
            if let Ok(answer) = got
                && answer.status().is_success()
                && let Ok(note) = answer.text().await
            {
                self.book.lock().unwrap().checkpoints.insert(note);
            }
        }
    }

    /// Where the door is, as soon as it is open. `None` at the end.
    async fn open(&mut self) -> Option<SocketAddr> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            address = self.address.wait_for(Option::is_some) => address.ok().and_then(|address| *address),
        }
    }

    fn answer(&self, answer: reqwest::Result<Response>) -> Option<Response> {
        let mut book = self.book.lock().unwrap();
        match &answer {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => *book.others.entry(answer.status().as_u16()).or_default() += 1,
            Err(_) => book.cut += 1,
        }
        answer.ok()
    }

    /// Pauses. Says whether the end has come.
    async fn rest(&self, pause: Duration) -> bool {
        tokio::select! { () = self.stop.cancelled() => true, () = tokio::time::sleep(pause) => false }
    }
}
