use super::scan::Scanner;
use super::{Limits, STORED, complaint};

/// Checks that `document` is one JSON object within `limits` (its size alone against `crash_size`, its
/// nesting against `json_depth`); the error completes "the document …".
pub(crate) fn check_object(document: &[u8], limits: &Limits) -> Result<(), String> {
    let size = document.len() as u64;
    if size > limits.crash_size.min(STORED.crash_size) {
        return Err(complaint::too_large(size, limits.crash_size));
    }
    std::str::from_utf8(document).map_err(|error| complaint::not_utf8(error.valid_up_to()))?;
    let mut scanner = Scanner::of_object(document, limits.json_depth.min(STORED.json_depth))?;
    while scanner.next()?.is_some() {}
    Ok(())
}
