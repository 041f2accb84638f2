//! What is said of a document that is refused. Each text completes "the document …" and says what, at which
//! byte, and what to do. Kept out of line: none of this runs for a good document.

use super::STORED;

#[cold]
pub(super) fn too_large(size: u64, configured: u64) -> String {
    let (allowed, advice) = if configured < STORED.crash_size {
        (configured, "raise limits.crash_size or shorten it")
    } else {
        (STORED.crash_size, "shorten it, no limit allows more")
    };
    format!("has {size} bytes, {allowed} are allowed; {advice}")
}

#[cold]
pub(super) fn too_deep(allowed: usize, at: usize) -> String {
    let advice = if allowed < STORED.json_depth {
        "raise limits.json_depth or flatten it"
    } else {
        "flatten it, no limit allows more"
    };
    format!("is nested deeper than {allowed} levels at byte {at}; {advice}")
}

#[cold]
pub(super) fn not_utf8(at: usize) -> String {
    format!("is not valid UTF-8 at byte {at}; encode it as UTF-8")
}

#[cold]
pub(super) fn empty() -> String {
    "is empty; a document without fields is written {}".to_owned()
}

#[cold]
pub(super) fn not_an_object(text: &[u8], at: usize) -> String {
    format!(
        "is not a JSON object: it starts with {} at byte {at}; put its content into one, as in {{\"key\": value}}",
        found(text, at)
    )
}

/// `what` says what belongs at `at`.
#[cold]
pub(super) fn expected(what: &str, text: &[u8], at: usize) -> String {
    if at >= text.len() {
        return cut_short(what, text);
    }
    format!(
        "is not valid JSON: at byte {at} there is {} instead of {what}; correct the program that wrote it",
        found(text, at)
    )
}

/// `missing` says what did not come before the end.
#[cold]
pub(super) fn cut_short(missing: &str, text: &[u8]) -> String {
    format!(
        "is not valid JSON: it ends at byte {} before {missing}; it was cut short, send it whole",
        text.len()
    )
}

#[cold]
pub(super) fn trailing(text: &[u8], at: usize) -> String {
    format!(
        "is more than one JSON object: {} follows it at byte {at}; send one object alone",
        found(text, at)
    )
}

#[cold]
pub(super) fn control_character(byte: u8, at: usize) -> String {
    format!(
        "is not valid JSON: a string contains the raw control character 0x{byte:02x} at byte {at}; escape it as \\u{byte:04x}"
    )
}

/// The character at `at`, quoted.
fn found(text: &[u8], at: usize) -> String {
    let bytes = text.iter().skip(at).take(4).copied().collect::<Vec<u8>>();
    match String::from_utf8_lossy(&bytes).chars().next() {
        Some(character) => format!("{character:?}"),
        None => "its end".to_owned(),
    }
}
