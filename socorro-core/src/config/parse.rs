//! Text to values: TOML, JSON without duplicate keys, and what neither may contain.

use std::fmt;

use figment::value::{Dict, Empty, Num, Tag, Value};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::depth;
use super::tree::join;

/// Levels of nesting in a configuration; deeper ones are a mistake or an attack.
const DEPTH: usize = 32;

/// The dictionary a TOML document is. The error has no text of the document in it, which may be a secret.
pub(crate) fn toml(text: &str) -> Result<Dict, String> {
    if !depth::is_within(text, 2 * DEPTH) {
        return Err(too_deep());
    }
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start));
        format!(
            "{}{}",
            place.unwrap_or_default(),
            error.message().lines().next().unwrap_or("not TOML")
        )
    })?;
    Ok(table
        .into_iter()
        .map(|(key, value)| (key, from_toml(value)))
        .collect())
}

/// The dictionary a JSON document is.
pub(crate) fn json(text: &str) -> Result<Dict, String> {
    let Json(value) = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match value {
        Value::Dict(_, dict) => Ok(dict),
        _ => Err("expected an object at the top".to_owned()),
    }
}

/// One TOML list or inline table.
pub(crate) fn inline(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['[', '{']) || !depth::is_within(text, 2 * DEPTH) {
        return None;
    }
    let value = from_toml(text.parse::<toml::Value>().ok()?);
    let mut errors = Vec::new();
    let value = clean(value, "", 0, &mut errors)?;
    errors.is_empty().then_some(value)
}

fn too_deep() -> String {
    format!("more than {DEPTH} levels deep")
}

fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    format!("line {line}, column {column}: ")
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(truth) => Value::from(truth),
        // Has no type of its own here; `clean` refuses it.
        toml::Value::Datetime(_) => Value::Empty(Tag::Default, Empty::Unit),
        toml::Value::Array(values) => {
            Value::Array(Tag::Default, values.into_iter().map(from_toml).collect())
        }
        toml::Value::Table(table) => Value::Dict(
            Tag::Default,
            table
                .into_iter()
                .map(|(key, value)| (key, from_toml(value)))
                .collect(),
        ),
    }
}

/// Cleans each value of `dict`; what cannot be kept is pushed to `errors` with its key.
pub(crate) fn clean_dict(
    dict: Dict,
    key: &str,
    depth: usize,
    errors: &mut Vec<(String, String)>,
) -> Dict {
    dict.into_iter()
        .filter_map(|(name, value)| {
            let value = clean(value, &join(key, &name), depth + 1, errors)?;
            Some((name, value))
        })
        .collect()
}

fn clean(
    value: Value,
    key: &str,
    depth: usize,
    errors: &mut Vec<(String, String)>,
) -> Option<Value> {
    let wrong = match value {
        _ if depth > DEPTH => too_deep(),
        Value::Empty(..) => {
            "a date or null is no value here; put a date in quotes, leave a null out".to_owned()
        }
        Value::Num(_, Num::F64(number)) if !number.is_finite() => {
            "expected a finite number".to_owned()
        }
        Value::Num(_, number)
            if !matches!(number, Num::F32(_) | Num::F64(_)) && fits(number).is_none() =>
        {
            "expected a number of at most 64 bits with sign".to_owned()
        }
        Value::Dict(tag, dict) => {
            return Some(Value::Dict(tag, clean_dict(dict, key, depth, errors)));
        }
        Value::Array(tag, values) => {
            let values = values.into_iter().enumerate();
            let cleaned = values
                .filter_map(|(place, value)| {
                    clean(value, &format!("{key}[{place}]"), depth + 1, errors)
                })
                .collect();
            return Some(Value::Array(tag, cleaned));
        }
        value => return Some(value),
    };
    errors.push((key.to_owned(), wrong));
    None
}

/// An integer as the one size that is used here.
pub(crate) fn fits(number: Num) -> Option<i64> {
    match number.to_i128() {
        Some(number) => i64::try_from(number).ok(),
        None => i64::try_from(number.to_u128()?).ok(),
    }
}

/// Any JSON value; a key that occurs twice in an object is an error, as it is in TOML.
struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Json)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Empty(Tag::Default, Empty::Unit))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Json(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(Tag::Default, values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut dict = Dict::new();
        while let Some(key) = access.next_key::<String>()? {
            let Json(value) = access.next_value()?;
            if dict.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key {key:?}")));
            }
            dict.insert(key, value);
        }
        Ok(Value::Dict(Tag::Default, dict))
    }
}
