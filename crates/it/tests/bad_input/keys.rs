//! Who may do what: every route with every scope, and with keys that do not work.

use cli::command::keys;
use it::wire::{Answer, Request, send};
use it::{Setup, World};
use ledger::time::Timestamp;

use super::bodies::{FORM, JSON};
use super::quiet;
use super::routes::{ROUTES, Route, Takes};
use it::logs::Logs;

const ADMIN: &str = "ahadi_Admin001_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
const FLAGS: [&str; 2] =
    ["--admin-key=ahadi_Admin001_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ", "--log-entries=audit"];

/// A request that is right but for the body, which is empty: what is allowed is refused for that alone.
fn request(route: &Route, key: Option<&str>) -> Request {
    let path = route
        .path
        .replace("{secret}", it::world::SECRET)
        .replace("{conference_id}", "ATVoice_none")
        .replace("{auth_id}", "your_auth_id")
        .replace("{name}", "support-room-1")
        .replace("{member_id}", "m1")
        .replace("{*path}", "0/000")
        .replace("{id}", "AGRI-2026-999999");
    let request = Request::new(route.method, &path);
    let request = match route.takes {
        Takes::Nothing | Takes::Upload => request,
        Takes::Form(_) | Takes::FormOrJson(..) => request.body(FORM, ""),
        // An empty question leaves nothing behind.
        Takes::Question(_) => request.body(JSON, ""),
        Takes::Json(_) | Takes::JsonOrNothing(_) | Takes::Event(_) | Takes::Bundle => {
            request.body(JSON, "{}")
        }
    };
    match key {
        Some(key) => request.header("authorization", key),
        None => request,
    }
}

async fn ask(world: &World, route: &Route, key: Option<&str>) -> Answer {
    send(world.address(), &request(route, key)).await
}

async fn closed() -> (World, Logs) {
    let logs = Logs::keep();
    (World::start_closed(Setup::EMBEDDED, &FLAGS).await, logs)
}

async fn end(world: World, logs: Logs) {
    let secrets = [&ADMIN[15..], "qrstuvwx"];
    world.sound().await;
    quiet(logs);
    assert_eq!(logs.holding(&secrets), Vec::<String>::new(), "the log holds a key");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_with_every_scope() {
    let (world, logs) = closed().await;
    let store = world.system().store.keys();
    for scope in keys::SCOPES.into_iter().chain(["", "contracts", "contracts:read:all", "ADMIN", "*"]) {
        let key = keys::create(&store, "test", scope, None).await.unwrap();
        let bearer = format!("Bearer {key}");
        for route in ROUTES {
            let answer = ask(&world, route, Some(&bearer)).await;
            let place = format!(
                "{} {} with {scope:?}: {} {}",
                route.method,
                route.path,
                answer.status,
                answer.text()
            );
            assert!(answer.status < 500 && answer.status != 401, "{place}");
            let allowed = route.needs.is_none_or(|needed| scope == needed || scope == "admin");
            assert_eq!(answer.status != 403, allowed, "{place}");
            if !allowed {
                let needed = route.needs.unwrap();
                assert!(answer.text().contains(needed), "{place}");
                let challenge = answer.header("www-authenticate");
                assert!(
                    challenge.contains("insufficient_scope") && challenge.contains(needed),
                    "{challenge}"
                );
            }
            assert!(!answer.text().contains(&key[15..]), "{place}");
        }
    }
    end(world, logs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_together() {
    let (world, logs) = closed().await;
    let store = world.system().store.keys();
    let key = keys::create(&store, "two", "contracts:read audit:read", None).await.unwrap();
    let bearer = format!("Bearer {key}");
    for route in ROUTES {
        let answer = ask(&world, route, Some(&bearer)).await;
        let allowed = matches!(route.needs, None | Some("contracts:read" | "audit:read"));
        assert_eq!(answer.status != 403, allowed, "{} {}: {}", route.method, route.path, answer.text());
    }
    end(world, logs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_do_not_work() {
    let (world, logs) = closed().await;
    let store = world.system().store.keys();
    let past = Timestamp::from_millis(1_000_000_000_000).unwrap();
    let good = keys::create(&store, "good", "admin", None).await.unwrap();
    let expired = keys::create(&store, "expired", "admin", Some(past)).await.unwrap();
    let revoked = keys::create(&store, "revoked", "admin", None).await.unwrap();
    assert!(store.revoke(&revoked[6..14], past).await.unwrap());
    let none = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer YOUR_API_KEY".to_owned()),
        Some("Bearer null".to_owned()),
        Some(format!("Basic {good}")),
        Some(good.clone()),
        Some(format!("Bearer {}", &good[..good.len() - 1])),
        Some(format!("Bearer {good}x")),
        Some(format!("Bearer {good} x")),
        Some(format!("Bearer {}{}", &good[..15], &ADMIN[15..])),
        Some(format!("Bearer {}{}", &ADMIN[..15], &good[15..])),
        Some(format!("Bearer {}", good.to_ascii_uppercase())),
        Some(format!("Bearer {expired}")),
        Some(format!("Bearer {revoked}")),
        Some(format!("Bearer {}", "x".repeat(50_000))),
    ];
    for key in &none {
        for route in ROUTES {
            let answer = ask(&world, route, key.as_deref()).await;
            let shown: String = key.as_deref().unwrap_or("no key").chars().take(20).collect();
            let place =
                format!("{} {} with {shown}: {} {}", route.method, route.path, answer.status, answer.text());
            if route.needs.is_some() {
                assert_eq!(answer.status, 401, "{place}");
                assert!(answer.header("www-authenticate").starts_with("Bearer"), "{place}");
            } else {
                assert!(answer.status != 401 && answer.status != 403 && answer.status < 500, "{place}");
            }
        }
    }
    for key in [format!("Bearer {good}"), format!("bearer {good}"), format!("Bearer {ADMIN}")] {
        for route in ROUTES {
            let answer = ask(&world, route, Some(&key)).await;
            assert!(
                ![401, 403].contains(&answer.status),
                "{} {}: {}",
                route.method,
                route.path,
                answer.text()
            );
        }
    }
    // Entries are for auditors here, though tiles are for everybody.
    let entries = "/log/tile/entries/000.p/1";
    assert_eq!(send(world.address(), &Request::new("GET", entries)).await.status, 401);
    world.settle_signing().await;
    let audited = Request::new("GET", entries).header("authorization", format!("Bearer {ADMIN}"));
    assert_eq!(send(world.address(), &audited).await.status, 200);
    end(world, logs).await;
}

/// Who may not see personal values sees none, and cannot find them out by asking.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_is_for_those_who_may() {
    let (world, logs) = closed().await;
    let store = world.system().store.keys();
    let bearer =
        async |scopes: &str| format!("Bearer {}", keys::create(&store, "x", scopes, None).await.unwrap());
    let (writes, reads) =
        (bearer("contracts:write").await, bearer("contracts:read calls:control audit:read").await);
    let sees = bearer("contracts:read personal:read calls:control").await;
    let create = Request::new("POST", "/api/v1/contracts/create")
        .header("authorization", &writes)
        .body(JSON, super::routes::CREATE.text);
    let created = send(world.address(), &create).await;
    assert_eq!(created.status, 200, "{}", created.text());
    let id = created.json()["contract_id"].as_str().unwrap().to_owned();
    world.settle().await;
    world.settle_signing().await;
    let paths = [
        format!("/api/v1/contracts/{id}"),
        format!("/api/v1/contracts/{id}/status"),
        "/api/v1/contracts/".to_owned(),
        "/v1/contracts".to_owned(),
        format!("/v1/contracts/{id}"),
        format!("/v1/contracts/{id}/records"),
        format!("/v1/contracts/{id}/bundle"),
        format!("/v1/contracts/{id}/document"),
        "/log/tile/entries/000.p/2".to_owned(),
        "/metrics".to_owned(),
    ];
    for path in &paths {
        let get = |key: &str| Request::new("GET", path).header("authorization", key);
        let hidden = send(world.address(), &get(&reads)).await;
        assert_eq!(hidden.status, 200, "{path}: {}", hidden.text());
        for needle in ["+254700000071", "+254700000072", "Otieno", "Achieng"] {
            assert!(!hidden.text().contains(needle), "{path} shows {needle}: {:.1500}", hidden.text());
        }
    }
    let shown = send(world.address(), &Request::new("GET", &paths[0]).header("authorization", &sees)).await;
    assert_eq!(shown.text(), created.text());
    for path in
        ["/api/v1/contracts/?phone_number=%2B254700000071", "/v1/contracts?phone_number=%2B254700000071"]
    {
        let asked = send(world.address(), &Request::new("GET", path).header("authorization", &reads)).await;
        assert_eq!(asked.status, 403, "{path}: {}", asked.text());
        let asked = send(world.address(), &Request::new("GET", path).header("authorization", &sees)).await;
        assert_eq!((asked.status, &asked.json()["total"]), (200, &1.into()), "{path}");
    }
    end(world, logs).await;
}

/// A key that the service could never accept is refused at the start, not at the first request.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_key_that_is_taken_works() {
    let (world, logs) = closed().await;
    let store = world.system().store.keys();
    for text in [
        "",
        "ahadi",
        "ahadi__",
        "ahadi_x_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ",
        "ahadi_Admin002_short-but-more-than-32-characters",
    ] {
        assert!(keys::adopt(&store, text).await.is_err(), "{text:?} is no key that works");
    }
    let other = ADMIN.replace("Admin001", "Admin002");
    keys::adopt(&store, &other).await.unwrap();
    let asked = Request::new("GET", "/v1/contracts").header("authorization", format!("Bearer {other}"));
    assert_eq!(send(world.address(), &asked).await.status, 200);
    end(world, logs).await;
}
