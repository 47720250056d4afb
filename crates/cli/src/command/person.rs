//! `ahadi erase` and `ahadi export`: forgetting a person, and giving out all that is known about one. Both ask a running
//! service, which alone can write the ledger.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use contract::erasure::Ground;
use serde_json::{Value, json};

/// Longest wait for the service to delete what lies outside the database.
const COMPLETION_SECONDS_MAX: u64 = 120;
/// How often it is asked.
const COMPLETION_POLL: Duration = Duration::from_millis(250);
/// Longest wait for one answer: searching the raw inputs takes a while where there are many.
const ANSWER_SECONDS_MAX: u64 = 60;

/// Which service, and who is meant.
#[derive(Args, Clone)]
pub struct PersonArguments {
    /// The person's telephone number; `-` reads it from standard input, so that it stands in no list of processes.
    #[arg(long)]
    pub phone: String,
    /// Base URL of the service.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000")]
    pub server: String,
    /// A key of the interface.
    #[arg(long, env = "AHADI_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

impl std::fmt::Debug for PersonArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonArguments").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Whom to forget, and why.
#[derive(Args, Debug)]
pub struct EraseArguments {
    /// Who.
    #[command(flatten)]
    pub person: PersonArguments,
    /// Why: request, consent_withdrawn, objection, no_longer_needed, unlawful, legal_obligation.
    #[arg(long)]
    pub ground: String,
}

/// Forgets a person and waits until it is done.
///
/// # Errors
/// When the service refuses or is not reached.
pub async fn erase(arguments: EraseArguments) -> anyhow::Result<u8> {
    let words = Ground::ALL.map(Ground::as_str);
    if !words.contains(&arguments.ground.as_str()) {
        bail!("--ground: {} is none of {}", arguments.ground, words.join(", "));
    }
    let service = Service::new(&arguments.person)?;
    let body = json!({ "phone": number(&arguments.person.phone)?, "ground": arguments.ground });
    let asked = service.ask(service.client.post(service.url("/v1/parties/erase")).json(&body)).await?;
    let id = asked["erasure"].as_str().context("the service gave no erasure")?.to_owned();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(COMPLETION_SECONDS_MAX);
    loop {
        let state = service.ask(service.client.get(service.url(&format!("/v1/erasures/{id}")))).await?;
        if state["completed"] == true {
            crate::terminal::line(&format!(
                "erased: {} values, {} recordings; erasure/{id}",
                state["values"], state["recordings"]
            ));
            return Ok(0);
        }
        if tokio::time::Instant::now() > deadline {
            bail!(
                "the values are erased, but recordings and raw inputs are not deleted yet; see erasure/{id}"
            );
        }
        tokio::time::sleep(COMPLETION_POLL).await;
    }
}

/// Prints all that is known about a person, as JSON.
///
/// # Errors
/// When the service refuses or is not reached.
pub async fn export(arguments: PersonArguments) -> anyhow::Result<u8> {
    let service = Service::new(&arguments)?;
    let body = json!({ "phone": number(&arguments.phone)? });
    let known = service.ask(service.client.post(service.url("/v1/parties/export")).json(&body)).await?;
    crate::terminal::line(&serde_json::to_string_pretty(&known)?);
    Ok(0)
}

fn number(given: &str) -> anyhow::Result<String> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

struct Service {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl Service {
    fn new(arguments: &PersonArguments) -> anyhow::Result<Service> {
        let client =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(ANSWER_SECONDS_MAX)).build()?;
        let base = arguments.server.trim_end_matches('/').to_owned();
        Ok(Service { client, base, key: arguments.key.clone() })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let answer = request.send().await.with_context(|| format!("{} was not reached", self.base))?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        bail!("{} answered {status}: {}", self.base, body["detail"].as_str().unwrap_or_default())
    }
}
