//! The merged configuration as a tree in which every value knows who wrote it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use figment::Figment;
use figment::value::{Dict, Num, Value};
use zeroize::Zeroizing;

use super::url;

/// Metadata of a layer whose values are text until a schema says what they are.
pub(crate) const TEXT: &str = "text";

pub(crate) type Table = BTreeMap<String, Node>;

/// A value and who wrote it. Equality looks at the value alone.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) origin: Arc<str>,
    pub(crate) kind: Kind,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    /// From a variable or flag; what it is depends on the option.
    Text(String),
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// What a reference led to.
    Secret(Zeroizing<String>),
}

/// Without values: they may be secrets.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Table(table) => f.debug_set().entries(table.keys()).finish(),
            kind => f.write_str(kind.name()),
        }
    }
}

impl Kind {
    /// For messages: `a string`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Secret(_) => "a secret",
        }
    }
}

impl Node {
    pub(crate) fn new(origin: &Arc<str>, kind: Kind) -> Self {
        Self {
            origin: Arc::clone(origin),
            kind,
        }
    }

    /// The value for a message: short, and without a password inside a URL.
    pub(crate) fn show(&self) -> String {
        match &self.kind {
            Kind::Text(text) | Kind::String(text) => show_text(text),
            Kind::Integer(number) => number.to_string(),
            Kind::Float(number) => format!("{number:?}"),
            Kind::Boolean(truth) => truth.to_string(),
            Kind::List(_) | Kind::Table(_) | Kind::Secret(_) => self.kind.name().to_owned(),
        }
    }

    /// What a TOML value written in a variable or flag says, if it is one.
    pub(crate) fn parse_inline(text: &str, origin: &Arc<str>) -> Option<Self> {
        let value = super::parse::inline(text)?;
        Some(Self::from_value(value, &|_| (Arc::clone(origin), false)))
    }

    /// The merged tree of `figment`, whose metadata name the origins.
    pub(crate) fn from_figment(figment: &Figment, dict: Dict) -> Table {
        let origin_of = |value: &Value| match figment.get_metadata(value.tag()) {
            Some(metadata) => {
                let text = metadata.source.as_ref().and_then(|source| source.custom());
                (Arc::from(metadata.name.as_ref()), text == Some(TEXT))
            }
            None => (Arc::from("default"), false),
        };
        dict.into_iter()
            .map(|(key, value)| (key, Self::from_value(value, &origin_of)))
            .collect()
    }

    fn from_value(value: Value, origin_of: &dyn Fn(&Value) -> (Arc<str>, bool)) -> Self {
        let (origin, text) = origin_of(&value);
        let kind = match value {
            Value::String(_, string) if text => Kind::Text(string),
            Value::String(_, string) => Kind::String(string),
            Value::Char(_, character) => Kind::String(character.to_string()),
            Value::Bool(_, truth) => Kind::Boolean(truth),
            Value::Num(_, number) => number_kind(number),
            Value::Empty(..) => Kind::Table(Table::new()),
            Value::Dict(_, dict) => Kind::Table(
                dict.into_iter()
                    .map(|(key, value)| (key, Self::from_value(value, origin_of)))
                    .collect(),
            ),
            Value::Array(_, values) => Kind::List(
                values
                    .into_iter()
                    .map(|value| Self::from_value(value, origin_of))
                    .collect(),
            ),
        };
        Self { origin, kind }
    }

    /// As JSON; secrets in clear when they were resolved.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Text(text) | Kind::String(text) => text.as_str().into(),
            Kind::Secret(text) => text.as_str().into(),
            Kind::Integer(number) => (*number).into(),
            Kind::Float(number) => (*number).into(),
            Kind::Boolean(truth) => (*truth).into(),
            Kind::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Kind::Table(table) => table_to_json(table),
        }
    }
}

pub(crate) fn table_to_json(table: &Table) -> serde_json::Value {
    table
        .iter()
        .map(|(key, node)| (key.clone(), node.to_json()))
        .collect()
}

fn number_kind(number: Num) -> Kind {
    match number {
        Num::F32(float) => Kind::Float(float.into()),
        Num::F64(float) => Kind::Float(float),
        integer => {
            // `parse::clean` has refused what does not fit.
            Kind::Integer(super::parse::fits(integer).unwrap_or(i64::MAX))
        }
    }
}

/// A string for a message, quoted, at most 80 characters of it, with passwords in URLs masked.
pub(crate) fn show_text(text: &str) -> String {
    let masked = url::mask_passwords(text);
    match masked.char_indices().nth(80) {
        Some((end, _)) => format!("{:?}…", masked.get(..end).unwrap_or_default()),
        None => format!("{masked:?}"),
    }
}

/// `parent.key`; the key is quoted when it is not a bare one.
pub(crate) fn join(parent: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let key = if bare {
        key.to_owned()
    } else {
        format!("{key:?}")
    };
    if parent.is_empty() {
        key
    } else {
        format!("{parent}.{key}")
    }
}
