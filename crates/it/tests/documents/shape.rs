//! Whether an answer is what a document shows, to the letter, but for what is new each time.

/// The JSON of a document without the white space between its words: what an answer looks like.
pub fn compact(json: &str) -> String {
    let (mut out, mut in_text, mut escaped) = (String::new(), false, false);
    for letter in json.chars() {
        if in_text || !letter.is_whitespace() {
            out.push(letter);
        }
        (in_text, escaped) = match letter {
            _ if escaped => (in_text, false),
            '\\' => (in_text, true),
            '"' => (!in_text, false),
            _ => (in_text, false),
        };
    }
    out
}

/// Fails unless `text` is `shape`, where `<hex64>` stands for 64 hex digits, `<digits6>` for 6 digits, `<second>` for
/// a time in whole seconds, `<id>` for letters, digits and `_`. Gives what stood in their places.
#[track_caller]
pub fn fits(text: &str, shape: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    for part in shape.split_inclusive('>') {
        let (fixed, mark) = match part.rsplit_once('<') {
            Some((fixed, mark)) => (fixed, mark.strip_suffix('>').unwrap()),
            None => (part, ""),
        };
        let Some(tail) = rest.strip_prefix(fixed) else { panic!("\n{text}\nis not\n{shape}\nfrom {rest:?}") };
        let length = length(mark, tail);
        assert!(length <= tail.len(), "\n{text}\nis not\n{shape}\nfrom {tail:?}");
        let (value, tail) = tail.split_at(length);
        assert!(is(mark, value), "\n{text}\nis not\n{shape}\n{value:?} is no {mark}");
        if !mark.is_empty() {
            found.push(value.to_owned());
        }
        rest = tail;
    }
    assert_eq!(rest, "", "\n{text}\nis longer than\n{shape}");
    found
}

fn length(mark: &str, tail: &str) -> usize {
    match mark {
        "" => 0,
        "second" => "2026-03-06T10:30:00Z".len(),
        "id" => tail.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count(),
        _ => mark.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().expect("a mark has a length"),
    }
}

fn is(mark: &str, value: &str) -> bool {
    let all = |of: fn(&u8) -> bool| value.bytes().all(|b| of(&b));
    match mark.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "" => value.is_empty(),
        "hex" => all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b)),
        "digits" => all(u8::is_ascii_digit),
        "second" => {
            let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape == "0000-00-00T00:00:00Z"
        }
        "id" => !value.is_empty(),
        other => panic!("{other} is no mark"),
    }
}

#[test]
fn what_differs_is_found() {
    let shape = compact("{ \"a b\": \"<hex4>\",\n \"at\": \"<second>\", \"n\": 25000 }");
    assert_eq!(shape, r#"{"a b":"<hex4>","at":"<second>","n":25000}"#);
    let found = fits(r#"{"a b":"01ef","at":"2026-03-06T10:30:00Z","n":25000}"#, &shape);
    assert_eq!(found, ["01ef", "2026-03-06T10:30:00Z"]);
    for other in [
        r#"{"a b":"01eF","at":"2026-03-06T10:30:00Z","n":25000}"#,
        r#"{"a b":"01ef","at":"2026-03-06T10:30:00.0","n":25000}"#,
        r#"{"at":"2026-03-06T10:30:00Z","a b":"01ef","n":25000}"#,
        r#"{"a b":"01ef","at":"2026-03-06T10:30:00Z","n":25000.0}"#,
        r#"{"a b":"01ef","at":"2026-03-06T10:30:00Z","n":25000,"more":1}"#,
    ] {
        assert!(std::panic::catch_unwind(|| fits(other, &shape)).is_err(), "{other}");
    }
}
