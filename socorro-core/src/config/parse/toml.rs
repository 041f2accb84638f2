use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use ::toml::Spanned;
use ::toml::de::{DeArray, DeFloat, DeInteger, DeTable, DeValue};

use super::{DEPTH, ERRORS, not_finite, said_twice, too_deep, too_large};
use crate::config::class::Class;
use crate::config::depth;
use crate::config::error::{ConfigError, ConfigErrors, Wrong};
use crate::config::origin::{Origin, SourceFile};
use crate::config::tree::{Kind, Node, Table, join};

/// The table a TOML file is, as far as it is one; the rest is in `errors`. No error has text of the file in it,
/// which may be a secret.
pub(crate) fn toml(file: &Arc<SourceFile>, errors: &mut ConfigErrors) -> Table {
    let text = file.text();
    if !depth::is_within(text, 2 * DEPTH) {
        errors.extend([ConfigError::new(file.clone().whole(), "", too_deep())]);
        return Table::new();
    }
    let (table, wrong) = DeTable::parse_recoverable(text);
    if wrong.is_empty() {
        let origin_of = |key, value| Arc::new(file.clone().at(key, Some(value)));
        let mut reading = Reading {
            origin_of: &origin_of,
            errors,
        };
        return reading.table(table.into_inner(), "", 0);
    }
    let mut lines = BTreeSet::new();
    // The parser goes on in the same line, where one mistake looks like many.
    let first_of_line = |error: &&::toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        lines.insert(file.place(start).line)
    };
    for error in wrong.iter().filter(first_of_line).take(ERRORS) {
        let origin = file.clone().at(None, error.span());
        let text = error.span().and_then(|span| file.text().get(span));
        errors.extend([ConfigError::new(origin, "", syntax(error.message(), text))]);
    }
    Table::new()
}

/// What the parser says, in words for somebody who does not know its grammar.
fn syntax(message: &str, text: Option<&str>) -> Wrong {
    let message = message.lines().next().unwrap_or("is not TOML");
    if message.contains("duplicate key") {
        return said_twice(text);
    }
    let why = match message {
        "invalid boolean, expected `true`"
        | "invalid boolean, expected `false`"
        | "string values must be quoted, expected literal string" => {
            "expected a value, such as \"text\", 5 or true; text goes in quotes"
        }
        "invalid basic string, expected `\"`" => {
            "the string has no end on its line; close it with a quote"
        }
        other => other,
    };
    Wrong::new(Class::TomlSyntax, why)
}

/// One TOML list or inline table, all of it by `origin`.
pub(crate) fn inline(text: &str, origin: &Arc<Origin>) -> Option<Node> {
    let text = text.trim();
    if !text.starts_with(['[', '{']) || !depth::is_within(text, 2 * DEPTH) {
        return None;
    }
    let value = DeValue::parse(text).ok()?;
    let mut errors = ConfigErrors::default();
    let origin_of = |_, _| Arc::clone(origin);
    let mut reading = Reading {
        origin_of: &origin_of,
        errors: &mut errors,
    };
    let node = reading.value(None, value, "", 0);
    errors.or(node).ok().flatten()
}

/// Makes nodes of what the parser found.
struct Reading<'a> {
    origin_of: &'a dyn Fn(Option<Range<usize>>, Range<usize>) -> Arc<Origin>,
    errors: &'a mut ConfigErrors,
}

impl Reading<'_> {
    fn table(&mut self, table: DeTable<'_>, key: &str, depth: usize) -> Table {
        table
            .into_iter()
            .filter_map(|(name, value)| {
                let span = name.span();
                let name = name.into_inner().into_owned();
                let node = self.value(Some(span), value, &join(key, &name), depth + 1)?;
                Some((name, node))
            })
            .collect()
    }

    fn list(&mut self, items: DeArray<'_>, key: &str, depth: usize) -> Vec<Node> {
        items
            .into_iter()
            .enumerate()
            .filter_map(|(place, item)| {
                self.value(None, item, &format!("{key}[{place}]"), depth + 1)
            })
            .collect()
    }

    fn value(
        &mut self,
        name: Option<Range<usize>>,
        value: Spanned<DeValue<'_>>,
        key: &str,
        depth: usize,
    ) -> Option<Node> {
        let origin = (self.origin_of)(name, value.span());
        if depth > DEPTH {
            return self.wrong(&origin, above_lists(key), too_deep());
        }
        let kind = match value.into_inner() {
            DeValue::String(text) => Kind::String(text.into_owned()),
            DeValue::Integer(number) => match integer(&number) {
                Some(number) => Kind::Integer(number),
                None => return self.wrong(&origin, key, too_large()),
            },
            DeValue::Float(number) => match float(&number) {
                Some(number) => Kind::Float(number),
                None => return self.wrong(&origin, key, not_finite()),
            },
            DeValue::Boolean(truth) => Kind::Boolean(truth),
            DeValue::Datetime(_) => {
                let wrong = Wrong::new(
                    Class::DateValue,
                    "a date is no value here; put it in quotes",
                );
                return self.wrong(&origin, key, wrong);
            }
            DeValue::Array(items) => Kind::List(self.list(items, key, depth)),
            DeValue::Table(table) => Kind::Table(self.table(table, key, depth)),
        };
        Some(Node::new(&origin, kind))
    }

    fn wrong(&mut self, origin: &Origin, key: &str, wrong: Wrong) -> Option<Node> {
        self.errors
            .extend([ConfigError::new(origin.clone(), key, wrong)]);
        None
    }
}

/// The key that a value is at, without its places in lists.
pub(super) fn above_lists(key: &str) -> &str {
    key.split('[').next().unwrap_or_default()
}

fn integer(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn float(number: &DeFloat<'_>) -> Option<f64> {
    let number: f64 = number.as_str().parse().ok()?;
    number.is_finite().then_some(number)
}
