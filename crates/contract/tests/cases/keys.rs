//! Key statements on the stream `ledger/keys`.

use crate::memory::{ORIGIN, Shelf, input};
use contract::command::{Command, StateKey};
use contract::entity::{Entity, KEYS_STREAM};
use contract::input::Body;
use contract::outcome::{Outcome, Refusal};
use contract::provider::Via;
use ledger::key::{Action, KeyRing, KeyStatement, Reason, RecordKey, Role};
use ledger::record;
use ledger::time::Timestamp;

fn key(number: u8) -> RecordKey {
    RecordKey::from_seed(&[number; 32])
}

fn said(action: Action, number: u8) -> KeyStatement {
    KeyStatement {
        action,
        role: Role::Record,
        origin: ORIGIN.to_owned(),
        public_key: key(number).public().clone(),
        issued_at: Timestamp::EPOCH,
        from_position: None,
        reason: None,
    }
}

/// Signed by the root key, number 9, or by another in its place.
fn signed(statement: KeyStatement, root: u8, number: u8) -> String {
    let added = (statement.action == Action::Added).then(|| key(number));
    statement.sign(&key(root), added.as_ref()).data().canonical()
}

fn statement(action: Action, number: u8, origin: &str) -> String {
    signed(KeyStatement { origin: origin.to_owned(), ..said(action, number) }, 9, number)
}

fn state(statements: &[String]) -> Shelf {
    let mut shelf = Shelf::default();
    shelf.ring = Some(KeyRing::new(ORIGIN, Some(key(9).public().clone())));
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
    assert_eq!(shelf.outcomes[2].1, Outcome::AlreadyApplied { stream: KEYS_STREAM.into(), version: 2 });
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

/// Each of these would stand in the log for good, and fail every audit or end the log.
#[test]
fn what_an_auditor_would_refuse_is_refused() {
    let added = |number| statement(Action::Added, number, ORIGIN);
    let log_key =
        |action, number| signed(KeyStatement { role: Role::Log, ..said(action, number) }, 9, number);
    let begun = [added(1), log_key(Action::Added, 2)];
    let cases = [
        ("not signed by the root key", signed(said(Action::Added, 3), 8, 3)),
        ("not signed by the key it adds", signed(said(Action::Added, 3), 9, 4)),
        (
            "has or had a role",
            signed(KeyStatement { reason: Some(Reason::Rotation), ..said(Action::Added, 1) }, 9, 1),
        ),
        ("has or had a role", added(9)),
        ("has or had a role", added(2)),
        ("the key is unknown", statement(Action::Retired, 3, ORIGIN)),
        ("the key is unknown", statement(Action::Revoked, 2, ORIGIN)),
        ("from_position", signed(KeyStatement { from_position: Some(9), ..said(Action::Added, 3) }, 9, 3)),
        ("no key would be left", statement(Action::Retired, 1, ORIGIN)),
        ("no key would be left", statement(Action::Revoked, 1, ORIGIN)),
        ("log key cannot be changed", log_key(Action::Added, 3)),
        ("log key cannot be changed", log_key(Action::Retired, 2)),
    ];
    for (why, statement) in cases {
        let mut statements = begun.to_vec();
        statements.push(statement);
        let shelf = state(&statements);
        assert_eq!(shelf.log.len(), begun.len(), "{why}");
        let Outcome::Refused(Refusal::Invalid { reason, .. }) = &shelf.outcomes[2].1 else {
            panic!("{why}: {:?}", shelf.outcomes[2].1)
        };
        assert!(reason.contains(why), "{why}: {reason}");
    }
}
