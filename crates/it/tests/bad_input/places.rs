//! Paths, queries, methods and headers.

use std::collections::BTreeSet;

use it::Setup;
use it::wire::{Request, exchange, send};

use super::routes::{ROUTES, Sample, Takes};
use super::{Ground, SERVERS, judge};

const METHODS: [&str; 11] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get", "Needle"];

/// Ids of nothing, as they stand in a path.
const IDS: [&str; 20] = [
    "AGRI-2026-999999",
    "x",
    "-",
    ".",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "a%00b",
    "%ff",
    "%ed%a0%80",
    "%zz",
    "%",
    "%F0%9F%8C%BD",
    "'%3B--",
    "%3Cscript%3E",
    "+254700000071",
    "%2B254700000071",
    "%7Bid%7D",
    "99999999999999999999999999999",
    "00000000-0000-7000-8000-000000000000",
];

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_nothing_are_not_found() {
    ids_of_nothing(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_nothing_are_not_found_on_servers() {
    ids_of_nothing(SERVERS).await;
}

async fn ids_of_nothing(setup: Setup) {
    let ground = Ground::on(setup).await;
    let long = ["x".repeat(151), "x".repeat(8_000), "%41".repeat(5_000), "a/".repeat(500)];
    for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
        let (before, after) = (route.path.split('{').next().unwrap(), route.path.rsplit('}').next().unwrap());
        for id in IDS.into_iter().chain(long.iter().map(String::as_str)) {
            let path = format!("{before}{id}{after}");
            let body = match route.takes {
                Takes::Json(sample) | Takes::JsonOrNothing(sample) => ("application/json", sample.text),
                Takes::Form(text) | Takes::FormOrJson(text, _) => (super::bodies::FORM, text),
                _ => ("", ""),
            };
            let request = Request::new(route.method, &path).body(body.0, body.1);
            let answer = send(ground.world.address(), &request).await;
            judge::refused("an id of nothing", &path, &answer, None);
            // A relative path may lead to another route, which has other methods.
            let expected: &[u16] = match route.path {
                "/log/tile/{*path}" => &[400, 404],
                _ if after.is_empty() => &[404, 405],
                _ => &[404],
            };
            assert!(expected.contains(&answer.status), "{path:.80}: {}", answer.text());
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_are_wrong_are_paths_that_are_not_there() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    let own = it::world::SECRET;
    let wrong = [
        own[1..].to_owned(),
        format!("{own}x"),
        own.to_ascii_uppercase(),
        own.replace('a', "%00"),
        "x".to_owned(),
        "x".repeat(5_000),
        "%ff".to_owned(),
        format!("{own}%20"),
    ];
    for route in ROUTES.iter().filter(|route| route.path.contains("{secret}")) {
        let (media, text, nowhere) = match route.takes {
            Takes::Form(text) | Takes::FormOrJson(text, _) => {
                let nowhere = route.path.replace("{secret}", own).replace("/hooks/", "/hooks/not/");
                (super::bodies::FORM, text, nowhere)
            }
            // Below the provider's own prefix, since its refusals have a form of their own.
            Takes::Event(&Sample { text, .. }) | Takes::Question(text) => {
                (super::bodies::JSON, text, route.path.replace("{secret}", own) + "/not")
            }
            _ => panic!("a webhook takes a form, an event or a question"),
        };
        let post = |path: &str| Request::new("POST", path).body(media, text);
        let nothing = send(address, &post(&nowhere)).await;
        assert_eq!(nothing.status, 404);
        for secret in &wrong {
            let answer = send(address, &post(&route.path.replace("{secret}", secret))).await;
            assert_eq!(answer.status, 404, "{secret:.60} at {}: {}", route.path, answer.text());
            if !route.path.contains("voicepact") {
                assert_eq!(answer.body, nothing.body, "a wrong secret and an unknown path are told apart");
            }
        }
        let right = send(address, &post(&route.path.replace("{secret}", own))).await;
        assert_eq!(right.status, 200, "{}: {}", route.path, right.text());
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_none_are_refused() {
    parameters_that_are_none(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_none_are_refused_on_servers() {
    parameters_that_are_none(SERVERS).await;
}

async fn parameters_that_are_none(setup: Setup) {
    let ground = Ground::on(setup).await;
    let address = ground.world.address();
    for route in ROUTES {
        let path = ground.path(route);
        let ask = |query: &str| {
            let body = if route.method == "GET" { ("", "") } else { ("application/json", "") };
            Request::new(route.method, &format!("{path}?{query}")).body(body.0, body.1)
        };
        for (name, values) in route.query {
            for value in *values {
                let answer = send(address, &ask(&format!("{name}={value}"))).await;
                judge::refused(value, &path, &answer, Some(name));
                assert!([400, 422].contains(&answer.status), "{name}={value} at {path}: {}", answer.text());
            }
            let answer = send(address, &ask(&format!("{name}=1&{name}=2"))).await;
            judge::refused("one parameter twice", &path, &answer, Some(name));
        }
        let many = (0..200).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        let odd = ["%zz=%", "&&&==", "%00=%00", "needle", "a[]=1&a[0][b]=2", "limit[]=1"];
        for query in odd.into_iter().map(str::to_owned).chain([many, "x".repeat(60_000), "a=".repeat(30_000)])
        {
            judge::no_fault("an odd query", &path, &send(address, &ask(&query)).await);
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_a_path_does_not_have() {
    let ground = Ground::new().await;
    // The first one may come between two requests, and then they are answered differently.
    ground.world.settle_signing().await;
    let paths: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    for pattern in paths {
        let own: Vec<_> = ROUTES.iter().filter(|route| route.path == pattern).collect();
        // Of a contract there is a GET and a PUT; one path is enough for both.
        let path = ground.path(own[0]);
        for method in METHODS.into_iter().filter(|method| !own.iter().any(|route| route.method == *method)) {
            let answer = send(ground.world.address(), &Request::new(method, &path)).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            judge::refused(method, &path, &answer, None);
            let allow: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            for route in &own {
                assert!(allow.contains(&route.method), "{method} {path} allows {allow:?}");
            }
        }
        if own.iter().any(|route| route.method == "GET") {
            let [head, get] = ["HEAD", "GET"].map(|method| Request::new(method, &path));
            let (head, get) =
                (send(ground.world.address(), &head).await, send(ground.world.address(), &get).await);
            assert_eq!(head.status, get.status, "HEAD {path}");
            assert!(head.body.is_empty());
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_of_nothing_and_headers_of_everything() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    for path in [
        "/needle",
        "/api/v1/",
        "/api/v1/needle",
        "/v1/calls/",
        "/hooks/",
        "/hooks/voicepact/x",
        "//",
        "/%2e%2e/",
        "/voice/needle",
        "/.env",
    ] {
        let answer = send(address, &Request::new("GET", path)).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        judge::refused("a path of nothing", path, &answer, None);
    }
    let long = "n".repeat(100_000);
    for (name, value) in [
        ("authorization", long.as_bytes()),
        ("authorization", b"Bearer \xff\xfe needle"),
        ("authorization", b""),
        ("x-request-id", b"needle\xff"),
        ("x-request-id", &[b'n'; 65]),
        ("x-forwarded-for", b"127.0.0.1, needle"),
        ("cookie", long.as_bytes()),
        ("if-none-match", b"\xff,\"\",,W/"),
        ("accept", b"needle/needle;q=9"),
        ("accept-encoding", b"gzip;q=nan"),
        ("range", b"bytes=0-99999999999999999999"),
        ("upgrade", b"websocket"),
        ("x-miniVoice-signature", b"v1=needle"),
    ] {
        for path in ["/livez", "/api/v1/contracts/", &format!("/v1/contracts/{}", ground.ids["contract"])] {
            let answer = send(address, &Request::new("GET", path).header(name, value)).await;
            assert_eq!(answer.status, 200, "{name} at {path}: {}", answer.text());
            assert!(!answer.header("x-request-id").contains("needle"));
        }
    }
    // Beyond what the parser of HTTP takes there is no family; the answer is short and the connection ends.
    let heads = [
        format!("GET /livez HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200)),
        format!("GET /livez HTTP/1.1\r\nhost: x\r\nneedle: {}\r\n\r\n", "n".repeat(2_000_000)),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "n".repeat(70_000)),
        format!("GET /livez?{} HTTP/1.1\r\nhost: x\r\n\r\n", "n".repeat(2_000_000)),
        "GET /livez HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n".to_owned(),
        "GET /livez HTTP/1.1\r\nhost: x\r\na\u{0}b: c\r\n\r\n".to_owned(),
        "GET /livez\u{7f} HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
    ];
    for head in heads {
        let answer = exchange(address, head.as_bytes()).await;
        let refused = answer.as_ref().is_none_or(|answer| [400, 414, 431].contains(&answer.status));
        assert!(refused, "{head:.60}: {answer:?}");
        assert!(answer.is_none_or(|answer| !answer.text().contains('n') || answer.body.is_empty()));
    }
    ground.end().await;
}
