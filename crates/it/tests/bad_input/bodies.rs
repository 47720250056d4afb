//! Whole bodies that are not what a route takes: every route that reads one, with each of them.

use http_surface::body::{BUNDLE_BODY_BYTES_MAX, JSON_BODY_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX};
use it::Setup;
use it::wire::{Request, send};
use serde_json::Value;

use super::routes::{ROUTES, Route, Takes};
use super::{Ground, SERVERS, judge};

pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";
/// `{"a":1}`, compressed by gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xabVJT\xb22\xac\x05\0\xaf\xac\x1bV\x07\0\0\0";
const DEEP: usize = 100_000;

/// One body with what it is called.
struct Body {
    name: &'static str,
    bytes: Vec<u8>,
}

fn body(name: &'static str, bytes: impl Into<Vec<u8>>) -> Body {
    Body { name, bytes: bytes.into() }
}

/// A sound body as this route takes it, its media type, and most bytes.
fn sound(route: &Route) -> Option<(&'static str, &'static str, usize)> {
    match route.takes {
        Takes::Json(sample) | Takes::JsonOrNothing(sample) => Some((sample.text, JSON, JSON_BODY_BYTES_MAX)),
        Takes::Form(text) | Takes::FormOrJson(text, _) => Some((text, FORM, WEBHOOK_BODY_BYTES_MAX)),
        Takes::Event(sample) => Some((sample.text, JSON, WEBHOOK_BODY_BYTES_MAX)),
        Takes::Question(text) => Some((text, JSON, WEBHOOK_BODY_BYTES_MAX)),
        Takes::Bundle => Some(("{\"v\":\"ahadi.bundle.v1\"}", JSON, BUNDLE_BODY_BYTES_MAX)),
        Takes::Nothing | Takes::Upload => None,
    }
}

fn utf16(text: &str, of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(of).collect()
}

/// No JSON at all, or not the JSON of a request.
fn not_json(sample: &str) -> Vec<Body> {
    let half = &sample[..sample.len() / 2];
    let quoted = |inner: &[u8]| [b"{\"transcript\":\"", inner, b"\"}"].concat();
    vec![
        body("an empty body", ""),
        body("blanks", " \r\n\t "),
        body("half a body", half),
        body("a body and more", format!("{sample}x")),
        body("two bodies", format!("{sample}{sample}")),
        body("single quotes", "{'transcript':'x'}"),
        body("a comma too much", "{\"transcript\":\"x\",}"),
        body("a comment", "{\"transcript\":\"x\" /* needle */}"),
        body("a list", "[1,2]"),
        body("a list of bodies", format!("[{sample}]")),
        body("a text", "\"needle\""),
        body("a number", "1e400"),
        body("a long number", "9".repeat(500_000)),
        body("NaN", "NaN"),
        body("Infinity", "Infinity"),
        body("null", "null"),
        body("true", "true"),
        body("a form", "transcript=needle&parties=x"),
        body(
            "XML",
            "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
        ),
        body("a byte order mark", format!("\u{feff}{sample}")),
        body("UTF-16, little end first", utf16(sample, u16::to_le_bytes)),
        body("UTF-16, big end first", utf16(sample, u16::to_be_bytes)),
        body("Latin 1", quoted(b"caf\xe9")),
        body("overlong UTF-8", quoted(b"\xc0\xaf")),
        body("a surrogate in UTF-8", quoted(b"\xed\xa0\x80")),
        body("half a letter", quoted(b"\xf0\x9f\x8c")),
        body("a raw NUL", quoted(b"a\0b")),
        body("a raw line end", quoted(b"a\nb")),
        body("NULs", vec![0; 1_000]),
        body("random bytes", (0..5_000_u32).map(|n| (n * n % 251) as u8).collect::<Vec<u8>>()),
        body("compressed bytes", GZIP),
        body("lists in lists", format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP))),
        body("lists without an end", "[".repeat(DEEP)),
        body("objects in objects", format!("{}1{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP))),
        body("deep in a member", format!("{{\"terms\":{}{}}}", "[".repeat(DEEP), "]".repeat(DEEP))),
        body("a hundred thousand members", members(DEEP)),
        body("a hundred thousand items", format!("[{}0]", "0,".repeat(DEEP))),
    ]
}

fn members(count: usize) -> String {
    let all: Vec<String> = (0..count).map(|n| format!("\"{n}\":0")).collect();
    format!("{{{}}}", all.join(","))
}

/// No form at all, or not the form of a webhook.
fn not_a_form(sample: &str) -> Vec<Body> {
    let (id, rest) = sample.split_once('&').unwrap();
    let (name, _) = id.split_once('=').unwrap();
    let valued = |value: &[u8]| [name.as_bytes(), b"=", value, b"&", rest.as_bytes()].concat();
    vec![
        body("an empty body", ""),
        body("ampersands", "&&&&"),
        body("an equals sign", "="),
        body("JSON", "{\"sessionId\":\"needle\"}"),
        body("an empty id", valued(b"")),
        body("no id", rest),
        body("an id that is none", valued(b"needle/../%2F%20x")),
        body("the word None", valued(b"None")),
        body("half an escape", valued(b"%4")),
        body("a broken escape", valued(b"%zz")),
        body("a percent sign", valued(b"%")),
        body("an escaped NUL", valued(b"a%00b")),
        body("a raw NUL", valued(b"a\0b")),
        body("bad UTF-8, escaped", valued(b"%ff%fe")),
        body("bad UTF-8, raw", valued(b"\xff\xfe")),
        body("a surrogate in UTF-8", valued(b"%ed%a0%80")),
        body("an id of 129 letters", valued(&[b'x'; 129])),
        body("an id of 5,000 letters", valued(&[b'x'; 5_000])),
        body("two ids", [valued(b"one"), b"&".to_vec(), valued(b"two")].concat()),
        body("65 fields", format!("{sample}{}", "&a=1".repeat(65))),
        body("a hundred thousand fields", "a=1&".repeat(DEEP)),
        body("ten thousand fields", format!("{sample}{}", "&a=".repeat(10_000))),
        body("a long name", format!("{sample}&{}=1", "x".repeat(65))),
        body("a long value", format!("{sample}&a={}", "x".repeat(4_097))),
        body("a long value of escapes", format!("{sample}&a={}", "%41".repeat(4_097))),
        body("UTF-16", utf16(sample, u16::to_le_bytes)),
        body("compressed bytes", GZIP),
        body("NULs", vec![0; 1_000]),
    ]
}

/// `/v1/verify` says of any JSON object what it found; the rest is refused as elsewhere.
fn not_a_bundle(sample: &str) -> Vec<Body> {
    let mut bodies = not_json(sample);
    bodies.extend([
        body("a hash that is none", "{\"hash\":\"needle\"}"),
        body("a hash that is a number", "{\"hash\":1e400}"),
        body("a hash twice", format!("{{\"hash\":\"{0}\",\"hash\":\"{0}\"}}", "0".repeat(64))),
        body("an empty bundle", "{\"v\":\"ahadi.bundle.v1\"}"),
        body("an object", "{}"),
    ]);
    bodies
}

async fn send_all(ground: &Ground, route: &Route, media: &str, bodies: &[Body]) {
    let path = ground.path(route);
    for (n, body) in (1_u32..).zip(bodies) {
        let request = Request::new(route.method, &path).body(media, &body.bytes);
        // From an address of its own each, for the route that counts its senders.
        let from = std::net::Ipv4Addr::from(0x7f01_0000 + n);
        let answer = it::wire::send_from(ground.world.address(), from, &request).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer to {} at {path}", body.name));
        // The sender of a message is whoever the provider says; only its id has a form.
        let sender =
            ["/sms/incoming", "/sms/webhook", "/sms/opt-out"].iter().any(|end| route.path.ends_with(end))
                && ["an id that is none", "an id of 129 letters"].contains(&body.name);
        if sender {
            assert_eq!(answer.status, 200, "{} at {path}: {}", body.name, answer.text());
        } else {
            judge::refused(body.name, &path, &answer, None);
        }
    }
}

/// Whoever asks what to do with a call is told, unless the question is too long to be kept.
async fn answer_all(ground: &Ground, route: &Route, sample: &str) {
    let path = ground.path(route);
    for body in not_json(sample).into_iter().chain(not_a_form("call_uuid=x&status=answered")) {
        for media in [JSON, FORM, "text/plain", ""] {
            let request = Request::new("POST", &path).body(media, &body.bytes);
            let answer = send(ground.world.address(), &request).await;
            let expected = if body.bytes.len() > WEBHOOK_BODY_BYTES_MAX { 413 } else { 200 };
            assert_eq!(answer.status, expected, "{} at {path}: {}", body.name, answer.text());
            assert!(answer.body.len() > 10 && !answer.text().contains("eedle"), "{}", answer.text());
        }
    }
}

async fn questions(setup: Setup) {
    let ground = Ground::on(setup).await;
    for route in ROUTES {
        if let Takes::Question(text) = route.takes {
            answer_all(&ground, route, text).await;
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_whatever_they_hold() {
    questions(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_whatever_they_hold_on_servers() {
    questions(SERVERS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_bodies() {
    let ground = Ground::new().await;
    for route in ROUTES {
        match route.takes {
            Takes::Nothing | Takes::Question(_) | Takes::Upload => {}
            Takes::Json(sample) | Takes::JsonOrNothing(sample) | Takes::Event(sample) => {
                send_all(&ground, route, JSON, &not_json(sample.text)).await;
            }
            Takes::Form(sample) => send_all(&ground, route, FORM, &not_a_form(sample)).await,
            Takes::FormOrJson(form, sample) => {
                send_all(&ground, route, FORM, &not_a_form(form)).await;
                send_all(&ground, route, JSON, &not_json(sample.text)).await;
            }
            Takes::Bundle => send_all(&ground, route, JSON, &not_a_bundle("{\"hash\":\"00\"}")).await,
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_media_and_encodings() {
    let ground = Ground::new().await;
    let address = ground.world.address();
    for route in ROUTES {
        let Some((text, media, max)) = sound(route) else { continue };
        let path = ground.path(route);
        let plain = || Request::new(route.method, &path);
        let over = vec![b' '; max + 1];
        let chunked = [format!("{:x}\r\n", over.len()).into_bytes(), over.clone(), b"\r\n0\r\n\r\n".to_vec()];
        let huge = plain().header("content-type", media).header("content-length", "52428800");
        let endless = plain().header("content-type", media).header("content-length", "9".repeat(19));
        for (name, request) in [
            ("a byte too many", plain().body(media, &over)),
            (
                "a byte too many, in pieces",
                plain().header("transfer-encoding", "chunked").body(media, chunked.concat()),
            ),
            ("50 MiB announced", huge),
            ("more announced than there is", endless),
        ] {
            let answer = send(address, &request).await;
            assert_eq!(answer.status, 413, "{name} at {path}: {}", answer.text());
            judge::refused(name, &path, &answer, None);
            assert_eq!(answer.header("connection"), "close", "{name} at {path}");
        }
        for encoding in ["gzip", "br", "deflate", "identity, gzip", "GZIP", "x"] {
            let request = plain().header("content-encoding", encoding).body(media, GZIP);
            let answer = send(address, &request).await;
            assert_eq!(answer.status, 415, "{encoding} at {path}: {}", answer.text());
            judge::refused(encoding, &path, &answer, None);
        }
        if matches!(route.takes, Takes::Bundle | Takes::Question(_)) {
            continue;
        }
        for other in other_media(route) {
            let request = plain().header("content-type", other).body("", text);
            let answer = send(address, &request).await;
            assert_eq!(answer.status, 415, "{} at {path}: {}", String::from_utf8_lossy(other), answer.text());
            judge::refused("another media type", &path, &answer, None);
        }
    }
    ground.end().await;
}

fn other_media(route: &Route) -> Vec<&'static [u8]> {
    let mut media: Vec<&[u8]> = vec![
        b"text/plain",
        b"text/html",
        b"multipart/form-data; boundary=x",
        b"application/xml",
        b"application/octet-stream",
        b"application/jsonx",
        b"application",
        b"/",
        b"*/*",
    ];
    match route.takes {
        Takes::Form(_) => media.push(b"application/json"),
        Takes::Json(_) | Takes::JsonOrNothing(_) => media.extend([
            FORM.as_bytes(),
            b"",
            b"\xff\xfe",
            b"application/json; charset=utf-16",
            b"application/json; charset=latin1",
        ]),
        _ => {}
    }
    media
}

/// A body that is nothing anybody could want, twice: with and without the right media type, still answered in JSON.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_nobody_asked_for() {
    let ground = Ground::new().await;
    for route in ROUTES.iter().filter(|route| matches!(route.takes, Takes::Nothing)) {
        let path = ground.path(route);
        let bare = send(ground.world.address(), &Request::new("GET", &path)).await;
        let request = Request::new("GET", &path).body(JSON, "{\"needle\":[[[");
        let answer = send(ground.world.address(), &request).await;
        assert_eq!(answer.status, bare.status, "{path}: {}", answer.text());
        if answer.status == 200 && answer.header("content-type") == JSON {
            let _: Value = answer.json();
        }
    }
    ground.end().await;
}
