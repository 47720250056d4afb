//! People without the interface: by USSD, by the keys of a phone, by words about messages. Each story ends with a sound
//! ledger.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "menu/keypad.rs"]
mod keypad;
#[path = "menu/messages.rs"]
mod messages;
#[path = "menu/ussd.rs"]
mod ussd;

use it::world::SECRET;
use it::{Setup, SourceKind, StoreKind, World};

/// In one process without a server, and with Postgres behind NATS.
const SETUPS: [Setup; 2] = [Setup::EMBEDDED, Setup { store: StoreKind::Postgres, source: SourceKind::Nats }];

/// Posts a form below the secret; gives the answer.
async fn hook(world: &World, path: &str, form: &str) -> String {
    let (status, text) = world.post_form(&format!("/hooks/africastalking/{SECRET}/{path}"), form).await;
    assert_eq!(status, 200, "{path}: {text}");
    text
}

/// A phone number as a form holds it.
fn escaped(phone: &str) -> String {
    phone.replace('+', "%2B")
}

/// The code of the newest message to a party.
fn newest_code(world: &World, phone: &str) -> String {
    let messages = world.carrier.messages();
    let mut texts = messages.iter().rev().filter(|sms| sms.to == phone).map(|sms| &sms.text);
    texts.find_map(|text| carrier::code_after(text, "YES")).expect("the party was asked").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_is_reported_by_menu() {
    for setup in SETUPS {
        ussd::a_problem_is_reported(setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_terms_are_answered_by_menu() {
    ussd::new_terms_are_answered(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_terms_are_answered_by_keys_on_a_call() {
    keypad::new_terms_are_answered(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_confirmed_by_menu() {
    for setup in SETUPS {
        ussd::both_confirm(setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_rejected_by_menu() {
    ussd::one_rejects(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_messages_gets_none() {
    for setup in SETUPS {
        messages::nobody_is_written_to_against_its_will(setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_receiver_of_a_message_has_its_own_result() {
    messages::each_receiver_has_its_own_result(Setup::EMBEDDED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_confirmed_by_keys_on_a_call() {
    for setup in SETUPS {
        keypad::both_confirm(setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_cannot_be_said_stops_the_start() {
    keypad::a_bad_file_stops_the_start(Setup::EMBEDDED).await;
}
