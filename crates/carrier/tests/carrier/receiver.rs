//! A stand-in for the service, and a client of the carrier's APIs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use carrier::{Carrier, Config, Targets, UrlKind};
use tokio::net::TcpListener;

pub const CALL_SCRIPT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  \
     <Say>This call is recorded.</Say>\n  <Conference/>\n</Response>\n";

/// One callback as it came in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Received {
    pub kind: UrlKind,
    pub body: String,
}

impl Received {
    pub fn fields(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    pub fn field(&self, name: &str) -> String {
        self.fields().remove(name).unwrap_or_default()
    }
}

#[derive(Clone)]
pub struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<Mutex<StatusCode>>,
    pub targets: Targets,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let targets = Targets {
            voice_events: Some(format!("{base}/events")),
            voice_instruct: Some(format!("{base}/instruct")),
            sms_incoming: Some(format!("{base}/incoming")),
            sms_delivery: Some(format!("{base}/delivery")),
        };
        let receiver =
            Receiver { received: Arc::default(), status: Arc::new(Mutex::new(StatusCode::OK)), targets };
        let router = Router::new().route("/{kind}", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn answer_with(&self, status: StatusCode) {
        *self.status.lock().unwrap() = status;
    }

    pub fn config(&self) -> Config {
        Config {
            public_url: Some("http://carrier.test".to_owned()),
            listen: "127.0.0.1:0".parse().unwrap(),
            ..self.reachable()
        }
    }

    /// With recordings that can be fetched.
    pub fn reachable(&self) -> Config {
        Config { targets: self.targets.clone(), seed: 42, ..Config::default() }
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(kind): Path<String>,
    body: String,
) -> (StatusCode, String) {
    let (kind, answer) = match kind.as_str() {
        "events" => (UrlKind::VoiceEvents, "OK"),
        "instruct" => (UrlKind::VoiceInstruct, CALL_SCRIPT),
        "incoming" => (UrlKind::SmsIncoming, ""),
        "delivery" => (UrlKind::SmsDelivery, ""),
        _ => return (StatusCode::NOT_FOUND, String::new()),
    };
    receiver.received.lock().unwrap().push(Received { kind, body });
    (*receiver.status.lock().unwrap(), answer.to_owned())
}

pub fn client() -> reqwest::Client {
    // A second provider in the process is refused, which is as good as the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Where the carrier really listens, whatever it says its address is.
pub struct Api {
    pub base: String,
    pub key: &'static str,
}

impl Api {
    pub fn of(carrier: &Carrier) -> Api {
        Api { base: format!("http://{}", carrier.address()), key: "carrier-key" }
    }

    pub async fn call(&self, to: &str, id: Option<&str>) -> Result<reqwest::Response, reqwest::Error> {
        let mut form = vec![("username", "sandbox"), ("from", "+254700000000"), ("to", to)];
        form.extend(id.map(|id| ("clientRequestId", id)));
        self.post("voice/call", &form).await
    }

    pub async fn text(&self, to: &str, message: &str) -> Result<reqwest::Response, reqwest::Error> {
        let form = [("username", "sandbox"), ("to", to), ("message", message), ("bulkSMSMode", "1")];
        self.post("sms/version1/messaging", &form).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<reqwest::Response, reqwest::Error> {
        client().post(format!("{}/{path}", self.base)).header("apiKey", self.key).form(form).send().await
    }
}

pub async fn json(response: reqwest::Response) -> serde_json::Value {
    response.json().await.unwrap()
}
