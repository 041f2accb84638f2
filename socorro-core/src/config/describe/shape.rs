//! The words that core describes its options in: JSON Schema of the same subset as a plugin's.

use serde_json::{Map, Value, json};

use super::Cost;

/// The names of storages, sources, pipelines and plugins.
pub(super) const NAME: &str = "name";

/// A table and its options, as they are described.
pub(super) struct Described {
    about: &'static str,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Described {
    pub(super) fn new(about: &'static str) -> Self {
        Self {
            about,
            properties: Map::new(),
            required: Vec::new(),
        }
    }

    /// An option that may be left out.
    pub(super) fn option(
        mut self,
        name: &str,
        change: Cost,
        about: &str,
        mut shape: Value,
    ) -> Self {
        if let Value::Object(shape) = &mut shape {
            shape.insert("description".to_owned(), about.into());
            shape.insert("x-change".to_owned(), change.word().into());
        }
        self.properties.insert(name.to_owned(), shape);
        self
    }

    /// An option that must be there.
    pub(super) fn required(
        mut self,
        name: &'static str,
        change: Cost,
        about: &str,
        shape: Value,
    ) -> Self {
        self.required.push(name);
        self.option(name, change, about, shape)
    }

    pub(super) fn schema(self) -> Value {
        json!({
            "type": "object",
            "description": self.about,
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }
}

pub(super) fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

pub(super) fn path() -> Value {
    formatted("path")
}

/// A string of which the readers know more than a schema can say.
pub(super) fn formatted(format: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "format": format })
}

/// A length of time that is not zero.
pub(super) fn duration() -> Value {
    json!({ "type": "string", "x-unit": "duration", "x-minimum": "1ms" })
}

/// A number of bytes that is not zero.
pub(super) fn size() -> Value {
    json!({ "type": "string", "x-unit": "bytes", "x-minimum": "1B" })
}

pub(super) fn count(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// One of a few words, each with what it means.
pub(super) fn words(words: &[(&str, &str)]) -> Value {
    let branches: Vec<Value> = words
        .iter()
        .map(|(word, about)| json!({ "type": "string", "const": word, "description": about }))
        .collect();
    json!({ "oneOf": branches })
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// A list that is neither empty nor names one thing twice.
pub(super) fn names() -> Value {
    json!({ "type": "array", "items": text(), "minItems": 1, "uniqueItems": true })
}

/// A table with keys of any name.
pub(super) fn map(values: Value) -> Value {
    json!({ "type": "object", "additionalProperties": values })
}

/// The same, with what holds when it is not said.
pub(super) fn or(mut shape: Value, default: impl serde::Serialize) -> Value {
    if let Value::Object(shape) = &mut shape {
        shape.insert("default".to_owned(), json!(default));
    }
    shape
}
