//! Many at once: nothing is lost, doubled or left half done.

use std::collections::BTreeSet;

use it::Setup;
use it::wire::{Request, send};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::bodies::JSON;
use super::routes::CREATE;
use super::{Ground, SERVERS, named};

async fn create(address: std::net::SocketAddr, n: usize) -> Value {
    let body = CREATE
        .text
        .replace("00000071", &format!("1000{:04}", 2 * n))
        .replace("00000072", &format!("1000{:04}", 2 * n + 1));
    let answer = send(address, &Request::new("POST", "/api/v1/contracts/create").body(JSON, body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn all<T: Send + 'static>(
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut running: JoinSet<T> = tasks.collect();
    let mut done = Vec::new();
    while let Some(one) = running.join_next().await {
        done.push(one.unwrap());
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_drafts_at_once() {
    drafts(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_drafts_at_once_on_servers() {
    drafts(SERVERS).await;
}

async fn drafts(setup: Setup) {
    let ground = Ground::on(setup).await;
    let address = ground.world.address();
    let contracts = all((0..100).map(|n| create(address, n))).await;
    let id = |contract: &Value| contract["contract_id"].as_str().unwrap().to_owned();
    let ids: BTreeSet<String> = contracts.iter().map(id).collect();
    assert_eq!(ids.len(), 100, "each has a number of its own");
    let list = send(address, &Request::new("GET", "/api/v1/contracts/?limit=500")).await.json();
    assert_eq!(list["total"], 101);
    let listed: BTreeSet<String> = list["contracts"].as_array().unwrap().iter().map(id).collect();
    assert!(listed.is_superset(&ids), "every one is there");
    for contract in &contracts {
        let shown = send(address, &Request::new("GET", &format!("/api/v1/contracts/{}", id(contract)))).await;
        assert_eq!(&shown.json(), contract);
    }
    ground.world.settle().await;
    let told: BTreeSet<String> = ground.world.carrier.messages().into_iter().map(|sms| sms.to).collect();
    assert_eq!(told.len(), 202, "every party was told");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_parties_confirm_at_once() {
    confirmations(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_parties_confirm_at_once_on_servers() {
    confirmations(SERVERS).await;
}

async fn confirmations(setup: Setup) {
    const CONTRACTS: usize = 50;
    let ground = Ground::on(setup).await;
    let address = ground.world.address();
    let contracts = all((0..CONTRACTS).map(|n| create(address, n))).await;
    ground.world.settle().await;
    let mut asked = Vec::new();
    for contract in &contracts {
        let id = contract["contract_id"].as_str().unwrap();
        for party in contract["parties"].as_array().unwrap() {
            let phone = party["phone_number"].as_str().unwrap();
            let body = json!({ "phone_number": phone, "code": named::code(&ground, phone) }).to_string();
            // Each says it twice, on either interface.
            for path in [format!("/api/v1/contracts/{id}/confirm"), format!("/v1/contracts/{id}/confirm")] {
                asked.push(Request::new("POST", &path).body(JSON, &body));
            }
        }
    }
    let answers = all(asked.into_iter().map(|request| async move { send(address, &request).await })).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let complete = answers.iter().filter(|answer| answer.text().contains("\"all_signed\":true")).count();
    assert!(complete <= 2 * CONTRACTS);
    for contract in &contracts {
        let id = contract["contract_id"].as_str().unwrap();
        let status =
            send(address, &Request::new("GET", &format!("/api/v1/contracts/{id}/status"))).await.json();
        assert_eq!(
            (&status["status"], &status["progress"]["signed"]),
            (&json!("confirmed"), &json!(2)),
            "{status}"
        );
        let records =
            send(address, &Request::new("GET", &format!("/v1/contracts/{id}/records"))).await.json();
        let kinds =
            records["records"].as_array().unwrap().iter().map(|record| record["type"].as_str().unwrap());
        let confirmed = kinds.filter(|kind| *kind == "contract.confirmed").count();
        assert_eq!(confirmed, 2, "{id}: what was said twice is recorded once for each party");
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_cannot_be_found_by_trying() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    let contract = create(address, 0).await;
    ground.world.settle().await;
    let id = contract["contract_id"].as_str().unwrap();
    let phone = contract["parties"][0]["phone_number"].as_str().unwrap();
    let right = named::code(&ground, phone);
    let tries = (0..60).map(|n| format!("{n:04}")).filter(|code| *code != right);
    let guess = |code: &str| {
        let body = json!({ "phone_number": phone, "code": code }).to_string();
        Request::new("POST", &format!("/api/v1/contracts/{id}/confirm")).body(JSON, body)
    };
    let requests: Vec<Request> = tries.map(|code| guess(&code)).collect();
    let answers = all(requests.into_iter().map(|request| async move { send(address, &request).await })).await;
    assert!(answers.iter().all(|answer| answer.status == 403));
    let last = send(address, &guess(&right)).await;
    assert_eq!(last.status, 403, "after so many guesses the right one is too late: {}", last.text());
    let shown = send(address, &Request::new("GET", &format!("/api/v1/contracts/{id}"))).await.json();
    assert_eq!(shown["status"], "pending");
    ground.end().await;
}
