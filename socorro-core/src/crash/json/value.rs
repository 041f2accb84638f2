use serde_json::{Map, Value};

use super::scan::{Kind, Scanner};
use super::{STORED, number, string};

/// An object or array whose end has not come yet.
enum Unfinished {
    Object(Map<String, Value>, String),
    Array(Vec<Value>),
}

/// The value that `text` says; `None` when it is not a JSON value.
///
/// What [`Value`] cannot hold reads as the nearest it can: NaN and the infinities as null, a lone surrogate
/// as U+FFFD, an integer beyond 64 bits as a float, a float beyond `f64` as null. The last of duplicate keys
/// wins. What is nested deeper than any limit allows reads as null, because dropping a `Value` recurses.
pub(crate) fn parse(text: &[u8]) -> Option<Value> {
    let mut scanner = Scanner::new(text, usize::MAX);
    let mut unfinished: Vec<Unfinished> = Vec::new();
    loop {
        if unfinished.len() >= STORED.json_depth && matches!(scanner.peek(), Some(b'{' | b'[')) {
            scanner.skip_value().ok()?;
            add(&mut unfinished, Value::Null);
            continue;
        }
        let token = scanner.next().ok()??;
        let said = text.get(token.start..token.end)?;
        let value = match token.kind {
            Kind::OpenObject => {
                unfinished.push(Unfinished::Object(Map::new(), String::new()));
                continue;
            }
            Kind::OpenArray => {
                unfinished.push(Unfinished::Array(Vec::new()));
                continue;
            }
            Kind::Key => {
                if let Some(Unfinished::Object(_, key)) = unfinished.last_mut() {
                    *key = string::unescape(said);
                }
                continue;
            }
            Kind::Close => match unfinished.pop()? {
                Unfinished::Object(members, _) => Value::Object(members),
                Unfinished::Array(items) => Value::Array(items),
            },
            Kind::String => Value::String(string::unescape(said)),
            Kind::Number => number::value(said),
            Kind::Word => match said {
                b"true" => Value::Bool(true),
                b"false" => Value::Bool(false),
                _ => Value::Null,
            },
        };
        if unfinished.is_empty() {
            return Some(value);
        }
        add(&mut unfinished, value);
    }
}

fn add(unfinished: &mut [Unfinished], value: Value) {
    match unfinished.last_mut() {
        Some(Unfinished::Object(members, key)) => {
            members.insert(std::mem::take(key), value);
        }
        Some(Unfinished::Array(items)) => items.push(value),
        None => {}
    }
}
