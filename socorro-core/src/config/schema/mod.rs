//! The JSON Schema of a plugin's options: which keywords there are, and checking options against it.

mod check;
mod combine;
mod guarded;
mod parse;
mod text;

pub(crate) use check::Check;
pub(crate) use text::integer;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::Result;
use crate::options::{ByteSize, HumanDuration};

/// A plugin's option schema, of a fixed subset of JSON Schema 2020-12: `type`, `properties`, `required`,
/// `additionalProperties`, `enum`, `const`, `items`, `uniqueItems`, the bounds of numbers, strings, lists and
/// objects, `oneOf`, `anyOf`, `allOf`, `$ref` to `#/$defs/…`, and the annotations, of which `x-secret`,
/// `x-unit` (`duration`, `bytes`) and, where there is such a unit, `x-minimum` and `x-maximum` (`"5MiB"`) are
/// looked at.
#[derive(Clone, Debug)]
pub struct Schema {
    root: Rule,
    defs: BTreeMap<String, Rule>,
}

impl Schema {
    /// Reads a schema.
    ///
    /// `Plugin` when it has keywords that are not of the subset, refers to what is not in it, or is too large.
    pub fn parse(schema: &Value) -> Result<Self> {
        parse::schema(schema)
    }
}

/// What one schema object demands.
#[derive(Clone, Debug, Default)]
struct Rule {
    /// `false` as a schema: nothing fits.
    never: bool,
    types: Option<Vec<Type>>,
    properties: BTreeMap<String, Rule>,
    required: Vec<String>,
    additional: Option<Box<Rule>>,
    one_of_values: Option<Vec<Value>>,
    items: Option<Box<Rule>>,
    unique_items: bool,
    numbers: Numbers,
    length: Bounds,
    item_count: Bounds,
    property_count: Bounds,
    all_of: Vec<Rule>,
    any_of: Vec<Rule>,
    one_of: Vec<Rule>,
    reference: Option<String>,
    secret: bool,
    /// Whether this is a secret, or has one inside.
    guarded: bool,
    unit: Option<Unit>,
    amounts: Amounts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

const TYPES: [(&str, Type); 7] = [
    ("null", Type::Null),
    ("boolean", Type::Boolean),
    ("integer", Type::Integer),
    ("number", Type::Number),
    ("string", Type::String),
    ("array", Type::Array),
    ("object", Type::Object),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Duration,
    Bytes,
}

/// The bounds of what has a unit, as they are written.
#[derive(Clone, Debug, Default)]
struct Amounts {
    least: Option<String>,
    most: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    least: Option<f64>,
    above: Option<f64>,
    most: Option<f64>,
    below: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    least: Option<u64>,
    most: Option<u64>,
}

impl Unit {
    /// What `text` comes to, in the smallest part of the unit; `None` when it is not written in it.
    fn amount(self, text: &str) -> Option<u128> {
        match self {
            Self::Duration => text
                .parse::<HumanDuration>()
                .ok()
                .map(|duration| duration.0.as_millis()),
            Self::Bytes => text.parse::<ByteSize>().ok().map(|size| size.0.into()),
        }
    }
}

impl Type {
    fn describe(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean => "true or false",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "a table",
        }
    }
}
