//! The words people read: the agreed text of a contract and the messages to its parties, in English and Swahili.

use crate::command::{CreateContract, Language};
use ledger::hash::Hash;

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
            lines.push(format!("{label}: {value}."));
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
        ("quantity", "Quantity"),
        ("unit", "Unit"),
        ("unit_price", "Price per unit"),
        ("total_amount", "Total"),
        ("currency", "Currency"),
        ("upfront_payment", "Paid in advance"),
        ("payment_terms", "Payment"),
        ("delivery_location", "Delivery to"),
        ("delivery_deadline", "Delivery by"),
        ("quality_requirements", "Quality"),
    ],
};

const SWAHILI: Words = Words {
    between: "Mkataba kati ya",
    terms: &[
        ("product", "Bidhaa"),
        ("quantity", "Kiasi"),
        ("unit", "Kipimo"),
        ("unit_price", "Bei kwa kipimo"),
        ("total_amount", "Jumla"),
        ("currency", "Sarafu"),
        ("upfront_payment", "Malipo ya awali"),
        ("payment_terms", "Malipo"),
        ("delivery_location", "Kufikisha"),
        ("delivery_deadline", "Kabla ya"),
        ("quality_requirements", "Ubora"),
    ],
};

/// The message that asks one party to confirm: terms in words, the party's code, and the contract hash, so that the
/// phone keeps an independent copy of what was agreed.
pub fn confirm_request(contract_id: &str, command: &CreateContract, code: &str, document: &Hash) -> String {
    let summary = summary(command);
    let text = match command.language {
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
    let goods = [terms.product.as_deref(), terms.quantity.as_deref(), terms.unit.as_deref()];
    let goods: Vec<&str> = goods.into_iter().flatten().collect();
    let goods = if goods.is_empty() { command.transcript.clone() } else { goods.join(" ") };
    let currency = terms.currency.as_deref().unwrap_or("KES").trim().to_ascii_uppercase();
    let mut numbers = String::new();
    for (sign, amount) in [("@", terms.unit_price), ("= ", terms.total_amount)] {
        numbers.extend(amount.map(|amount| format!(" {sign}{currency} {amount}")));
    }
    numbers.extend(terms.delivery_deadline.as_ref().map(|by| format!(" -> {by}")));
    let numbers = shorten(&numbers, SUMMARY_CHARS_MAX - GOODS_CHARS_MIN);
    let room = SUMMARY_CHARS_MAX - numbers.chars().count();
    format!("{}{numbers}", shorten(&goods, room)).trim().to_owned()
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

fn shorten(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let cut: String = text.chars().take(characters - 3).collect();
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
