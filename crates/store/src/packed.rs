//! The disclosures of a record as one row.
//!
//! A record has about three. As rows of their own each costs a row header, an index entry and a digest that can be computed,
//! together as much as what it holds. So they stand in one text, a line each: the ordinal, `r` or `d` for whether
//! it opens the record or its document, and the JSON array itself, a quarter shorter than in base64url. What is not the
//! canonical base64url of a line of text stands behind `=` as it came: no bytes are ever changed.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::columns::{number, sql_int};
use crate::error::{Fault, StoreError};
use crate::rows::{DisclosureRow, Scope, SignedRow};

/// Stands before a disclosure that is kept as it came.
const AS_IT_CAME: char = '=';

/// Columns `position` and `opened` of rows that follow each other by position.
pub(crate) fn pack<'a>(rows: impl IntoIterator<Item = &'a DisclosureRow>) -> (Vec<i64>, Vec<String>) {
    let (mut positions, mut texts): (Vec<i64>, Vec<String>) = (Vec::new(), Vec::new());
    for row in rows {
        let position = sql_int(row.position);
        if positions.last() != Some(&position) {
            positions.push(position);
            texts.push(String::new());
        }
        if let Some(text) = texts.last_mut() {
            write(row, text);
        }
    }
    (positions, texts)
}

fn write(row: &DisclosureRow, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&row.ordinal.to_string());
    text.push(match row.scope {
        Scope::Record => 'r',
        Scope::Document => 'd',
    });
    let decoded = URL_SAFE_NO_PAD.decode(&row.encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        // A text of this database holds no zero.
        Some(json) if json.starts_with('[') && !json.contains(['\n', '\0']) => text.push_str(&json),
        _ => {
            text.push(AS_IT_CAME);
            text.push_str(&row.encoded);
        }
    }
}

/// The disclosures of one row, in their order.
pub(crate) fn unpack(position: i64, opened: &str) -> Result<Vec<DisclosureRow>, StoreError> {
    let position = number(position)?;
    let one = |line: &str| {
        let (ordinal, rest) = line.split_at_checked(line.find(|c: char| !c.is_ascii_digit())?)?;
        let mut rest = rest.chars();
        let scope = match rest.next()? {
            'r' => Scope::Record,
            'd' => Scope::Document,
            _ => return None,
        };
        let rest = rest.as_str();
        let encoded = match rest.strip_prefix(AS_IT_CAME) {
            Some(encoded) => encoded.to_owned(),
            None => URL_SAFE_NO_PAD.encode(rest),
        };
        Some(DisclosureRow { position, ordinal: ordinal.parse().ok()?, scope, encoded })
    };
    let fault =
        || StoreError::Corrupt(Fault::new(format!("the disclosures at position {position} cannot be read")));
    opened.split('\n').map(|line| one(line).ok_or_else(fault)).collect()
}

/// Columns `position` and `opened` as they were read.
pub(crate) type Columns = (i64, String);

/// The disclosures of many rows.
pub(crate) fn unpack_all(rows: Vec<Columns>) -> Result<Vec<DisclosureRow>, StoreError> {
    let mut all = Vec::with_capacity(rows.len() * 3);
    for (position, opened) in rows {
        all.extend(unpack(position, &opened)?);
    }
    Ok(all)
}

/// Columns `position`, `jws` and `opened` of a record with its disclosures.
pub(crate) type SignedColumns = (i64, String, Option<String>);

/// A record with what is left of its disclosures.
pub(crate) fn signed((position, jws, opened): SignedColumns) -> Result<SignedRow, StoreError> {
    let disclosures = opened.map_or_else(|| Ok(Vec::new()), |opened| unpack(position, &opened))?;
    Ok(SignedRow { position: number(position)?, jws, disclosures })
}

/// How many rows go, by position and digest, and the rows that are left.
pub(crate) fn apart(rows: Vec<DisclosureRow>, gone: &[(u64, String)]) -> (u64, Vec<DisclosureRow>) {
    let gone: HashSet<(u64, &str)> =
        gone.iter().map(|(position, digest)| (*position, digest.as_str())).collect();
    let before = rows.len();
    let left: Vec<_> =
        rows.into_iter().filter(|row| !gone.contains(&(row.position, row.digest().as_str()))).collect();
    ((before - left.len()) as u64, left)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(position: u64, ordinal: u32, scope: Scope, encoded: &str) -> DisclosureRow {
        DisclosureRow { position, ordinal, scope, encoded: encoded.to_owned() }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let json = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let rows = vec![
            row(3, 0, Scope::Record, &json(r#"["c2FsdA","raw","a=b\nc\\ \u0000"]"#)),
            row(3, 1, Scope::Document, &json(r#"["c2FsdA","name","Amina 🌽"]"#)),
            row(4, 12, Scope::Record, &json("[1,\n2]")),
            row(4, 13, Scope::Record, &json("[\"\0\"]")),
            row(9, 0, Scope::Record, "no base64!"),
            // Not canonical: other last bits.
            row(9, 1, Scope::Record, "WzFdX"),
            row(9, 2, Scope::Record, ""),
            row(9, 3, Scope::Record, &json("=x")),
        ];
        let (positions, texts) = pack(&rows);
        assert_eq!(positions, [3, 4, 9]);
        assert!(texts[0].starts_with(r#"0r["c2FsdA","#), "{}", texts[0]);
        assert_eq!(unpack_all(positions.into_iter().zip(texts).collect()).unwrap(), rows);
    }

    #[test]
    fn what_nobody_packed_is_refused() {
        for opened in ["", "r[]", "0", "0x[]", "0r[]\n", "99999999999r[]"] {
            assert!(matches!(unpack(5, opened), Err(StoreError::Corrupt(_))), "{opened:?}");
        }
        assert!(unpack(-1, "0r[]").is_err());
    }

    #[test]
    fn rows_of_a_database_from_before_come_over() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(include_str!("../../../migrations/sqlite/0001_ledger.sql")).unwrap();
        database.execute_batch(include_str!("../../../migrations/sqlite/0002_guards.sql")).unwrap();
        let json = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let mut rows = vec![
            row(3, 0, Scope::Record, &json(r#"["c2FsdA","raw","a=b"]"#)),
            row(3, 1, Scope::Document, &json(r#"["c2FsdA","name","Amina 🌽"]"#)),
            row(3, 10, Scope::Record, &json("[]")),
            row(7, 2, Scope::Record, "no base64!"),
        ];
        for row in rows.iter().rev() {
            let sql =
                "INSERT INTO disclosure (position, ordinal, scope, digest, encoded) VALUES (?, ?, ?, ?, ?)";
            let scope = i32::from(row.scope == Scope::Document);
            let position = sql_int(row.position);
            database.execute(sql, (position, row.ordinal, scope, row.digest(), &row.encoded)).unwrap();
        }
        let sql = include_str!("../../../migrations/sqlite/0017_disclosures_packed_alike.sql");
        database.execute_batch(sql).unwrap();
        let mut statement = database.prepare("SELECT position, opened FROM disclosure ORDER BY 1").unwrap();
        let columns: Result<Vec<Columns>, _> =
            statement.query_map((), |row| row.try_into()).unwrap().collect();
        rows.sort_by_key(|row| (row.position, row.ordinal));
        assert_eq!(unpack_all(columns.unwrap()).unwrap(), rows);
    }
}
