//! Who may do what: every route with every scope.

use axum::body::Body;
use axum::http::Request;

use crate::rig::{Answer, JSON, Rig, Setup};

/// Method, path, what it needs. Bodies are empty, so that what is allowed is refused for another reason.
const ROUTES: [(&str, &str, &str); 42] = [
    ("GET", "/voice/invoke-call", "calls:control"),
    ("POST", "/api/v1/voice/conference/create", "calls:control"),
    ("GET", "/v1/calls/ATVId_1", "calls:control"),
    ("GET", "/v1/calls/ATVId_1/journey", "calls:control"),
    ("POST", "/api/v1/contracts/create", "contracts:write"),
    ("POST", "/api/v1/contracts/create/manual", "contracts:write"),
    ("POST", "/api/v1/contracts/AGRI-2026-000001/confirm", "contracts:write"),
    ("PUT", "/api/v1/contracts/AGRI-2026-000001", "contracts:write"),
    ("POST", "/v1/contracts/AGRI-2026-000001/confirm", "contracts:write"),
    ("POST", "/v1/contracts/AGRI-2026-000001/reject", "contracts:write"),
    ("GET", "/api/v1/contracts/", "contracts:read"),
    ("GET", "/api/v1/contracts/AGRI-2026-000001", "contracts:read"),
    ("GET", "/api/v1/contracts/AGRI-2026-000001/status", "contracts:read"),
    ("GET", "/api/v1/voice/recordings/ATVoice_1", "contracts:read"),
    ("GET", "/api/v1/recordings/ATVoice_1", "contracts:read"),
    ("GET", "/v1/contracts", "contracts:read"),
    ("GET", "/v1/contracts/AGRI-2026-000001", "contracts:read"),
    ("GET", "/v1/contracts/AGRI-2026-000001/document", "contracts:read"),
    ("GET", "/v1/contracts/AGRI-2026-000001/records", "contracts:read"),
    ("GET", "/v1/contracts/AGRI-2026-000001/bundle", "contracts:read"),
    ("POST", "/api/v1/voice/process", "contracts:write"),
    ("POST", "/api/v1/voice/upload", "contracts:write"),
    ("POST", "/v1/calls/ATVId_1/transcript", "contracts:write"),
    ("POST", "/v1/calls", "calls:control"),
    ("DELETE", "/v1/calls/ATVId_1", "calls:control"),
    ("POST", "/v1/calls/ATVId_1/transfer", "calls:control"),
    ("POST", "/v1/calls/ATVId_1/recordings", "calls:control"),
    ("GET", "/v1/queues", "calls:control"),
    ("POST", "/v1/media", "calls:control"),
    ("DELETE", "/v1/voice/accounts/a/conferences/room", "calls:control"),
    ("POST", "/v1/voice/accounts/a/conferences/room/speak", "calls:control"),
    ("POST", "/v1/voice/accounts/a/conferences/room/play", "calls:control"),
    ("POST", "/v1/voice/accounts/a/conferences/room/members/m1/mute", "calls:control"),
    ("POST", "/v1/voice/accounts/a/conferences/room/members/m1/unmute", "calls:control"),
    ("POST", "/v1/voice/accounts/a/conferences/room/members/m1/kick", "calls:control"),
    ("POST", "/v1/parties/erase", "personal:erase"),
    ("GET", "/v1/erasures/none", "personal:erase"),
    ("POST", "/v1/parties/export", "personal:read"),
    ("POST", "/v1/keys/statements", "admin"),
    ("GET", "/v1/contracts/AGRI-2026-000001/messages", "contracts:read"),
    ("GET", "/metrics", "audit:read"),
    ("GET", "/log/tile/entries/000.p/1", "audit:read"),
];

/// Routes that ask for no key.
const PUBLIC: [(&str, &str); 11] = [
    ("GET", "/"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/voice/"),
    ("GET", "/log/checkpoint"),
    ("GET", "/log/tile/0/000"),
    ("GET", "/log/proof?index=0"),
    ("GET", "/log/vkey"),
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/v1/verify"),
    ("GET", "/v1/nothing"),
];

async fn closed() -> Rig {
    Rig::new(Setup { open_api: false, entries_public: false, ..Setup::default() }).await
}

async fn ask(rig: &Rig, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("content-type", JSON);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    rig.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_route_with_every_scope() {
    let rig = closed().await;
    let scopes = [
        "contracts:read",
        "contracts:write",
        "calls:control",
        "audit:read",
        "personal:read",
        "personal:erase",
        "admin",
        "unknown",
        "",
    ];
    for scope in scopes {
        let key = format!("Bearer {}", rig.key(scope, |_| {}).await);
        for (method, path, needed) in ROUTES {
            let answer = ask(&rig, method, path, Some(&key)).await;
            let refused = answer.status.as_u16() == 403;
            let allowed = scope == needed || scope == "admin";
            assert_eq!(refused, !allowed, "{method} {path} with {scope:?}: {}", answer.text());
            assert_ne!(answer.status.as_u16(), 401, "{method} {path} with {scope:?}");
            assert!(!answer.status.is_server_error(), "{method} {path} with {scope:?}: {}", answer.text());
            if refused {
                assert!(answer.text().contains(needed), "{}", answer.text());
                assert!(answer.header("www-authenticate").contains("insufficient_scope"));
            }
        }
    }
    assert_eq!(rig.inputs().await.len(), 0);
}

#[tokio::test]
async fn without_a_key_that_works_only_what_is_public_is_served() {
    let rig = closed().await;
    let good = rig.key("admin", |_| {}).await;
    let now = rig.door.now();
    let expired = rig.key("admin", |row| row.expires_at = Some(now)).await;
    let revoked = rig.key("admin", |row| row.revoked_at = Some(now)).await;
    let swapped = format!("{}{}", &good[..15], &revoked[15..]);
    let unknown = good.replace(&good[6..14], "zzzzzzzz");
    let refused = [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer ahadi_".to_owned()),
        Some(format!("Basic {good}")),
        Some(good.clone()),
        Some(format!("Bearer {}", &good[..good.len() - 1])),
        Some(format!("Bearer {good}x")),
        Some(format!("Bearer {swapped}")),
        Some(format!("Bearer {unknown}")),
        Some(format!("Bearer {expired}")),
        Some(format!("Bearer {revoked}")),
    ];
    for authorization in &refused {
        for (method, path, _) in ROUTES {
            let answer = ask(&rig, method, path, authorization.as_deref()).await;
            assert_eq!(answer.status.as_u16(), 401, "{method} {path} {authorization:?}: {}", answer.text());
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
    for (method, path) in PUBLIC {
        let answer = ask(&rig, method, path, None).await;
        assert!(![401, 403].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.text());
    }
    for (method, path, _) in ROUTES {
        let answer = ask(&rig, method, path, Some(&format!("bearer {good}"))).await;
        assert!(![401, 403].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn an_open_interface_asks_for_no_key_but_refuses_pages_of_other_sites() {
    let rig = Rig::new(Setup::default()).await;
    let ask = |name: &'static str, value: &'static str| {
        Request::get("/api/v1/contracts/")
            .header("host", "127.0.0.1:5000")
            .header(name, value)
            .body(Body::empty())
            .unwrap()
    };
    rig.send(ask("accept", "*/*")).await.expect(200);
    // The source documents' own curl lines bring a key that is none.
    rig.send(ask("authorization", "Bearer YOUR_API_KEY")).await.expect(200);
    rig.send(ask("origin", "https://elsewhere.example")).await.expect(403);
    rig.send(ask("sec-fetch-site", "cross-site")).await.expect(403);
}

#[tokio::test]
async fn an_interface_that_others_can_reach_is_never_open() {
    let rig = Rig::new(Setup { open_api: true, loopback: false, ..Setup::default() }).await;
    rig.get("/api/v1/contracts/").await.expect(401);
}
