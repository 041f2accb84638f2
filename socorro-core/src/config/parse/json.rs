use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::toml::above_lists;
use super::{DEPTH, not_finite, said_twice, too_deep, too_large};
use crate::config::class::Class;
use crate::config::error::{ConfigError, ConfigErrors, Wrong};
use crate::config::origin::{Origin, SourceFile};
use crate::config::tree::{Kind, Node, Table, join};

/// The table a JSON file is, as far as it is one; the rest is in `errors`.
pub(crate) fn json(file: &Arc<SourceFile>, errors: &mut ConfigErrors) -> Table {
    let text = file.text();
    let mut wrong = |offset: Option<usize>, wrong| {
        let span = offset.map(|offset| offset..offset);
        let origin = file.clone().at(None, span);
        errors.extend([ConfigError::new(origin, "", wrong)]);
    };
    let raw: &RawValue = match serde_json::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            wrong(Some(offset(text, &error)), syntax(&error));
            return Table::new();
        }
    };
    if !raw.get().starts_with('{') {
        let why = Wrong::new(Class::JsonNotObject, "expected an object at the top");
        wrong(None, why);
        return Table::new();
    }
    let mut reading = Reading { file, errors };
    match reading.node(raw, "", 0).map(|node| node.kind) {
        Some(Kind::Table(table)) => table,
        _ => Table::new(),
    }
}

/// The table that a program's own defaults are.
pub(crate) fn program(defaults: impl Serialize) -> Result<Table, ConfigErrors> {
    let unusable = |why: String| {
        ConfigErrors::from(ConfigError::new(
            Origin::Default,
            "",
            Wrong::new(Class::DefaultsUnusable, why),
        ))
    };
    let value = serde_json::to_value(defaults)
        .map_err(|error| unusable(format!("the program's defaults are unusable: {error}")))?;
    if !value.is_object() {
        return Err(unusable("the program's defaults are no table".to_owned()));
    }
    let mut errors = ConfigErrors::default();
    let node = value_node(value, &Arc::new(Origin::Default), "", 0, &mut errors);
    let table = match node.map(|node| node.kind) {
        Some(Kind::Table(table)) => table,
        _ => Table::new(),
    };
    errors.or(table)
}

fn value_node(
    value: Value,
    origin: &Arc<Origin>,
    key: &str,
    depth: usize,
    errors: &mut ConfigErrors,
) -> Option<Node> {
    let kind = match value {
        _ if depth > DEPTH => Err(too_deep()),
        Value::Array(items) => Ok(Kind::List(
            items
                .into_iter()
                .enumerate()
                .filter_map(|(place, item)| {
                    value_node(item, origin, &format!("{key}[{place}]"), depth + 1, errors)
                })
                .collect(),
        )),
        Value::Object(members) => Ok(Kind::Table(
            members
                .into_iter()
                .filter_map(|(name, value)| {
                    let node = value_node(value, origin, &join(key, &name), depth + 1, errors)?;
                    Some((name, node))
                })
                .collect(),
        )),
        value => scalar(&value),
    };
    match kind {
        Ok(kind) => Some(Node::new(origin, kind)),
        Err(wrong) => {
            errors.extend([ConfigError::new((**origin).clone(), key, wrong)]);
            None
        }
    }
}

fn scalar(value: &Value) -> Result<Kind, Wrong> {
    match value {
        Value::String(text) => Ok(Kind::String(text.clone())),
        Value::Bool(truth) => Ok(Kind::Boolean(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Kind::Integer(integer)),
            (None, _) if number.is_u64() => Err(too_large()),
            (None, Some(float)) if float.is_finite() => Ok(Kind::Float(float)),
            (None, _) => Err(not_finite()),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Wrong::new(
            Class::NullValue,
            "a null is no value here; leave it out",
        )),
    }
}

/// `kind` as `text` has it: serde_json may be off by the last bit of a fraction, which would make a dump that
/// is loaded again another configuration.
fn exact(kind: Kind, text: &str) -> Kind {
    match (kind, text.parse()) {
        (Kind::Float(_), Ok(float)) => Kind::Float(float),
        (kind, _) => kind,
    }
}

/// Makes nodes of raw text, whose place in the file tells where it is.
struct Reading<'a> {
    file: &'a Arc<SourceFile>,
    errors: &'a mut ConfigErrors,
}

impl Reading<'_> {
    fn node(&mut self, raw: &RawValue, key: &str, depth: usize) -> Option<Node> {
        let text = raw.get();
        // Raw values are slices of the text they were read from.
        let start = (text.as_ptr() as usize).saturating_sub(self.file.text().as_ptr() as usize);
        let name = self.file.text().get(..start).and_then(name_before);
        let origin = Arc::new(self.file.clone().at(name, Some(start..start + text.len())));
        if depth > DEPTH {
            return self.wrong(&origin, above_lists(key), too_deep());
        }
        let kind = match text.as_bytes().first() {
            Some(b'{') => self.table(text, key, depth),
            Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
                Ok(items) => Ok(Kind::List(
                    items
                        .into_iter()
                        .enumerate()
                        .filter_map(|(place, item)| {
                            self.node(item, &format!("{key}[{place}]"), depth + 1)
                        })
                        .collect(),
                )),
                Err(error) => Err(syntax(&error)),
            },
            _ => serde_json::from_str(text)
                .map_err(|error| syntax(&error))
                .and_then(|value| scalar(&value))
                .map(|kind| exact(kind, text)),
        };
        match kind {
            Ok(kind) => Some(Node::new(&origin, kind)),
            Err(wrong) => self.wrong(&origin, key, wrong),
        }
    }

    fn table(&mut self, text: &str, key: &str, depth: usize) -> Result<Kind, Wrong> {
        let Members(members) = serde_json::from_str(text).map_err(|error| syntax(&error))?;
        let mut table = Table::new();
        for (name, raw) in members {
            let below = join(key, &name);
            let Some(node) = self.node(raw, &below, depth + 1) else {
                continue;
            };
            match table.entry(name) {
                Entry::Occupied(_) => {
                    self.wrong(&node.origin.at_key(), &below, said_twice(None));
                }
                Entry::Vacant(free) => {
                    free.insert(node);
                }
            }
        }
        Ok(Kind::Table(table))
    }

    fn wrong(&mut self, origin: &Origin, key: &str, wrong: Wrong) -> Option<Node> {
        self.errors
            .extend([ConfigError::new(origin.clone(), key, wrong)]);
        None
    }
}

/// Where the name of a member is that `text` ends with, all but its value; none where a list or the file begins.
fn name_before(text: &str) -> Option<Range<usize>> {
    let text = text.trim_end().strip_suffix(':')?.trim_end();
    let inside = text.strip_suffix('"')?;
    let start = inside.rmatch_indices('"').find_map(|(quote, _)| {
        let before = inside.get(..quote).unwrap_or_default();
        let escapes = before.len() - before.trim_end_matches('\\').len();
        (escapes % 2 == 0).then_some(quote)
    })?;
    Some(start..text.len())
}

/// What the parser says, without its own place: the origin has it.
fn syntax(error: &serde_json::Error) -> Wrong {
    let message = error.to_string();
    let end = message.rfind(" at line ").unwrap_or(message.len());
    Wrong::new(Class::JsonSyntax, message.get(..end).unwrap_or_default())
}

/// Where in `text` an error is, which counts lines and bytes from 1.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    before + error.column().saturating_sub(1)
}

/// The members of an object in order, also those that occur twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
