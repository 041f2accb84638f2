//! What a text from a variable or flag is, given what the option may be.

use serde_json::Value;

use super::{Rule, Type};
use crate::config::tree::{Kind, Node};

/// The value that `text` is for `rule`; `None` when it can be none. An option that may be a string gets the
/// text as it is, so that `0123` keeps its zero.
pub(super) fn typed(rule: &Rule, text: &str, node: &Node) -> Option<Kind> {
    match (&rule.types, &rule.one_of_values) {
        (Some(types), _) => types.iter().find_map(|kind| one(*kind, text, node)),
        (None, Some(values)) => values.iter().find_map(|value| constant(value, text)),
        (None, None) => Some(Kind::Text(text.to_owned())),
    }
}

/// The types in the order in which they are tried.
pub(super) fn sort(types: &mut [Type]) {
    types.sort_by_key(|kind| match kind {
        Type::String => 0,
        Type::Integer => 1,
        Type::Number => 2,
        Type::Boolean => 3,
        Type::Array => 4,
        Type::Object => 5,
        Type::Null => 6,
    });
}

fn one(kind: Type, text: &str, node: &Node) -> Option<Kind> {
    let text_or_list = |want: fn(&Kind) -> bool| {
        let inline = Node::parse_inline(text, &node.origin)?;
        want(&inline.kind).then_some(inline.kind)
    };
    match kind {
        Type::String => Some(Kind::String(text.to_owned())),
        Type::Integer => integer(text).map(Kind::Integer),
        Type::Number => integer(text)
            .map(Kind::Integer)
            .or_else(|| number(text).map(Kind::Float)),
        Type::Boolean => text.parse().ok().map(Kind::Boolean),
        Type::Array => text_or_list(|kind| matches!(kind, Kind::List(_))),
        Type::Object => text_or_list(|kind| matches!(kind, Kind::Table(_))),
        Type::Null => None,
    }
}

/// Decimal, without leading zeros: `0123` is somebody's octal number or code, never 123.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn number(text: &str) -> Option<f64> {
    // `parse` also knows names, such as `inf`.
    let named =
        text.contains(|letter: char| letter.is_alphabetic() && letter != 'e' && letter != 'E');
    let number: f64 = text.parse().ok()?;
    (!named && number.is_finite()).then_some(number)
}

fn constant(value: &Value, text: &str) -> Option<Kind> {
    match value {
        Value::String(string) if string == text => Some(Kind::String(string.clone())),
        Value::Bool(truth) if truth.to_string() == text => Some(Kind::Boolean(*truth)),
        Value::Number(number) if number.to_string() == text => number
            .as_i64()
            .map(Kind::Integer)
            .or_else(|| number.as_f64().map(Kind::Float)),
        _ => None,
    }
}
