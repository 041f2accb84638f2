use socorro_core::ErrorKind;
use socorro_core::error::Scope;

use super::{TABLE, meaning};

#[test]
fn states_have_the_meaning_of_the_first_entry_that_fits() {
    let cases = [
        ("40001", ErrorKind::Conflict, true, Scope::Item),
        ("40P01", ErrorKind::Conflict, true, Scope::Item),
        ("08006", ErrorKind::Unavailable, true, Scope::Store),
        ("57P01", ErrorKind::Unavailable, true, Scope::Store),
        ("57P02", ErrorKind::Unavailable, true, Scope::Store),
        ("57P03", ErrorKind::Unavailable, true, Scope::Store),
        ("57P04", ErrorKind::InvalidConfig, false, Scope::Store),
        ("57014", ErrorKind::Timeout, true, Scope::Store),
        ("53300", ErrorKind::Throttled, true, Scope::Store),
        ("53100", ErrorKind::Unavailable, true, Scope::Store),
        ("53200", ErrorKind::Unavailable, true, Scope::Store),
        ("28P01", ErrorKind::PermissionDenied, false, Scope::Store),
        ("28000", ErrorKind::PermissionDenied, false, Scope::Store),
        ("3D000", ErrorKind::InvalidConfig, false, Scope::Store),
        ("42501", ErrorKind::PermissionDenied, false, Scope::Store),
        ("42P01", ErrorKind::InvalidConfig, false, Scope::Store),
        ("25006", ErrorKind::Unavailable, true, Scope::Store),
        ("55P03", ErrorKind::Timeout, true, Scope::Store),
        ("22P05", ErrorKind::InvalidInput, false, Scope::Item),
        ("23505", ErrorKind::InvalidInput, false, Scope::Item),
        ("54001", ErrorKind::InvalidInput, false, Scope::Item),
        ("XX001", ErrorKind::Corrupt, false, Scope::Item),
        ("XX000", ErrorKind::Internal, false, Scope::Store),
        ("42601", ErrorKind::Internal, false, Scope::Store),
    ];
    for (state, kind, retryable, scope) in cases {
        let found = meaning(state);
        assert_eq!(
            (found.kind, found.retryable, found.scope),
            (kind, retryable, scope),
            "{state}"
        );
    }
}

#[test]
fn every_entry_can_be_reached() {
    for (place, entry) in TABLE.iter().enumerate() {
        let hidden = TABLE[..place]
            .iter()
            .find(|before| entry.state.starts_with(before.state));
        assert!(hidden.is_none(), "{} is hidden", entry.state);
    }
}

#[test]
fn the_readme_has_the_same_table() {
    let readme = include_str!("../../README.md");
    let mut rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| SQLSTATE"))
        .skip(2);
    for entry in TABLE {
        let state = match entry.state {
            "" => "any other".to_owned(),
            whole if whole.len() == 5 => format!("`{whole}`"),
            start => format!("`{start}…`"),
        };
        let retryable = if entry.retryable { "yes" } else { "no" };
        let scope = match entry.scope {
            Scope::Item => "the crash",
            Scope::Store => "the store",
        };
        let row = format!(
            "| {state} | {} | `{:?}` | {retryable} | {scope} |",
            entry.what, entry.kind
        );
        assert_eq!(rows.next(), Some(row.as_str()));
    }
}
