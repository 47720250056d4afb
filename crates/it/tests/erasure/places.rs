//! Where bytes can be, and looking for some in all of them.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use it::World;
use it::logs::Logs;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Letters shown on both sides of what should not be there.
const CONTEXT: usize = 100;

/// A thing to look for, in each form in which it could be stored.
pub struct Needle {
    pub name: String,
    forms: Vec<String>,
}

impl Needle {
    pub fn of(text: &str) -> Needle {
        assert!(text.is_ascii(), "places are searched as ASCII");
        let mut forms = vec![text.to_owned(), text.replace(' ', "+"), text.replace(' ', "%20")];
        forms.push(text.bytes().map(|byte| format!("{byte:02x}")).collect());
        for before in 0..3 {
            // What stands before it shifts the letters of base64; the first may depend on it and is cut off. The last
            // depends on what follows, and would not tell one number from the next without it.
            for behind in b' '..=b'~' {
                let bytes = [&b"   "[..before], text.as_bytes(), &[behind]].concat();
                let first = (before * 8).div_ceil(6);
                let last = ((bytes.len() - 1) * 8).div_ceil(6);
                for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                    forms.push(encoded[first..last].to_owned());
                }
            }
        }
        // Binary columns, as a dump writes them.
        forms.push(text.bytes().map(|byte| format!("{byte:02x}")).collect());
        forms.sort_unstable();
        forms.dedup();
        Needle { name: text.to_owned(), forms }
    }

    pub fn is_in(&self, place: &str) -> bool {
        self.around(place).is_some()
    }

    /// What stands around it.
    fn around<'p>(&self, place: &'p str) -> Option<&'p str> {
        let (at, form) = self.forms.iter().find_map(|form| Some((place.find(form.as_str())?, form)))?;
        Some(&place[at.saturating_sub(CONTEXT)..(at + form.len() + CONTEXT).min(place.len())])
    }
}

/// Bytes as text that can be searched for ASCII, each byte a letter.
fn searchable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\0' }).collect()
}

#[test]
fn a_needle_is_found_however_it_is_stored() {
    let needle = Needle::of("700000011");
    for (before, after) in [("", "x"), ("a", "b"), ("ab", "cd"), ("abc", "def"), ("[\"x\",\"+254", "\"]")] {
        let text = format!("{before}700000011{after}");
        assert!(needle.is_in(&text));
        assert!(needle.is_in(&URL_SAFE_NO_PAD.encode(&text)), "{text}");
    }
    for before in ["", "a", "ab"] {
        assert!(!needle.is_in(&URL_SAFE_NO_PAD.encode(format!("{before}700000012&"))));
    }
}

/// Every place, by name, with its bytes.
pub async fn all(world: &World, logs: Logs) -> Vec<(String, String)> {
    let mut places = vec![("the log of the process".to_owned(), logs.text())];
    files(world.directory.path(), &mut places);
    let database = world.config().database();
    if database.starts_with("postgres") {
        places.push(("the rows of the database".to_owned(), rows(&database).await));
        places.push(("the dump of the database".to_owned(), dump(&database)));
    }
    places
}

fn files(folder: &Path, places: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, places);
        } else if let Ok(bytes) = std::fs::read(&path) {
            // One that went while we looked holds nothing.
            places.push((path.display().to_string(), searchable(&bytes)));
        }
    }
}

/// What a backup made now would hold.
fn dump(url: &str) -> String {
    let made = std::process::Command::new("pg_dump").arg(format!("--dbname={url}")).output();
    let made = made.expect("pg_dump is not there: install the client programs of PostgreSQL");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = searchable(&made.stdout);
    assert!(text.contains("COPY public.disclosure"), "the dump holds no rows");
    text
}

/// Every row of every table, as text: also what another login could not dump.
async fn rows(url: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(tables.len() > 10, "the tables were not found");
    let mut text = String::new();
    for table in tables {
        let sql = format!("SELECT t::text FROM public.{table} AS t");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        text.push_str(&rows.join("\n"));
    }
    text
}

/// Names of the places that hold one of these.
pub fn holding(places: &[(String, String)], needles: &[Needle]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, text) in places {
        for needle in needles {
            let around = needle.around(text);
            found.extend(around.map(|around| format!("{} in {place}: {around}", needle.name)));
        }
    }
    found
}
