use serde_json::Value;

use super::scan::{Kind, Scanner};
use super::{string, value};

/// The last value of the top-level key `name`; see [`value::parse`] for what reads as what.
pub(crate) fn field(document: &[u8], name: &str) -> Option<Value> {
    let mut scanner = Scanner::of_object(document, usize::MAX).ok()?;
    let mut found = None;
    while let Some(token) = scanner.next().ok()?
        && token.kind == Kind::Key
    {
        let value = scanner.skip_value().ok()?;
        if string::says(document.get(token.start..token.end)?, name) {
            found = Some(value);
        }
    }
    value::parse(document.get(found?)?)
}
