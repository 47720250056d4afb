//! Webhooks: what is odd but authentic is taken and ends in the ledger; what would be a lie is refused.

use contract::input::{Body, Input};
use it::Setup;
use it::wire::{Request, send};

use super::bodies::FORM;
use super::routes::{ROUTES, Takes};
use super::{Ground, SERVERS, judge};

/// Values that providers, or people, could well send in any field.
const ODD: [&str; 22] = [
    "",
    "None",
    "%20",
    "-1",
    "1e400",
    "99999999999999999999999999999",
    "NaN",
    "12s",
    "2025-09-29 10:30:00",
    "2025-99-99+99:99:99",
    "a%0d%0ab",
    "a%0db",
    "%09tab",
    "%1b%5b2J",
    "%07",
    "%c2%85",
    "cafe%cc%81",
    "%e2%80%ae%d9%85",
    "%ef%bb%bfx",
    "%ef%bf%bf",
    "'%3B+DROP+TABLE+record%3B--",
    "%F0%9F%8C%BD%F0%9F%8C%BD",
];

/// Fields of each webhook's form, but for the id and those that must be right.
const VOICE: [&str; 20] = [
    "isActive",
    "eventType",
    "callSessionState",
    "direction",
    "callerNumber",
    "destinationNumber",
    "callStartTime",
    "durationInSeconds",
    "amount",
    "currencyCode",
    "status",
    "hangupCause",
    "lastBridgeHangupCause",
    "recordingUrl",
    "dtmfDigits",
    "dialDestinationNumber",
    "callTransferState",
    "callTransferParam",
    "clientRequestId",
    "somethingNew",
];
const INCOMING: [&str; 5] = ["to", "text", "date", "linkId", "networkCode"];
const DELIVERY: [&str; 5] = ["status", "phoneNumber", "networkCode", "failureReason", "retryCount"];
const USSD: [&str; 4] = ["serviceCode", "phoneNumber", "networkCode", "text"];
const OPT_OUT: [&str; 1] = ["senderId"];
const REPORT: [&str; 4] = ["phoneNumber", "status", "recordingUrl", "callerNumber"];

/// Messages come to the provider's address and to that of the source document.
fn is_message(path: &str) -> bool {
    path.ends_with("/incoming") || path.ends_with("/sms/webhook")
}

fn fields(path: &str) -> &'static [&'static str] {
    match path {
        _ if path.ends_with("/voice/webhook") => &REPORT,
        _ if path.contains("/voice/") => &VOICE,
        _ if is_message(path) => &INCOMING,
        _ if path.ends_with("/delivery") => &DELIVERY,
        _ if path.ends_with("/opt-out") => &OPT_OUT,
        _ => &USSD,
    }
}

fn id(path: &str, n: usize) -> String {
    match path {
        _ if is_message(path) => format!("from=%2B254700000071&id=msg-{n}"),
        _ if path.ends_with("/delivery") => format!("id=ATXid_{n}"),
        _ if path.ends_with("/opt-out") => format!("phoneNumber=%2B2547000000{:02}", n % 100),
        _ if path.ends_with("/voice/webhook") => format!("sessionId=ATVoice_{n:012x}"),
        _ => format!("sessionId=ATVId_{n}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_taken_and_kept() {
    odd_values(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_taken_and_kept_on_servers() {
    odd_values(SERVERS).await;
}

async fn odd_values(setup: Setup) {
    let ground = Ground::on(setup).await;
    let mut n = 0;
    for route in ROUTES {
        let (Takes::Form(_) | Takes::FormOrJson(..)) = route.takes else { continue };
        let path = ground.path(route);
        for field in fields(route.path) {
            for value in ODD {
                n += 1;
                let more = if route.path.ends_with("/voice/webhook") && *field != "status" {
                    "&status=active"
                } else {
                    ""
                };
                let body = format!("{}&{field}={value}{more}", id(route.path, n));
                let request = Request::new("POST", &path).body(FORM, &body);
                let answer = send(ground.world.address(), &request).await;
                assert_eq!(answer.status, 200, "{body} at {}: {}", route.path, answer.text());
            }
        }
    }
    ground.world.settle_folding().await;
    // A report about a whole conference is about nothing where its status is no word we know.
    let set_aside: Vec<String> = set_aside(&ground)
        .await
        .into_iter()
        .filter(|what| {
            !(what.starts_with("voice/webhook") && what.contains("&status=") && what.contains("no_facts"))
        })
        .collect();
    assert_eq!(set_aside, Vec::<String>::new(), "taken with 200, then set aside");
    ground.end().await;
}

/// Webhooks in quarantine: what they said.
async fn set_aside(ground: &Ground) -> Vec<String> {
    let system = ground.world.system();
    let journal = system.door.as_ref().unwrap().journal();
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let batch = journal.read(after, 1_000, 16 * 1024 * 1024).await.unwrap();
        for entry in &batch.entries {
            let outcome = system.store.outcome(entry.entry.id).await.unwrap().unwrap_or_default();
            if outcome.contains("quarantined") {
                let input = Input::from_bytes(&entry.entry.payload).unwrap();
                let Body::Webhook(webhook) = input.body else { panic!("{outcome}") };
                found.push(format!("{}: {} {outcome}", webhook.route, webhook.raw));
            }
        }
        if batch.through == after {
            return found;
        }
        after = batch.through;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_field_with_two_values_is_a_lie() {
    let ground = Ground::new().await;
    for route in ROUTES {
        let (Takes::Form(_) | Takes::FormOrJson(..)) = route.takes else { continue };
        let path = ground.path(route);
        for field in fields(route.path).iter().filter(|field| !["somethingNew", "linkId"].contains(field)) {
            let twice = |a: &str, b: &str| format!("{}&{field}={a}&{field}={b}", id(route.path, 1));
            let answer =
                send(ground.world.address(), &Request::new("POST", &path).body(FORM, twice("1", "1"))).await;
            assert_eq!(answer.status, 200, "{field} at {}: {}", route.path, answer.text());
            let answer =
                send(ground.world.address(), &Request::new("POST", &path).body(FORM, twice("1", "2"))).await;
            judge::no_fault(field, &path, &answer);
            if answer.status != 200 {
                judge::refused(field, &path, &answer, Some(field));
            }
        }
        let two = format!("{}&{}", id(route.path, 1), id(route.path, 2));
        let answer = send(ground.world.address(), &Request::new("POST", &path).body(FORM, two)).await;
        judge::refused(
            "two ids",
            &path,
            &answer,
            Some(match route.path {
                opt_out if opt_out.ends_with("/opt-out") => "phoneNumber",
                sms if sms.contains("/sms/") => "id",
                _ => "sessionId",
            }),
        );
    }
    ground.end().await;
}
