//! Migrations are history: only ever added, the same in both dialects.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::rule;
use super::source::{File, files};

const DIALECTS: [&str; 2] = ["postgres", "sqlite"];

fn of(dialect: &str) -> impl Iterator<Item = &'static File> {
    let folder = format!("migrations/{dialect}/");
    files().iter().filter(move |file| file.path.starts_with(&folder))
}

fn names(dialect: &str) -> Vec<&'static str> {
    of(dialect).filter_map(|file| file.path.rsplit('/').next()).collect()
}

#[test]
fn both_dialects_have_the_same_migrations() {
    let [postgres, sqlite] = DIALECTS.map(names);
    let mut broken = Vec::new();
    if postgres != sqlite {
        broken.push(format!("postgres has {postgres:?}, sqlite has {sqlite:?}"));
    }
    // A number may be left out: steps are written at the same time, and not each of them comes to be.
    let mut last = 0;
    for name in &postgres {
        let number = name.split_once('_').filter(|(digits, _)| digits.len() == 4);
        let number = number.and_then(|(digits, _)| digits.parse::<u32>().ok()).unwrap_or(0);
        if number <= last || !name.ends_with(".sql") {
            broken.push(format!("{name} is no larger number than the one before, as 0001_name.sql"));
        }
        last = number;
    }
    assert!(!postgres.is_empty(), "the migrations were not found");
    rule("a number stands for one state of the schema, whichever database holds it.", broken);
}

#[test]
fn old_migrations_are_as_they_were() {
    let list = include_str!("../migrations.sha256");
    let pinned: BTreeMap<&str, &str> =
        list.lines().map(|line| line.split_once("  ").map(|(hash, path)| (path, hash)).unwrap()).collect();
    let mut broken = Vec::new();
    let mut there = BTreeSet::new();
    for file in DIALECTS.into_iter().flat_map(of) {
        there.insert(file.path.as_str());
        let digest = Sha256::digest(file.text.as_bytes());
        let actual: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        match pinned.get(file.path.as_str()) {
            Some(hash) if *hash == actual => {}
            Some(_) => broken.push(format!("{} has changed: write a new migration instead", file.path)),
            None => {
                broken
                    .push(format!("new: add to crates/it/tests/migrations.sha256: {actual}  {}", file.path));
            }
        }
    }
    broken.extend(pinned.keys().filter(|path| !there.contains(*path)).map(|path| format!("{path} is gone")));
    rule(
        "a database that ran the old file will not run the new one. Its schema would silently be another than that of \
         a fresh database.",
        broken,
    );
}

/// Columns by table, after all migrations of a dialect.
fn tables(sql: &str) -> BTreeMap<String, BTreeSet<String>> {
    let bare: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for statement in bare.split(';') {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words[..] {
            ["CREATE", "TABLE", ..] => {
                let (name, body) = statement.split_once("TABLE").unwrap().1.split_once('(').unwrap();
                tables.insert(
                    name.trim().to_owned(),
                    items(body).iter().filter_map(|item| column(item)).collect(),
                );
            }
            ["DROP", "TABLE", table] => {
                tables.remove(table);
            }
            ["ALTER", "TABLE", table, "RENAME", "TO", new] => {
                let columns = tables.remove(table).unwrap();
                tables.insert(new.to_owned(), columns);
            }
            ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                tables.entry(table.to_owned()).or_default().insert(column.to_owned());
            }
            ["ALTER", "TABLE", table, "DROP", "COLUMN", column] => {
                tables.entry(table.to_owned()).or_default().remove(column);
            }
            _ => {}
        }
    }
    tables
}

/// The name of a column, where an item of a table is one.
fn column(item: &str) -> Option<String> {
    let first = item.split_whitespace().next().unwrap_or_default();
    let constraints = ["", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"];
    (!constraints.contains(&first.split('(').next().unwrap())).then(|| first.to_owned())
}

/// What stands between the commas, up to the bracket that closes.
fn items(body: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for letter in body.chars() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            items.push(String::new());
        } else {
            items.last_mut().unwrap().push(letter);
        }
    }
    items
}

fn sql(dialect: &str) -> String {
    of(dialect).map(|file| file.text.as_str()).collect()
}

#[test]
fn both_dialects_have_the_same_tables() {
    let sample = tables(
        "CREATE TABLE a (b INT CHECK (b IN (1, 2)), c TEXT, -- d\n x INT, UNIQUE (b, c));\
         ALTER TABLE a ADD COLUMN e; ALTER TABLE a DROP COLUMN x;",
    );
    assert_eq!(sample, BTreeMap::from([("a".to_owned(), ["b", "c", "e"].map(str::to_owned).into())]));
    let moved =
        tables("CREATE TABLE a (b INT);CREATE TABLE c (d INT);DROP TABLE a;ALTER TABLE c RENAME TO a;");
    assert_eq!(moved, BTreeMap::from([("a".to_owned(), ["d"].map(str::to_owned).into())]));
    let [postgres, sqlite] = DIALECTS.map(|dialect| tables(&sql(dialect)));
    let all: BTreeSet<&String> = postgres.keys().chain(sqlite.keys()).collect();
    let broken = all
        .into_iter()
        .filter(|table| postgres.get(*table) != sqlite.get(*table))
        .map(|table| format!("{table}: postgres {:?}, sqlite {:?}", postgres.get(table), sqlite.get(table)));
    rule("one conformance suite runs on both stores.", broken.collect());
}

#[test]
fn every_column_is_explained() {
    let sql = sql("postgres");
    let mut broken = Vec::new();
    let explained: BTreeSet<&str> = sql
        .split("COMMENT ON ")
        .skip(1)
        .filter_map(|part| part.split_once(" IS ")?.0.trim().split_once(' '))
        .map(|(_, name)| name.trim())
        .collect();
    for (table, columns) in tables(&sql) {
        let names = columns.iter().map(|column| format!("{table}.{column}"));
        broken.extend(names.chain([table.clone()]).filter(|name| !explained.contains(name.as_str())));
    }
    rule(
        "an auditor with psql sees the schema before the documentation: COMMENT ON every table and column.",
        broken,
    );
}
