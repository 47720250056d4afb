//! What an input was recorded as, kept as the place of its records.
//!
//! Most outcomes say which records an input led to, and nothing else: name of the stream, version and type, which stand in the log
//! already. So such an outcome is kept as `position+count`, and written again from these records. It is shortened only where
//! that gives the very same text; any other stays the JSON it is. JSON begins with a brace, a place with a digit.

use std::borrow::Cow;
use std::fmt::Write;

use crate::columns::corrupt;
use crate::error::StoreError;
use crate::rows::{Commit, RecordRow};

/// How an outcome begins that says what was recorded.
const BEGIN: &str = r#"{"outcome":"recorded","records":["#;
const END: &str = "]}";

/// The outcomes of a commit as they are kept, in the order of its inbox.
pub(crate) fn short_outcomes(commit: &Commit) -> Vec<Cow<'_, str>> {
    let mut rest = Place { first: commit.first_position, records: &commit.records };
    commit.inbox.iter().map(|row| rest.shorten(&row.outcome)).collect()
}

/// The records of a commit that no outcome named yet. Inputs and their records stand in the same order.
struct Place<'a> {
    first: u64,
    records: &'a [RecordRow],
}

impl Place<'_> {
    fn shorten<'o>(&mut self, outcome: &'o str) -> Cow<'o, str> {
        let Some(list) = outcome.strip_prefix(BEGIN) else { return Cow::Borrowed(outcome) };
        let mut text = String::new();
        let Some(skipped) = self.records.iter().position(|record| begins(list, record, &mut text)) else {
            return Cow::Borrowed(outcome);
        };
        self.skip(skipped);
        let (mut left, mut count) = (list, 0);
        let says_no_more = loop {
            match self.records.get(count) {
                Some(record) if begins(left, record, &mut text) => left = &left[text.len()..],
                _ => break false,
            }
            count += 1;
            match left.strip_prefix(',') {
                Some(more) => left = more,
                None => break left == END,
            }
        };
        let first = self.first;
        self.skip(count);
        if says_no_more { Cow::Owned(format!("{first}+{count}")) } else { Cow::Borrowed(outcome) }
    }

    fn skip(&mut self, count: usize) {
        self.first += count as u64;
        self.records = &self.records[count..];
    }
}

/// Whether the list goes on with this record, whose JSON is then in `text`.
fn begins(list: &str, record: &RecordRow, text: &mut String) -> bool {
    // Most records are told apart by the stream alone.
    let stream = list.strip_prefix(r#"{"stream":""#);
    if !stream.is_some_and(|stream| stream.starts_with(&record.stream)) {
        return false;
    }
    text.clear();
    write_record(&record.stream, record.version, &record.kind, text);
    list.starts_with(text.as_str())
}

fn write_record(stream: &str, version: u64, kind: &str, text: &mut String) {
    // Writing to a text cannot fail. Nothing is escaped: what would have to be is not shortened.
    let _ = write!(text, r#"{{"stream":"{stream}","version":{version},"kind":"{kind}"}}"#);
}

/// An outcome as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// As it was told.
    Json(String),
    /// What the records are that begin here.
    Records {
        /// Position of the first.
        first: u64,
        /// How many.
        count: u64,
    },
}

impl Kept {
    /// Reads the column.
    pub(crate) fn read(column: String) -> Result<Kept, StoreError> {
        if column.starts_with('{') {
            return Ok(Kept::Json(column));
        }
        let place = column.split_once('+').and_then(|(first, count)| {
            Some(Kept::Records { first: first.parse().ok()?, count: count.parse().ok()? })
        });
        place.ok_or_else(|| corrupt("an outcome that is neither JSON nor a place in the log"))
    }
}

/// Stream, version and type, as they were read from these positions.
pub(crate) type Columns = (String, i64, String);

/// The outcome that says these were recorded.
pub(crate) fn recorded(records: &[Columns], count: u64) -> Result<String, StoreError> {
    if records.len() as u64 != count || count == 0 {
        return Err(corrupt("an outcome whose records are not in the log"));
    }
    let mut text = String::from(BEGIN);
    for (place, (stream, version, kind)) in records.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        write_record(stream, crate::columns::number(*version)?, kind, &mut text);
    }
    text.push_str(END);
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ledger::hash::sha256;
    use ledger::time::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::rows::InboxRow;

    fn record(position: u64, stream: &str, version: u64, kind: &str) -> RecordRow {
        let hash = sha256(b"");
        RecordRow {
            position,
            stream: stream.to_owned(),
            version,
            id: Uuid::nil(),
            kind: kind.to_owned(),
            recorded_at: Timestamp::EPOCH,
            prev: None,
            payload_sha256: hash,
            leaf: hash,
            jws: String::new(),
        }
    }

    fn commit(records: Vec<RecordRow>, outcomes: &[&str]) -> Commit {
        let row = |outcome: &&str| InboxRow {
            input: Uuid::nil(),
            received_at: Timestamp::EPOCH,
            outcome: (*outcome).to_owned(),
            quarantined: None,
        };
        let inbox = outcomes.iter().map(row).collect();
        Commit { first_position: 40, records, inbox, ..Commit::default() }
    }

    /// What the database would give back for these outcomes.
    fn given_back(commit: &Commit) -> Vec<String> {
        let columns = |record: &RecordRow| {
            (record.stream.clone(), i64::try_from(record.version).unwrap(), record.kind.clone())
        };
        let outcome = |kept: Cow<'_, str>| match Kept::read(kept.into_owned()).unwrap() {
            Kept::Json(json) => json,
            Kept::Records { first, count } => {
                let from = usize::try_from(first - commit.first_position).unwrap();
                let records = &commit.records[from..from + usize::try_from(count).unwrap()];
                recorded(&records.iter().map(columns).collect::<Vec<_>>(), count).unwrap()
            }
        };
        short_outcomes(commit).into_iter().map(outcome).collect()
    }

    #[test]
    fn outcomes_come_back_byte_for_byte() {
        let records = vec![
            record(40, "call/a/1", 1, "call.ringing"),
            record(41, "call/a/1", 2, "call.answered"),
            record(42, "contract/X", 12, "code.refused"),
            record(43, "call/a/10", 1, "call.ringing"),
            record(44, "call/a/\"", 1, "call.ringing"),
            record(45, "call/a/3", 1, "call.ended"),
            record(46, "call/a/3", 2, "call.cost"),
        ];
        let one = |stream: &str, version: u64, kind: &str| {
            format!(r#"{{"stream":"{stream}","version":{version},"kind":"{kind}"}}"#)
        };
        let all = |records: &[String]| format!("{BEGIN}{}{END}", records.join(","));
        let outcomes = [
            (all(&[one("call/a/1", 1, "call.ringing")]), Some("40+1")),
            (r#"{"outcome":"already_applied","stream":"call/a/1"}"#.to_owned(), None),
            (all(&[one("call/a/1", 2, "call.answered")]), Some("41+1")),
            // Says more than where it was recorded: those behind it are found all the same.
            (format!("{BEGIN}{}],\"refused\":{{}}}}", one("contract/X", 12, "code.refused")), None),
            (all(&[one("call/a/10", 1, "call.ringing")]), Some("43+1")),
            (all(&[one("call/a/\\\"", 1, "call.ringing")]), None),
            (all(&[one("call/a/3", 1, "call.ended"), one("call/a/3", 2, "call.cost")]), Some("45+2")),
            // Beyond the end, or nothing.
            (all(&[one("call/a/3", 2, "call.cost")]), None),
            (all(&[]), None),
        ];
        let texts: Vec<&str> = outcomes.iter().map(|(text, _)| text.as_str()).collect();
        let commit = commit(records, &texts);
        let kept: Vec<_> = outcomes.iter().map(|(text, place)| place.unwrap_or(text.as_str())).collect();
        assert_eq!(short_outcomes(&commit), kept);
        assert_eq!(given_back(&commit), texts);
    }

    #[test]
    fn a_list_that_is_not_that_of_the_records_stays() {
        let records = || vec![record(40, "call/a/1", 1, "k"), record(41, "call/a/1", 2, "k")];
        for outcome in [
            r#"{"outcome":"recorded","records":[{"stream":"call/a/1","version":2,"kind":"k"},{"stream":"call/a/1","version":1,"kind":"k"}]}"#,
            r#"{"outcome":"recorded","records":[{"stream":"call/a/1","version":1,"kind":"k"},]}"#,
            r#"{"outcome":"recorded","records":[{"stream":"call/a/1","version":1,"kind":"k"}]} "#,
            r#"{"outcome":"recorded","records":[{"stream":"call/a/1","version":1,"kind":"kk"}]}"#,
        ] {
            let commit = commit(records(), &[outcome]);
            assert_eq!(given_back(&commit), [outcome]);
            assert_eq!(short_outcomes(&commit), [outcome]);
        }
    }

    #[test]
    fn what_nobody_shortened_is_refused() {
        for column in ["", "x", "4", "4+", "+1", "-1+1", "4+1+1"] {
            assert!(Kept::read(column.to_owned()).is_err(), "{column:?}");
        }
        assert!(recorded(&[], 0).is_err());
        assert!(recorded(&[("call/a/1".to_owned(), 1, "k".to_owned())], 2).is_err());
    }
}
