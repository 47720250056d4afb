//! A curl line of a document as the bytes curl 7.88 sends for it.

use it::World;
use it::wire::{Answer, exchange};

/// Sends what the line sends, to the world instead of the host it names, and reads the answer.
pub async fn curl(world: &World, line: &str) -> Answer {
    let bytes = request(line, &world.address().to_string());
    exchange(world.address(), &bytes).await.unwrap_or_else(|| panic!("no answer to {line}"))
}

/// A line that is given with some words replaced, as a reader of the document replaces placeholders.
pub fn with(line: &str, replaced: &[(&str, &str)]) -> String {
    replaced.iter().fold(line.to_owned(), |line, (from, to)| {
        assert!(line.contains(from), "{from} is not in {line}");
        line.replace(from, to)
    })
}

/// Hosts of the documents other than this machine become `address`; a name of this machine stays as it is written.
fn request(line: &str, address: &str) -> Vec<u8> {
    let mut words = words(line).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut method, mut url, mut headers, mut data) = (None, None, Vec::new(), Vec::<String>::new());
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("an option has a value");
        match word.as_str() {
            // Says what is shown, not what is sent.
            "-sS" => {}
            "-X" | "--request" => method = Some(value()),
            "-H" | "--header" => headers.push(value()),
            "-d" | "--data" => data.push(value()),
            "--url" => url = Some(value()),
            option if option.starts_with('-') => panic!("{option} is an option that no document uses"),
            _ => url = Some(word),
        }
    }
    let url = url.expect("a line names an address");
    let (_, rest) = url.split_once("://").expect("an address has a scheme");
    let (host, path) = rest.split_once('/').expect("an address has a path");
    let host = if host.starts_with("localhost") { host } else { address };
    let method = method.unwrap_or_else(|| if data.is_empty() { "GET".into() } else { "POST".into() });
    let mut text =
        format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n");
    for header in &headers {
        text.push_str(&format!("{header}\r\n"));
    }
    let body = data.join("&");
    if !data.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        if !headers.iter().any(|header| header.to_ascii_lowercase().starts_with("content-type:")) {
            text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
        }
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// The words a shell makes of a line: quotes, and line ends behind a backslash.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => assert_eq!(letters.next(), Some('\n'), "a backslash that ends no line"),
            '\'' | '"' => word.get_or_insert_default().extend(letters.by_ref().take_while(|l| *l != letter)),
            ' ' | '\n' => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[test]
fn the_bytes_are_those_of_curl() {
    let check = |line: &str, expected: &str| {
        assert_eq!(String::from_utf8(request(line, "127.0.0.1:1")).unwrap(), expected);
    };
    check(
        "curl -X POST http://localhost:5000/voice/events \\\n  -d \"sessionId=ATVId_abc123\" \\\n  -d \"callStartTime=2025-09-29 10:30:00\" \\\n  -d \"callerNumber=+254711XXXYYY\"",
        "POST /voice/events HTTP/1.1\r\nHost: localhost:5000\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\
         Content-Length: 83\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n\
         sessionId=ATVId_abc123&callStartTime=2025-09-29 10:30:00&callerNumber=+254711XXXYYY",
    );
    check(
        "curl --request POST \\\n  --url https://api.example.com/api \\\n  --header 'Content-Type: application/json' \\\n  --data '\n{\n \"a\":1}\n'",
        "POST /api HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nContent-Length: 11\r\n\r\n\n{\n \"a\":1}\n",
    );
    check(
        "curl -X GET \"http://localhost:5000/voice/invoke-call?phone=254711XXXYYY\"",
        "GET /voice/invoke-call?phone=254711XXXYYY HTTP/1.1\r\nHost: localhost:5000\r\n\
         User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    );
}
