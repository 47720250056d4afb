//! The files of the repository, and Rust source taken apart as far as the rules need it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A text file of the repository.
pub struct File {
    /// From the root of the repository, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate's folder name, for files below `crates`.
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Part of a crate's library or program, not of its tests, examples or benchmarks.
    pub fn is_product(&self) -> bool {
        self.is_rust()
            && self.path.split('/').nth(2) == Some("src")
            && !matches!(self.crate_name(), Some("it" | "peers"))
            && !test_modules().contains(&self.path)
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every text file that is, or is about to be, part of the repository.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let root = root();
        let mut paths = tracked(&root).unwrap_or_else(|| walk(&root));
        paths.sort();
        let read = |path: String| {
            let text = String::from_utf8(std::fs::read(root.join(&path)).ok()?).ok()?;
            (!text.contains('\0')).then_some(File { path, text })
        };
        let files: Vec<File> = paths.into_iter().filter_map(read).collect();
        assert!(files.len() > 50, "the files of the repository were not found");
        files
    })
}

pub fn product() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|file| file.is_product())
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(list).output().ok()?;
    let paths = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| paths.split_terminator('\0').map(str::to_owned).collect())
}

/// Without git, as in an unpacked archive.
fn walk(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !["target", ".git", "node_modules"].contains(&name) {
                folders.push(path);
            } else if path.is_file() {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// Files of product crates that are only compiled for tests: `#[cfg(test)] mod name;`.
fn test_modules() -> &'static HashSet<String> {
    static MODULES: OnceLock<HashSet<String>> = OnceLock::new();
    MODULES.get_or_init(|| files().iter().filter(|file| file.is_rust()).flat_map(modules_for_tests).collect())
}

fn modules_for_tests(file: &File) -> Vec<String> {
    let code = code(&file.text);
    let stem = file.path.trim_end_matches(".rs");
    let folder = match stem.rsplit_once('/') {
        Some((folder, "lib" | "main")) => folder,
        _ => stem,
    };
    let items = test_items(&code).into_iter().map(|(from, to)| &code[from..to]);
    let name = |item: &str| Some(item.rsplit_once("mod ")?.1.strip_suffix(';')?.trim().to_owned());
    items.filter_map(name).map(|name| format!("{folder}/{name}.rs")).collect()
}

/// The source with comments and the content of literals turned to spaces. Lines stay where they are.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment(bytes, at);
        if end == at {
            at += 1;
            continue;
        }
        out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end;
    }
    // What is left of letters beyond ASCII is whole letters.
    String::from_utf8(out).unwrap()
}

/// End of the comment or literal that starts here, or `at` if none does.
fn literal_or_comment(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let find = |needle: &[u8], from: usize| {
        rest[from..].windows(needle.len()).position(|part| part == needle).map_or(rest.len(), |n| from + n)
    };
    let length = match rest {
        [b'/', b'/', ..] => find(b"\n", 2),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest, b'"'),
        [b'r', b'"' | b'#', ..] if !in_word => raw_string(rest),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !in_word => 1 + raw_string(&rest[1..]),
        [b'\'', b'\\', ..] => quoted(rest, b'\''),
        [b'\'', first, ..] => {
            let letter = [0x80, 0xe0, 0xf0].iter().filter(|start| first >= start).count() + 1;
            if rest.get(1 + letter) == Some(&b'\'') { letter + 2 } else { 0 }
        }
        _ => 0,
    };
    at + length.min(rest.len())
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at + 1 < rest.len() {
        match &rest[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Zero if it is a raw identifier.
fn raw_string(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let close = [&[b'"'][..], &vec![b'#'; hashes]].concat();
    let body = 2 + hashes;
    let found = rest[body..].windows(close.len()).position(|part| part == close);
    found.map_or(rest.len(), |n| body + n + close.len())
}

/// Where the items under `#[cfg(test)]` stand, given what [`code`] returned.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = code[at..].find("#[cfg(").map(|n| at + n) {
        at = start + 1;
        let condition = &code[start..start + code[start..].find(']').unwrap_or(0)];
        let is_test = has_word(condition, "test") && !condition.contains("not(");
        if is_test && let Some(end) = item_end(code, start) {
            found.push((start, end));
            at = end;
        }
    }
    found
}

/// End of an item: behind its block, or its semicolon.
fn item_end(code: &str, start: usize) -> Option<usize> {
    let mut nested = 0;
    for (offset, letter) in code[start..].char_indices() {
        match letter {
            '(' | '[' => nested += 1,
            ')' | ']' => nested -= 1,
            ';' if nested == 0 => return Some(start + offset + 1),
            '{' if nested == 0 => return block_end(code, start + offset),
            _ => {}
        }
    }
    None
}

fn block_end(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, letter) in code[open..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + offset + 1);
        }
    }
    None
}

/// [`code`] without what is compiled for tests only.
pub fn product_code(text: &str) -> String {
    let mut code = code(text);
    for (from, to) in test_items(&code) {
        let blank: String = code[from..to].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        // Letters beyond ASCII become one space each, so what stands behind may move within the file, but not its lines.
        code = format!("{}{blank:<width$}{}", &code[..from], &code[to..], width = to - from);
    }
    code
}

pub fn has_word(text: &str, word: &str) -> bool {
    find_word(text, word, 0).is_some()
}

pub fn find_word(text: &str, word: &str, from: usize) -> Option<usize> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text[from..]
        .match_indices(word)
        .map(|(at, _)| from + at)
        .find(|at| !text[..*at].ends_with(part_of_word) && !text[at + word.len()..].starts_with(part_of_word))
}

/// Line number, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Name and number of lines of each function with a body.
pub fn functions(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find_word(code, "fn", at) {
        at = start + 2;
        let name: String =
            code[at..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // Otherwise a pointer type.
        if name.is_empty() {
            continue;
        }
        if let Some(end) = item_end(code, start).filter(|end| code[..*end].ends_with('}')) {
            found.push((name, code[start..end].matches('\n').count() + 1));
        }
    }
    found
}

#[test]
fn source_is_taken_apart() {
    let text = r##"
fn f<'a>(x: &'a str) -> [u8; 2] { // .unwrap()
    let s = "}\".unwrap()"; let r = r#"dbg!("}")"#; /* { /* nested */ */
    let c = '{'; let d = '\''; let e = 'é'; s.len(); [b'"', 0]
}
#[cfg(test)]
mod tests { fn g() { x.unwrap(); } }
#[cfg(not(test))]
fn h() {
    todo()
}
"##;
    let code = code(text);
    assert_eq!(code.lines().count(), text.lines().count());
    assert!(!code.contains("dbg") && !code.contains("nested"), "{code}");
    assert!(code.contains("s.len(); [b"), "{code}");
    let product = product_code(text);
    assert!(!product.contains("unwrap") && product.contains("todo()"), "{product}");
    let named = |name: &str, lines| (name.to_owned(), lines);
    assert_eq!(functions(&code), [named("f", 4), named("g", 1), named("h", 3)]);
    let file = File { path: "crates/a/src/b.rs".to_owned(), text: "#[cfg(test)]\nmod c;\nmod d;".to_owned() };
    assert_eq!(modules_for_tests(&file), ["crates/a/src/b/c.rs"]);
}
