//! The reference shows the table that decides.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // the one setting of this test is `UPDATE`

use std::path::Path;

use contract::lifecycle::table;

const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- /table -->\n";

/// `UPDATE=1 cargo test -p contract --test lifecycle` writes it.
#[test]
fn the_reference_shows_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/lifecycle.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let expected = format!("\n{}\n", table());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, expected, "UPDATE=1 writes the table of the code into the reference");
    }
}
