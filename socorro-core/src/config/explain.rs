//! Where a value came from, and what it overrode.

use std::fmt;

use super::document::Document;
use super::error::Said;
use super::origin::Origin;
use super::secrets::is_reference;
use super::tree::{Node, Table, join};

/// The story of one key: what is in force, and what every layer says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The dotted key.
    pub key: String,
    /// What is in force, and who says so; `None` when no layer's word holds.
    pub value: Option<Said>,
    /// What it overrode, the last first.
    pub overrode: Vec<Said>,
    /// What was said of the key and does not count although nothing says otherwise: its table was replaced,
    /// because a later layer changes the `type`, or wrote something else there. The last first.
    pub dropped: Vec<Said>,
    /// The keys below it, if it is a table.
    pub members: Vec<String>,
}

impl Document {
    /// What there is to know of a dotted key, such as `storage.archive.bucket`; `None` when nobody ever said
    /// anything of it. Secrets in plain text, as far as their names tell, are masked.
    pub fn explain(&self, key: &str) -> Option<Explanation> {
        self.explain_as(key, None)
    }

    /// The same, knowing whether the value is a secret, or going by its name.
    pub(crate) fn explain_as(&self, key: &str, is_secret: Option<bool>) -> Option<Explanation> {
        let shown = |node: &Node| match is_secret {
            Some(is_secret) => node.said_as(is_secret),
            None => node.said(key),
        };
        let path: Vec<&str> = key.split('.').collect();
        let said: Vec<&Node> = self
            .layers()
            .iter()
            .flatten()
            .filter_map(|part| at(&part.table, &path))
            .collect();
        let taken = self.taken();
        let found = at(&taken, &path);
        if found.is_none() && said.is_empty() {
            return None;
        }
        let story = found.into_iter().flat_map(|node| node.story().skip(1));
        let is_plain = found.is_none_or(|node| !node.has_reference());
        let overrode = match is_secret {
            Some(is_secret) => story
                .map(|node| node.said_as(is_secret || !is_plain))
                .collect(),
            None => found.map(|node| node.overrode(key)).unwrap_or_default(),
        };
        let is_table = found.is_some_and(is_plain_table);
        let dropped = if found.is_some() {
            Vec::new()
        } else {
            said.iter().rev().map(|node| shown(node)).collect()
        };
        Some(Explanation {
            key: key.to_owned(),
            value: found.filter(|_| !is_table).map(shown),
            overrode,
            dropped,
            members: found
                .filter(|node| is_plain_table(node))
                .and_then(Node::as_table)
                .into_iter()
                .flat_map(|table| table.keys().map(|name| join(key, name)))
                .collect(),
        })
    }

    /// Every key that has a value, in order, with those that `use` takes over.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        collect(&self.taken(), "", &mut keys);
        keys
    }
}

fn collect(table: &Table, above: &str, keys: &mut Vec<String>) {
    for (name, node) in table {
        let key = join(above, name);
        match node.as_table() {
            Some(table) if !table.is_empty() && is_plain_table(node) => collect(table, &key, keys),
            _ => keys.push(key),
        }
    }
}

/// A reference to a secret is a value.
fn is_plain_table(node: &Node) -> bool {
    node.as_table().is_some() && !is_reference(node)
}

/// What is at a path.
pub(crate) fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Node> {
    let (first, below) = path.split_first()?;
    let node = table.get(*first)?;
    if below.is_empty() {
        Some(node)
    } else {
        at(node.as_table()?, below)
    }
}

/// For a person: the value with its origin, then what it overrode.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(said) => write!(f, "{} = {}\n  from {}", self.key, said.value, said.origin)?,
            None if self.members.is_empty() => write!(f, "{} is not set", self.key)?,
            None => {
                write!(f, "{} is a table with", self.key)?;
                for member in &self.members {
                    write!(f, "\n  {member}")?;
                }
            }
        }
        for said in &self.overrode {
            write!(f, "\n  overrides {} of {}", said.value, said.origin)?;
        }
        for said in &self.dropped {
            write!(
                f,
                "\n  does not count: {} of {}, because its table was replaced",
                said.value, said.origin
            )?;
        }
        Ok(())
    }
}

impl Said {
    /// The default of the program.
    pub fn is_default(&self) -> bool {
        self.origin == Origin::Default
    }
}
