//! Keys: Ed25519 pairs, their public halves, and who may sign what.
//!
//! Three roles, three keys. The *root* key stays offline and names the others; *record* keys sign records; *log* keys
//! sign checkpoints. The names are records themselves, in the stream `ledger/keys` of the same log ([`SignedStatement`]),
//! and a key counts from one position of the log to another ([`KeyRing`]), never from one time to another: a stolen old
//! key cannot be used to insert something into the past.

mod batch;
mod ring;
mod statement;
mod strict;
mod together;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub(crate) use batch::{BATCH_SIGNATURES_MIN, Batch};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
pub use ring::{KeyRange, KeyRing};
pub use statement::{Action, KeyStatement, Reason, Role, SignedStatement};
use zeroize::Zeroizing;

use crate::hash::sha256;
use crate::json;
use crate::record::field;

/// Why a key, a statement about one, or a signature is refused. Never quotes secret bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM of an Ed25519 key (PKCS#8 or SubjectPublicKeyInfo, RFC 8410).
    #[error("not an Ed25519 key in PEM")]
    Pem,
    /// Not a JWK of an Ed25519 public key (RFC 8037 §2) with the members `crv`, `kty` and `x` alone.
    #[error("not a JWK of an Ed25519 public key")]
    Jwk,
    /// Not the canonical encoding of a point, or one of small order, for which one signature fits many messages.
    #[error("an unusable Ed25519 public key")]
    Weak,
    /// The strict check of an Ed25519 signature failed.
    #[error("the signature does not verify")]
    Signature,
    /// A key record's data is not a key statement.
    #[error("not a key statement: {field}")]
    Statement {
        /// The member that is missing or wrong.
        field: &'static str,
    },
    /// A statement about a key of another log.
    #[error("the key statement is about another log")]
    Origin,
    /// The root key did not sign the statement.
    #[error("the key statement is not signed by the root key")]
    NotByRoot,
    /// The new key did not sign the statement that adds it.
    #[error("the key statement is not signed by the key it adds")]
    NotPossessed,
    /// Only the record at position 0 may add the key that signs it.
    #[error("a key cannot vouch for itself except at position 0")]
    SelfAdded,
    /// The key already has a role; three roles have three keys, and no key comes back.
    #[error("the key has or had a role already")]
    Reused,
    /// A statement that would change who may sign positions already in the log.
    #[error("the key statement counts from position {from}, which lies before {earliest}")]
    BackDated {
        /// First position the statement wants to count for.
        from: u64,
        /// First position it may count for.
        earliest: u64,
    },
    /// No statement added this key in this role.
    #[error("the key is unknown")]
    Unknown,
    /// The key counts only from a later position on.
    #[error("the key counts from position {from} on")]
    NotYet {
        /// First position it may sign.
        from: u64,
    },
    /// The key was retired or revoked.
    #[error("the key counts only before position {until}")]
    Ended {
        /// First position it may no longer sign.
        until: u64,
    },
}

impl KeyError {
    /// The member of a key statement, or the part of a record, at fault.
    pub fn field(&self) -> &'static str {
        match self {
            KeyError::Statement { field } => field,
            KeyError::Origin => "origin",
            KeyError::NotByRoot => "root_signature",
            KeyError::NotPossessed => "possession_signature",
            KeyError::BackDated { .. } => "from_position",
            KeyError::Signature => "signature",
            KeyError::Pem | KeyError::Jwk | KeyError::Weak => "public_key",
            KeyError::SelfAdded | KeyError::Reused => "kid",
            KeyError::Unknown | KeyError::NotYet { .. } | KeyError::Ended { .. } => "kid",
        }
    }
}

/// An Ed25519 pair that signs records. A root key has the same form.
#[derive(Clone)]
pub struct RecordKey {
    signing: SigningKey,
    public: PublicKey,
    /// In base64url; the same for all records.
    record_header: String,
}

/// The key that names the other keys.
pub type RootKey = RecordKey;

impl RecordKey {
    /// The key of 32 secret bytes (RFC 8032 §5.1.5), which must come from a secure source.
    pub fn from_seed(seed: &[u8; 32]) -> RecordKey {
        let signing = SigningKey::from_bytes(seed);
        RecordKey::of(signing)
    }

    /// Reads PKCS#8 PEM (RFC 8410 §7), with or without the public key inside.
    pub fn from_pkcs8_pem(pem: &str) -> Result<RecordKey, KeyError> {
        let signing = SigningKey::from_pkcs8_pem(pem).map_err(|_| KeyError::Pem)?;
        Ok(RecordKey::of(signing))
    }

    fn of(signing: SigningKey) -> RecordKey {
        let public = PublicKey::of(signing.verifying_key());
        let mut record_header = String::new();
        field::encode(field::header(public.kid()).as_bytes(), &mut record_header);
        RecordKey { signing, public, record_header }
    }

    /// The header of every record this key signs, in base64url.
    pub(crate) fn record_header(&self) -> &str {
        &self.record_header
    }

    /// PKCS#8 PEM without the public key (version 1, RFC 5208), which OpenSSL reads as well.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let pair = KeypairBytes { secret_key: self.signing.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).expect("32 bytes always fit PKCS#8")
    }

    /// Ed25519 signature (RFC 8032 §5.1.6); deterministic.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// RFC 7638 thumbprint of the public half.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }
}

/// Shows the public half alone.
impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// An Ed25519 public key fit for evidence: canonical encoding, not weak, verified strictly.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    verifying: VerifyingKey,
    /// Of small order; never so where the key was read.
    small: bool,
    kid: String,
}

impl PublicKey {
    /// A key from its 32 bytes (RFC 8032 §5.1.5). Refused are encodings of no point, second encodings of a point, and
    /// points of small order, so that all verifiers agree on every signature.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, KeyError> {
        let verifying = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Weak)?;
        if verifying.is_weak() || verifying.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::Weak);
        }
        Ok(PublicKey::of(verifying))
    }

    fn of(verifying: VerifyingKey) -> PublicKey {
        let thumbprint = sha256(jwk_text(verifying.as_bytes()).as_bytes());
        PublicKey { verifying, small: verifying.is_weak(), kid: thumbprint.base64url() }
    }

    /// The 32 bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.verifying.as_bytes()
    }

    /// The `x` of the JWK: the 32 bytes in base64url without padding.
    pub fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.as_bytes())
    }

    /// Reads [`PublicKey::x`].
    pub fn from_x(x: &str) -> Result<PublicKey, KeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(x).map_err(|_| KeyError::Jwk)?;
        PublicKey::from_bytes(&bytes.try_into().map_err(|_| KeyError::Jwk)?)
    }

    /// The JWK (RFC 8037 §2) with its required members in the order RFC 7638 hashes them.
    pub fn jwk(&self) -> String {
        jwk_text(self.as_bytes())
    }

    /// Reads a JWK that has the members of [`PublicKey::jwk`] and no others.
    pub fn from_jwk(jwk: &str) -> Result<PublicKey, KeyError> {
        let value = json::parse(jwk.as_bytes()).map_err(|_| KeyError::Jwk)?;
        let members = value.as_object().ok_or(KeyError::Jwk)?;
        let text = |name| value.get(name).and_then(json::Value::as_str);
        if members.len() != 3 || text("crv") != Some("Ed25519") || text("kty") != Some("OKP") {
            return Err(KeyError::Jwk);
        }
        PublicKey::from_x(text("x").ok_or(KeyError::Jwk)?)
    }

    /// RFC 7638 thumbprint with SHA-256, base64url: the `kid` of a record's header.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// SubjectPublicKeyInfo PEM (RFC 8410 §4), as `openssl pkeyutl -pubin -inkey` takes it.
    pub fn to_spki_pem(&self) -> String {
        self.verifying.to_public_key_pem(LineEnding::LF).expect("32 bytes always fit SubjectPublicKeyInfo")
    }

    /// Reads [`PublicKey::to_spki_pem`].
    pub fn from_spki_pem(pem: &str) -> Result<PublicKey, KeyError> {
        let verifying = VerifyingKey::from_public_key_pem(pem).map_err(|_| KeyError::Pem)?;
        PublicKey::from_bytes(verifying.as_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.jwk())
    }
}

fn jwk_text(x: &[u8; 32]) -> String {
    format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(x))
}
