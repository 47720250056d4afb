//! Requests whose bytes lie about themselves: lengths, pieces, protocols.

use it::wire::{Answer, Request, exchange, exchange_and_close};

use super::bodies::{FORM, JSON};
use super::routes::{CREATE, ROUTES, Takes};
use super::{Ground, judge};

/// Framing of a body: headers, and what is put around the bytes.
struct Lie {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn lies(sound: &str) -> Vec<Lie> {
    let lie = |name, headers: &[(&'static str, &str)], body: &[u8]| Lie {
        name,
        headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        body: body.to_vec(),
    };
    let (length, bytes) = (sound.len(), sound.as_bytes());
    let (short, long) = ((length / 2).to_string(), (length + 100).to_string());
    let own = length.to_string();
    let piece = |size: &str| [size.as_bytes(), b"\r\n", bytes, b"\r\n0\r\n\r\n"].concat();
    vec![
        lie("a length too short", &[("content-length", &short)], bytes),
        lie("a length too long", &[("content-length", &long)], bytes),
        lie("two lengths", &[("content-length", &own), ("content-length", &short)], bytes),
        lie("a list of lengths", &[("content-length", &format!("{own}, {short}"))], bytes),
        lie("a length that is none", &[("content-length", "needle")], bytes),
        lie("a length below nothing", &[("content-length", "-1")], bytes),
        lie("a length with a sign", &[("content-length", &format!("+{own}"))], bytes),
        lie("a length of 30 digits", &[("content-length", &"9".repeat(30))], bytes),
        lie("no length", &[("x-nothing", "1"), ("content-length", "0")], bytes),
        lie("a piece of another size", &[("transfer-encoding", "chunked")], &piece("5")),
        lie("a piece of no size", &[("transfer-encoding", "chunked")], &piece("zz")),
        lie("a piece below nothing", &[("transfer-encoding", "chunked")], &piece("-5")),
        lie("a piece beyond everything", &[("transfer-encoding", "chunked")], &piece("fffffffffffffffff")),
        lie("a piece of 4 EiB", &[("transfer-encoding", "chunked")], &piece("3fffffffffffffff")),
        lie(
            "pieces without an end",
            &[("transfer-encoding", "chunked")],
            &piece(&format!("{length:x}"))[..length],
        ),
        lie("garbage for pieces", &[("transfer-encoding", "chunked")], &[0xff; 500]),
        lie("an unknown transfer", &[("transfer-encoding", "needle")], bytes),
        lie("compressed pieces", &[("transfer-encoding", "gzip, chunked")], &piece("5")),
        lie(
            "a length and pieces",
            &[("content-length", &short), ("transfer-encoding", "chunked")],
            &piece("5"),
        ),
    ]
}

/// Refused, or the connection ends without a word; never taken, for what was taken would not be what was sent.
fn check(name: &str, path: &str, answer: Option<&Answer>) {
    let Some(answer) = answer else { return };
    let text = answer.text();
    assert!((400..500).contains(&answer.status), "{name} at {path}: {} {text}", answer.status);
    if !answer.body.is_empty() {
        judge::refused(name, path, answer, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_lie_about_their_length() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    for route in ROUTES {
        let (sound, media) = match route.takes {
            Takes::Json(sample) | Takes::JsonOrNothing(sample) => (sample.text, JSON),
            Takes::FormOrJson(_, sample) | Takes::Event(sample) => (sample.text, JSON),
            Takes::Bundle => ("{\"hash\":\"00\"}", JSON),
            // Half a form is a form; that it was cut cannot be seen. The pieces are tried all the same.
            Takes::Form(text) => (text, FORM),
            // A question is answered, also half of one.
            Takes::Nothing | Takes::Question(_) | Takes::Upload => continue,
        };
        let path = ground.path(route);
        for lie in lies(sound) {
            let mut request = Request::new(route.method, &path).header("content-type", media);
            for (name, value) in &lie.headers {
                request = request.header(name, value);
            }
            request.body = lie.body;
            let answer = exchange_and_close(address, &request.bytes(address)).await;
            let half_a_form = media == FORM && lie.name == "a length too short";
            if !half_a_form {
                check(lie.name, &path, answer.as_ref());
            }
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    let sound = Request::new("POST", "/api/v1/contracts/create").body(JSON, CREATE.text).bytes(address);
    let head = sound.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a line end", b"\r\n\r\n".to_vec()),
        ("a word", b"needle\r\n\r\n".to_vec()),
        ("HTTP/0.9", b"GET /livez\r\n".to_vec()),
        ("HTTP/9.9", b"GET /livez HTTP/9.9\r\nhost: x\r\n\r\n".to_vec()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03needle".to_vec()),
        ("NULs", vec![0; 10_000]),
        ("high bytes", vec![0xff; 10_000]),
        ("a head that ends", sound[..head - 10].to_vec()),
        ("a body that ends", sound[..sound.len() - 1].to_vec()),
        ("no body at all", sound[..head].to_vec()),
    ];
    for cut in [1, 5, 20, 40, 60] {
        cases.push(("a request that ends", sound[..cut].to_vec()));
    }
    for (name, bytes) in &cases {
        let answer = exchange_and_close(address, bytes).await;
        check(name, "/api/v1/contracts/create", answer.as_ref());
    }
    let whole = exchange(address, &sound).await.unwrap();
    assert_eq!(whole.status, 200, "{}", whole.text());
    // What follows a sound request is a request of its own.
    let answer = exchange_and_close(address, &[sound.clone(), b"needle needle".to_vec()].concat()).await;
    assert_eq!(answer.unwrap().status, 200);
    let old = String::from_utf8(sound.clone()).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(exchange(address, old.as_bytes()).await.unwrap().status, 200);
    ground.end().await;
}

/// A sender that stops in the middle holds a connection for some seconds and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    let slow = |path: &str, media: &str| {
        let request =
            Request::new("POST", path).header("content-type", media).header("content-length", "100");
        let bytes = request.bytes(address);
        async move { exchange(address, &bytes).await }
    };
    let (create, event) = tokio::join!(slow("/api/v1/contracts/create", JSON), slow("/voice/events", FORM));
    for (path, answer) in [("/api/v1/contracts/create", create), ("/voice/events", event)] {
        let answer = answer.expect("a word at the end");
        assert_eq!(answer.status, 408, "{path}: {}", answer.text());
        judge::refused("a body that never comes", path, &answer, None);
    }
    ground.end().await;
}
