//! Secrets that somebody wrote in plain text, found by the schema: not every one has a name that sounds like it.

use serde_json::{Map, Value};

use super::option::Reader;
use crate::config::tree::MASK;

/// Schemas within schemas that are looked into; what is deeper is hidden whole.
const DEPTH: usize = 16;

/// Masks what `schema` says is a secret and is no reference to one. For values that the schema refuses, so no
/// form that a value might have been meant to have is left out.
pub(crate) fn hide_secrets(schema: &Value, value: &mut Value) {
    let reader = Reader::new(schema);
    reader.hide(&reader.view(schema), value, DEPTH);
}

impl Reader<'_> {
    fn hide(&self, view: &Map<String, Value>, value: &mut Value, depth: usize) {
        if is_reference(value) {
            return;
        }
        let is_secret = view.get("x-secret") == Some(&true.into());
        let misplaced = !value.is_object() && !value.is_array() && self.holds_secret(view, depth);
        if depth == 0 || is_secret || misplaced || !self.step() {
            *value = MASK.into();
            return;
        }
        for branch in forms(view) {
            self.hide(&self.view(branch), value, depth - 1);
        }
        let is_closed = depth == DEPTH;
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let schema = view.get("properties").and_then(|all| all.get(name));
                    match schema.or_else(|| view.get("additionalProperties")) {
                        Some(Value::Bool(false)) => unknown(value),
                        Some(schema) => self.hide(&self.view(schema), value, depth - 1),
                        None if is_closed => unknown(value),
                        None => {}
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    if let Some(schema) = view.get("items") {
                        self.hide(&self.view(schema), item, depth - 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// Is it a secret, or is there one in it?
    pub(super) fn holds_secret(&self, view: &Map<String, Value>, depth: usize) -> bool {
        // When in doubt there is.
        let Some(depth) = depth.checked_sub(1).filter(|_| self.step()) else {
            return true;
        };
        let inside = |schema: &Value| self.holds_secret(&self.view(schema), depth);
        let properties = view.get("properties").and_then(Value::as_object);
        view.get("x-secret") == Some(&true.into())
            || forms(view).any(inside)
            || properties
                .into_iter()
                .flatten()
                .any(|(_, schema)| inside(schema))
            || ["items", "additionalProperties"]
                .iter()
                .filter_map(|keyword| view.get(*keyword))
                .any(inside)
    }
}

/// What no option is meant by may be a secret that was meant by another.
fn unknown(value: &mut Value) {
    if !is_reference(value) {
        *value = MASK.into();
    }
}

/// The further schemas of the same value.
fn forms(view: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .filter_map(|keyword| view.get(keyword)?.as_array())
        .flatten()
}

/// As in [`crate::config::secrets::is_reference`], of JSON.
fn is_reference(value: &Value) -> bool {
    let Some(table) = value.as_object().filter(|table| table.len() == 1) else {
        return false;
    };
    ["env", "file", "credential"]
        .iter()
        .any(|name| table.get(*name).is_some_and(Value::is_string))
}
