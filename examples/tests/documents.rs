//! What the documents show that is not Rust: configurations are checked, C is compiled.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use socorro_core::config::Layers;

const DOCUMENTS: [(&str, &str); 2] = [
    ("README.md", include_str!("../../README.md")),
    (
        "docs/write-a-plugin.md",
        include_str!("../../docs/write-a-plugin.md"),
    ),
];

/// The fenced blocks of a language, with the document they are in.
fn blocks(language: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (name, text) in DOCUMENTS {
        for block in text.split("\n```").skip(1).step_by(2) {
            let (first, body) = block.split_once('\n').unwrap_or((block, ""));
            if first == language {
                found.push((name, body.to_owned()));
            }
        }
    }
    found
}

#[test]
fn configurations_are_right() {
    let directory = tempfile::tempdir().unwrap();
    let blocks: Vec<_> = blocks("toml")
        .into_iter()
        .filter(|(_, text)| !text.contains("[package]"))
        .collect();
    assert!(blocks.len() >= 2);
    for (document, text) in blocks {
        let file = directory.path().join("socorro.toml");
        std::fs::write(&file, &text).unwrap();
        let configuration = Layers::new()
            .file(&file)
            .load()
            .and_then(|document| document.configuration());
        assert!(
            configuration.is_ok(),
            "{document}: {}\n{text}",
            configuration.unwrap_err()
        );
    }
}

#[test]
fn c_compiles() {
    let directory = tempfile::tempdir().unwrap();
    let blocks = blocks("c");
    assert!(!blocks.is_empty());
    for (document, text) in blocks {
        let file = directory.path().join("shelf.c");
        std::fs::write(&file, &text).unwrap();
        let output = Command::new("cc")
            .args(["-std=c11", "-fsyntax-only", "-Wall", "-I"])
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../socorro-core/include"
            ))
            .arg(&file)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{document}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The program that chooses its own layers: its file wins over variables, and its flags over both.
#[test]
fn layers_win_in_the_order_that_the_program_chose() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("site.toml");
    std::fs::write(
        &file,
        "[storage.archive]\nroot = \"/srv\"\n[limits]\ndumps = 4\n",
    )
    .unwrap();
    let answer = |key: &str| {
        let output = Command::new(example("layers"))
            .arg(&file)
            .arg(key)
            .env("SHOP__STORAGE__ARCHIVE__ROOT", "/mnt")
            .env("SHOP__LIMITS__DUMPS", "6")
            .output()
            .unwrap();
        let here = format!("{}/", directory.path().display());
        String::from_utf8(output.stdout).unwrap().replace(&here, "")
    };
    assert_eq!(
        answer("storage.archive.root"),
        "1 storages\nstorage.archive.root = \"/srv\"\n  from site.toml:2:8\n  \
         overrides \"/mnt\" of environment variable SHOP__STORAGE__ARCHIVE__ROOT\n  \
         overrides \"/var/lib/shop/crashes\" of default\n"
    );
    assert_eq!(
        answer("limits.dumps"),
        "1 storages\nlimits.dumps = \"8\"\n  from --set limits.dumps\n  overrides 4 of site.toml:4:9\n  \
         overrides \"6\" of environment variable SHOP__LIMITS__DUMPS\n"
    );
}

/// The service of the examples, fed by hand, reloaded while it runs.
#[test]
fn the_service_answers_and_reloads() {
    use std::io::Write as _;
    use std::time::Duration;

    use socorro_testkit::plugins::{self, Profile};
    use socorro_testkit::program::Program;

    let directory = tempfile::tempdir().unwrap();
    let plugins = plugins::directory(&["memory"], Profile::Dev).unwrap();
    let config = directory.path().join("socorro.toml");
    let write = |storage: &str| {
        let text = format!(
            "[plugins]\npath = [{:?}]\n{storage}",
            plugins.display().to_string()
        );
        std::fs::write(directory.path().join("new"), text).unwrap();
        std::fs::rename(directory.path().join("new"), &config).unwrap();
    };
    write("[storage.archive]\ntype = \"memory\"\n");
    let mut command = Command::new(example("service"));
    let (mut service, mut input) = Program::start_with_input(command.arg(&config)).unwrap();
    let patience = Duration::from_secs(60);
    service.wait_for("ready", patience).unwrap();
    writeln!(input, "{{\"ProductName\": \"Firefox\"}}").unwrap();
    let answer = service.wait_for("CrashID=bp-", patience).unwrap();
    assert!(answer.ends_with("generation=1"), "{answer}");
    writeln!(input, "[1]").unwrap();
    service.wait_for("Discarded=", patience).unwrap();
    write(
        "[storage.archive]\ntype = \"fanout\"\nstores = [\"a\"]\n[storage.a]\ntype = \"memory\"\n",
    );
    service.signal("HUP").unwrap();
    service
        .wait_for("reload applied: generation 2", patience)
        .unwrap();
    writeln!(input, "{{}}").unwrap();
    let answer = service.wait_for("CrashID=bp-", patience).unwrap();
    assert!(answer.ends_with("generation=2"), "{answer}");
    drop(input);
    assert!(service.wait(patience).unwrap().success());
}

/// Where cargo put an example: beside this test's own directory.
fn example(name: &str) -> std::path::PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}
