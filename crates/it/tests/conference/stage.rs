//! A world with all three providers, each with its own way to tell what happens on a call.

use carrier::minivoice::{self, MiniVoice};
use carrier::tryvox::{self, TryVox};
use carrier::{Faults, Outcome, Planned, RecordingLeg, RecordingMode, Script, Story};
use contract::world::space;
use it::maize::{self, BUYER, SELLER};
use it::world::SECRET;
use it::{Setup, World};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const PROVIDERS: [&str; 3] = ["africastalking", "tryvox", "minivoice"];
/// Where the providers are told that the service is; they reach it wherever it listens.
pub const PUBLIC_URL: &str = "http://service.test";
pub const SIGNING: &str = "a-signing-secret-for-tests";

/// Nobody is asked at MiniVoice: its carrier tells of keys too late for a question.
const SCRIPTS: &str = r#"
base_url = "http://service.test"

[[script]]
name = "negotiation"
provider = "africastalking"
conference = true
action = [{ type = "consent" }, { type = "conference" }]

[[script]]
name = "talks"
provider = "tryvox_json"
conference = true
action = [{ type = "consent" }, { type = "conference", record = true }]
"#;

pub struct Stage {
    pub world: World,
    pub tryvox: TryVox,
    pub minivoice: MiniVoice,
    _scripts: TempDir,
}

/// Both pick up, agree to being recorded, and talk; the buyer's leg has the recording.
pub fn script() -> Script {
    let script = Script { recording_leg: RecordingLeg::Phone(BUYER.to_owned()), ..Script::default() };
    script
        .leg(BUYER, Outcome::Answers { after_seconds: 3 })
        .leg(SELLER, Outcome::Answers { after_seconds: 7 })
        .presses(BUYER, &["1"])
        .presses(SELLER, &["1"])
}

impl Stage {
    pub async fn set(setup: Setup, seed: u64) -> Stage {
        Stage::set_with(setup, seed, &[]).await
    }

    pub async fn set_with(setup: Setup, seed: u64, extra: &[&str]) -> Stage {
        // Not there when it is first asked for.
        let recording_mode = RecordingMode { not_found_first: 1, ..RecordingMode::default() };
        let script = script();
        let story = Story { seed, script, recording_mode: recording_mode.clone(), ..Story::default() };
        let hook = |place: &str, provider: &str| Some(format!("{PUBLIC_URL}/{place}/{provider}/{SECRET}"));
        let config = tryvox::Config {
            status_url: hook("hooks", "tryvox"),
            answer_url: hook("answer", "tryvox"),
            story: story.clone(),
            ..tryvox::Config::default()
        };
        let tryvox = TryVox::start(config).await.unwrap();
        let config = minivoice::Config {
            webhook_url: hook("hooks", "minivoice"),
            webhook_secret: Some(SIGNING.to_owned()),
            answer_url: hook("answer", "minivoice"),
            story,
            ..minivoice::Config::default()
        };
        let minivoice = MiniVoice::start(config).await.unwrap();
        let scripts = tempfile::tempdir().unwrap();
        let file = scripts.path().join("scripts.toml");
        std::fs::write(&file, SCRIPTS).unwrap();
        let mut flags = vec![
            format!("--scripts={}", file.display()),
            format!("--public-url={PUBLIC_URL}"),
            "--tryvox-auth-id=your_auth_id".to_owned(),
            "--tryvox-auth-token=tvx_sk_test_0000".to_owned(),
            "--tryvox-number=+254700000001".to_owned(),
            "--tryvox-voxml=json".to_owned(),
            format!("--tryvox-url={}", tryvox.url()),
            "--minivoice-api-key=minivoice-key".to_owned(),
            "--minivoice-number=+254700000002".to_owned(),
            format!("--minivoice-webhook-secret={SIGNING}"),
            format!("--minivoice-url={}", minivoice.url()),
            format!("--recording-allow={},{}", tryvox.address(), minivoice.address()),
        ];
        flags.extend(extra.iter().map(|flag| (*flag).to_owned()));
        let world = World::start_told(setup, &flags, seed).await;
        world.carrier.set_script(self::script());
        world.carrier.set_recording_mode(recording_mode);
        world.carrier.set_replies(maize::replies());
        let stage = Stage { world, tryvox, minivoice, _scripts: scripts };
        stage.reached();
        stage
    }

    /// Tells the providers where the service listens now.
    pub fn reached(&self) {
        let here = self.world.url("");
        self.tryvox.set_reach(&here);
        self.minivoice.set_reach(&here);
    }

    pub fn set_faults(&self, faults: &Faults) {
        self.world.carrier.set_faults(faults.clone());
        self.tryvox.set_faults(faults.clone());
        self.minivoice.set_faults(faults.clone());
    }

    /// Has both parties rung, and gives the id of the conference.
    pub async fn confer(&self, provider: &str) -> String {
        let wanted = json!({ "parties": [BUYER, SELLER], "provider": provider });
        let (status, created) = self.world.post_json("/api/v1/voice/conference/create", &wanted).await;
        assert_eq!(status, 200, "{created}");
        created["conference_id"].as_str().unwrap().to_owned()
    }

    /// Waits until all providers have said everything and nothing is left to be done.
    pub async fn settle(&self) {
        self.tryvox.idle().await;
        self.minivoice.idle().await;
        self.world.settle().await;
    }

    pub async fn sound(self) {
        self.tryvox.idle().await;
        self.minivoice.idle().await;
        self.world.sound().await;
    }

    pub fn plan(&self, provider: &str) -> Vec<Planned> {
        match provider {
            "tryvox" => self.tryvox.plan(),
            "minivoice" => self.minivoice.plan(),
            _ => self.world.carrier.plan(),
        }
    }

    /// Fails unless something went wrong: otherwise the story would be about a good day.
    pub fn assert_bad_day(&self, provider: &str) {
        let plan = self.plan(provider);
        let told = |planned: &Planned| (planned.subject.clone(), planned.body.clone());
        let mut all: Vec<_> = plan.iter().flat_map(|p| vec![told(p); usize::from(p.at_once)]).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        let slow = plan.iter().any(|planned| planned.slow_ms > 0);
        let before =
            |planned: &&Planned| planned.body.contains("answered") || planned.body.contains("Answered");
        let over = |body: &str| body.contains("ompleted");
        let first_end = plan.iter().position(|planned| over(&planned.body));
        let last_answer = plan.iter().rposition(|planned| before(&planned));
        assert!(all.len() < count || slow || first_end < last_answer, "{provider}: nothing went wrong");
    }

    /// The streams of the legs of a conference, by the number that was rung.
    pub async fn legs(&self, conference: &str) -> Vec<String> {
        let mut legs = self.world.system().store.links(space::LEG, conference).await.unwrap();
        legs.sort();
        legs
    }

    /// The calls as they are shown, by number, without what differs from provider to provider: ids, times, our line, and
    /// how long it was, which MiniVoice does not say.
    pub async fn calls(&self, provider: &str, conference: &str) -> Vec<Value> {
        let mut calls = Vec::new();
        for stream in self.legs(conference).await {
            let id = stream.rsplit('/').next().unwrap().to_owned();
            let call = self.world.json(&format!("/v1/calls/{id}")).await;
            assert_eq!(call["provider"], provider, "{call}");
            let of = |name: &str| (name.to_owned(), call[name].clone());
            let shown = ["to", "direction", "status", "progress", "outcome", "recordings", "disputed"];
            calls.push(Value::Object(shown.into_iter().map(of).collect()));
        }
        calls.sort_by_key(|call| call["to"].to_string());
        calls
    }

    /// Fails unless both were asked whether they may be recorded and agreed, where they can be asked.
    pub async fn assert_consented(&self, provider: &str, conference: &str) {
        for leg in self.legs(conference).await {
            let records = self.world.system().store.stream_records(&leg, 1, 1_000).await.unwrap();
            let consents = records.iter().filter(|record| record.kind == "call.consented").count();
            assert_eq!(consents, usize::from(provider != "minivoice"), "{leg}");
        }
    }

    /// The recording as it is shown, without its address and times.
    pub async fn recording(&self, conference: &str) -> Value {
        let mut shown = self.world.json(&format!("/api/v1/voice/recordings/{conference}")).await;
        let members = shown.as_object_mut().unwrap();
        for name in ["recording_id", "recording_url", "created_at", "processed_at"] {
            assert!(members.remove(name).is_some_and(|value| value.is_string()), "{name}");
        }
        shown
    }

    /// Both parties agree by text. Gives the contract without ids of records, hashes and times.
    pub async fn agree(&self, conference: &str) -> Value {
        let drafted = maize::draft(&self.world, Some(conference)).await;
        self.world.settle_messages().await;
        self.world.carrier.idle().await;
        self.world.settle_messages().await;
        let id = drafted["contract_id"].as_str().unwrap();
        let mut contract = self.world.json(&format!("/v1/contracts/{id}")).await;
        let document = self.world.json(&format!("/v1/contracts/{id}/document")).await;
        strip(&mut contract);
        let mut document = document;
        strip(&mut document);
        json!({ "status": contract["status"], "contract": contract, "document": document })
    }
}

/// Takes away what a clock or a random number makes different, and what is made from it.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let made = ["at", "stream", "conference_id", "code", "nonce", "_sd", "links"];
            let ends = ["_at", "hash", "salt"];
            members.retain(|name, _| {
                let differs = made.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end));
                !differs
            });
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
