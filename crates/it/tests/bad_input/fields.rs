//! Every place of every JSON body with everything that does not belong there.

use it::wire::{Answer, Request, send};
use serde_json::Value;

use super::routes::{ROUTES, Route, Sample, Takes};
use super::{Ground, judge};

/// What a place of a body may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing of what is tried: a list of parties, a phone number, one of some words that must be there.
    Nothing,
    Text,
    OptionalText,
    Name,
    /// One of some words, a time or a whole number; may be left out.
    Optional,
    Terms,
    Quantity,
    Amount,
    RequiredAmount,
    OwnTerm,
    /// Whatever it is, the contract's own code it is not.
    Code,
    /// Seconds of a webhook.
    Seconds,
    /// An id of a webhook, which may be written as a number.
    Id,
}

/// No JSON, or JSON that says no text: refused in every place, not always by name.
const NEVER: [(&str, &str); 6] = [
    ("NaN", "NaN"),
    ("Infinity", "Infinity"),
    ("minus infinity", "-Infinity"),
    ("half a surrogate pair", r#""\ud800""#),
    ("a surrogate pair the wrong way round", r#""\udc00\ud800""#),
    ("a broken escape", r#""\u12""#),
];
const VALUES: [(&str, &str); 17] = [
    ("null", "null"),
    ("a boolean", "true"),
    ("an empty list", "[]"),
    ("a list of lists", "[[1]]"),
    ("an object", r#"{"a":{}}"#),
    ("minus one", "-1"),
    ("zero", "0"),
    ("a fraction", "1.5"),
    ("an exponent", "1e400"),
    ("29 digits", "99999999999999999999999999999"),
    ("an empty text", r#""""#),
    ("blanks", r#""  ""#),
    ("a NUL", r#""a\u0000b""#),
    ("an escape sequence", r#""\u001b[2J""#),
    ("a turned text", r#""\u202ex""#),
    ("a word", r#""xyz""#),
    ("another script", r#""٢٥٠٠٠""#),
];
const NUMBERS: [&str; 5] = ["minus one", "zero", "a fraction", "an exponent", "29 digits"];
const TEXTS: [&str; 2] = ["a word", "another script"];
const EMPTY: [&str; 2] = ["an empty text", "blanks"];

impl Kind {
    /// Whether a value may stand here; none where it is refused for what it says, not for where it stands.
    fn takes(self, value: &str) -> Option<bool> {
        let one_of = |lists: &[&[&str]]| lists.concat().contains(&value);
        Some(match self {
            Kind::Nothing => false,
            Kind::Text => one_of(&[&TEXTS]),
            Kind::OptionalText => one_of(&[&TEXTS, &["null"]]),
            Kind::Name => one_of(&[&TEXTS, &EMPTY, &["null"]]),
            Kind::Optional => value == "null",
            Kind::Terms => one_of(&[&["null", "an object"]]),
            Kind::Quantity => one_of(&[&NUMBERS, &TEXTS, &["null"]]),
            Kind::Amount => one_of(&[&["null", "zero", "a fraction"]]),
            Kind::RequiredAmount => one_of(&[&["zero", "a fraction"]]),
            Kind::OwnTerm => !one_of(&[&["a NUL", "an escape sequence", "a turned text"]]),
            Kind::Code if one_of(&[&NUMBERS, &TEXTS]) => return None,
            Kind::Code => false,
            Kind::Seconds if value == "an exponent" => return None,
            Kind::Seconds => one_of(&[&EMPTY, &["null", "zero"]]),
            Kind::Id if one_of(&[&NUMBERS, &TEXTS, &["a boolean"]]) => return None,
            Kind::Id => false,
        })
    }
}

/// The sample with a text, which need not be JSON, in place of what stands at `pointer`.
fn with(sample: &Sample, pointer: &str, text: &str) -> String {
    let mut body: Value = serde_json::from_str(sample.text).unwrap();
    *body.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the sample")) =
        Value::from("@here@");
    body.to_string().replace("\"@here@\"", text)
}

/// `/parties/1/phone` as refusals write it: `parties[1].phone`.
fn written(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        match step.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(step),
            Err(_) => path.push_str(&format!(".{step}")),
        }
    }
    path
}

async fn ask(ground: &Ground, route: &Route, body: &str) -> Answer {
    let request = Request::new(route.method, &ground.path(route)).body("application/json", body);
    send(ground.world.address(), &request).await
}

async fn every_place(ground: &Ground, route: &Route, sample: &Sample) {
    let path = ground.path(route);
    for (pointer, kind) in sample.places {
        let field = written(pointer);
        for (name, text) in VALUES {
            let what = format!("{name} as {field}");
            let answer = ask(ground, route, &with(sample, pointer, text)).await;
            match kind.takes(name) {
                Some(true) => assert_eq!(answer.status, 200, "{what} at {path}: {}", answer.text()),
                Some(false) => judge::refused(&what, &path, &answer, Some(&field)),
                None => judge::no_fault(&what, &path, &answer),
            }
        }
        for (name, text) in NEVER {
            let answer = ask(ground, route, &with(sample, pointer, text)).await;
            judge::refused(&format!("{name} as {field}"), &path, &answer, None);
            assert_eq!(answer.status, 400, "{name} as {field} at {path}: {}", answer.text());
        }
        let digits = with(sample, pointer, &"9".repeat(401));
        let long = with(sample, pointer, &format!("\"{}\"", "x".repeat(420_000)));
        for (name, body) in [("10^400", digits), ("a long text", long)] {
            let answer = ask(ground, route, &body).await;
            judge::refused(&format!("{name} as {field}"), &path, &answer, None);
        }
        if let Some((_, name)) = pointer.rsplit_once('/').filter(|(_, name)| name.parse::<usize>().is_err()) {
            let twice = with(sample, pointer, &format!("\"needle\",\"{name}\":\"other\""));
            let answer = ask(ground, route, &twice).await;
            judge::refused(&format!("{field} twice"), &path, &answer, Some(name));
        }
    }
}

fn json_routes() -> Vec<(&'static Route, &'static Sample)> {
    let sample = |route: &'static Route| match route.takes {
        Takes::Json(sample)
        | Takes::JsonOrNothing(sample)
        | Takes::FormOrJson(_, sample)
        | Takes::Event(sample) => Some((route, sample)),
        Takes::Nothing | Takes::Form(_) | Takes::Question(_) | Takes::Bundle | Takes::Upload => None,
    };
    ROUTES.iter().filter_map(sample).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_of_every_body() {
    let ground = Ground::new().await;
    for (route, sample) in json_routes() {
        every_place(&ground, route, sample).await;
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_left_out_and_fields_nobody_knows() {
    let ground = Ground::new().await;
    for (route, sample) in json_routes() {
        let path = ground.path(route);
        let whole: Value = serde_json::from_str(sample.text).unwrap();
        for (pointer, kind) in sample.places {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let mut body = whole.clone();
            let Some(parent) = body.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
            parent.remove(name);
            let answer = ask(&ground, route, &body.to_string()).await;
            let what = format!("without {}", written(pointer));
            match kind.takes("null") {
                Some(true) => assert_eq!(answer.status, 200, "{what} at {path}: {}", answer.text()),
                _ => judge::refused(&what, &path, &answer, Some(&written(pointer))),
            }
        }
        let mut body = whole.clone();
        body["status_code"] = 5.into();
        body["__proto__"] = serde_json::json!({ "needle": [1, { "x": "y" }] });
        judge::no_fault("fields nobody knows", &path, &ask(&ground, route, &body.to_string()).await);
    }
    ground.end().await;
}
