//! From a transcript to what a contract shall say: terms with the words each came from.
//!
//! Whoever reads the terms, the rules of [`crate::terms`] or a second reader outside, makes claims; nothing here makes
//! them true. The evidence is kept beside the contract, and the parties confirm or refuse what it says.

mod second;

use std::borrow::Cow;
use std::ops::Range;

use chrono::{DateTime, NaiveDate};
use ledger::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::{ContractType, Language, Terms};
use crate::money::{Amount, Currency};
use crate::terms::{Call, Field, Subject, Term, extract};

/// Minutes east of UTC of the calls whose days are counted: East Africa keeps UTC+3 all year.
pub const EAST_AFRICA_MINUTES: i64 = 180;

/// Who read a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// The rules.
    Rules,
    /// The second reader.
    Second,
    /// Both, alike.
    Both,
}

/// A term of a draft. `Debug` shows no word of it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Which one.
    pub field: &'static str,
    /// Its value in canonical form.
    pub value: String,
    /// First byte of its words in the transcript.
    pub start: usize,
    /// The byte behind them.
    pub end: usize,
    /// The words.
    pub words: String,
    /// How sure, percent.
    pub confidence: u8,
    /// Who read it.
    pub reader: Reader,
}

/// A term that was claimed and not taken.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Which one, as it was claimed.
    pub field: String,
    /// The value, as it was claimed.
    pub value: String,
    /// The words, as they were claimed.
    pub words: String,
    /// Why it was not taken.
    pub reason: Cow<'static, str>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Claim({}, {}..{}, {}%, {:?})",
            self.field, self.start, self.end, self.confidence, self.reader
        )
    }
}

impl std::fmt::Debug for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dropped({}: {})", self.field, self.reason)
    }
}

/// What was read in a transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// The terms, each at most once.
    pub terms: Vec<Claim>,
    /// What was claimed and not taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// What came of asking a second reader; none where none was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondReader>,
}

/// What came of asking a second reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondReader {
    /// It answered.
    Read,
    /// It failed; the rules read alone.
    Failed,
    /// It had not answered when the contract was drafted; the rules read alone.
    Late,
}

/// The terms a contract of that kind can have, by the description of the labels.
pub fn terms_of(subject: Subject) -> &'static [Field] {
    use Field as F;
    match subject {
        Subject::Service => &[
            F::Service,
            F::Quantity,
            F::Hours,
            F::Unit,
            F::Rate,
            F::TotalAmount,
            F::Currency,
            F::StartDate,
            F::EndDate,
            F::DeliveryLocation,
            F::UpfrontPayment,
            F::PaymentTerms,
        ],
        Subject::Loan => &[
            F::Principal,
            F::InterestRate,
            F::InterestPeriod,
            F::RepaymentPeriod,
            F::Instalments,
            F::InstalmentAmount,
            F::TotalAmount,
            F::Currency,
        ],
        _ => &[
            F::Product,
            F::Quantity,
            F::Unit,
            F::UnitPrice,
            F::TotalAmount,
            F::Currency,
            F::DeliveryLocation,
            F::DeliveryDeadline,
            F::QualityRequirements,
            F::UpfrontPayment,
            F::PaymentTerms,
        ],
    }
}

impl Draft {
    /// What the rules read in a transcript.
    pub fn read(call: &Call<'_>) -> Draft {
        let claim = |term: Term| claim(call.transcript, &term, Reader::Rules);
        Draft { terms: extract(call).into_iter().map(claim).collect(), ..Draft::default() }
    }

    /// A term's value.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|claim| claim.field == field).map(|claim| claim.value.as_str())
    }

    /// How sure the reading is as a whole: the mean of its terms, percent; 0 without any.
    pub fn confidence(&self) -> u32 {
        let sum: u32 = self.terms.iter().map(|claim| u32::from(claim.confidence)).sum();
        u32::try_from(self.terms.len()).ok().and_then(|n| sum.checked_div(n)).unwrap_or(0)
    }

    /// The terms as a contract holds them. An amount that its currency cannot pay is dropped rather than rounded.
    pub fn contract_terms(&mut self) -> Terms {
        let currency = self.value("currency").and_then(|code| code.parse().ok()).unwrap_or(Currency::KES);
        let payable = |text: &str| text.parse::<Amount>().is_ok_and(|a| a.in_currency(currency).is_ok());
        let (kept, unpayable): (Vec<Claim>, Vec<Claim>) = std::mem::take(&mut self.terms)
            .into_iter()
            .partition(|claim| !is_money(claim.field) || payable(&claim.value));
        self.terms = kept;
        self.dropped.extend(unpayable.into_iter().map(|claim| Dropped {
            field: claim.field.to_owned(),
            value: claim.value,
            words: claim.words,
            reason: "is no amount of its currency".into(),
        }));
        let text = |name: &str| self.value(name).map(str::to_owned);
        let amount = |name: &str| self.value(name).and_then(|value| value.parse().ok());
        Terms {
            product: text("product"),
            quantity: text("quantity"),
            unit: text("unit"),
            unit_price: amount("unit_price"),
            total_amount: amount("total_amount"),
            currency: text("currency"),
            delivery_location: text("delivery_location"),
            delivery_deadline: text("delivery_deadline"),
            quality_requirements: text("quality_requirements"),
            upfront_payment: amount("upfront_payment"),
            payment_terms: text("payment_terms"),
            service: text("service"),
            hours: text("hours"),
            rate: amount("rate"),
            start_date: text("start_date"),
            end_date: text("end_date"),
            principal: amount("principal"),
            interest_rate: text("interest_rate"),
            interest_period: text("interest_period"),
            repayment_period: text("repayment_period"),
            instalments: text("instalments"),
            instalment_amount: amount("instalment_amount"),
        }
    }

    /// The draft as the text that is kept beside the contract.
    pub fn evidence(&self) -> String {
        serde_json::to_string(self).expect("a draft holds only strings and whole numbers")
    }

    /// Reads what [`Draft::evidence`] wrote; none where it was something else.
    pub fn from_evidence(text: &str) -> Option<Draft> {
        let KeptDraft { terms, dropped, second } = serde_json::from_str(text).ok()?;
        let terms: Option<Vec<Claim>> = terms.into_iter().map(KeptClaim::claim).collect();
        Some(Draft { terms: terms?, dropped, second })
    }
}

/// [`Draft`] as it is read back.
#[derive(Deserialize)]
struct KeptDraft {
    terms: Vec<KeptClaim>,
    #[serde(default)]
    dropped: Vec<Dropped>,
    #[serde(default)]
    second: Option<SecondReader>,
}

#[derive(Deserialize)]
struct KeptClaim {
    field: String,
    value: String,
    start: usize,
    end: usize,
    words: String,
    confidence: u8,
    reader: Reader,
}

impl KeptClaim {
    fn claim(self) -> Option<Claim> {
        let KeptClaim { field, value, start, end, words, confidence, reader } = self;
        let field = Field::ALL.iter().find(|known| known.as_str() == field)?.as_str();
        Some(Claim { field, value, start, end, words, confidence, reader })
    }
}

fn claim(transcript: &str, term: &Term, reader: Reader) -> Claim {
    let Range { start, end } = term.span.clone();
    Claim {
        field: term.field.as_str(),
        value: term.value.clone(),
        start,
        end,
        words: transcript.get(start..end).unwrap_or_default().to_owned(),
        confidence: term.confidence,
        reader,
    }
}

/// Whether a field is an amount of money.
pub fn is_money(field: &str) -> bool {
    [
        Field::UnitPrice,
        Field::Rate,
        Field::TotalAmount,
        Field::UpfrontPayment,
        Field::Principal,
        Field::InstalmentAmount,
    ]
    .iter()
    .any(|money| money.as_str() == field)
}

/// What a call about that kind of contract speaks of.
pub fn subject(contract_type: ContractType) -> Subject {
    match contract_type {
        ContractType::AgriculturalSupply => Subject::Goods,
        ContractType::ServiceAgreement => Subject::Service,
        ContractType::LoanAgreement => Subject::Loan,
    }
}

/// The day it was in East Africa at an instant.
pub fn day(at: Timestamp) -> NaiveDate {
    let local = at.millis().saturating_add(EAST_AFRICA_MINUTES * 60_000);
    DateTime::from_timestamp_millis(local).map_or(NaiveDate::MIN, |time| time.date_naive())
}

/// Words that are said in nearly every sentence of one language and in none of the other.
const SWAHILI: &[&str] = phrases! {
    "na", "ya", "wa", "kwa", "ni", "za", "la", "sawa", "ndiyo", "hapana", "bei", "elfu", "mia", "shilingi", "haya",
    "nitakulipa", "kesho", "moja", "mbili", "tatu", "kila", "tu", "basi", "nataka", "nina", "habari", "bwana", "mama"
};
const ENGLISH: &[&str] = phrases! {
    "the", "and", "of", "to", "at", "for", "is", "are", "we", "you", "i", "will", "per", "by", "on", "that", "it",
    "my", "your", "yes", "agreed", "hundred", "thousand", "deal", "with", "in", "me"
};

/// The language most of a transcript is in.
pub fn language(transcript: &str) -> Language {
    let (mut swahili, mut english) = (0_u32, 0_u32);
    for word in transcript.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase) {
        swahili += u32::from(SWAHILI.contains(&word.as_str()));
        english += u32::from(ENGLISH.contains(&word.as_str()));
    }
    if swahili > english { Language::Sw } else { Language::En }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn draft(transcript: &str) -> Draft {
        let date = "2026-03-10".parse().unwrap();
        Draft::read(&Call { transcript, subject: Subject::Goods, date })
    }

    #[test]
    fn each_term_names_its_words() {
        let transcript =
            "Buyer: I take 500 kg of maize at 50 shillings per kg.\nSeller: Agreed, 500 kg at 50.";
        let mut read = draft(transcript);
        assert_eq!(read.value("quantity"), Some("500"));
        for claim in &read.terms {
            assert_eq!(&transcript[claim.start..claim.end], claim.words, "{}", claim.field);
            assert!(!claim.words.is_empty() && claim.confidence <= 100, "{}", claim.field);
        }
        let terms = read.contract_terms();
        assert_eq!(terms.product.as_deref(), Some("maize"));
        assert_eq!(terms.unit_price.map(|a| a.to_string()).as_deref(), Some("50"));
        assert!(read.confidence() > 0);
    }

    #[test]
    fn an_amount_that_cannot_be_paid_is_dropped() {
        let claim = |field: &'static str, value: &str| Claim {
            field,
            value: value.to_owned(),
            start: 0,
            end: 0,
            words: String::new(),
            confidence: 90,
            reader: Reader::Rules,
        };
        let terms =
            vec![claim("unit_price", "10.5"), claim("total_amount", "2100"), claim("currency", "UGX")];
        let mut read = Draft { terms, ..Draft::default() };
        let terms = read.contract_terms();
        assert_eq!((terms.unit_price, terms.total_amount), (None, Some("2100".parse().unwrap())));
        assert_eq!((read.dropped.len(), read.terms.len()), (1, 2));
    }

    #[test]
    fn days_are_those_of_east_africa() {
        for (at, expected) in [
            ("2026-03-10T20:59:59.999Z", "2026-03-10"),
            ("2026-03-10T21:00:00.000Z", "2026-03-11"),
            ("2026-12-31T22:00:00.000Z", "2027-01-01"),
        ] {
            assert_eq!(day(at.parse().unwrap()).to_string(), expected, "{at}");
        }
    }

    #[test]
    fn languages() {
        assert_eq!(
            language("Nipe magunia mia mbili ya mahindi, bei elfu tatu kwa gunia, sawa"),
            Language::Sw
        );
        assert_eq!(language("I will take the maize at fifty per kilo, sawa"), Language::En);
        assert_eq!(language(""), Language::En);
    }
}
