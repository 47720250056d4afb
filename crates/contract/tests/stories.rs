//! Stories: what is done and heard, and what the ledger makes of it, in words.
//!
//! A story is a text file in `tests/stories`. `given` is what clients ask for and what our own effects report, `heard`
//! is what providers and parties tell us, `then` is what follows. The `then` lines are written by the ledger:
//! `UPDATE=1 cargo test -p contract --test stories` rewrites them, and the difference is to be read like code.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // the one setting of this test is `UPDATE`

#[path = "shelf/memory.rs"]
mod memory;
#[path = "stories/scene.rs"]
mod scene;
#[path = "stories/telling.rs"]
mod telling;

use std::path::Path;

use scene::Scene;

/// Plays a story and gives it back with the `then` lines that are true.
fn play(story: &str) -> String {
    let mut scene = Scene::default();
    let mut told = String::new();
    let mut lines = story.lines().filter(|line| !line.starts_with("then ")).peekable();
    while let Some(line) = lines.next() {
        told.push_str(line);
        told.push('\n');
        if !line.starts_with("given ") && !line.starts_with("heard ") {
            assert!(line.is_empty() || line.starts_with('#'), "not a line of a story: {line}");
            continue;
        }
        let mut details = Vec::new();
        while let Some(detail) = lines.next_if(|next| next.starts_with("  ")) {
            told.push_str(detail);
            told.push('\n');
            details.push(detail.trim());
        }
        let happened = scene.happens(line, &details);
        for then in happened {
            told.push_str(&format!("then {then}\n"));
        }
    }
    told
}

#[test]
fn stories_are_true() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    assert!(files.len() >= 10, "the stories are gone");
    let update = std::env::var_os("UPDATE").is_some();
    let mut untrue = Vec::new();
    for file in files {
        let story = std::fs::read_to_string(&file).unwrap();
        let told = play(&story);
        if update {
            std::fs::write(&file, &told).unwrap();
        } else if told != story {
            let first = told.lines().zip(story.lines()).find(|(now, before)| now != before);
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            untrue.push(format!("{name}: {first:#?} (now, before)"));
        }
    }
    assert!(untrue.is_empty(), "read the stories, then UPDATE=1:\n{}", untrue.join("\n"));
}
