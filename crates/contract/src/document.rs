//! contract.json: the document whose SHA-256 is the contract hash (EVIDENCE §3).
//!
//! It holds no name and no number: parties stand in it as roles with salted commitments, so a person can be forgotten
//! without changing one byte of it.

use ledger::disclosure::{Disclosure, Salt};
use ledger::hash::{Hash, sha256};
use ledger::json::{Value, object};

use crate::command::{CreateContract, Party, Terms};
use crate::input::Seed;
use crate::money::{AmountError, Currency};
use crate::text;

/// Version tag inside the document.
pub const DOCUMENT_VERSION: &str = "ahadi.contract/1";

/// A document and what opens its commitments. `Debug` shows the hash alone.
#[derive(Clone)]
pub struct Document {
    /// The canonical bytes, as text.
    pub json: String,
    /// Their SHA-256: the contract hash.
    pub sha256: Hash,
    /// Disclosures of the parties' phones and names, in the order of the parties.
    pub disclosures: Vec<Disclosure>,
    /// The agreed text as it stands in the document.
    pub agreed_text: String,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({})", self.sha256)
    }
}

/// A recording the document names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRef {
    /// Lower-case hex SHA-256 of the audio.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Media type.
    pub media_type: String,
}

/// Why no document can be made of a command.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DocumentError {
    /// An amount does not fit its currency.
    #[error("terms.{field}: {source}")]
    Amount {
        /// Which term.
        field: &'static str,
        /// Why.
        source: AmountError,
    },
    /// A text breaks the profile (not NFC, a carriage return, …).
    #[error("{0}")]
    Profile(#[from] ledger::json::ProfileError),
}

/// Builds the document. `salt` gives the salt of disclosure `n`; the nonce is derived from `seed`.
///
/// # Errors
/// [`DocumentError`] when an amount has more decimals than its currency, or a text is outside the profile.
pub fn build(
    contract_id: &str,
    command: &CreateContract,
    recordings: &[RecordingRef],
    seed: &Seed,
    salt: impl FnMut() -> Salt,
) -> Result<Document, DocumentError> {
    build_superseding(contract_id, command, recordings, None, seed, salt)
}

/// [`build`], for a document that is to take the place of `supersedes`.
///
/// # Errors
/// As [`build`].
pub fn build_superseding(
    contract_id: &str,
    command: &CreateContract,
    recordings: &[RecordingRef],
    supersedes: Option<&Hash>,
    seed: &Seed,
    mut salt: impl FnMut() -> Salt,
) -> Result<Document, DocumentError> {
    let terms = term_entries(&command.terms)?;
    let agreed_text = text::agreed(command, &terms);
    let mut disclosures = Vec::new();
    let parties =
        command.parties.iter().map(|party| party_value(party, &mut salt, &mut disclosures)).collect();
    let other_terms = command
        .other_terms
        .iter()
        .map(|term| object([("name", term.name.as_str().into()), ("value", term.value.as_str().into())]))
        .collect();
    let nonce = Salt(seed.derive("ahadi.nonce", 0).0[..16].try_into().expect("16 of 32 bytes"));
    let value = object([
        ("v", DOCUMENT_VERSION.into()),
        ("contract_id", contract_id.into()),
        ("contract_type", command.contract_type.as_str().into()),
        ("language", command.language.as_str().into()),
        ("agreed_text", agreed_text.as_str().into()),
        ("terms", object(terms.iter().map(|(name, value)| (*name, value.as_str().into())))),
        ("other_terms", Value::Array(other_terms)),
        ("parties", Value::Array(parties)),
        ("recordings", Value::Array(recordings.iter().map(recording_value).collect())),
        ("transcript_sha256", sha256(command.transcript.as_bytes()).to_string().into()),
        ("nonce", nonce.base64url().into()),
        ("supersedes", supersedes.map_or(Value::Null, |hash| hash.hex().into())),
    ]);
    value.check()?;
    let json = value.canonical();
    Ok(Document { sha256: sha256(json.as_bytes()), json, disclosures, agreed_text })
}

/// Whether two documents say the same: apart from what is drawn anew for each (nonce, salts) and what they follow on.
pub fn same_content(one: &str, other: &str) -> bool {
    let read = |text: &str| ledger::json::parse(text.as_bytes()).ok();
    let (Some(one), Some(other)) = (read(one), read(other)) else { return false };
    ["contract_type", "language", "agreed_text", "terms", "other_terms", "recordings", "transcript_sha256"]
        .into_iter()
        .all(|name| one.get(name) == other.get(name))
}

fn party_value(party: &Party, salt: &mut impl FnMut() -> Salt, disclosures: &mut Vec<Disclosure>) -> Value {
    let mut made = vec![Disclosure::new(&salt(), "phone", &party.phone.as_str().into())];
    if let Some(name) = &party.name {
        made.push(Disclosure::new(&salt(), "name", &name.as_str().into()));
    }
    // Sorted, so that their order says nothing about which is which (RFC 9901 §4.2.4.1).
    let mut digests: Vec<String> = made.iter().map(|d| d.digest.clone()).collect();
    digests.sort_unstable();
    disclosures.extend(made);
    let digests = digests.into_iter().map(Value::String).collect();
    object([("role", party.role.as_str().into()), ("_sd", Value::Array(digests))])
}

fn recording_value(recording: &RecordingRef) -> Value {
    let bytes = i64::try_from(recording.bytes).unwrap_or(i64::MAX);
    object([
        ("sha256", recording.sha256.as_str().into()),
        ("bytes", bytes.into()),
        ("media_type", recording.media_type.as_str().into()),
    ])
}

/// The known terms by name as they stand in the document: amounts with exactly their currency's decimals.
fn term_entries(terms: &Terms) -> Result<Vec<(&'static str, String)>, DocumentError> {
    let amount = |field: &'static str, error: AmountError| DocumentError::Amount { field, source: error };
    let currency: Currency = match &terms.currency {
        Some(code) => code.parse().map_err(|e| amount("currency", e))?,
        None => Currency::KES,
    };
    let mut entries = Vec::new();
    let texts = [
        ("product", &terms.product),
        ("quantity", &terms.quantity),
        ("unit", &terms.unit),
        ("delivery_location", &terms.delivery_location),
        ("delivery_deadline", &terms.delivery_deadline),
        ("quality_requirements", &terms.quality_requirements),
        ("payment_terms", &terms.payment_terms),
        ("service", &terms.service),
        ("hours", &terms.hours),
        ("start_date", &terms.start_date),
        ("end_date", &terms.end_date),
        ("interest_rate", &terms.interest_rate),
        ("interest_period", &terms.interest_period),
        ("repayment_period", &terms.repayment_period),
        ("instalments", &terms.instalments),
    ];
    entries.extend(texts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    let amounts = [
        ("unit_price", terms.unit_price),
        ("total_amount", terms.total_amount),
        ("upfront_payment", terms.upfront_payment),
        ("rate", terms.rate),
        ("principal", terms.principal),
        ("instalment_amount", terms.instalment_amount),
    ];
    for (name, value) in amounts {
        if let Some(value) = value {
            entries.push((name, value.in_currency(currency).map_err(|e| amount(name, e))?));
        }
    }
    if terms.currency.is_some() || amounts.iter().any(|(_, value)| value.is_some()) {
        entries.push(("currency", currency.code().to_owned()));
    }
    Ok(entries)
}
