//! Every kind of mistake in a configuration, and the exact words that are said about it.
//!
//! `cases/CLASS.txt` has a configuration that makes a mistake of that class, and what is said; the format is in
//! `case.rs`. `CLASS.other.txt` is one more of the same class. With `SOCORRO_GOLDEN=write` in the environment
//! what is said is written into the files, to be reviewed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod case;
mod plain;
mod run;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use socorro_core::config::Class;

use crate::case::Case;
use crate::run::run;

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// The class that a file is about.
fn class_of(path: &Path) -> Class {
    let name = path.file_name().unwrap().to_str().unwrap();
    let code = name.split('.').next().unwrap();
    *Class::ALL
        .iter()
        .find(|class| class.code() == code)
        .unwrap_or_else(|| panic!("there is no class of {name}"))
}

#[test]
fn every_class_has_a_case() {
    let there: BTreeSet<Class> = cases().iter().map(|path| class_of(path)).collect();
    let missing: Vec<&Class> = Class::ALL
        .iter()
        .filter(|class| !there.contains(class))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
    assert!(there.len() >= 60);
}

#[test]
fn codes_are_the_names_in_small_letters() {
    for class in Class::ALL {
        let name: String = format!("{class:?}")
            .chars()
            .flat_map(|letter| {
                let lower = letter.to_ascii_lowercase();
                let gap = letter.is_ascii_uppercase().then_some('_');
                gap.into_iter().chain([lower])
            })
            .collect();
        assert_eq!(name.trim_start_matches('_'), class.code());
    }
}

#[tokio::test]
async fn each_case_says_exactly_this() {
    let write = std::env::var_os("SOCORRO_GOLDEN").is_some_and(|value| value == "write");
    let mut wrong = Vec::new();
    for path in cases() {
        let text = std::fs::read_to_string(&path).unwrap();
        let case = Case::parse(&text);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let found = run(&case).await;
        let class = class_of(&path);
        if found.errors.is_empty() {
            wrong.push(format!("{name}: nothing is wrong"));
        }
        for error in found.errors.iter().filter(|error| error.class != class) {
            wrong.push(format!("{name}: is {}: {error}", error.class));
        }
        let now = case.with(&found.sections);
        for text in found.sections.iter().map(|(_, text)| text) {
            if text.contains("hush") {
                wrong.push(format!("{name} shows a secret:\n{text}"));
            }
        }
        if write {
            std::fs::write(&path, &now).unwrap();
        } else if now != text {
            wrong.push(format!("--- {name} has\n{text}\n--- but now it is\n{now}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "\n{}\nreview, and write with SOCORRO_GOLDEN=write",
        wrong.join("\n")
    );
}
