//! `use = "storage.spool"`: a table takes over what is in another, or in several, the later ones winning.
//!
//! Tables that can be used are storages, sources, and resources, `[resource.NAME]`, which exist for nothing else.
//! Their keys are checked where they are taken over to. Of a storage or source the options of the plugin are
//! taken over, never the host's keys (`type`, `use`, `library`, `start`, `retry`, `timeout`, `max_operations`,
//! `max_bytes`), which are about that one instance. Of a resource everything is. The table's own keys win, tables
//! merge key by key. The other table may use tables itself.
//!
//! What is taken over keeps its origin, and an own key that wins has it among what it overrode.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::class::Class;
use super::document::Document;
use super::error::Wrong;
use super::explain::at;
use super::instance::HOST_KEYS;
use super::nearest::nearest;
use super::origin::Origin;
use super::read::Errors;
use super::secrets::is_reference;
use super::tree::{Kind, Node, Table, join};

/// Whose tables use and are used. The resources come last: what was not met before, nobody uses.
const SECTIONS: [&str; 3] = ["storage", "source", RESOURCE];
const RESOURCE: &str = "resource";
/// Tables that use one another.
const LONGEST: usize = 16;
/// Values that are taken over in all, counted with what they overrode.
const MOST: usize = 100_000;
/// Of what a value overrode so much is remembered: a configuration may be meant to be a burden.
const STORY: usize = 64;

/// A configuration with every `use` followed.
pub(crate) struct Taken {
    pub(crate) root: Table,
    /// The resources that nobody uses, and who wrote them.
    pub(crate) unused: Vec<(String, Arc<Origin>)>,
    /// The tables of which it is unclear what they take over, because a `use` on the way is wrong.
    pub(crate) unclear: BTreeSet<String>,
}

/// `root` with every `use` followed.
pub(crate) fn resolve(root: &Table, errors: &Errors) -> Taken {
    let mut takeover = Takeover {
        root,
        errors,
        done: BTreeMap::new(),
        unclear: BTreeSet::new(),
        open: Vec::new(),
        taken: 0,
    };
    let mut taken = Taken {
        root: root.clone(),
        unused: Vec::new(),
        unclear: BTreeSet::new(),
    };
    for section in SECTIONS {
        let used: BTreeSet<String> = takeover.done.keys().cloned().collect();
        let Some(members) = taken.root.get_mut(section).and_then(Node::as_table_mut) else {
            continue;
        };
        for (name, member) in members {
            let key = join(section, name);
            if section == RESOURCE && !used.contains(&key) {
                taken.unused.push((key.clone(), Arc::clone(&member.origin)));
            }
            if let Some(table) = member.as_table_mut() {
                *table = takeover.table(&key, table);
            }
        }
    }
    taken.unclear = takeover.unclear;
    taken
}

impl Document {
    /// The key that `use` takes the value at `key` over from; none for one that its own table says, or nobody.
    pub(crate) fn taken_from(&self, key: &str) -> Option<String> {
        let path: Vec<&str> = key.split('.').collect();
        let [section, name, rest @ ..] = path.as_slice() else {
            return None;
        };
        if !SECTIONS.contains(section) || rest.is_empty() || at(self.root(), &path).is_some() {
            return None;
        }
        let taken = self.taken();
        let mut table = join(section, name);
        for _ in 0..LONGEST {
            let (section, name) = table.split_once('.')?;
            let used = at(self.root(), &[section, name, "use"])?;
            // Later ones win.
            let found = names(used).into_iter().rev().find(|other| {
                let whole: Vec<&str> = other.split('.').chain(rest.iter().copied()).collect();
                rest.first().is_some_and(|first| is_taken(other, first))
                    && at(&taken, &whole).is_some()
            })?;
            let from = format!("{found}.{}", rest.join("."));
            let own: Vec<&str> = from.split('.').collect();
            if at(self.root(), &own).is_some() {
                return Some(from);
            }
            table = found;
        }
        None
    }
}

/// The names that `use` says, as far as they are names.
fn names(used: &Node) -> Vec<String> {
    let inline = match &used.kind {
        Kind::Text(text) => Node::parse_inline(text, &used.origin),
        _ => None,
    };
    let used = inline.as_ref().unwrap_or(used);
    let items = match &used.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(used),
    };
    items
        .iter()
        .filter_map(|item| super::read::string(item).ok())
        .collect()
}

struct Takeover<'a> {
    root: &'a Table,
    errors: &'a Errors,
    /// Tables that were followed, by key, and their weight: each is once, however many use it.
    done: BTreeMap<String, (Table, usize)>,
    unclear: BTreeSet<String>,
    /// The tables that are being followed, each used by the one before it.
    open: Vec<String>,
    /// How many values were taken over, some of them again and again.
    taken: usize,
}

impl Takeover<'_> {
    /// `table`, which is at `key`, with what it takes over.
    fn table(&mut self, key: &str, table: &Table) -> Table {
        self.follow(key, table);
        let done = self.done.get(key);
        done.map_or_else(Table::new, |(table, _)| table.clone())
    }

    fn follow(&mut self, key: &str, table: &Table) {
        if self.done.contains_key(key) {
            return;
        }
        self.open.push(key.to_owned());
        let mut taken = Table::new();
        let before = self.errors.count();
        for name in self.named(key, table.get("use")) {
            if let Err(wrong) = self.take(&name, &mut taken) {
                self.errors.about(&name.node, &join(key, "use"), wrong);
            }
            if self.unclear.contains(&name.text) {
                self.unclear.insert(key.to_owned());
            }
        }
        if self.errors.count() > before {
            self.unclear.insert(key.to_owned());
        }
        overlay(&mut taken, table.clone());
        self.open.pop();
        let weight = weight(&taken);
        self.done.insert(key.to_owned(), (taken, weight));
    }

    /// Puts what is in the table of that name on `taken`.
    fn take(&mut self, name: &Name, taken: &mut Table) -> Result<(), Wrong> {
        let root = self.root;
        let other = self.find(root, name)?;
        self.follow(&name.text, other);
        let Some((other, weight)) = self.done.get(&name.text) else {
            return Ok(());
        };
        // Few tables that use each other often make many.
        self.taken = self.taken.saturating_add(*weight);
        if self.taken > MOST {
            let why = format!("more than {MOST} values are taken over in all");
            return Err(Wrong::new(Class::UseTooDeep, why));
        }
        let mut other = other.clone();
        other.retain(|key, _| is_taken(&name.text, key));
        overlay(taken, other);
        Ok(())
    }

    /// What `use` names, in order.
    fn named(&self, key: &str, node: Option<&Node>) -> Vec<Name> {
        let Some(node) = node else {
            return Vec::new();
        };
        let inline = match &node.kind {
            Kind::Text(text) => Node::parse_inline(text, &node.origin),
            _ => None,
        };
        let items = match &inline.as_ref().unwrap_or(node).kind {
            Kind::List(items) if !items.is_empty() => items.clone(),
            _ => vec![node.clone()],
        };
        let mut names: Vec<Name> = Vec::new();
        for node in items {
            let text = match super::read::string(&node) {
                Ok(text) if names.iter().any(|name| name.text == text) => Err(Wrong::new(
                    Class::NamedTwice,
                    format!("names {text:?} twice"),
                )),
                Ok(text) => Ok(text),
                Err(wrong) if wrong.class == Class::UrlPassword => Err(wrong),
                Err(_) => Err(Wrong::new(
                    Class::UseNotName,
                    format!(
                        "expected the name of another table, such as \"storage.spool\", found {}",
                        node.show()
                    ),
                )),
            };
            match text {
                Ok(text) => names.push(Name { node, text }),
                Err(wrong) => self.errors.about(&node, &join(key, "use"), wrong),
            }
        }
        names
    }

    /// The table of that name.
    fn find<'r>(&self, root: &'r Table, name: &Name) -> Result<&'r Table, Wrong> {
        let Name { node, text } = name;
        let found = text
            .split_once('.')
            .filter(|(section, _)| SECTIONS.contains(section))
            .and_then(|(section, name)| root.get(section)?.as_table()?.get(name)?.as_table());
        let Some(table) = found else {
            let why = format!(
                "there is no table {}; expected an existing one, such as \"storage.spool\"",
                node.show()
            );
            return Err(Wrong::new(Class::UseDangling, why).meant(self.meant(text)));
        };
        if self.open.contains(text) {
            let circle = self.open.iter().skip_while(|open| *open != text);
            let circle: Vec<&str> = circle.map(String::as_str).collect();
            let why = format!(
                "the tables use each other in a circle: {} -> {text}",
                circle.join(" -> ")
            );
            return Err(Wrong::new(Class::UseCircle, why));
        }
        if self.open.len() >= LONGEST {
            let why = format!("more than {LONGEST} tables use one another");
            return Err(Wrong::new(Class::UseTooDeep, why));
        }
        Ok(table)
    }

    /// What may have been meant by a name that is none.
    fn meant(&self, text: &str) -> Option<String> {
        let mut parts = text.split('.');
        if let (Some(section), Some(name), Some(_)) = (parts.next(), parts.next(), parts.next())
            && SECTIONS.contains(&section)
        {
            let whole = join(section, name);
            return Some(format!(
                "a table is used as a whole: use {whole:?}, or put what is shared into a [resource.NAME]"
            ));
        }
        let names = SECTIONS.iter().flat_map(|section| {
            let members = self.root.get(*section).and_then(Node::as_table);
            members
                .into_iter()
                .flat_map(move |members| members.keys().map(move |name| join(section, name)))
        });
        nearest(text, names)
    }
}

/// One table that `use` names.
struct Name {
    node: Node,
    text: String,
}

/// Is `key` of the table `from` taken over?
fn is_taken(from: &str, key: &str) -> bool {
    if from.starts_with("resource.") {
        return key != "use" && key != "type";
    }
    !HOST_KEYS.contains(&key)
}

/// How many values are in a table, with all that they overrode.
fn weight(table: &Table) -> usize {
    table.values().map(node_weight).sum()
}

fn node_weight(node: &Node) -> usize {
    let inside = match &node.kind {
        Kind::Table(table) => weight(table),
        Kind::List(items) => items.iter().map(node_weight).sum(),
        _ => 0,
    };
    node.story().count() + inside
}

/// Puts `over` on `base`, by the rules of merging.
fn overlay(base: &mut Table, over: Table) {
    for (key, mut node) in over {
        let Some(mut below) = base.remove(&key) else {
            base.insert(key, node);
            continue;
        };
        if !is_reference(&node)
            && !is_reference(&below)
            && let (Kind::Table(under), Kind::Table(above)) = (&mut below.kind, &mut node.kind)
        {
            overlay(under, std::mem::take(above));
            // Where it was said last.
            base.insert(
                key,
                Node {
                    origin: node.origin,
                    ..below
                },
            );
        } else {
            base.insert(key, above(node, below));
        }
    }
}

/// `node`, which overrides `below` after all that it overrode where it was written.
fn above(node: Node, below: Node) -> Node {
    let story: Vec<Node> = node
        .story()
        .skip(1)
        .chain(below.story())
        .take(STORY)
        .cloned()
        .collect();
    let earlier = story.into_iter().rev().fold(None, |earlier, node| {
        Some(Arc::new(Node { earlier, ..node }))
    });
    Node { earlier, ..node }
}
