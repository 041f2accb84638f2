use serde_json::{Number, Value};

use super::complaint;

/// The offset behind the number that starts at `start`: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
pub(super) fn end(text: &[u8], start: usize) -> Result<usize, String> {
    let mut at = start;
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match text.get(at) {
        Some(b'0') => at + 1,
        _ => digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(text.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

/// The offset behind the digits at `at`, at least one.
fn digits(text: &[u8], at: usize) -> Result<usize, String> {
    let rest = text.get(at..).unwrap_or_default();
    match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => Err(complaint::expected("a digit", text, at)),
        count => Ok(at + count),
    }
}

/// The value of a number: an integer if it is one of 64 bits, otherwise the nearest `f64`, null when that
/// is infinite.
pub(super) fn value(text: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(text) else {
        return Value::Null;
    };
    if let Ok(integer) = text.parse::<u64>() {
        return integer.into();
    }
    // Zero is left over for "-0", which only a float can say.
    if let Ok(integer @ ..0) = text.parse::<i64>() {
        return integer.into();
    }
    let float = text.parse().ok().and_then(Number::from_f64);
    float.map_or(Value::Null, Value::Number)
}
