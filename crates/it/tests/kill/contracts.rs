//! Contracts: each that was answered 200 exists once. Messages: none was sent that the ledger does not know of.

use std::collections::{BTreeMap, HashMap};

use carrier::Sms;
use contract::command::Command;
use contract::entity::{Entity, message_stream};
use contract::input::{Body, Input};
use contract::outcome::Outcome;
use contract::provider::Provider;
use contract::report::Report;
use store::{ContractFilter, Page};

use crate::account::Found;
use crate::load::Book;

/// Contracts asked for at once.
const PAGE: u32 = 500;

pub async fn check(found: &Found, book: &Book) {
    let mut drafted: HashMap<&str, Vec<&str>> = HashMap::new();
    for one in &found.journaled {
        if let (Body::Command(Command::CreateContract(create)), Some(outcome)) =
            (&one.input.body, &one.outcome)
        {
            drafted.entry(&create.transcript).or_default().push(drafted_stream(outcome));
        }
    }
    for made in &book.contracts {
        let streams = drafted.get(made.transcript.as_str()).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(streams, [format!("contract/{}", made.id)], "a contract answered 200 exists exactly once");
        let (row, _) = found.store.contract(&made.id).await.unwrap().expect("it is in the view");
        assert_eq!(row.document_sha256.to_string(), made.document_sha256);
    }
    for id in &book.owed {
        let owed = found.journaled.iter().find(|one| one.input.id == *id).expect("it was journaled");
        drafted_stream(owed.outcome.as_ref().expect("it was folded"));
    }
    let records = found.records.iter().filter(|record| record.kind == "contract.drafted").count();
    assert_eq!(drafted.values().map(Vec::len).sum::<usize>(), records, "no contract came from nowhere");
}

fn drafted_stream(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Recorded { records, refused: None } if records[0].kind == "contract.drafted" => {
            &records[0].stream
        }
        other => panic!("a contract came to {other:?}"),
    }
}

/// Everything the carrier took stands in the ledger as accepted, or as an attempt of which nobody knows the end; and
/// it took nothing more often than the journal has attempts at it.
pub async fn check_messages(found: &Found, taken: &[Sms]) {
    assert!(!taken.is_empty(), "messages were sent");
    let mut attempts: BTreeMap<(String, u32), usize> = BTreeMap::new();
    for one in &found.journaled {
        if let Some(task) = attempt(&one.input) {
            *attempts.entry(task).or_default() += 1;
        }
    }
    let asked = asked(found).await;
    let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for sms in taken {
        let tasks = &asked[&(sms.to.clone(), sms.text.clone())];
        let begun: usize = tasks.iter().filter_map(|asked| attempts.get(&asked.task)).sum();
        let told = message_stream(Provider::AfricasTalking, &sms.message_id);
        assert!(
            begun > 0 || tasks.iter().any(|asked| asked.accepted.contains(&told)),
            "the carrier took a message nobody said to be sending"
        );
        let times = times.entry((&sms.to, &sms.text)).or_default();
        *times += 1;
        assert!(*times <= begun, "{:?}: taken {times} times in {begun} attempts", tasks[0].task);
    }
}

fn attempt(input: &Input) -> Option<(String, u32)> {
    match &input.body {
        Body::Report(Report::MessageAttempted(task)) => Some((task.stream.clone(), task.task)),
        _ => None,
    }
}

/// A message that a contract asked for.
struct Asked {
    task: (String, u32),
    /// The streams under which the carrier is known to have taken it.
    accepted: Vec<String>,
}

/// All messages by number and text. Some are alike: whoever writes nonsense twice is asked again twice.
async fn asked(found: &Found) -> HashMap<(String, String), Vec<Asked>> {
    let mut all: HashMap<_, Vec<Asked>> = HashMap::new();
    for offset in (0..).step_by(PAGE as usize) {
        let page = Page { limit: PAGE, offset, before: None };
        let page = found.store.contracts_page(&ContractFilter::default(), &page).await.unwrap();
        if page.rows.is_empty() {
            break;
        }
        for (row, state) in page.rows {
            let Entity::Contract(agreement) = Entity::from_json(&state).unwrap() else {
                panic!("no contract")
            };
            for (task, message) in agreement.messages.0 {
                let accepted = message.message.into_iter().chain(message.sent_again).collect();
                let asked = Asked { task: (row.stream.clone(), task), accepted };
                all.entry((message.to.unwrap(), message.text.unwrap())).or_default().push(asked);
            }
        }
    }
    all
}
