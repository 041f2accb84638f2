//! The README's table of errors is the one that is used.

use socorro_core::error::{ErrorKind, Scope};

use crate::failure::{Row, TABLE, find};

fn line(row: &Row) -> String {
    let codes = row.codes.iter().map(|code| format!("`{code}`"));
    let statuses = row.statuses.iter().map(u16::to_string);
    let says: Vec<String> = codes.chain(statuses).collect();
    let scope = match row.scope {
        Scope::Item => "the crash",
        Scope::Store => "the store",
    };
    format!(
        "| {} | `{:?}` | {} | {scope} |",
        says.join(", "),
        row.kind,
        if row.retryable { "yes" } else { "no" }
    )
}

#[test]
fn is_in_the_readme() {
    let readme = include_str!("../../README.md");
    let lines: Vec<String> = TABLE.iter().map(line).collect();
    let missing: Vec<&String> = lines
        .iter()
        .filter(|line| !readme.contains(*line))
        .collect();
    assert!(
        missing.is_empty(),
        "write these into README.md:\n{}",
        lines.join("\n")
    );
}

#[test]
fn has_each_code_and_status_once() {
    let mut codes: Vec<_> = TABLE.iter().flat_map(|row| row.codes).collect();
    let mut statuses: Vec<_> = TABLE.iter().flat_map(|row| row.statuses).collect();
    let (all_codes, all_statuses) = (codes.len(), statuses.len());
    codes.sort();
    codes.dedup();
    statuses.sort();
    statuses.dedup();
    assert_eq!((codes.len(), statuses.len()), (all_codes, all_statuses));
}

#[test]
fn a_code_comes_before_the_status() {
    let kind = |code, status| find(code, status, "").map(|row| row.kind);
    assert_eq!(
        kind(Some("NoSuchBucket"), 404),
        Some(ErrorKind::InvalidConfig)
    );
    assert_eq!(kind(None, 404), Some(ErrorKind::NotFound));
    assert_eq!(kind(Some("SlowDown"), 200), Some(ErrorKind::Throttled));
    assert_eq!(kind(Some("Whatever"), 503), Some(ErrorKind::Throttled));
    assert_eq!(kind(Some("Whatever"), 418), None);
    let garage = find(
        Some("InvalidRequest"),
        400,
        "Bad request: Invalid payload signature",
    );
    assert!(garage.unwrap().advice.contains("checksums"));
}
