//! Every message that an operator can see is explained: they are collected from the sources, and looked for in the
//! pages.

use std::path::{Path, PathBuf};

use regex_lite::Regex;
use socorro_testkit::root;

/// Where what a running program says comes from, and is explained in docs/operate.md or docs/triggers.md.
const LOGGED: [&str; 2] = ["socorro-core/src", "socorro-cli/src"];

/// Where besides the log lines each sentence is one that an operator can see: in a report, an answer or an error.
const SENTENCES: [&str; 3] = [
    "socorro-core/src/live",
    "socorro-core/src/pipeline",
    "socorro-core/src/step/apart.rs",
];

/// Sentences that nobody is to do anything about.
const LAYOUT: [&str; 11] = [
    // How texts for a person are put together: shown whole on the page.
    "socorro {}, process {}, generation {}",
    "of before generation {}: {} operations, since {}",
    "storage.{name}: {} operations, {} bytes",
    "last     attempt {} at {}",
    "the library of {plugin} changed: {} -> {}",
    "{key}: the secret changed that {reference} ({origin}) leads to",
    "part of the program",
    "{text:?} is no part of a configuration",
    "{}s since 1970",
    "# The configuration that was last adopted",
    // Of the code, not of the program.
    "cannot install the handler for SIGHUP",
];

/// The fewest characters of a constant part that is looked for.
const SHORTEST: usize = 6;

/// A text in a source file.
#[derive(Debug)]
struct Text {
    file: PathBuf,
    line: usize,
    text: String,
    /// The level, when it is logged.
    logged: Option<&'static str>,
}

fn sources(below: &Path, found: &mut Vec<PathBuf>) {
    if below.is_file() {
        found.push(below.to_owned());
        return;
    }
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_other = ["tests", "tests.rs", "conformance", "failpoint.rs"].contains(&name);
        if !is_other && (path.is_dir() || name.ends_with(".rs")) {
            sources(&path, found);
        }
    }
}

/// Every text in the files there.
fn texts(below: &str) -> Vec<Text> {
    let mut files = Vec::new();
    sources(&root().join(below), &mut files);
    assert!(!files.is_empty(), "{below}");
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Text> {
    let code = std::fs::read_to_string(file).unwrap();
    let code = code.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = Vec::new();
    let mut rest = code;
    // The level of the macro that the place is in, and how many parentheses it has open.
    let mut logged: Option<(&'static str, usize)> = None;
    while let Some(at) = rest.find(['"', '/', '\'', '(', ')', 't']) {
        let (from, after) = (&rest[at..], &rest[at + 1..]);
        rest = if from.starts_with("//") {
            from.split_once('\n').map_or("", |(_, after)| after)
        } else if from.starts_with('"') {
            let (text, after) = literal(after);
            found.push(Text {
                file: file.strip_prefix(root()).unwrap().to_owned(),
                line: code[..code.len() - from.len()].matches('\n').count() + 1,
                text,
                logged: logged.map(|(level, _)| level),
            });
            after
        } else if let Some(after) = from.strip_prefix("'\"'") {
            after
        } else if let Some(after) = from.strip_prefix("'\\''") {
            after
        } else if let Some((level, after)) = begins(from) {
            logged = Some((level, 1));
            after
        } else {
            logged = match (logged, from.as_bytes()[0]) {
                (Some((level, open)), b'(') => Some((level, open + 1)),
                (Some((level, open)), b')') if open > 1 => Some((level, open - 1)),
                (Some(_), b')') => None,
                (logged, _) => logged,
            };
            after
        };
    }
    found
}

/// The macro that begins here, and what follows its parenthesis.
fn begins(code: &str) -> Option<(&'static str, &str)> {
    ["error", "warn", "info", "debug"]
        .into_iter()
        .find_map(|level| {
            let after = code.strip_prefix("tracing::")?.strip_prefix(level)?;
            Some((level, after.strip_prefix("!(")?))
        })
}

/// The text up to the quote that ends it, and what follows.
fn literal(code: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = code.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (text, &code[at + 1..]),
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                // The line goes on at its first character that is none of these.
                Some((at, '\n')) => {
                    let next = code[at..].trim_start();
                    characters = code.char_indices();
                    let skipped = code.len() - next.len();
                    characters
                        .by_ref()
                        .take_while(|(at, _)| at + 1 < skipped)
                        .for_each(drop);
                }
                Some((_, other)) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    (text, "")
}

/// What stays of a message, whatever it is about.
fn constant_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in text.replace("{{", "\u{1}").replace("}}", "\u{2}").chars() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                parts.push(String::new());
            }
            other if depth == 0 => parts.last_mut().unwrap().push(match other {
                '\u{1}' => '{',
                '\u{2}' => '}',
                other => other,
            }),
            _ => {}
        }
    }
    let parts = parts
        .iter()
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    parts.filter(|part| part.len() >= SHORTEST).collect()
}

fn page(name: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs").join(name)).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn missing<'a>(texts: impl IntoIterator<Item = &'a Text>, pages: &str) -> Vec<String> {
    let is_there = |text: &Text| {
        let parts = constant_parts(&text.text);
        parts.iter().all(|part| pages.contains(&**part))
    };
    texts
        .into_iter()
        .filter(|text| !is_there(text))
        .map(|text| format!("{}:{}: {}", text.file.display(), text.line, text.text))
        .collect()
}

fn is_sentence(text: &Text) -> bool {
    let is_layout = LAYOUT.iter().any(|part| text.text.contains(part));
    text.text.matches(' ').count() >= 3 && !text.text.contains('\n') && !is_layout
}

#[test]
fn what_is_logged_is_explained() {
    let texts: Vec<Text> = LOGGED.into_iter().flat_map(texts).collect();
    let logged: Vec<&Text> = texts.iter().filter(|text| text.logged.is_some()).collect();
    assert!(logged.len() > 40, "{logged:?}");
    let pages = page("operate.md") + &page("triggers.md");
    let missing = missing(logged, &pages);
    assert!(missing.is_empty(), "not explained:\n{}", missing.join("\n"));
}

#[test]
fn why_something_is_refused_is_explained() {
    let texts: Vec<Text> = SENTENCES.into_iter().flat_map(texts).collect();
    let sentences: Vec<&Text> = texts.iter().filter(|text| is_sentence(text)).collect();
    assert!(sentences.len() > 40, "{sentences:?}");
    let missing = missing(sentences, &page("operate.md"));
    assert!(missing.is_empty(), "not explained:\n{}", missing.join("\n"));
}

#[test]
fn what_plugins_log_is_explained() {
    let mut unexplained = Vec::new();
    for entry in std::fs::read_dir(root().join("socorro-plugins")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let source = format!("socorro-plugins/{name}/src");
        if !root().join(&source).is_dir() {
            continue;
        }
        let texts = texts(&source);
        let serious = |text: &&Text| matches!(text.logged, Some("warn" | "error"));
        unexplained.extend(missing(texts.iter().filter(serious), &page("operate.md")));
    }
    assert!(
        unexplained.is_empty(),
        "not explained:\n{}",
        unexplained.join("\n")
    );
}

/// Words in capitals stand for what differs; the name of a thing in a message has none.
fn without_placeholders(message: &str) -> Vec<String> {
    let placeholder = Regex::new(r"\b([A-Z]{2,}|N)\b").unwrap();
    let parts = placeholder
        .split(message)
        .map(|part| part.trim().to_owned());
    parts.filter(|part| part.len() >= SHORTEST).collect()
}

#[test]
fn what_is_explained_is_said() {
    let mut said: Vec<Text> = LOGGED.into_iter().flat_map(texts).collect();
    for entry in std::fs::read_dir(root().join("socorro-plugins")).unwrap() {
        let source = entry.unwrap().path().join("src");
        if source.is_dir() {
            said.extend(texts(
                source.strip_prefix(root()).unwrap().to_str().unwrap(),
            ));
        }
    }
    let said: Vec<String> = said
        .iter()
        .flat_map(|text| constant_parts(&text.text))
        .collect();
    let is_said = |part: &String| said.iter().any(|said| said.contains(&**part));
    let page = std::fs::read_to_string(root().join("docs/operate.md")).unwrap();
    let (_, messages) = page.split_once("\n## Every message").unwrap();
    let (messages, _) = messages.split_once("\n## ").unwrap();
    let quoted = Regex::new("``(.+?)``|`([^`]+)`").unwrap();
    let mut stale = Vec::new();
    let mut column = 0;
    for line in messages.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let Some(at) = cells.iter().position(|cell| *cell == "message") {
            column = at;
            continue;
        }
        for message in quoted.captures_iter(cells[column]) {
            let message = message.get(1).or(message.get(2)).unwrap().as_str();
            let parts = without_placeholders(message);
            stale.extend(parts.into_iter().filter(|part| !is_said(part)));
        }
    }
    assert!(stale.is_empty(), "nobody says:\n{}", stale.join("\n"));
}

#[test]
fn sources_are_read_as_the_compiler_does() {
    let directory = tempfile::tempdir_in(root().join("target")).unwrap();
    let file = directory.path().join("one.rs");
    let code = r#"
        // "no text"
        fn a() { tracing::warn!(%id, "one {id} (two) \
                 three"); let quote = '"'; say("four {{}} \"five\""); }
    "#;
    std::fs::write(&file, code).unwrap();
    let read: Vec<(String, Option<&str>)> = read(&file)
        .into_iter()
        .map(|text| (text.text, text.logged))
        .collect();
    let expected = [
        ("one {id} (two) three".to_owned(), Some("warn")),
        ("four {{}} \"five\"".to_owned(), None),
    ];
    assert_eq!(read, expected);
    assert_eq!(constant_parts(&expected[0].0), ["(two) three"]);
    assert_eq!(constant_parts(&expected[1].0), ["four {} \"five\""]);
}
