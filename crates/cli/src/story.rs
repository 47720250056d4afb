//! The story of the demo: two farmers and a witness agree on maize by telephone, over HTTP from end to end.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use carrier::{Carrier, Faults, Pace, Replies, Reply, Targets};
use serde_json::{Value, json};

use crate::command::verify::{self, VerifyArguments};
use crate::evidence::PinArguments;
use crate::terminal::line;
use store::Store;

/// How long any one step may take before the demo gives up.
const STEP_SECONDS_MAX: u64 = 60;
const SELLER: &str = "+254700000011";
const BUYER: &str = "+254700000012";
const WITNESS: &str = "+254700000013";

/// What the story is told with.
pub struct Story {
    /// The simulated Africa's Talking.
    pub carrier: Carrier,
    /// Base address of the service.
    pub base: String,
    /// Where the bundle is written.
    pub directory: PathBuf,
}

impl Story {
    /// Secret segment of the webhook paths in the demo.
    pub const SECRET: &str = "demo-secret-known-to-everybody";
    /// Key at the simulated carrier.
    pub const API_KEY: &str = "carrier-key";
    /// Our line at the simulated carrier.
    pub const LINE: &str = "+254700000000";

    /// Starts a carrier on which everybody answers, one confirms in English and one in Swahili, and callbacks come
    /// twice, late and out of order.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn carrier(seed: u64) -> anyhow::Result<Carrier> {
        let replies = Replies {
            phones: [(SELLER.to_owned(), Reply::ndio()), (BUYER.to_owned(), Reply::yes())].into(),
            otherwise: Reply::Silent,
        };
        let config = carrier::Config {
            username: "sandbox".to_owned(),
            api_key: Story::API_KEY.to_owned(),
            number: Story::LINE.to_owned(),
            seed,
            pace: Pace::Fast,
            faults: Faults::rough(),
            replies,
            ..carrier::Config::default()
        };
        Ok(Carrier::start(config).await?)
    }

    /// Tells it.
    ///
    /// # Errors
    /// When a step does not come to its end.
    pub async fn tell(&self, store: &Store) -> anyhow::Result<()> {
        let hooks = format!("{}/hooks/africastalking/{}", self.base, Story::SECRET);
        self.carrier.set_targets(Targets {
            voice_events: Some(format!("{hooks}/voice/events")),
            voice_instruct: Some(format!("{hooks}/voice/instruct")),
            sms_incoming: Some(format!("{hooks}/sms/incoming")),
            sms_delivery: Some(format!("{hooks}/sms/delivery")),
        });
        line("");
        let conference = self.confer().await?;
        let recording = self.recording(&conference).await?;
        let contract = self.agree(&conference).await?;
        self.confirm(&contract).await?;
        self.show_log(store).await?;
        self.evidence(&contract, &recording).await
    }

    async fn confer(&self) -> anyhow::Result<String> {
        let body = json!({
            "parties": [SELLER, BUYER, WITNESS],
            "contract_type": "agricultural_supply",
            "expected_duration": 600,
        });
        let answer = self.post("/api/v1/voice/conference/create", &body).await?;
        let id = text(&answer, "conference_id")?;
        line(&format!("1. A conference: {id}, three phones are dialled at once."));
        self.carrier.idle().await;
        let deliveries = self.carrier.deliveries();
        let mut bodies: Vec<&str> = deliveries.iter().map(|d| d.body.as_str()).collect();
        bodies.sort_unstable();
        bodies.dedup();
        ensure!(deliveries.iter().all(carrier::Delivery::is_acknowledged), "a webhook was not taken");
        line(&format!(
            "   The carrier sent {} webhooks about three legs: {} different ones, {} repetitions, out of order, some late.",
            deliveries.len(),
            bodies.len(),
            deliveries.len() - bodies.len()
        ));
        Ok(id)
    }

    async fn recording(&self, conference: &str) -> anyhow::Result<Value> {
        let path = format!("/api/v1/voice/recordings/{conference}");
        let recording =
            self.until(&path, "the recording to be fetched", |answer| answer["sha256"].is_string()).await?;
        line(&format!(
            "2. The recording was fetched: {} bytes of {}.",
            recording["bytes"],
            text(&recording, "media_type")?
        ));
        line(&format!("   SHA-256 {}", text(&recording, "sha256")?));
        Ok(recording)
    }

    async fn agree(&self, conference: &str) -> anyhow::Result<String> {
        let body = json!({
            "transcript": "Nitakuuzia mahindi kilo mia tano, shilingi hamsini kwa kilo. I take 500 kg at 50 shillings, \
                           delivered to Nairobi Market by the fifteenth of March.",
            "conference_id": conference,
            "parties": [
                {"phone": SELLER, "role": "seller", "name": "Mary Wanjiru"},
                {"phone": BUYER, "role": "buyer", "name": "John Kamau"},
            ],
            "terms": {
                "product": "maize", "quantity": "500", "unit": "kg", "unit_price": 50, "total_amount": 25000,
                "currency": "KES", "delivery_location": "Nairobi Market", "delivery_deadline": "2027-03-15",
                "quality_requirements": "Grade A, moisture content below 13%",
            },
        });
        let answer = self.post("/api/v1/contracts/create", &body).await?;
        let id = text(&answer, "contract_id")?;
        line(&format!(
            "3. The contract {id}: 500 kg of maize for {} {}.",
            text(&answer, "currency")?,
            answer["total_amount"]
        ));
        line(&format!("   Contract hash {}", text(&answer, "contract_hash")?));
        Ok(id)
    }

    async fn confirm(&self, contract: &str) -> anyhow::Result<()> {
        let path = format!("/api/v1/contracts/{contract}/status");
        self.until(&path, "both parties to confirm", |answer| answer["status"] == "confirmed").await?;
        self.carrier.idle().await;
        line("4. Each party got a text message and answered:");
        for message in self.carrier.messages() {
            line(&format!("   to {}: {}", masked(&message.to), message.text));
        }
        line("   The seller answered NDIO with her code, the buyer YES with his. The contract is confirmed.");
        Ok(())
    }

    async fn show_log(&self, store: &Store) -> anyhow::Result<()> {
        line(
            "5. The log of it, each record signed, chained to the one before in its stream, and a leaf of one tree:",
        );
        let mut scan = store.scan(0).await?;
        while let Some(page) = scan.next_page().await? {
            for (record, _) in page {
                let stream = shortened(&record.stream);
                let hash = &record.payload_sha256.to_string()[..16];
                line(&format!(
                    "   {:>3}  {:<22} {:<44} v{:<2} {hash}",
                    record.position, record.kind, stream, record.version
                ));
            }
        }
        Ok(())
    }

    async fn evidence(&self, contract: &str, recording: &Value) -> anyhow::Result<()> {
        let document = self.get(&format!("/v1/contracts/{contract}/document")).await?;
        ensure!(
            document.contains(recording["sha256"].as_str().unwrap_or("?")),
            "contract.json names no recording"
        );
        std::fs::write(self.directory.join("contract.json"), &document)?;
        let path = self.directory.join(format!("{contract}.bundle.json"));
        // A checkpoint that covers the newest record is signed within about a second.
        let arguments = VerifyArguments {
            target: path.display().to_string(),
            pins: PinArguments {
                root: Some(self.key("root.pub.jwk")?),
                log_vkey: Some(self.key("log.vkey")?),
                origin: None,
            },
            ..VerifyArguments::default()
        };
        let report = self.bundle_verified(contract, &path, &arguments).await?;
        line(&format!(
            "6. The evidence bundle {} verifies, offline and without trusting us:",
            path.display()
        ));
        for row in verify::text(&arguments.target, &report).lines() {
            line(&format!("   {row}"));
        }
        let directory = self.directory.display();
        line("");
        line("Try next, in another terminal:");
        line(&format!("   sha256sum {directory}/contract.json              # is the contract hash"));
        line(&format!("   ahadi verify --all {directory}                   # the whole log: exit code 0"));
        line(&format!(
            "   ahadi demo tamper --data-dir {directory}         # edits one row behind the service's back"
        ));
        line(&format!(
            "   ahadi verify --all {directory}                   # names the record and the field: exit code 1"
        ));
        Ok(())
    }

    async fn bundle_verified(
        &self,
        contract: &str,
        path: &std::path::Path,
        arguments: &VerifyArguments,
    ) -> anyhow::Result<ledger::verify::Report> {
        for _ in 0..STEP_SECONDS_MAX * 5 {
            if let Ok(bundle) = self.get(&format!("/v1/contracts/{contract}/bundle")).await {
                std::fs::write(path, bundle)?;
                let report = verify::check(arguments).await?;
                if report.exit_code() == 0 {
                    return Ok(report);
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("the bundle of {contract} does not verify")
    }

    fn key(&self, file: &str) -> anyhow::Result<String> {
        let path = self.directory.join("keys").join(file);
        Ok(std::fs::read_to_string(&path).with_context(|| path.display().to_string())?.trim().to_owned())
    }

    async fn until(&self, path: &str, what: &str, done: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        for _ in 0..STEP_SECONDS_MAX * 20 {
            let answer = self.client()?.get(format!("{}{path}", self.base)).send().await?;
            let (status, body) = (answer.status(), answer.text().await?);
            // What was journaled a moment ago may not be folded yet, and is not found until then.
            if status != reqwest::StatusCode::NOT_FOUND {
                ensure!(status.is_success(), "GET {path}: {status} {body}");
                let answer: Value = serde_json::from_str(&body)?;
                if done(&answer) {
                    return Ok(answer);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("waited in vain for {what}")
    }

    async fn get(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.client()?.get(format!("{}{path}", self.base)).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "GET {path}: {status} {body}");
        Ok(body)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.client()?.post(format!("{}{path}", self.base)).json(body).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "POST {path}: {status} {body}");
        Ok(serde_json::from_str(&body)?)
    }

    fn client(&self) -> anyhow::Result<reqwest::Client> {
        Ok(reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(STEP_SECONDS_MAX)).build()?)
    }
}

fn text(answer: &Value, field: &str) -> anyhow::Result<String> {
    answer[field].as_str().map(str::to_owned).with_context(|| format!("the answer has no {field}: {answer}"))
}

fn masked(phone: &str) -> String {
    phone.parse::<contract::phone::Phone>().map_or_else(|_| "a phone".into(), |p| p.masked())
}

fn shortened(stream: &str) -> String {
    if stream.len() <= 44 {
        stream.to_owned()
    } else {
        format!("{}…{}", &stream[..30], &stream[stream.len() - 8..])
    }
}
