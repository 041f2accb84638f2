//! Values made to fit their type: cut, converted, or left out. Facts of Socorro's own indexing.

use serde_json::{Number, Value};

use super::{FieldType, date};

/// Instead of what is no text.
const BAD_DATA: &str = "BAD DATA";
/// Characters of a keyword.
const KEYWORD: usize = 10_000;
/// Bytes of a text or keyword: Lucene's longest term.
const TERM: usize = 32_766;
/// Items of a list.
const LIST: usize = 10_000;

/// The value as it is indexed; `None` leaves the field out. Null is no value.
pub(super) fn value(kind: FieldType, value: &Value) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    match kind {
        FieldType::Keyword => Some(keyword(value, KEYWORD)),
        FieldType::SemicolonKeywords => Some(semicolons(value)),
        FieldType::Text => Some(text(value, TERM)),
        FieldType::Integer => whole(value, i32::MIN.into(), i32::MAX.into()),
        FieldType::Long => whole(value, i64::MIN, i64::MAX),
        FieldType::Double => double(value),
        FieldType::Boolean => Some(Value::Bool(boolean(value))),
        FieldType::Date => value.as_str().and_then(date::normal).map(Value::String),
        FieldType::Ignore => None,
    }
}

/// Cut at `most` characters, and where Lucene would refuse the term. A list keeps its shape, what is no text in
/// it replaced; one that does not begin with a text is no list of texts.
pub(super) fn keyword(value: &Value, most: usize) -> Value {
    let cut = |text: &str| {
        let end = text
            .char_indices()
            .nth(most)
            .map_or(text.len(), |(end, _)| end);
        let text = text.get(..end).unwrap_or_default();
        text.get(..text.floor_char_boundary(TERM))
            .unwrap_or_default()
            .to_owned()
    };
    match value {
        Value::String(text) => Value::String(cut(text)),
        Value::Array(items) => match items.first() {
            None => Value::Array(Vec::new()),
            Some(Value::String(_)) => items
                .iter()
                .take(LIST)
                .map(|item| Value::String(item.as_str().map_or(BAD_DATA.to_owned(), cut)))
                .collect(),
            Some(_) => Value::Array(vec![BAD_DATA.into()]),
        },
        _ => BAD_DATA.into(),
    }
}

/// `"a; b"` as `["a", "b"]`. Split here, because not every server has the analyzer for it.
fn semicolons(value: &Value) -> Value {
    let Value::String(text) = value else {
        return keyword(value, KEYWORD);
    };
    let items = text
        .split(';')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    let items: Value = items.map(|item| Value::String(item.to_owned())).collect();
    keyword(&items, KEYWORD)
}

/// Cut at `most` bytes of UTF-8, between characters. Nothing left of something is bad data.
pub(super) fn text(value: &Value, most: usize) -> Value {
    let Value::String(text) = value else {
        return BAD_DATA.into();
    };
    match text.get(..text.floor_char_boundary(most)) {
        Some("") if !text.is_empty() => BAD_DATA.into(),
        Some(cut) => cut.into(),
        None => BAD_DATA.into(),
    }
}

/// A whole number as Python's `int` reads it: floats lose their fraction, texts must not have one. True and
/// false stay what they are.
fn whole(value: &Value, least: i64, most: i64) -> Option<Value> {
    let number = match value {
        Value::Bool(_) => return Some(value.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number,
            None if number.is_u64() => return None,
            None => truncated(number.as_f64()?)?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (least..=most).contains(&number).then(|| number.into())
}

fn truncated(number: f64) -> Option<i64> {
    // Both bounds are exact: 2^63 itself is too large.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    fits.then_some(number as i64)
}

fn double(value: &Value) -> Option<Value> {
    let number = match value {
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // NaN and the infinities are no JSON.
    Number::from_f64(number).map(Value::Number)
}

fn boolean(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() == Some(1.0),
        Value::String(text) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    }
}
