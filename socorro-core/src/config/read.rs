//! Reading typed values out of tables, collecting what is wrong instead of stopping at it.

use std::cell::RefCell;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::class::Class;
use super::error::{ConfigError, ConfigErrors, Wrong};
use super::nearest::nearest;
use super::origin::Origin;
use super::tree::{Kind, Node, Table, join};
use super::url;
use crate::options::{ByteSize, HumanDuration};

/// Where errors are collected.
#[derive(Default)]
pub(crate) struct Errors(RefCell<ConfigErrors>);

impl Errors {
    pub(crate) fn push(&self, origin: &Origin, key: &str, wrong: Wrong) {
        let error = ConfigError::new(origin.clone(), key, wrong);
        self.0.borrow_mut().extend([error]);
    }

    /// About the value that `node` is.
    pub(crate) fn about(&self, node: &Node, key: &str, wrong: Wrong) {
        let error = ConfigError::about(node, key, wrong);
        self.0.borrow_mut().extend([error]);
    }

    /// About the key that `node` is the value of.
    pub(crate) fn about_key(&self, node: &Node, key: &str, wrong: Wrong) {
        self.push(&node.origin.at_key(), key, wrong);
    }

    /// How many there are, at most as many as are told.
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().0.len()
    }

    pub(crate) fn take(self) -> ConfigErrors {
        self.0.into_inner()
    }
}

/// One table being read. Keys that nobody asked for are errors at the end.
pub(crate) struct Section<'a> {
    pub(crate) key: String,
    pub(crate) origin: Arc<Origin>,
    table: Option<&'a Table>,
    known: Vec<&'static str>,
    pub(crate) errors: &'a Errors,
}

impl<'a> Section<'a> {
    /// The table `node` is; one that is not there reads as empty, one that is no table is an error.
    pub(crate) fn new(key: String, node: Option<&'a Node>, errors: &'a Errors) -> Self {
        let origin = node.map_or_else(
            || Arc::new(Origin::Default),
            |node| Arc::clone(&node.origin),
        );
        let table = node.and_then(|node| match table(node) {
            Ok(table) => Some(table),
            Err(wrong) => {
                errors.about(node, &key, wrong);
                None
            }
        });
        Self {
            key,
            origin,
            table,
            known: Vec::new(),
            errors,
        }
    }

    /// Whether there is a table to read at all.
    pub(crate) fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// The value at `name` as it is, which makes the name a known one.
    pub(crate) fn node(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        self.table?.get(name)
    }

    /// The value at `name`; `None` when it is not there or wrong, which is then an error.
    pub(crate) fn get<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        let node = self.node(name)?;
        read(node)
            .map_err(|wrong| self.errors.about(node, &join(&self.key, name), wrong))
            .ok()
    }

    /// Like [`Section::get`], with an error when it is not there.
    pub(crate) fn require<T>(
        &mut self,
        name: &'static str,
        what: &str,
        read: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        if self.exists() && self.node(name).is_none() {
            let key = join(&self.key, name);
            let wrong = Wrong::new(Class::MissingKey, format!("is missing; it is {what}"));
            self.errors.push(&self.origin.at_key(), &key, wrong);
        }
        self.get(name, read)
    }

    /// The table below this one at `name`.
    pub(crate) fn section(&mut self, name: &'static str) -> Section<'a> {
        Section::new(join(&self.key, name), self.node(name), self.errors)
    }

    /// The keys that nobody asked for, with their values.
    pub(crate) fn rest(&self) -> impl Iterator<Item = (&'a String, &'a Node)> + '_ {
        self.table
            .into_iter()
            .flatten()
            .filter(|(name, _)| !self.known.contains(&name.as_str()))
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let mut known = self.known.clone();
        known.sort_unstable();
        known.dedup();
        for (name, node) in self.rest() {
            let why = format!("is no known key; known here: {}", known.join(", "));
            let wrong = Wrong::new(Class::UnknownKey, why).meant(nearest(name, &known));
            self.errors.about_key(node, &join(&self.key, name), wrong);
        }
    }
}

fn expected(class: Class, what: &str, node: &Node) -> Wrong {
    Wrong::new(class, format!("expected {what}, found {}", node.show()))
}

pub(crate) fn table(node: &Node) -> Result<&Table, Wrong> {
    match &node.kind {
        Kind::Table(table) => Ok(table),
        Kind::Text(_) => Err(Wrong::new(
            Class::TableAsText,
            "expected a table; set its keys one by one, with their names in the key",
        )),
        _ => Err(expected(Class::WrongType, "a table", node)),
    }
}

pub(crate) fn string(node: &Node) -> Result<String, Wrong> {
    match &node.kind {
        Kind::Text(text) | Kind::String(text) if text.is_empty() => {
            let why = "expected a string that is not empty";
            Err(Wrong::new(Class::EmptyString, why))
        }
        Kind::Text(text) | Kind::String(text) if url::has_password(text) => {
            let why = "expected no URL with a password in it";
            Err(Wrong::new(Class::UrlPassword, why))
        }
        Kind::Text(text) | Kind::String(text) => Ok(text.clone()),
        _ => Err(expected(Class::WrongType, "a string", node)),
    }
}

pub(crate) fn path(node: &Node) -> Result<PathBuf, Wrong> {
    string(node).map(PathBuf::from)
}

/// Where to listen: numbers only, since what a name stands for changes.
pub(crate) fn address(node: &Node) -> Result<SocketAddr, Wrong> {
    string(node)?.parse().map_err(|_| {
        expected(
            Class::BadAddress,
            "an IP address and a port, such as \"127.0.0.1:9464\"",
            node,
        )
    })
}

/// A length of time that is not zero.
pub(crate) fn duration(node: &Node) -> Result<Duration, Wrong> {
    let parsed = match &node.kind {
        Kind::Text(text) | Kind::String(text) => text.parse::<HumanDuration>().ok(),
        _ => None,
    };
    match parsed.map(Duration::from) {
        Some(found) if found.is_zero() => Err(expected(
            Class::OutOfRange,
            "a duration of at least 1ms",
            node,
        )),
        Some(found) => Ok(found),
        None => {
            let what = "a duration: numbers with units of ms, s, min, h, d, such as \"30s\"";
            Err(expected(Class::BadDuration, what, node))
        }
    }
}

/// A number of bytes that is not zero.
pub(crate) fn size(node: &Node) -> Result<ByteSize, Wrong> {
    let parsed = match &node.kind {
        Kind::Text(text) | Kind::String(text) => text.parse::<ByteSize>().ok(),
        _ => None,
    };
    match parsed {
        Some(ByteSize(0)) => Err(expected(Class::OutOfRange, "a size of at least 1B", node)),
        Some(size) => Ok(size),
        None => {
            let what = "a size: a number with a unit of B, KiB, MiB, GiB, TiB, such as \"20MiB\"";
            Err(expected(Class::BadSize, what, node))
        }
    }
}

/// An integer in `range`.
pub(crate) fn count<T>(range: RangeInclusive<T>) -> impl Fn(&Node) -> Result<T, Wrong>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    move |node| {
        let number = match &node.kind {
            Kind::Integer(number) => Some(*number),
            Kind::Text(text) => super::schema::integer(text),
            _ => None,
        };
        let (least, most) = (range.start(), range.end());
        let what = format!("an integer from {least} to {most}");
        let number = number.ok_or_else(|| expected(Class::WrongType, &what, node))?;
        T::try_from(number)
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| expected(Class::OutOfRange, &what, node))
    }
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&Node) -> Result<T, Wrong> {
    move |node| {
        let found = match &node.kind {
            Kind::Text(text) | Kind::String(text) => choices.iter().find(|(word, _)| word == text),
            _ => None,
        };
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<String> = choices
                .iter()
                .map(|(word, _)| format!("{word:?}"))
                .collect();
            let meant = match &node.kind {
                Kind::Text(text) | Kind::String(text) => {
                    nearest(text, choices.iter().map(|(word, _)| word))
                }
                _ => None,
            };
            let what = format!("one of {}", words.join(", "));
            expected(Class::NotOneOf, &what, node).meant(meant)
        })
    }
}

/// A list, each item of which `read` reads.
pub(crate) fn list<T>(
    what: &str,
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> impl Fn(&Node) -> Result<Vec<T>, Wrong> {
    move |node| {
        let inline;
        let node = match &node.kind {
            Kind::Text(text) => {
                inline = Node::parse_inline(text, &node.origin);
                inline.as_ref().unwrap_or(node)
            }
            _ => node,
        };
        let Kind::List(items) = &node.kind else {
            let what = format!("a list, such as {what}");
            return Err(expected(Class::WrongType, &what, node));
        };
        items
            .iter()
            .enumerate()
            .map(|(place, item)| {
                read(item).map_err(|wrong| Wrong {
                    message: format!("item {}: {}", place + 1, wrong.message),
                    ..wrong
                })
            })
            .collect()
    }
}
