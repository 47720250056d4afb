//! Every route of the service: what it takes and who may use it. A route that is not in this table fails the test at
//! its end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::fields::Kind;

/// A JSON body that is taken, and what each of its places may hold.
pub struct Sample {
    pub text: &'static str,
    pub places: &'static [(&'static str, Kind)],
}

/// What a route reads of a body.
#[derive(Clone, Copy)]
pub enum Takes {
    Nothing,
    Json(&'static Sample),
    /// The body may be left out; then the query says the same.
    JsonOrNothing(&'static Sample),
    Form(&'static str),
    FormOrJson(&'static str, &'static Sample),
    /// A webhook in JSON.
    Event(&'static Sample),
    /// A provider's request for instructions: answered whatever it says, for somebody is on the phone.
    Question(&'static str),
    Bundle,
    /// A file in a multipart form.
    Upload,
}

/// A query parameter, and what is not one of its values.
pub type Parameter = (&'static str, &'static [&'static str]);

#[derive(Clone, Copy)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    /// The scope a key needs; none where no key is asked for.
    pub needs: Option<&'static str>,
    pub takes: Takes,
    pub query: &'static [Parameter],
}

const READ: Option<&str> = Some("contracts:read");
const WRITE: Option<&str> = Some("contracts:write");
const CALLS: Option<&str> = Some("calls:control");
const AUDIT: Option<&str> = Some("audit:read");
const ADMIN: Option<&str> = Some("admin");
const PERSONAL: Option<&str> = Some("personal:read");
const ERASE: Option<&str> = Some("personal:erase");
/// Webhooks have a path of their own instead of keys.
const HOOK: Option<&str> = None;
const PUBLIC: Option<&str> = None;

const WHOLE: &[&str] =
    &["-1", "0", "99999999999999999999", "abc", "1.5", "1e3", "0x10", "%20", "%00", "%ff", "NaN"];
const WHOLE_FROM_ZERO: &[&str] = &["-1", "99999999999999999999", "abc", "1.5", "1e3", "%20", "%00", "%ff"];
const WORD: &[&str] = &["done", "PENDING", "%00", "%ff", "%27--", "%7B%7D"];
const PHONE: &[&str] = &["abc", "12", "%2B", "%00", "%ff%00", "1111111111111111111111111111111111111111111"];
const HASH: &[&str] = &["x", "-1", "abc", "%00", "%ff", "%F0%9F%8C%BD"];
const CURSOR: &[&str] = &["x", "-1", "99999999999999999999", "abc", "MSA", "%00", "%ff", "%F0%9F%8C%BD"];

const LIST: &[Parameter] =
    &[("limit", WHOLE), ("offset", WHOLE_FROM_ZERO), ("status", WORD), ("phone_number", PHONE)];
const PAGES: &[Parameter] = &[
    ("limit", WHOLE),
    ("cursor", CURSOR),
    ("status", WORD),
    ("contract_type", WORD),
    ("phone_number", PHONE),
];
const ANSWER: &[Parameter] = &[("phone_number", PHONE)];
const FROM: &[Parameter] = &[("from_version", WHOLE)];
const RECORDS: &[Parameter] = &[("limit", WHOLE), ("from_version", WHOLE)];

pub static CREATE: Sample = Sample {
    text: r#"{"transcript":"Needle: an agreement about maize","parties":[{"phone":"+254700000071","role":"buyer","name":"Needle Otieno"},{"phone":"+254700000072","role":"seller","name":"Needle Achieng"}],"contract_type":"agricultural_supply","language":"en","terms":{"product":"maize","quantity":"500","unit":"kg","unit_price":50,"total_amount":25000,"currency":"KES","delivery_location":"Needle Market","delivery_deadline":"2026-03-15","quality_requirements":"Grade A","upfront_payment":100.5,"payment_terms":"cash","own_term":"x"},"expires_at":"2099-01-01T00:00:00Z"}"#,
    places: &[
        ("/transcript", Kind::Text),
        ("/parties", Kind::Nothing),
        ("/parties/1", Kind::Nothing),
        ("/parties/1/phone", Kind::Nothing),
        ("/parties/1/role", Kind::Text),
        ("/parties/1/name", Kind::Name),
        ("/contract_type", Kind::Optional),
        ("/language", Kind::Optional),
        ("/terms", Kind::Terms),
        ("/terms/product", Kind::OptionalText),
        ("/terms/quantity", Kind::Quantity),
        ("/terms/unit", Kind::OptionalText),
        ("/terms/unit_price", Kind::Amount),
        ("/terms/total_amount", Kind::Amount),
        ("/terms/currency", Kind::Optional),
        ("/terms/delivery_location", Kind::OptionalText),
        ("/terms/delivery_deadline", Kind::OptionalText),
        ("/terms/quality_requirements", Kind::OptionalText),
        ("/terms/upfront_payment", Kind::Amount),
        ("/terms/payment_terms", Kind::OptionalText),
        ("/terms/own_term", Kind::OwnTerm),
        ("/expires_at", Kind::Optional),
    ],
};
pub static MANUAL: Sample = Sample {
    text: r#"{"product":"maize","total_amount":25000,"quantity":500,"unit":"kg","unit_price":"50","currency":"KES","parties":[{"phone":"+254700000071","role":"buyer","name":"Needle Otieno"},{"phone":"+254700000072","role":"seller","name":"Needle Achieng"}],"contract_type":"agricultural_supply"}"#,
    places: &[
        ("/product", Kind::Text),
        ("/total_amount", Kind::RequiredAmount),
        ("/quantity", Kind::Quantity),
        ("/unit_price", Kind::Amount),
        ("/currency", Kind::Optional),
        ("/parties", Kind::Nothing),
        ("/parties/0/phone", Kind::Nothing),
        ("/contract_type", Kind::Optional),
    ],
};
pub static CONFERENCE: Sample = Sample {
    text: r#"{"parties":["+254700000071","+254700000072"],"contract_type":"agricultural_supply","expected_duration":600}"#,
    places: &[
        ("/parties", Kind::Nothing),
        ("/parties/1", Kind::Nothing),
        ("/contract_type", Kind::Optional),
        ("/expected_duration", Kind::Optional),
    ],
};
pub static PROCESS: Sample = Sample {
    text: r#"{"transcript":"Needle: 500 kg of maize at 50 shillings per kg, agreed. Yes, agreed.","parties":[{"phone":"+254700000071","role":"buyer","name":"Needle Otieno"},{"phone":"+254700000072","role":"seller"}],"contract_type":"agricultural_supply","language":"en","expires_at":"2099-01-01T00:00:00Z"}"#,
    places: &[
        ("/transcript", Kind::Text),
        ("/parties", Kind::Nothing),
        ("/parties/1/phone", Kind::Nothing),
        ("/parties/0/name", Kind::Name),
        ("/contract_type", Kind::Optional),
        ("/language", Kind::Optional),
        ("/expires_at", Kind::Optional),
    ],
};
pub static SAID: Sample = Sample {
    text: r#"{"transcript":[{"speaker":"Needle Otieno","language":"sw","start_ms":0,"end_ms":900,"text":"Needle, sawa."}]}"#,
    places: &[
        ("/transcript/0", Kind::Nothing),
        ("/transcript/0/text", Kind::Text),
        ("/transcript/0/speaker", Kind::OptionalText),
    ],
};
pub static GIVEN: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code)],
};
pub static AMEND: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000","terms":{"product":"maize","total_amount":25000,"own_term":"x"},"transcript":"Needle: less maize","language":"sw","expires_at":"2099-01-01T00:00:00Z"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code)],
};
pub static DELIVER: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000","quantity":"40","unit":"bag","location":"Needle Market","delivered_on":"2026-03-06","reference":"N-1","note":"needle"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code)],
};
pub static PAY: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000","amount":25000,"currency":"KES","method":"needle","paid_on":"2026-03-06","reference":"N-1","note":"needle"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code)],
};
pub static NAMED: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000","report":9,"note":"needle"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code)],
};
pub static DISPUTE: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000","reason":"Needle: the maize is wet"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code)],
};
pub static RESOLVE: Sample = Sample {
    text: r#"{"phone_number":"+254700000071","code":"needle-0000","resolution":"active"}"#,
    places: &[("/phone_number", Kind::Nothing), ("/code", Kind::Code), ("/resolution", Kind::Nothing)],
};
pub static RESEND: Sample =
    Sample { text: r#"{"phone_number":"+254700000071"}"#, places: &[("/phone_number", Kind::Nothing)] };
pub static ERASURE: Sample = Sample {
    text: r#"{"phone":"+254700000079","ground":"request"}"#,
    places: &[("/phone", Kind::Nothing), ("/ground", Kind::Nothing)],
};
pub static WHOM: Sample =
    Sample { text: r#"{"phone":"+254700000079"}"#, places: &[("/phone", Kind::Nothing)] };
pub static CHANGE: Sample = Sample { text: r#"{"status":"pending"}"#, places: &[("/status", Kind::Nothing)] };
pub static REPORT: Sample = Sample {
    text: r#"{"sessionId":"ATVoice_a1b2c3d4e5f6","phoneNumber":"+254700000071","duration":"60","status":"completed"}"#,
    places: &[("/sessionId", Kind::Id), ("/duration", Kind::Seconds)],
};

pub static MINIVOICE: Sample = Sample {
    text: r#"{"event":"call.completed","created_at":"2026-03-02T08:00:00Z","call":{"id":"call_1","status":"completed","direction":"outbound","from":"+254700000001","to":"+254700000071"},"variables":{"note":"needle"},"data":{}}"#,
    places: &[("/call/id", Kind::Id)],
};
pub static TRYVOX: Sample = Sample {
    text: r#"{"call_uuid":"call_1","event":"call.answered","account_id":"AC1","from":"+254700000001","to":"+254700000071","direction":"outbound","status":"answered","timestamp":"2026-03-02T08:00:00.000Z"}"#,
    places: &[("/call_uuid", Kind::Id)],
};

/// No key statement of a ledger that a test can know in advance: refused as it is.
pub static STATEMENTS: Sample = Sample {
    text: r#"{"statements":[{"v":"ahadi.key/1"}]}"#,
    places: &[("/statements", Kind::Nothing), ("/statements/0", Kind::Nothing)],
};
pub static PLACE: Sample = Sample { text: r#"{"to":"+254700000071"}"#, places: &[("/to", Kind::Nothing)] };
pub static TRANSFER: Sample = Sample {
    text: r#"{"to":"+254700000071","leg":"callee"}"#,
    places: &[("/to", Kind::Nothing), ("/leg", Kind::Optional)],
};
/// No call of Africa's Talking can be recorded, so what is taken is refused behind it.
pub static RECORD: Sample = Sample { text: r#"{"action":"start"}"#, places: &[] };
pub static MEDIA: Sample =
    Sample { text: r#"{"url":"https://files.example/tune.mp3"}"#, places: &[("/url", Kind::Nothing)] };
/// The conference is over, so what is taken finds none.
pub static SPEAK: Sample = Sample { text: r#"{"text":"needle"}"#, places: &[("/text", Kind::Code)] };
pub static PLAY: Sample =
    Sample { text: r#"{"url":"https://files.example/tune.mp3"}"#, places: &[("/url", Kind::Nothing)] };

const MOMENT: &str = "sessionId=ATVId_1&isActive=1&direction=Outbound&callerNumber=%2B254700000071";
const RECEIVED: &str = "from=%2B254700000071&to=22384&text=needle&id=msg-1&date=2026-03-02+08%3A00%3A00";
const DELIVERED: &str = "id=ATXid_1&status=Success&phoneNumber=%2B254700000071&networkCode=63902";
const OPTED_OUT: &str = "phoneNumber=%2B254700000071&senderId=AHADI";
const STEP: &str = "sessionId=ATUid_1&serviceCode=%2A384%23&phoneNumber=%2B254700000071&text=";
const STATUS: &str =
    "sessionId=ATVoice_a1b2c3d4e5f6&phoneNumber=%2B254700000071&duration=60&status=completed";

pub static ROUTES: &[Route] = &[
    get("/", PUBLIC, &[]),
    get("/livez", PUBLIC, &[]),
    get("/readyz", PUBLIC, &[]),
    get("/metrics", AUDIT, &[]),
    post("/voice/events", HOOK, Takes::Form(MOMENT), &[]),
    post("/voice/instruct", HOOK, Takes::Form(MOMENT), &[]),
    post("/sms/incoming", HOOK, Takes::Form(RECEIVED), &[]),
    post("/sms/delivery", HOOK, Takes::Form(DELIVERED), &[]),
    post("/sms/opt-out", HOOK, Takes::Form(OPTED_OUT), &[]),
    post("/ussd", HOOK, Takes::Form(STEP), &[]),
    post("/api/v1/sms/webhook", HOOK, Takes::Form(RECEIVED), &[]),
    post("/api/v1/ussd", HOOK, Takes::Form(STEP), &[]),
    post("/api/v1/ussd/", HOOK, Takes::Form(STEP), &[]),
    post("/hooks/africastalking/{secret}/voice/events", HOOK, Takes::Form(MOMENT), &[]),
    post("/hooks/africastalking/{secret}/voice/instruct", HOOK, Takes::Form(MOMENT), &[]),
    post("/hooks/africastalking/{secret}/sms/incoming", HOOK, Takes::Form(RECEIVED), &[]),
    post("/hooks/africastalking/{secret}/sms/delivery", HOOK, Takes::Form(DELIVERED), &[]),
    post("/hooks/africastalking/{secret}/sms/opt-out", HOOK, Takes::Form(OPTED_OUT), &[]),
    post("/hooks/africastalking/{secret}/ussd", HOOK, Takes::Form(STEP), &[]),
    post("/hooks/voicepact/{secret}/sms/webhook", HOOK, Takes::Form(RECEIVED), &[]),
    post("/hooks/voicepact/{secret}/ussd", HOOK, Takes::Form(STEP), &[]),
    post("/api/v1/voice/webhook", HOOK, Takes::FormOrJson(STATUS, &REPORT), &[]),
    post("/hooks/voicepact/{secret}/voice/webhook", HOOK, Takes::FormOrJson(STATUS, &REPORT), &[]),
    post("/hooks/minivoice/{secret}", HOOK, Takes::Event(&MINIVOICE), &[]),
    post("/answer/minivoice/{secret}", HOOK, Takes::Question(MINIVOICE.text), &[]),
    post("/hooks/tryvox/{secret}", HOOK, Takes::Event(&TRYVOX), &[]),
    post("/answer/tryvox/{secret}", HOOK, Takes::Question(TRYVOX.text), &[]),
    get("/voice", PUBLIC, &[]),
    get("/voice/", PUBLIC, &[]),
    get("/voice/invoke-call", CALLS, &[("phone", PHONE)]),
    post("/api/v1/voice/conference/create", CALLS, Takes::Json(&CONFERENCE), &[]),
    post("/api/v1/voice/process", WRITE, Takes::Json(&PROCESS), &[]),
    post("/api/v1/voice/upload", WRITE, Takes::Upload, &[]),
    get("/api/v1/voice/recordings/{conference_id}", READ, &[]),
    get("/api/v1/recordings/{conference_id}", READ, &[]),
    get("/api/v1/contracts", READ, LIST),
    get("/api/v1/contracts/", READ, LIST),
    post("/api/v1/contracts/create", WRITE, Takes::Json(&CREATE), &[]),
    post("/api/v1/contracts/create/manual", WRITE, Takes::Json(&MANUAL), &[]),
    get("/api/v1/contracts/{id}", READ, &[]),
    route("PUT", "/api/v1/contracts/{id}", WRITE, Takes::Json(&CHANGE), &[]),
    get("/api/v1/contracts/{id}/status", READ, &[]),
    post("/api/v1/contracts/{id}/confirm", WRITE, Takes::JsonOrNothing(&GIVEN), ANSWER),
    get("/v1/contracts", READ, PAGES),
    get("/v1/contracts/{id}", READ, &[]),
    get("/v1/contracts/{id}/document", READ, &[("sha256", HASH)]),
    get("/v1/contracts/{id}/records", READ, RECORDS),
    get("/v1/contracts/{id}/bundle", READ, &[]),
    get("/v1/contracts/{id}/messages", READ, &[]),
    post("/v1/contracts/{id}/confirm", WRITE, Takes::JsonOrNothing(&GIVEN), ANSWER),
    post("/v1/contracts/{id}/reject", WRITE, Takes::JsonOrNothing(&GIVEN), ANSWER),
    post("/v1/contracts/{id}/amend", WRITE, Takes::Json(&AMEND), ANSWER),
    post("/v1/contracts/{id}/deliver", WRITE, Takes::JsonOrNothing(&DELIVER), ANSWER),
    post("/v1/contracts/{id}/pay", WRITE, Takes::Json(&PAY), ANSWER),
    post("/v1/contracts/{id}/acknowledge", WRITE, Takes::Json(&NAMED), ANSWER),
    post("/v1/contracts/{id}/contest", WRITE, Takes::Json(&NAMED), ANSWER),
    post("/v1/contracts/{id}/complete", WRITE, Takes::JsonOrNothing(&GIVEN), ANSWER),
    post("/v1/contracts/{id}/cancel", WRITE, Takes::JsonOrNothing(&GIVEN), ANSWER),
    post("/v1/contracts/{id}/dispute", WRITE, Takes::Json(&DISPUTE), ANSWER),
    post("/v1/contracts/{id}/resolve", WRITE, Takes::Json(&RESOLVE), ANSWER),
    post("/v1/contracts/{id}/resend", WRITE, Takes::JsonOrNothing(&RESEND), ANSWER),
    get("/v1/inputs/{id}", READ, &[]),
    post("/v1/keys/statements", ADMIN, Takes::Json(&STATEMENTS), &[]),
    get("/v1/calls/{id}", CALLS, &[]),
    get("/v1/calls/{id}/journey", CALLS, FROM),
    post("/v1/calls/{id}/transcript", WRITE, Takes::Json(&SAID), &[]),
    get("/log/checkpoint", PUBLIC, &[]),
    get("/log/tile/{*path}", PUBLIC, &[]),
    get("/log/proof", PUBLIC, &[("index", WHOLE_FROM_ZERO), ("size", WHOLE)]),
    get("/log/vkey", PUBLIC, &[]),
    get("/.well-known/jwks.json", PUBLIC, &[]),
    post("/v1/calls", CALLS, Takes::Json(&PLACE), &[]),
    route("DELETE", "/v1/calls/{id}", CALLS, Takes::Nothing, &[]),
    post("/v1/calls/{id}/transfer", CALLS, Takes::Json(&TRANSFER), &[]),
    post("/v1/calls/{id}/recordings", CALLS, Takes::JsonOrNothing(&RECORD), &[]),
    get("/v1/queues", CALLS, &[("name", &["%00", "%20", "a%2Fb", "%ff"])]),
    post("/v1/media", CALLS, Takes::Json(&MEDIA), &[]),
    get("/v1/voice/accounts/{auth_id}/conferences", CALLS, &[]),
    get("/v1/voice/accounts/{auth_id}/conferences/{name}", CALLS, &[]),
    route("DELETE", "/v1/voice/accounts/{auth_id}/conferences/{name}", CALLS, Takes::Nothing, &[]),
    act("/v1/voice/accounts/{auth_id}/conferences/{name}/members/{member_id}/mute"),
    act("/v1/voice/accounts/{auth_id}/conferences/{name}/members/{member_id}/unmute"),
    act("/v1/voice/accounts/{auth_id}/conferences/{name}/members/{member_id}/kick"),
    post("/v1/voice/accounts/{auth_id}/conferences/{name}/speak", CALLS, Takes::Json(&SPEAK), &[]),
    post("/v1/voice/accounts/{auth_id}/conferences/{name}/play", CALLS, Takes::Json(&PLAY), &[]),
    post("/v1/parties/erase", ERASE, Takes::Json(&ERASURE), &[]),
    post("/v1/parties/export", PERSONAL, Takes::Json(&WHOM), &[]),
    get("/v1/erasures/{id}", ERASE, &[]),
    post("/v1/verify", PUBLIC, Takes::Bundle, &[]),
];

/// An act that needs no body.
const fn act(path: &'static str) -> Route {
    route("POST", path, CALLS, Takes::Nothing, &[])
}

const fn route(
    method: &'static str,
    path: &'static str,
    needs: Option<&'static str>,
    takes: Takes,
    query: &'static [Parameter],
) -> Route {
    Route { method, path, needs, takes, query }
}

const fn get(path: &'static str, needs: Option<&'static str>, query: &'static [Parameter]) -> Route {
    route("GET", path, needs, Takes::Nothing, query)
}

const fn post(
    path: &'static str,
    needs: Option<&'static str>,
    takes: Takes,
    query: &'static [Parameter],
) -> Route {
    route("POST", path, needs, takes, query)
}

/// A row of the table.
pub fn of(method: &str, path: &str) -> Route {
    *ROUTES
        .iter()
        .find(|route| route.method == method && route.path == path)
        .expect("the route is in the table")
}

/// Methods and paths in the source of the surface: `.route("/path", get(…).put(…))`.
fn in_source() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for hidden in [".nest(", ".nest_service(", ".route_service(", ".fallback_service("] {
            assert!(!code.contains(hidden), "{}: {hidden} hides routes from this test", file.display());
        }
        for part in code.split(".route(").skip(1) {
            let (path, rest) = part
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
                .unwrap_or_else(|| panic!("{}: a path that is no literal", file.display()));
            let handlers = up_to_the_end(rest);
            let methods = ["get", "post", "put", "delete", "patch", "any", "options", "trace", "head", "on"];
            let named: Vec<&str> = methods
                .into_iter()
                .filter(|method| {
                    handlers
                        .match_indices(&format!("{method}("))
                        .any(|(at, _)| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                })
                .collect();
            assert!(!named.is_empty(), "{}: no method for {path}", file.display());
            found.extend(named.into_iter().map(|method| (method.to_ascii_uppercase(), path.to_owned())));
        }
    }
    found
}

/// The text up to the bracket that closes the one before it.
fn up_to_the_end(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &text[..end.expect("brackets are closed")]
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_table_names_every_route_and_no_other() {
    let table: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(table.len(), ROUTES.len(), "a route stands twice");
    let source = in_source();
    assert!(source.len() > 40, "the routes were not found in the source: {source:?}");
    let missing: Vec<_> = source.difference(&table).collect();
    let gone: Vec<_> = table.difference(&source).collect();
    assert!(missing.is_empty(), "routes that nobody attacks; add them to the table above: {missing:?}");
    assert!(gone.is_empty(), "rows without a route: {gone:?}");
}
