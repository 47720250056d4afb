//! Key statements on the stream `ledger/keys`.

use crate::memory::{ORIGIN, Shelf, input};
use contract::command::{Command, StateKey};
use contract::entity::{Entity, KEYS_STREAM};
use contract::input::Body;
use contract::outcome::{Outcome, Refusal};
use contract::provider::Via;
use ledger::key::{Action, KeyRing, KeyStatement, RecordKey, Role};
use ledger::record;
use ledger::time::Timestamp;

fn key(number: u8) -> RecordKey {
    RecordKey::from_seed(&[number; 32])
}

fn statement(action: Action, number: u8, origin: &str) -> String {
    let statement = KeyStatement {
        action,
        role: Role::Record,
        origin: origin.to_owned(),
        public_key: key(number).public().clone(),
        issued_at: Timestamp::EPOCH,
        from_position: None,
        reason: None,
    };
    let added = (action == Action::Added).then(|| key(number));
    statement.sign(&key(9), added.as_ref()).data().canonical()
}

fn state(statements: &[String]) -> Shelf {
    let mut shelf = Shelf::default();
    for (number, statement) in (1..).zip(statements) {
        let body = Body::Command(Command::StateKey(StateKey { statement: statement.clone() }));
        shelf.fold(&[input(number, Via::Api, true, Timestamp::EPOCH, body)]);
    }
    shelf
}

#[test]
fn statements_are_recorded_as_the_ring_reads_them_and_never_twice() {
    let statements = [
        statement(Action::Added, 1, ORIGIN),
        statement(Action::Added, 2, ORIGIN),
        statement(Action::Added, 2, ORIGIN),
        statement(Action::Retired, 1, ORIGIN),
        statement(Action::Revoked, 1, ORIGIN),
    ];
    let shelf = state(&statements);
    let kinds: Vec<&str> = shelf.log.iter().map(|made| made.kind.as_str()).collect();
    assert_eq!(kinds, ["key.added", "key.added", "key.retired", "key.revoked"]);
    assert_eq!(shelf.outcomes[2].1, Outcome::AlreadyApplied { stream: KEYS_STREAM.into() });
    let Some(Entity::Keys(keys)) = shelf.entity(KEYS_STREAM) else { panic!("no keys") };
    assert_eq!((keys.added, keys.ended), (2, 2));

    let mut ring = KeyRing::new(ORIGIN, Some(key(9).public().clone()));
    for (position, made) in (0..).zip(&shelf.log) {
        let signer = if position < 3 { key(1) } else { key(2) };
        let record = record::open(&made.payload.seal(&signer).jws).unwrap();
        ring.signer(position, &record).unwrap();
        ring.apply(position, &record).unwrap();
    }
    assert!(ring.may_sign(key(1).kid(), 4).is_err());
    assert!(ring.may_sign(key(2).kid(), 4).is_ok());
}

#[test]
fn what_is_no_statement_about_this_log_is_refused() {
    let good = statement(Action::Added, 1, ORIGIN);
    let refused = [
        String::new(),
        "{}".to_owned(),
        good.replace("\"added\"", "\"forgotten\""),
        format!("{good} "),
        statement(Action::Added, 1, "ledger.example/other"),
    ];
    let shelf = state(&refused);
    assert!(shelf.log.is_empty());
    for (_, outcome) in &shelf.outcomes {
        assert!(matches!(outcome, Outcome::Refused(Refusal::Invalid { field, .. }) if field == "statement"));
    }
    assert_eq!(shelf.outcomes.len(), refused.len());
}
