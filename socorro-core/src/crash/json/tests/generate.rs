//! Random documents.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Keys from a small alphabet, so that paths and duplicates meet them, and any others.
pub(super) fn keys() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abc]", 1 => any::<String>()]
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

pub(super) fn values() -> impl Strategy<Value = Value> {
    scalars().prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

pub(super) fn objects() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((keys(), values()), 0..6)
        .prop_map(|members| members.into_iter().collect())
}

/// A value as someone wrote it: members in order, duplicates and all.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Scalar(String),
    Array(Vec<Written>),
    Object(Vec<(Key, Written)>),
}

/// A key and how it was spelled, quotes included.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: String,
    spelling: String,
}

fn written_keys() -> impl Strategy<Value = Key> {
    (keys(), any::<bool>()).prop_map(|(name, escaped)| {
        let spelling = if escaped {
            let units = name.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            format!("\"{}\"", units.collect::<String>())
        } else {
            Value::from(name.as_str()).to_string()
        };
        Key { name, spelling }
    })
}

/// Objects with duplicate keys, keys in escapes, and what only Python writes.
pub(super) fn written_objects() -> impl Strategy<Value = Written> {
    let scalar = prop_oneof![
        scalars().prop_map(|value| value.to_string()),
        prop::sample::select(vec!["NaN", "Infinity", "-Infinity", r#""\ud800""#, "1e999"])
            .prop_map(str::to_owned),
    ];
    let value = scalar
        .prop_map(Written::Scalar)
        .prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Written::Array),
                3 => prop::collection::vec((written_keys(), inner), 0..5).prop_map(Written::Object),
            ]
        });
    prop::collection::vec((written_keys(), value), 0..6).prop_map(Written::Object)
}

impl Written {
    /// As text; the bits of `spaces`, again and again, decide where white space stands.
    pub(super) fn text(&self, spaces: u64) -> String {
        let mut text = String::new();
        self.write(&mut text, &mut Spaces(spaces));
        text
    }

    fn write(&self, text: &mut String, spaces: &mut Spaces) {
        let (open, close, members): (_, _, Vec<(Option<&Key>, &Self)>) = match self {
            Self::Scalar(scalar) => return text.push_str(scalar),
            Self::Array(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
            Self::Object(members) => {
                let members = members.iter().map(|(key, value)| (Some(key), value));
                ('{', '}', members.collect())
            }
        };
        text.push(open);
        for (place, (key, value)) in members.into_iter().enumerate() {
            if place > 0 {
                spaces.write(text);
                text.push(',');
            }
            spaces.write(text);
            if let Some(key) = key {
                text.push_str(&key.spelling);
                spaces.write(text);
                text.push(':');
                spaces.write(text);
            }
            value.write(text, spaces);
        }
        spaces.write(text);
        text.push(close);
    }
}

struct Spaces(u64);

impl Spaces {
    fn flip(&mut self) -> bool {
        self.0 = self.0.rotate_right(1);
        self.0 & 1 == 1
    }

    fn write(&mut self, text: &mut String) {
        if self.flip() {
            text.push_str(if self.flip() { "\r\n\t" } else { " " });
        }
    }
}
