//! What a person and a machine are told, word for word; `SOCORRO_GOLDEN=write` writes it to be reviewed.

use std::path::Path;

use socorro_core::config::Layers;
use socorro_core::live::Reason;

use super::*;

/// The reasons that this configuration is wrong, as `socorro.toml`, with these flags.
fn wrong(text: &str, flags: &[&str]) -> (tempfile::TempDir, Vec<Reason>) {
    let here = tempfile::tempdir().unwrap();
    let file = here.path().join("socorro.toml");
    std::fs::write(&file, text).unwrap();
    let layers = flags
        .iter()
        .fold(Layers::new().file(file), |layers, flag| layers.set(*flag));
    let errors = match layers.load() {
        Err(errors) => errors,
        Ok(document) => document.configuration().unwrap_err(),
    };
    (here, errors.into_iter().map(Reason::Config).collect())
}

#[track_caller]
fn check(name: &str, style: Style, text: &str, flags: &[&str]) {
    let (here, wrong) = wrong(text, flags);
    let said = reasons(style, &wrong).replace(here.path().to_str().unwrap(), "{here}");
    let said = said.replace('\u{1b}', "\\e");
    assert!(!said.contains("hush"), "{said}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/render/golden")
        .join(name);
    if std::env::var_os("SOCORRO_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &said).unwrap();
    }
    assert_eq!(said, std::fs::read_to_string(&path).unwrap(), "{name}");
}

const TWO: &str = "# Crashes\n[storage.archive]\ntype = \"s3\"\nstart = \"degradet\" # hush\n\
                   retry = { policy = \"once\", password = \"hush\", delays = [] }\n";

#[test]
fn a_person_sees_the_line_with_the_mark() {
    check("two.pretty", Style::Pretty, TWO, &[]);
}

#[test]
fn a_log_has_a_line_each() {
    check("two.plain", Style::Plain, TWO, &[]);
}

#[test]
fn a_machine_reads_an_object_a_line() {
    check("two.json", Style::Json, TWO, &[]);
    let (_here, wrong) = wrong(TWO, &[]);
    for line in reasons(Style::Json, &wrong).lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert!(value["code"].is_string() && value["origin"]["line"].is_u64());
    }
}

#[test]
fn what_was_overridden_is_told() {
    let text = "[limits]\ndumps = 12\n";
    let flags = ["limits.dumps=many"];
    check("overrides.pretty", Style::Pretty, text, &flags);
    check("overrides.json", Style::Json, text, &flags);
}

#[test]
fn a_broken_file_shows_no_secret() {
    let text = "[storage.archive]\npassword = \"hush\nsecret = hush\n";
    check("broken.pretty", Style::Pretty, text, &[]);
}

#[test]
fn columns_are_characters() {
    let text = "[storage.a]\ntype = \"x\"\n\"schlüssel\" = 1\nstart = \"später\"\n";
    check("characters.pretty", Style::Pretty, text, &[]);
}

#[test]
fn other_messages_fit_each_style() {
    assert_eq!(message(Style::Plain, "failed", "no"), "socorro: no\n");
    assert_eq!(
        message(Style::Json, "failed", "no"),
        "{\"code\":\"failed\",\"message\":\"no\"}\n"
    );
    assert!(message(Style::Pretty, "failed", "no").ends_with(" no\n"));
}
