//! Two configurations, key by key: what differs, and which edits something later hides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::document::Document;
use super::error::Said;
use super::tree::{Kind, MASK, Node, Table, join, sounds_secret};
use super::{Origin, secrets};

/// One key that two configurations say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The dotted key.
    pub key: String,
    /// What was said, by whom; nothing when the key is new.
    pub old: Option<Said>,
    /// What is said now; nothing when the key is gone.
    pub new: Option<Said>,
}

/// An edit that changes nothing, because a later layer says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// The dotted key.
    pub key: String,
    /// What the edited layer said; nothing when it said nothing of the key.
    pub old: Option<Said>,
    /// What it says now; nothing when it says nothing of the key any more.
    pub new: Option<Said>,
    /// What holds, before and after.
    pub holds: Said,
}

/// How two configurations differ. Values of secrets are masked; references to them are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The keys whose value differs, in order.
    pub changed: Vec<KeyChange>,
    /// The edits that have no effect, in order.
    pub shadowed: Vec<Shadowed>,
}

impl Document {
    /// How `next` differs from this, what `use` takes over being followed in both. A number that a variable
    /// says equals the same number in a file.
    ///
    /// `is_secret` tells of a key whether its value is one, besides those whose names sound so.
    pub fn compare(&self, next: &Self, is_secret: &dyn Fn(&str) -> bool) -> Comparison {
        let (old, new) = (self.taken(), next.taken());
        let (old, new) = (leaves(&old), leaves(&new));
        let mask = Mask(is_secret);
        let mut comparison = Comparison::default();
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let (old, new) = (old.get(key), new.get(key));
            if let (Some(old), Some(new)) = (old, new)
                && same(old, new)
            {
                comparison.shadowed.extend(shadowed(key, old, new, &mask));
                continue;
            }
            comparison.changed.push(KeyChange {
                key: key.clone(),
                old: old.map(|node| mask.said(key, node)),
                new: new.map(|node| mask.said(key, node)),
            });
        }
        comparison
    }
}

/// Every value by its dotted key. A reference to a secret is one value.
fn leaves(table: &Table) -> BTreeMap<String, &Node> {
    let mut leaves = BTreeMap::new();
    collect(table, "", &mut leaves);
    leaves
}

fn collect<'a>(table: &'a Table, above: &str, leaves: &mut BTreeMap<String, &'a Node>) {
    for (name, node) in table {
        let key = join(above, name);
        match node.as_table() {
            Some(table) if !table.is_empty() && !secrets::is_reference(node) => {
                collect(table, &key, leaves);
            }
            _ => {
                leaves.insert(key, node);
            }
        }
    }
}

/// Do both say the same, whoever says it? Text of a variable or flag is what an option makes of it.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Text(a) | Kind::String(a), Kind::Text(b) | Kind::String(b)) => a == b,
        (Kind::Text(text), _) => reads_as(text, b),
        (_, Kind::Text(text)) => reads_as(text, a),
        (a, b) => a == b,
    }
}

fn reads_as(text: &str, node: &Node) -> bool {
    match &node.kind {
        Kind::Integer(number) => text.parse() == Ok(*number),
        Kind::Float(number) => text.parse() == Ok(*number),
        Kind::Boolean(truth) => text.parse() == Ok(*truth),
        Kind::List(_) | Kind::Table(_) => {
            Node::parse_inline(text, &node.origin).is_some_and(|read| read == *node)
        }
        Kind::Text(_) | Kind::String(_) | Kind::Secret(_) => false,
    }
}

/// The edits below a value that stayed what it was.
fn shadowed(key: &str, old: &Node, new: &Node, mask: &Mask<'_>) -> Vec<Shadowed> {
    let mask = Mask(&|key| {
        let is_reference = secrets::is_reference(old) || secrets::is_reference(new);
        is_reference || mask.hides(key)
    });
    let (before, after) = (story(old), story(new));
    let found = |was: Option<&Node>, is: Option<&Node>| Shadowed {
        key: key.to_owned(),
        old: was.map(|node| mask.said(key, node)),
        new: is.map(|node| mask.said(key, node)),
        holds: mask.said(key, new),
    };
    let edited = after.iter().skip(1).filter_map(|is| {
        let mut its_own = before.iter().filter(|was| one_source(was, is)).peekable();
        match its_own.peek() {
            Some(was) => {
                let was = **was;
                (!its_own.any(|was| same(was, is))).then(|| found(Some(was), Some(is)))
            }
            None => (!before.iter().any(|was| same(was, is))).then(|| found(None, Some(is))),
        }
    });
    let mut all: Vec<Shadowed> = edited.collect();
    if after.len() < before.len() {
        let gone = before
            .iter()
            .skip(1)
            .filter(|was| !after.iter().any(|is| one_source(was, is) || same(was, is)));
        all.extend(gone.map(|was| found(Some(was), None)));
    }
    all
}

/// A value and all it overrode, the last first.
fn story(node: &Node) -> Vec<&Node> {
    std::iter::successors(Some(node), |node| node.earlier.as_deref()).collect()
}

/// Were both written by the same file, variable or flag, wherever in it?
fn one_source(a: &Node, b: &Node) -> bool {
    match (&*a.origin, &*b.origin) {
        (Origin::File(a), Origin::File(b)) => a.path() == b.path(),
        (a, b) => a == b,
    }
}

struct Mask<'a>(&'a dyn Fn(&str) -> bool);

impl Mask<'_> {
    fn hides(&self, key: &str) -> bool {
        (self.0)(key) || key.split('.').any(sounds_secret)
    }

    fn said(&self, key: &str, node: &Node) -> Said {
        let mut said = node.said(key);
        if self.hides(key) && !secrets::is_reference(node) {
            said.value = MASK.to_owned();
        }
        said
    }
}

impl fmt::Display for KeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                write!(f, "{}: {} -> {}", self.key, Shown(old), Shown(new))
            }
            (None, Some(new)) => write!(f, "{}: {}, was not set", self.key, Shown(new)),
            (Some(old), None) => write!(f, "{}: not set any more, was {}", self.key, Shown(old)),
            (None, None) => f.write_str(&self.key),
        }
    }
}

impl fmt::Display for Shadowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (_, Some(new)) => write!(f, "{}: {} now says {}", self.key, new.origin, new.value)?,
            (Some(old), None) => {
                write!(
                    f,
                    "{}: {} said {} and no longer does",
                    self.key, old.origin, old.value
                )?;
            }
            (None, None) => f.write_str(&self.key)?,
        }
        write!(f, ", but {} holds", Shown(&self.holds))
    }
}

/// `value (origin)`
struct Shown<'a>(&'a Said);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.value, self.0.origin)
    }
}

#[cfg(test)]
mod tests;
