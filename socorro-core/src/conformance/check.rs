//! Comparisons that end a case with a message of what was expected and what was seen.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use super::verdict::{Stop, Verdict};
use crate::error::{Error, ErrorKind};

/// Fails with `message` unless `holds`.
pub(crate) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Stop::Failed(message()))
    }
}

/// Fails unless both are equal.
pub(crate) fn equal<T: PartialEq + Debug>(what: impl Display, seen: &T, expected: &T) -> Verdict {
    ensure(seen == expected, || {
        format!("{what}: expected {expected:?}, saw {seen:?}")
    })
}

/// Fails unless both are equal; says where they differ instead of showing them.
pub(crate) fn same_bytes(what: impl Display, seen: &[u8], expected: &[u8]) -> Verdict {
    ensure(seen == expected, || {
        let common = seen
            .iter()
            .zip(expected)
            .take_while(|(left, right)| left == right)
            .count();
        format!(
            "{what}: expected {} bytes exactly as saved, saw {} bytes that differ from byte {common} on",
            expected.len(),
            seen.len()
        )
    })
}

/// Fails unless `seen` holds every one of `expected` once and nothing else, in any order.
pub(crate) fn same_set<T: Ord + Debug>(
    what: impl Display,
    seen: impl IntoIterator<Item = T>,
    expected: impl IntoIterator<Item = T>,
) -> Verdict {
    let mut left: BTreeSet<T> = expected.into_iter().collect();
    let mut extra = Vec::new();
    for item in seen {
        if !left.remove(&item) {
            extra.push(item);
        }
    }
    ensure(left.is_empty() && extra.is_empty(), || {
        format!("{what}: missing {left:?}, unexpected or there twice {extra:?}")
    })
}

/// Fails unless `result` is an error of one of `kinds`; gives the error.
pub(crate) fn fails_with<T>(
    what: impl Display,
    result: Result<T, Error>,
    kinds: &[ErrorKind],
) -> Result<Error, Stop> {
    match result {
        Err(error) if kinds.contains(&error.kind()) => Ok(error),
        Err(error) => Err(Stop::Failed(format!(
            "{what}: expected an error of kind {kinds:?}, saw {error:?}"
        ))),
        Ok(_) => Err(Stop::Failed(format!(
            "{what}: expected an error of kind {kinds:?}, it succeeded"
        ))),
    }
}

/// Fails when `result` is an error of another kind than `kinds`; gives what a success gave.
pub(crate) fn succeeds_or_fails_with<T>(
    what: impl Display,
    result: Result<T, Error>,
    kinds: &[ErrorKind],
) -> Result<Option<T>, Stop> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) => fails_with::<T>(what, Err(error), kinds).map(|_| None),
    }
}
