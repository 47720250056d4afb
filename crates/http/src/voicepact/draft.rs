//! Reading what a client wants a contract to say.

use contract::command::{
    ContractType, CreateContract, Language, OTHER_TERMS_MAX, OtherTerm, PARTIES_MAX, Party, TERM_BYTES_MAX,
    TRANSCRIPT_BYTES_MAX, Terms,
};
use contract::money::{Amount, Currency};
use contract::phone::Country;
use ledger::time::Timestamp;

use crate::body::field::{Field, Object};
use crate::body::json::Node;
use crate::body::text;

/// Stands as the transcript of a contract that was typed in: nothing was said.
pub const TYPED_IN: &str = "Entered by hand; nothing was recorded.";
/// Longest number as text: an amount has 28 digits and a dot.
const AMOUNT_BYTES_MAX: usize = 64;
/// Longest contract, conference id or time.
const WORD_BYTES_MAX: usize = 64;

/// The known terms; any other name goes to the further terms.
const KNOWN_TERMS: [&str; 22] = [
    "product",
    "quantity",
    "unit",
    "unit_price",
    "total_amount",
    "currency",
    "delivery_location",
    "delivery_deadline",
    "quality_requirements",
    "upfront_payment",
    "payment_terms",
    "service",
    "hours",
    "rate",
    "start_date",
    "end_date",
    "principal",
    "interest_rate",
    "interest_period",
    "repayment_period",
    "instalments",
    "instalment_amount",
];

/// Reads the body of `/contracts/create`. Members we do not know are left alone, as the source service does.
pub fn spoken(body: &Object<'_>, country: Country, now: Timestamp) -> Option<CreateContract> {
    let transcript = body.required("transcript").and_then(|field| field.text(TRANSCRIPT_BYTES_MAX));
    let said = match body.get("terms") {
        Some(field) => field.object().and_then(|terms| all_terms(&terms)),
        None => Some((Terms::default(), Vec::new())),
    };
    assemble(body, transcript, said, country, now)
}

/// Reads the body of `/contracts/create/manual`: the terms stand beside the parties.
pub fn typed(body: &Object<'_>, country: Country, now: Timestamp) -> Option<CreateContract> {
    let transcript = match body.get("transcript") {
        Some(field) => field.text(TRANSCRIPT_BYTES_MAX),
        None => Some(TYPED_IN.to_owned()),
    };
    for name in ["product", "total_amount"] {
        // Notes the fault; the value is read with the others.
        body.required(name);
    }
    let said = known_terms(body).map(|terms| (terms, Vec::new()));
    assemble(body, transcript, said, country, now)
}

fn assemble(
    body: &Object<'_>,
    transcript: Option<String>,
    said: Option<(Terms, Vec<OtherTerm>)>,
    country: Country,
    now: Timestamp,
) -> Option<CreateContract> {
    let parties = body.required("parties").and_then(|field| parties(&field, country));
    let contract_type = match body.get("contract_type") {
        Some(field) => field.word(&ContractType::ALL.map(|t| (t.as_str(), t))),
        None => Some(ContractType::default()),
    };
    let language = language(body);
    let conference_id = conference(body);
    let expires_at = until(body, now);
    let (terms, other_terms) = said?;
    Some(CreateContract {
        transcript: transcript?,
        parties: parties?,
        contract_type: contract_type?,
        language: language?.unwrap_or_default(),
        terms,
        other_terms,
        conference_id: conference_id?,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: expires_at?,
    })
}

/// What an amendment says: what was said, where that is told, and the terms, which must be.
pub(crate) fn amended(body: &Object<'_>) -> (Option<String>, Option<(Terms, Vec<OtherTerm>)>) {
    let transcript = match body.get("transcript") {
        Some(field) => field.text(TRANSCRIPT_BYTES_MAX),
        None => Some(TYPED_IN.to_owned()),
    };
    let terms = body.required("terms").and_then(|field| field.object()).and_then(|terms| all_terms(&terms));
    (transcript, terms)
}

/// The language of the agreed text.
pub(crate) fn language(body: &Object<'_>) -> Option<Option<Language>> {
    optional(body, "language", |field| field.word(&[("en", Language::En), ("sw", Language::Sw)]))
}

/// The conference it was negotiated on.
pub(crate) fn conference(body: &Object<'_>) -> Option<Option<String>> {
    optional(body, "conference_id", |field| field.text(WORD_BYTES_MAX))
}

/// Until when it can be confirmed.
pub(crate) fn until(body: &Object<'_>, now: Timestamp) -> Option<Option<Timestamp>> {
    optional(body, "expires_at", |field| expiry(field, now))
}

/// `Some(None)` where it is left out, none where it is wrong.
fn optional<T>(
    body: &Object<'_>,
    name: &str,
    read: impl FnOnce(&Field<'_>) -> Option<T>,
) -> Option<Option<T>> {
    match body.get(name) {
        Some(field) => read(&field).map(Some),
        None => Some(None),
    }
}

pub(super) fn expiry(field: &Field<'_>, now: Timestamp) -> Option<Timestamp> {
    let text = field.text(WORD_BYTES_MAX)?;
    let told = chrono::DateTime::parse_from_rfc3339(&text).ok();
    match told.and_then(|told| Timestamp::from_millis(told.timestamp_millis()).ok()) {
        Some(at) if at > now => Some(at),
        Some(_) => field.fault("lies in the past"),
        None => field.fault("must be a time like 2026-03-06T10:30:00Z"),
    }
}

fn parties(field: &Field<'_>, country: Country) -> Option<Vec<Party>> {
    let items = field.list()?;
    if items.len() < 2 {
        return field.fault("at least 2 parties are required");
    }
    if items.len() > PARTIES_MAX {
        return field.fault(format!("at most {PARTIES_MAX} parties are possible"));
    }
    // Each is read, so that each wrong one is named.
    let read: Vec<Option<Party>> = items.iter().map(|item| party(item, country, true)).collect();
    let parties: Vec<Party> = read.into_iter().collect::<Option<_>>()?;
    let repeated = (1..parties.len()).find(|n| parties[..*n].iter().any(|p| p.phone == parties[*n].phone));
    match repeated {
        Some(n) => items[n].fault("has the phone number of another party"),
        None => Some(parties),
    }
}

/// One party; without a role where none is needed and none is sent.
pub(super) fn party(item: &Field<'_>, country: Country, needs_role: bool) -> Option<Party> {
    let object = item.object()?;
    // `phone` in requests, `phone_number` in answers: what was answered can be sent back.
    let named = if object.get("phone").is_none() { "phone_number" } else { "phone" };
    let phone = match object.get(named) {
        Some(field) => field.phone(country),
        None => object.required("phone").and_then(|field| field.phone(country)),
    };
    let role = match object.get("role") {
        None if !needs_role => Some(String::new()),
        _ => object.required("role").and_then(|field| field.text(TERM_BYTES_MAX)),
    };
    let name = optional(&object, "name", |field| field.text_as_sent(TERM_BYTES_MAX));
    let name = name?.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Some(Party { phone: phone?, role: role?, name })
}

fn all_terms(terms: &Object<'_>) -> Option<(Terms, Vec<OtherTerm>)> {
    let known = known_terms(terms);
    let further: Vec<_> = terms.members().filter(|(name, _)| !KNOWN_TERMS.contains(name)).collect();
    if further.len() > OTHER_TERMS_MAX {
        terms.fault("*", format!("at most {OTHER_TERMS_MAX} further terms are possible"));
        return None;
    }
    let read: Vec<Option<OtherTerm>> =
        further.into_iter().map(|(name, value)| other_term(terms, name, value)).collect();
    Some((known?, read.into_iter().collect::<Option<_>>()?))
}

/// A string as sent, anything else as its JSON text, numbers to the digit.
fn other_term(terms: &Object<'_>, name: &str, value: &Node) -> Option<OtherTerm> {
    let value = match value {
        Node::Text(value) => text::normal(value, TERM_BYTES_MAX),
        other => text::normal(&other.to_json(), TERM_BYTES_MAX),
    };
    let name_read = text::normal(name, TERM_BYTES_MAX);
    match (name_read, value) {
        (Ok(read), Ok(value)) if !read.trim().is_empty() => {
            Some(OtherTerm { name: read.trim().to_owned(), value })
        }
        (Ok(_), Ok(_)) => {
            terms.fault(name, "has no name");
            None
        }
        (Err(error), _) => {
            terms.fault(name, format!("its name {error}"));
            None
        }
        (_, Err(error)) => {
            terms.fault(name, error.to_string());
            None
        }
    }
}

fn known_terms(terms: &Object<'_>) -> Option<Terms> {
    let text = |name: &str| optional(terms, name, |field| field.text(TERM_BYTES_MAX));
    let currency = optional(terms, "currency", currency);
    // Where the currency itself is wrong, the amounts are read all the same, so that all faults are named.
    let decimals_of = currency.flatten().unwrap_or(Currency::KES);
    let amount = |name: &str| optional(terms, name, |field| amount(field, decimals_of));
    let product = text("product");
    let quantity = optional(terms, "quantity", |field| field.number_or_text(TERM_BYTES_MAX));
    let unit = text("unit");
    let unit_price = amount("unit_price");
    let total_amount = amount("total_amount");
    let delivery_location = text("delivery_location");
    let delivery_deadline = text("delivery_deadline");
    let quality_requirements = text("quality_requirements");
    let upfront_payment = amount("upfront_payment");
    let payment_terms = text("payment_terms");
    let work = work_and_loan_terms(terms, decimals_of);
    Some(Terms {
        product: product?,
        quantity: quantity?,
        unit: unit?,
        unit_price: unit_price?,
        total_amount: total_amount?,
        currency: currency?.map(|currency| currency.code().to_owned()),
        delivery_location: delivery_location?,
        delivery_deadline: delivery_deadline?,
        quality_requirements: quality_requirements?,
        upfront_payment: upfront_payment?,
        payment_terms: payment_terms?,
        ..work?
    })
}

fn work_and_loan_terms(terms: &Object<'_>, currency: Currency) -> Option<Terms> {
    let text = |name: &str| optional(terms, name, |field| field.text(TERM_BYTES_MAX));
    let count = |name: &str| optional(terms, name, |field| field.number_or_text(TERM_BYTES_MAX));
    let amount = |name: &str| optional(terms, name, |field| amount(field, currency));
    let (service, hours, rate) = (text("service"), count("hours"), amount("rate"));
    let (start_date, end_date) = (text("start_date"), text("end_date"));
    let (principal, instalment_amount) = (amount("principal"), amount("instalment_amount"));
    let (interest_rate, interest_period) = (count("interest_rate"), text("interest_period"));
    let (repayment_period, instalments) = (text("repayment_period"), count("instalments"));
    Some(Terms {
        service: service?,
        hours: hours?,
        rate: rate?,
        start_date: start_date?,
        end_date: end_date?,
        principal: principal?,
        interest_rate: interest_rate?,
        interest_period: interest_period?,
        repayment_period: repayment_period?,
        instalments: instalments?,
        instalment_amount: instalment_amount?,
        ..Terms::default()
    })
}

/// A currency, by its code.
pub(crate) fn currency(field: &Field<'_>) -> Option<Currency> {
    match field.text(WORD_BYTES_MAX)?.parse() {
        Ok(currency) => Some(currency),
        Err(error) => field.fault(contract::money::AmountError::to_string(&error)),
    }
}

/// An amount that its currency can pay.
fn amount(field: &Field<'_>, currency: Currency) -> Option<Amount> {
    let amount: Amount = field.parsed(AMOUNT_BYTES_MAX)?;
    match amount.in_currency(currency) {
        Ok(_) => Some(amount),
        Err(error) => field.fault(error.to_string()),
    }
}
