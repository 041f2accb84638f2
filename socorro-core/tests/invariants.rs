//! Invariants that the text of the code shows: core names no backend, and `unsafe` has one place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust file below `directory` that is not a test.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{} has no sources", directory.display());
    found
}

/// The lines of code: no comments, nothing from the first test module on.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"));
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(str::to_owned)
        .collect()
}

fn core() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn core_names_no_backend() {
    let plugins = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../socorro-plugins");
    let backends: Vec<String> = fs::read_dir(plugins)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // A word that code uses for itself; nobody selects a backend by it.
        .filter(|name| name != "null" && name != "memory")
        .collect();
    assert!(backends.contains(&"filesystem".to_owned()));
    for path in sources(&core()) {
        for line in code(&path) {
            for backend in &backends {
                let quoted = format!("\"{backend}\"");
                let package = format!("socorro_plugin_{backend}");
                assert!(
                    !line.contains(&quoted) && !line.contains(&package),
                    "{} names the backend {backend}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn unsafe_lives_at_the_plugin_boundary_only() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let boundary = core().join("plugin");
    for directory in [
        core(),
        root.join("../socorro-plugins"),
        root.join("../socorro-cli/src"),
    ] {
        for path in sources(&directory)
            .into_iter()
            .filter(|path| !path.starts_with(&boundary))
        {
            for line in code(&path) {
                let words: Vec<&str> = line
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .collect();
                assert!(!words.contains(&"unsafe"), "{}: {line}", path.display());
            }
        }
    }
}
