//! Who may do what: API keys as bearer tokens (RFC 6750), each with its scopes.
//!
//! ```text
//!  Authorization: Bearer ahadi_7Kq2mZ0p_<43 characters>
//!                              └─ id ─┘ └── secret ───┘   the store keeps SHA-256 of the secret
//! ```
//!
//! A handler says what it needs by the type of its first argument, [`Allowed`]; without it, it is public.

use std::marker::PhantomData;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use effects::door::Door;
use ledger::hash::{Hash, sha256};
use store::Reader;
use subtle::ConstantTimeEq;

use crate::problem::{Kind, Problem};

/// What every key starts with, so that leaked ones can be found by scanners.
pub const KEY_PREFIX: &str = "ahadi_";
/// Characters of a key's public id.
pub const KEY_ID_CHARS: usize = 8;
/// Characters of a key's secret: 43 of 62 possible ones hold 256 bits.
pub const KEY_SECRET_CHARS: usize = 43;
/// Random bytes a new key is made of: two for each character, so that none is noticeably likelier than another.
pub const KEY_RANDOM_BYTES: usize = 2 * (KEY_ID_CHARS + KEY_SECRET_CHARS);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// One thing a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// See contracts, without personal values.
    ContractsRead,
    /// Draft contracts and hand in answers.
    ContractsWrite,
    /// Dial.
    CallsControl,
    /// Read the entries of the log, numbers for operators.
    AuditRead,
    /// See personal values.
    PersonalRead,
    /// Forget people.
    PersonalErase,
    /// Everything.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 7] = [
        Scope::ContractsRead,
        Scope::ContractsWrite,
        Scope::CallsControl,
        Scope::AuditRead,
        Scope::PersonalRead,
        Scope::PersonalErase,
        Scope::Admin,
    ];

    /// The word in key rows and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::ContractsRead => "contracts:read",
            Scope::ContractsWrite => "contracts:write",
            Scope::CallsControl => "calls:control",
            Scope::AuditRead => "audit:read",
            Scope::PersonalRead => "personal:read",
            Scope::PersonalErase => "personal:erase",
            Scope::Admin => "admin",
        }
    }
}

/// Scopes of one caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads the words of a key row; a word of a newer version gives nothing.
    pub fn read(words: &str) -> Scopes {
        Scopes(
            words
                .split_whitespace()
                .filter_map(|w| Scope::ALL.into_iter().find(|s| s.as_str() == w))
                .collect(),
        )
    }

    /// Whether they allow it. `admin` allows all.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.iter().any(|own| *own == scope || *own == Scope::Admin)
    }
}

/// A new key: the text is shown once, the rest is stored.
pub struct NewKey {
    /// Public id.
    pub id: String,
    /// The whole key, for its owner.
    pub text: String,
    /// SHA-256 of the secret part, for the store.
    pub secret_sha256: Hash,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({})", self.id)
    }
}

impl NewKey {
    /// Makes a key of random bytes.
    pub fn of(random: &[u8; KEY_RANDOM_BYTES]) -> NewKey {
        let characters: String = random
            .chunks_exact(2)
            .map(|pair| {
                char::from(ALPHABET[usize::from(u16::from_be_bytes([pair[0], pair[1]])) % ALPHABET.len()])
            })
            .collect();
        let (id, secret) = characters.split_at(KEY_ID_CHARS);
        let text = format!("{KEY_PREFIX}{id}_{secret}");
        NewKey { id: id.to_owned(), text, secret_sha256: sha256(secret.as_bytes()) }
    }
}

/// The id and the secret's hash of a key text; none where it is no key.
pub fn parts(text: &str) -> Option<(&str, Hash)> {
    let (id, secret) = text.strip_prefix(KEY_PREFIX)?.split_once('_')?;
    let fits =
        |part: &str, chars: usize| part.len() == chars && part.bytes().all(|b| b.is_ascii_alphanumeric());
    (fits(id, KEY_ID_CHARS) && fits(secret, KEY_SECRET_CHARS)).then(|| (id, sha256(secret.as_bytes())))
}

/// What stands in front of every route that is not public.
#[derive(Clone)]
pub struct Gate {
    reader: Reader,
    door: Door,
    open: bool,
}

impl Gate {
    /// `open` lets everybody do everything: for trying things out on the own machine.
    pub fn new(reader: Reader, door: Door, open: bool) -> Gate {
        Gate { reader, door, open }
    }

    /// Who is asking, or 401.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        if self.open {
            return if from_elsewhere(headers) {
                Err(Problem::new(
                    Kind::Forbidden,
                    "Requests from web pages of other sites are refused without a key.",
                ))
            } else {
                Ok(Caller { key: None, mark: Hash([0; 32]), scopes: Scopes(vec![Scope::Admin]) })
            };
        }
        let Some(text) = bearer(headers) else {
            return Err(unauthorized("Send an API key: Authorization: Bearer ahadi_…", "Bearer"));
        };
        let refused = || unauthorized("The API key is not valid.", "Bearer error=\"invalid_token\"");
        let (id, secret_sha256) = parts(text).ok_or_else(refused)?;
        let row = self.reader.api_key(id).await?;
        // An unknown id is compared too, so that the time tells nothing about which ids exist.
        let kept = row.as_ref().map_or(Hash([0; 32]), |row| row.secret_sha256);
        let equal = bool::from(kept.0.ct_eq(&secret_sha256.0));
        let now = self.door.now();
        match row {
            Some(row) if equal && row.revoked_at.is_none() && row.expires_at.is_none_or(|at| now < at) => {
                let scopes = Scopes::read(&row.scopes);
                Ok(Caller { key: Some(row.id), mark: row.secret_sha256, scopes })
            }
            _ => Err(refused()),
        }
    }
}

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Public id of the key; none in open mode.
    pub key: Option<String>,
    /// What only this key has: the hash of its secret. Sets its requests apart from those of other keys.
    pub(crate) mark: Hash,
    scopes: Scopes,
}

impl Caller {
    /// Whether it may.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allow(scope)
    }

    /// 403 unless it may.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) {
            return Ok(());
        }
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scope.as_str());
        let problem =
            Problem::new(Kind::Forbidden, format!("The API key lacks the scope {}.", scope.as_str()));
        Err(problem
            .with_header(WWW_AUTHENTICATE, HeaderValue::try_from(challenge).expect("scopes are ASCII words")))
    }
}

/// A scope as a type, for [`Allowed`].
pub trait Need: Send + Sync {
    /// Which.
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident => $scope:ident),* $(,)?) => {
        $($(#[$doc])* pub struct $name;
        impl Need for $name {
            const SCOPE: Scope = Scope::$scope;
        })*
    };
}

needs! {
    /// `contracts:read`
    ContractsRead => ContractsRead,
    /// `contracts:write`
    ContractsWrite => ContractsWrite,
    /// `calls:control`
    CallsControl => CallsControl,
    /// `audit:read`
    AuditRead => AuditRead,
    /// `admin`
    Admin => Admin,
    /// `personal:read`
    PersonalRead => PersonalRead,
    /// `personal:erase`
    PersonalErase => PersonalErase,
}

/// Proof that the caller may do what `N` names. As the first argument of a handler it is checked before the body is
/// read.
pub struct Allowed<N: Need> {
    /// Who is asking.
    pub caller: Caller,
    need: PhantomData<N>,
}

impl<N: Need, S: Sync> FromRequestParts<S> for Allowed<N>
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Allowed<N>, Problem> {
        let caller = Gate::from_ref(state).caller(&parts.headers).await?;
        caller.require(N::SCOPE)?;
        Ok(Allowed { caller, need: PhantomData })
    }
}

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110 §11.1). Two headers are none.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized(detail: &'static str, challenge: &'static str) -> Problem {
    Problem::new(Kind::Unauthorized, detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// Whether a browser sends it for a page of another site (which could then dial phones on this machine's account), or
/// under a name that was made to point here.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = text(HOST.as_str());
    let own_page = |origin: &str| origin.split_once("://").map(|(_, authority)| authority) == host;
    let foreign_site = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    foreign_site
        || text(ORIGIN.as_str()).is_some_and(|o| !own_page(o))
        || host.is_some_and(|h| !is_loopback_name(h))
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (axum::http::HeaderName::from_static(n), HeaderValue::from_str(v).unwrap()))
            .collect()
    }

    #[test]
    fn a_new_key_is_read_back() {
        let mut random = [0_u8; KEY_RANDOM_BYTES];
        for (n, byte) in (0_u8..).zip(&mut random) {
            *byte = n.wrapping_mul(37);
        }
        let key = NewKey::of(&random);
        assert_eq!(key.text.len(), 6 + 8 + 1 + 43);
        assert_eq!(parts(&key.text), Some((key.id.as_str(), key.secret_sha256)));
        assert!(!format!("{key:?}").contains(&key.text[15..]));
        for broken in [
            "",
            "ahadi_",
            &key.text[1..],
            &key.text[..57],
            &format!("{}x", key.text),
            &key.text.replace('_', "-"),
        ] {
            assert_eq!(parts(broken), None, "{broken}");
        }
    }

    #[test]
    fn scopes() {
        let scopes = Scopes::read("contracts:read  future:thing audit:read");
        assert!(scopes.allow(Scope::ContractsRead) && scopes.allow(Scope::AuditRead));
        assert!(!scopes.allow(Scope::ContractsWrite) && !scopes.allow(Scope::Admin));
        assert!(Scope::ALL.into_iter().all(|scope| Scopes::read("admin").allow(scope)));
        assert!(!Scope::ALL.into_iter().any(|scope| Scopes::read("").allow(scope)));
    }

    #[test]
    fn bearer_tokens() {
        assert_eq!(bearer(&headers(&[("authorization", "Bearer abc")])), Some("abc"));
        assert_eq!(bearer(&headers(&[("authorization", "bearer  abc ")])), Some("abc"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic abc")])), None);
        assert_eq!(bearer(&headers(&[("authorization", "Bearer")])), None);
        assert_eq!(bearer(&headers(&[])), None);
        let mut two = headers(&[("authorization", "Bearer abc")]);
        two.append(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
        assert_eq!(bearer(&two), None);
    }

    #[test]
    fn pages_of_other_sites_are_from_elsewhere() {
        let check = |pairs: &[(&'static str, &str)], expected: bool| {
            assert_eq!(from_elsewhere(&headers(pairs)), expected, "{pairs:?}");
        };
        check(&[], false);
        check(&[("host", "127.0.0.1:5000")], false);
        check(&[("host", "localhost:5000")], false);
        check(&[("host", "[::1]:5000")], false);
        check(
            &[
                ("host", "127.0.0.1:5000"),
                ("origin", "http://127.0.0.1:5000"),
                ("sec-fetch-site", "same-origin"),
            ],
            false,
        );
        check(&[("host", "127.0.0.1:5000"), ("sec-fetch-site", "none")], false);
        check(&[("host", "rebound.example")], true);
        check(&[("host", "127.0.0.1.example:5000")], true);
        check(&[("host", "127.0.0.1:5000"), ("origin", "https://evil.example")], true);
        check(&[("host", "127.0.0.1:5000"), ("origin", "null")], true);
        check(&[("host", "127.0.0.1:5000"), ("sec-fetch-site", "cross-site")], true);
    }
}
