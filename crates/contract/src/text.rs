//! The words people read: the agreed text of a contract and the messages to its parties, in English and Swahili.

mod notice;

use crate::command::{ContractType, CreateContract, Language, Terms};
use crate::event::{Template, loose};
use crate::wording;
use ledger::hash::Hash;
use ledger::json;

pub use notice::{Notice, notice, parts_max};

/// The agreed text: what is promised by whom, from the terms alone, without names or numbers of people.
pub fn agreed(command: &CreateContract, terms: &[(&'static str, String)]) -> String {
    let words = match command.language {
        Language::En => &ENGLISH,
        Language::Sw => &SWAHILI,
    };
    let roles: Vec<&str> = command.parties.iter().map(|p| p.role.as_str()).collect();
    let mut lines = vec![format!("{}: {}.", words.between, roles.join(", "))];
    for (name, label) in words.terms {
        if let Some((_, value)) = terms.iter().find(|(term, _)| term == name) {
            lines.push(format!("{label}: {}.", wording::value(name, value, command.language)));
        }
    }
    for term in &command.other_terms {
        lines.push(format!("{}: {}.", term.name, term.value));
    }
    lines.join("\n")
}

struct Words {
    between: &'static str,
    terms: &'static [(&'static str, &'static str)],
}

const ENGLISH: Words = Words {
    between: "Agreement between",
    terms: &[
        ("product", "Product"),
        ("service", "Work"),
        ("principal", "Sum lent"),
        ("quantity", "Quantity"),
        ("hours", "Hours"),
        ("unit", "Unit"),
        ("unit_price", "Price per unit"),
        ("rate", "Pay per unit"),
        ("interest_rate", "Interest in percent"),
        ("interest_period", "Interest counted"),
        ("repayment_period", "Paid back within"),
        ("instalments", "Payments"),
        ("instalment_amount", "Each payment"),
        ("total_amount", "Total"),
        ("currency", "Currency"),
        ("upfront_payment", "Paid in advance"),
        ("payment_terms", "Payment"),
        ("delivery_location", "Delivery to"),
        ("delivery_deadline", "Delivery by"),
        ("start_date", "Begins"),
        ("end_date", "Done by"),
        ("quality_requirements", "Quality"),
    ],
};

const SWAHILI: Words = Words {
    between: "Mkataba kati ya",
    terms: &[
        ("product", "Bidhaa"),
        ("service", "Kazi"),
        ("principal", "Kiasi cha mkopo"),
        ("quantity", "Kiasi"),
        ("hours", "Saa"),
        ("unit", "Kipimo"),
        ("unit_price", "Bei kwa kipimo"),
        ("rate", "Malipo kwa kipimo"),
        ("interest_rate", "Riba kwa asilimia"),
        ("interest_period", "Riba huhesabiwa"),
        ("repayment_period", "Kulipwa ndani ya"),
        ("instalments", "Idadi ya malipo"),
        ("instalment_amount", "Kila malipo"),
        ("total_amount", "Jumla"),
        ("currency", "Sarafu"),
        ("upfront_payment", "Malipo ya awali"),
        ("payment_terms", "Malipo"),
        ("delivery_location", "Kufikisha"),
        ("delivery_deadline", "Kabla ya"),
        ("start_date", "Kuanza"),
        ("end_date", "Kumaliza"),
        ("quality_requirements", "Ubora"),
    ],
};

/// The message that asks one party to confirm: terms in words, the party's code, and the contract hash, so that the
/// phone keeps an independent copy of what was agreed.
pub fn confirm_request(contract_id: &str, command: &CreateContract, code: &str, document: &Hash) -> String {
    request(contract_id, &summary(command), code, document, command.language)
}

/// A request to confirm, from the document it is about: sent again, or for new terms ([`Template::AmendRequest`]).
pub fn request_of(
    contract_id: &str,
    document: &str,
    code: &str,
    document_sha256: &Hash,
    template: Template,
) -> String {
    let document = json::parse(document.as_bytes()).ok();
    let part = |name: &str| document.as_ref()?.get(name)?.as_str();
    let terms = document.as_ref().and_then(|document| document.get("terms")).map(loose).unwrap_or_default();
    let said = CreateContract {
        transcript: part("agreed_text").unwrap_or_default().to_owned(),
        parties: Vec::new(),
        contract_type: ContractType::default(),
        language: if part("language") == Some("sw") { Language::Sw } else { Language::En },
        terms: serde_json::from_value(terms).unwrap_or_default(),
        other_terms: Vec::new(),
        conference_id: None,
        terms_evidence: None,
        first_of_conference: false,
        expires_at: None,
    };
    let before = match (template, said.language) {
        (Template::AmendRequest, Language::En) => "New terms. ",
        (Template::AmendRequest, Language::Sw) => "Masharti mapya. ",
        _ => "",
    };
    let summary = format!("{before}{}", summary(&said));
    request(contract_id, &summary, code, document_sha256, said.language)
}

/// A party's new code for a contract that is not over.
pub fn new_code(contract_id: &str, code: &str, language: Language) -> String {
    gsm7(&match language {
        Language::En => {
            format!(
                "{contract_id}: your new code is {code}. The one before works no more. Keep it to yourself."
            )
        }
        Language::Sw => {
            format!(
                "{contract_id}: namba yako mpya ni {code}. Ya awali haifanyi kazi tena. Usimpe mtu mwingine."
            )
        }
    })
}

fn request(contract_id: &str, summary: &str, code: &str, document: &Hash, language: Language) -> String {
    let text = match language {
        Language::En => format!("{contract_id}: {summary}. Reply YES {code} or NO {code}. SHA256 {document}"),
        Language::Sw => {
            format!("{contract_id}: {summary}. Jibu NDIO {code} au HAPANA {code}. SHA256 {document}")
        }
    };
    gsm7(&text)
}

/// What is agreed in a few words: the goods, or where they are not named what was said, and then the numbers.
fn summary(command: &CreateContract) -> String {
    let terms = &command.terms;
    let goods = goods(command);
    let goods = if goods.is_empty() { command.transcript.clone() } else { goods };
    let currency = terms.currency.as_deref().unwrap_or("KES").trim().to_ascii_uppercase();
    let mut numbers = String::new();
    let each = terms.unit_price.or(terms.rate);
    for (sign, amount) in [("@", each), ("", terms.principal), ("= ", terms.total_amount)] {
        numbers.extend(amount.map(|amount| format!(" {sign}{currency} {amount}")));
    }
    numbers.extend(interest(terms, command.language));
    numbers.extend(payments(terms));
    let by = terms.delivery_deadline.as_ref().or(terms.end_date.as_ref()).or(terms.start_date.as_ref());
    numbers.extend(by.map(|by| format!(" -> {by}")));
    let numbers = shorten(&numbers, SUMMARY_CHARS_MAX - GOODS_CHARS_MIN);
    let room = SUMMARY_CHARS_MAX - numbers.chars().count();
    format!("{}{numbers}", shorten(&goods, room)).trim().to_owned()
}

/// What is sold, done or lent, and how much of it.
fn goods(command: &CreateContract) -> String {
    let (terms, language) = (&command.terms, command.language);
    let worded =
        |field: &str, text: &Option<String>| text.as_ref().map(|text| wording::value(field, text, language));
    let loan = terms.principal.map(|_| match language {
        Language::En => "loan".to_owned(),
        Language::Sw => "mkopo".to_owned(),
    });
    let what = worded("product", &terms.product).or_else(|| worded("service", &terms.service)).or(loan);
    let count = terms.quantity.clone().or_else(|| terms.hours.clone());
    let parts = [what, count, worded("unit", &terms.unit)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn interest(terms: &Terms, language: Language) -> Option<String> {
    let rate = terms.interest_rate.as_ref()?;
    let period =
        terms.interest_period.as_ref().map(|period| wording::value("interest_period", period, language));
    Some(format!(" +{rate}% {}", period.unwrap_or_default()).trim_end().to_owned())
}

/// ` / 6 x 9166.67 (P6M)`: the parts that are known.
fn payments(terms: &Terms) -> Option<String> {
    let count = terms.instalments.as_ref().map(|count| format!(" / {count}"));
    let each = terms.instalment_amount.map(|amount| format!(" x {amount}"));
    let within = terms.repayment_period.as_ref().map(|period| format!(" ({period})"));
    let text: String = [count, each, within].into_iter().flatten().collect();
    if text.is_empty() { None } else { Some(text) }
}

/// Longest summary of the terms in a message: with number, code and hash the text stays within two GSM-7 parts (306).
pub const SUMMARY_CHARS_MAX: usize = 130;
/// Room that the goods keep in it however long the numbers and the day are.
const GOODS_CHARS_MIN: usize = 30;

/// The answer to a text about this contract that we could not take for an answer.
pub fn ask_again(contract_id: &str) -> String {
    gsm7(&format!(
        "We did not understand. Reply YES CODE {contract_id} or NO CODE {contract_id}. CODE is the 4 digits we sent \
         you. Hatukuelewa. Jibu NDIO CODE {contract_id} au HAPANA CODE {contract_id}. CODE ni tarakimu 4 \
         tulizokutumia."
    ))
}

pub(crate) fn shorten(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let cut: String = text.chars().take(characters.saturating_sub(3)).collect();
    format!("{cut}...")
}

/// Writes a text with the characters every phone can show (GSM 03.38 basic set, without its escapes): others become
/// their base letter where that is plain, else `?`. One odd character would cut a message part from 160 to 70.
pub fn gsm7(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | ' '..='Z' | 'a'..='z' if c != '`' => c,
            '’' | '‘' | '`' => '\'',
            '“' | '”' => '"',
            '–' | '—' => '-',
            'é' | 'è' | 'ù' | 'ì' | 'ò' | 'à' | 'ä' | 'ö' | 'ñ' | 'ü' | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | 'É' | '£'
            | '_' => c,
            'á' | 'â' | 'ã' => 'a',
            'ê' | 'ë' => 'e',
            'í' | 'î' | 'ï' => 'i',
            'ó' | 'ô' | 'õ' => 'o',
            'ú' | 'û' => 'u',
            _ => '?',
        })
        .collect()
}
