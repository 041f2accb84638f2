use socorro_core::ErrorKind;
use socorro_core::error::{Applied, Scope};

use super::{LOST, Lost, Refusal, TABLE, lost, verdict};

fn refusal(status: u16, kind: &str) -> Refusal {
    Refusal {
        status,
        kind: kind.to_owned(),
        ..Refusal::default()
    }
}

fn word(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// README.md's table has these rows and no others.
#[test]
fn the_readme_says_the_same() {
    let readme = include_str!("../../README.md");
    let mut expected = Vec::new();
    for row in TABLE {
        let status = row
            .status
            .map_or("any other".to_owned(), |status| status.to_string());
        let exception = row
            .exception
            .map_or("any".to_owned(), |kind| format!("`{kind}`"));
        let scope = if row.scope == Scope::Item {
            "crash"
        } else {
            "store"
        };
        expected.push(format!(
            "| {status} | {exception} | `{:?}` | {} | {scope} |",
            row.kind,
            word(row.retryable)
        ));
    }
    for (_, what, kind, applied) in LOST {
        expected.push(format!(
            "| {what} | | `{kind:?}` | yes | store | applied: {} |",
            if applied == Applied::No {
                "no"
            } else {
                "unknown"
            }
        ));
    }
    for row in &expected {
        assert!(
            readme.contains(row.as_str()),
            "README.md lacks\n{row}\nof\n{}",
            expected.join("\n")
        );
    }
    let rows = readme.lines().filter(|line| {
        line.starts_with("| ") && (line.contains(" | crash |") || line.contains(" | store |"))
    });
    assert_eq!(rows.count(), expected.len());
}

#[test]
fn answers_become_errors() {
    for (status, kind, expected, retryable, scope) in [
        (
            401,
            "security_exception",
            ErrorKind::PermissionDenied,
            false,
            Scope::Store,
        ),
        (
            403,
            "security_exception",
            ErrorKind::PermissionDenied,
            false,
            Scope::Store,
        ),
        (
            403,
            "cluster_block_exception",
            ErrorKind::Unavailable,
            true,
            Scope::Store,
        ),
        (
            429,
            "cluster_block_exception",
            ErrorKind::Unavailable,
            true,
            Scope::Store,
        ),
        (
            429,
            "es_rejected_execution_exception",
            ErrorKind::Throttled,
            true,
            Scope::Store,
        ),
        (
            429,
            "circuit_breaking_exception",
            ErrorKind::Throttled,
            true,
            Scope::Store,
        ),
        (413, "", ErrorKind::InvalidInput, false, Scope::Item),
        (
            409,
            "version_conflict_engine_exception",
            ErrorKind::Conflict,
            true,
            Scope::Item,
        ),
        (
            400,
            "mapper_parsing_exception",
            ErrorKind::InvalidInput,
            false,
            Scope::Item,
        ),
        (
            400,
            "document_parsing_exception",
            ErrorKind::InvalidInput,
            false,
            Scope::Item,
        ),
        (
            503,
            "unavailable_shards_exception",
            ErrorKind::Unavailable,
            true,
            Scope::Store,
        ),
        (500, "", ErrorKind::Unavailable, true, Scope::Store),
        (302, "", ErrorKind::Unavailable, true, Scope::Store),
    ] {
        let error = refusal(status, kind).into_error("index a document", true);
        assert_eq!(error.kind(), expected, "{status} {kind}");
        assert_eq!(error.is_retryable(), retryable, "{status} {kind}");
        assert_eq!(error.scope(), scope, "{status} {kind}");
        let unknown = if status >= 500 {
            Applied::Unknown
        } else {
            Applied::No
        };
        assert_eq!(error.applied(), unknown, "{status} {kind}");
    }
    assert!(verdict(&refusal(418, "teapot")).status.is_none());
}

#[test]
fn a_lost_answer_leaves_a_write_in_doubt() {
    let of = |how, writes| lost(how, "save", "http://es1:9200/", writes).applied();
    assert_eq!(of(Lost::Connect, true), Applied::No);
    assert_eq!(of(Lost::Timeout, true), Applied::Unknown);
    assert_eq!(of(Lost::Broken, true), Applied::Unknown);
    assert_eq!(of(Lost::Broken, false), Applied::No);
    assert_eq!(
        lost(Lost::Timeout, "save", "n", true).kind(),
        ErrorKind::Timeout
    );
}
