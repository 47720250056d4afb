//! The key a log signs its checkpoints with, and the verifier key everyone else holds.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::der::pem::LineEnding};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::Checkpoint;
use super::note::{KEY_ID_BYTES, SignatureLine, is_key_name, signature_line};
use crate::hash::{Hash, sha256};

/// Signature type of plain Ed25519 (C2SP signed-note).
const TYPE_ED25519: u8 = 0x01;

/// A key that cannot be used. Says nothing about the key's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// An origin that cannot name a key: empty, or with a space, a plus or a control character.
    #[error("{0:?} cannot name a log key")]
    Name(String),
    /// Not an Ed25519 private key in PKCS#8 PEM.
    #[error("not an Ed25519 private key in PKCS#8 PEM")]
    Pem,
    /// Not `<name>+<8 hex digits>+<base64>`.
    #[error("not a verifier key")]
    Vkey,
    /// A verifier key of another signature type than Ed25519.
    #[error("verifier key of type {0:#04x}; only Ed25519, type 0x01, is known")]
    Type(u8),
    /// The id in the verifier key is not that of its name and public key.
    #[error("the key id does not belong to the name and public key")]
    Id,
    /// Not a point on the curve, or one of the few under which forged signatures verify.
    #[error("the public key is invalid or weak")]
    Public,
}

/// The log's signing key. Its name is the origin of the log.
pub struct LogKey {
    secret: SigningKey,
    verifier: LogVerifier,
}

impl LogKey {
    /// The key of 32 secret bytes (RFC 8032), which must come from a good source of randomness.
    ///
    /// # Errors
    /// [`LogKeyError::Name`].
    pub fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<LogKey, LogKeyError> {
        LogKey::new(origin, SigningKey::from_bytes(seed))
    }

    /// The key of a PKCS#8 PEM file as openssl writes one (RFC 8410).
    ///
    /// # Errors
    /// [`LogKeyError::Pem`], [`LogKeyError::Name`].
    pub fn from_pkcs8_pem(origin: &str, pem: &str) -> Result<LogKey, LogKeyError> {
        LogKey::new(origin, SigningKey::from_pkcs8_pem(pem).map_err(|_| LogKeyError::Pem)?)
    }

    fn new(origin: &str, secret: SigningKey) -> Result<LogKey, LogKeyError> {
        let verifier = LogVerifier::new(origin, secret.verifying_key())?;
        Ok(LogKey { secret, verifier })
    }

    /// The secret key as PKCS#8 PEM without the public key (version 1, which every openssl reads).
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        let bytes = KeypairBytes { secret_key: self.secret.to_bytes(), public_key: None };
        bytes.to_pkcs8_pem(LineEnding::LF).expect("32 bytes always encode")
    }

    /// Name of the log and of the key.
    pub fn origin(&self) -> &str {
        self.verifier.origin()
    }

    /// The public half.
    pub fn verifier(&self) -> &LogVerifier {
        &self.verifier
    }

    /// The verifier key as text; see [`LogVerifier::vkey`].
    pub fn vkey(&self) -> String {
        self.verifier.vkey()
    }

    /// Signs the checkpoint of this log at `size` and `root`: the whole note with one signature line.
    ///
    /// What is signed cannot be taken back. The caller has made sure that every record and tile of this size is stored,
    /// and that no checkpoint it contradicts was ever signed.
    pub fn sign(&self, size: u64, root: &Hash) -> String {
        let text = Checkpoint { origin: self.origin().to_owned(), size, root: *root }.text();
        let signature = self.secret.sign(text.as_bytes()).to_bytes();
        let line = signature_line(self.origin(), self.verifier.key_id, &signature);
        format!("{text}\n{line}")
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// The log's public key with its name, as an auditor pins it.
#[derive(Clone, PartialEq, Eq)]
pub struct LogVerifier {
    origin: String,
    key_id: [u8; KEY_ID_BYTES],
    public: VerifyingKey,
}

impl LogVerifier {
    fn new(origin: &str, public: VerifyingKey) -> Result<LogVerifier, LogKeyError> {
        if !is_key_name(origin) {
            return Err(LogKeyError::Name(origin.to_owned()));
        }
        if public.is_weak() {
            return Err(LogKeyError::Public);
        }
        let typed = [&[TYPE_ED25519], public.as_bytes().as_slice()].concat();
        let [a, b, c, d, ..] = sha256(&[origin.as_bytes(), b"\n", &typed].concat()).0;
        Ok(LogVerifier { origin: origin.to_owned(), key_id: [a, b, c, d], public })
    }

    /// Reads [`LogVerifier::vkey`].
    ///
    /// # Errors
    /// Every [`LogKeyError`] but `Pem`.
    pub fn from_vkey(vkey: &str) -> Result<LogVerifier, LogKeyError> {
        // The base64 part may itself have a plus, the other two may not.
        let mut parts = vkey.splitn(3, '+');
        let (Some(origin), Some(key_id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LogKeyError::Vkey);
        };
        let key = STANDARD.decode(encoded).map_err(|_| LogKeyError::Vkey)?;
        let (kind, public) = key.split_first().ok_or(LogKeyError::Vkey)?;
        if *kind != TYPE_ED25519 {
            return Err(LogKeyError::Type(*kind));
        }
        let public = public.try_into().map_err(|_| LogKeyError::Vkey)?;
        let public = VerifyingKey::from_bytes(public).map_err(|_| LogKeyError::Public)?;
        let verifier = LogVerifier::new(origin, public)?;
        if verifier.key_id_hex() == key_id { Ok(verifier) } else { Err(LogKeyError::Id) }
    }

    /// The verifier key as text, `<origin>+<key id in hex>+<base64 of 0x01 and the public key>` (C2SP signed-note).
    pub fn vkey(&self) -> String {
        let typed = [&[TYPE_ED25519], self.public.as_bytes().as_slice()].concat();
        format!("{}+{}+{}", self.origin, self.key_id_hex(), STANDARD.encode(typed))
    }

    /// Name of the log and of the key.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The Ed25519 public key (RFC 8032).
    pub fn public_key(&self) -> [u8; 32] {
        self.public.to_bytes()
    }

    fn key_id_hex(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.key_id))
    }

    /// Whether the line claims to be a signature of this key: both name and id are its own.
    pub(super) fn is_named_by(&self, line: &SignatureLine<'_>) -> bool {
        line.name == self.origin && line.key_id == self.key_id
    }

    pub(super) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.public.verify_strict(text, &signature).is_ok())
    }
}

impl FromStr for LogVerifier {
    type Err = LogKeyError;

    fn from_str(vkey: &str) -> Result<LogVerifier, LogKeyError> {
        LogVerifier::from_vkey(vkey)
    }
}

impl fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.vkey())
    }
}

impl fmt::Debug for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogVerifier").field(&self.vkey()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::LogVerifier;
    use crate::checkpoint::note::Note;

    /// The example of C2SP signed-note, whose text is no checkpoint.
    #[test]
    fn the_example_of_the_specification_verifies() {
        let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let signature =
            "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";
        let note = format!("This is an example message.\n\n\u{2014} example.com/foo {signature}\n");
        let verifier = LogVerifier::from_vkey(vkey).unwrap();
        let note = Note::parse(&note).unwrap();
        assert_eq!(note.text, "This is an example message.\n");
        assert!(verifier.is_named_by(&note.signatures[0]));
        assert!(verifier.verify(note.text.as_bytes(), &note.signatures[0].signature));
        assert!(!verifier.verify(b"This is another message.\n", &note.signatures[0].signature));
        assert_eq!(verifier.vkey(), vkey);
    }
}
