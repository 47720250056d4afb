//! What parties are told about their contract, each within one part of 160 GSM-7 characters.

use ledger::hash::Hash;

use super::{gsm7, shorten};
use crate::command::Language;
use crate::event::Template;
use crate::lifecycle::Status;

/// Longest role in a notice, in characters; a longer one is cut.
const ROLE_CHARS_MAX: usize = 20;

/// What a notice speaks of.
#[derive(Debug)]
pub struct Notice<'a> {
    /// Which contract.
    pub contract_id: &'a str,
    /// Role of the party whose doing it is; none for the operator, or nobody.
    pub role: Option<&'a str>,
    /// The document in force.
    pub document: &'a Hash,
    /// How a dispute ends.
    pub to: Option<Status>,
}

/// Most message parts that a text takes, however long names and terms are.
pub fn parts_max(template: Template) -> usize {
    match template {
        Template::ConfirmRequest | Template::AmendRequest | Template::AskAgain => 2,
        _ => 1,
    }
}

/// A text that tells and asks nothing. Empty for templates that ask.
pub fn notice(template: Template, about: &Notice<'_>, language: Language) -> String {
    let text = match language {
        Language::En => english(template, about),
        Language::Sw => swahili(template, about),
    };
    gsm7(&text)
}

fn english(template: Template, about: &Notice<'_>) -> String {
    let Notice { contract_id: id, document, .. } = about;
    let by = match about.role {
        Some(role) => format!("the {}", shorten(role, ROLE_CHARS_MAX)),
        None => "the operator".to_owned(),
    };
    let end = match about.to {
        Some(Status::Completed) => "the contract is completed",
        Some(Status::Cancelled) => "the contract is cancelled",
        _ => "the contract goes on",
    };
    match template {
        Template::ConfirmRequest | Template::AmendRequest | Template::AskAgain | Template::NewCode => {
            String::new()
        }
        Template::Confirmed => {
            format!("{id} is confirmed by all parties. Keep this message. SHA256 {document}")
        }
        Template::Rejected => format!("{id}: {by} rejected the contract. Nothing is agreed."),
        Template::AmendmentRejected => {
            format!("{id}: {by} rejected the new terms. The terms agreed before stand.")
        }
        Template::Expired => format!("{id} was not confirmed in time and has expired. Nothing is agreed."),
        Template::AmendmentExpired => {
            format!("{id}: the new terms were not confirmed in time. What stood before stands.")
        }
        Template::DeliveryReported => {
            format!("{id}: {by} reports a delivery. If this is not so, contest it.")
        }
        Template::PaymentReported => format!("{id}: {by} reports a payment. If this is not so, contest it."),
        Template::ReportContested => format!("{id}: {by} contests a report on this contract."),
        Template::CompletionProposed => {
            format!("{id}: {by} says that all is done. It is completed when all parties say so.")
        }
        Template::Completed => format!("{id} is completed: all parties say that all is done."),
        Template::CancelProposed => {
            format!("{id}: {by} wants to cancel. It is cancelled only when all parties agree.")
        }
        Template::Cancelled => format!("{id} is cancelled. It binds nobody any more."),
        Template::Disputed => format!("{id}: {by} says that the contract is not kept. It is in dispute."),
        Template::ResolutionProposed => {
            format!("{id}: {by} proposes to end the dispute: {end}. All parties must agree.")
        }
        Template::Resolved => format!("{id}: all parties ended the dispute: {end}."),
    }
}

fn swahili(template: Template, about: &Notice<'_>) -> String {
    let Notice { contract_id: id, document, .. } = about;
    let by = match about.role {
        Some(role) => shorten(role, ROLE_CHARS_MAX),
        None => "msimamizi".to_owned(),
    };
    let end = match about.to {
        Some(Status::Completed) => "mkataba umekamilika",
        Some(Status::Cancelled) => "mkataba umefutwa",
        _ => "mkataba unaendelea",
    };
    match template {
        Template::ConfirmRequest | Template::AmendRequest | Template::AskAgain | Template::NewCode => {
            String::new()
        }
        Template::Confirmed => {
            format!("{id} umethibitishwa na pande zote. Hifadhi ujumbe huu. SHA256 {document}")
        }
        Template::Rejected => format!("{id}: {by} amekataa mkataba. Hakuna makubaliano."),
        Template::AmendmentRejected => {
            format!("{id}: {by} amekataa masharti mapya. Masharti ya awali yanabaki.")
        }
        Template::Expired => {
            format!("{id} haukuthibitishwa kwa wakati na muda wake umeisha. Hakuna makubaliano.")
        }
        Template::AmendmentExpired => {
            format!("{id}: masharti mapya hayakuthibitishwa kwa wakati. Ya awali yanabaki.")
        }
        Template::DeliveryReported => format!("{id}: {by} ameripoti kufikisha. Kama si kweli, pinga."),
        Template::PaymentReported => format!("{id}: {by} ameripoti malipo. Kama si kweli, pinga."),
        Template::ReportContested => format!("{id}: {by} amepinga ripoti ya mkataba huu."),
        Template::CompletionProposed => {
            format!("{id}: {by} anasema yote yamefanyika. Umekamilika pande zote zikisema hivyo.")
        }
        Template::Completed => format!("{id} umekamilika: pande zote zinasema yote yamefanyika."),
        Template::CancelProposed => {
            format!("{id}: {by} anataka kufuta mkataba. Unafutwa tu pande zote zikikubali.")
        }
        Template::Cancelled => format!("{id} umefutwa. Haumfungi mtu yeyote tena."),
        Template::Disputed => format!("{id}: {by} anasema mkataba hautimizwi. Kuna mgogoro."),
        Template::ResolutionProposed => {
            format!("{id}: {by} anapendekeza kumaliza mgogoro: {end}. Pande zote lazima zikubali.")
        }
        Template::Resolved => format!("{id}: pande zote zimemaliza mgogoro: {end}."),
    }
}
