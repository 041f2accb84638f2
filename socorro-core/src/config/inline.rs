//! One value as TOML, on as few lines as it takes.

use serde::Serialize;
use serde_json::Value;

/// `value` as it stands behind a key; `None` for what TOML has no word for, which is nothing that was loaded.
pub(crate) fn inline(value: &Value) -> Option<String> {
    let mut text = String::new();
    value
        .serialize(toml::ser::ValueSerializer::new(&mut text))
        .ok()?;
    Some(text)
}
