//! Checks of the configuration as a whole: what refers to what.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::class::Class;
use super::composite::stores_key;
use super::error::Wrong;
use super::nearest::{listed, nearest};
use super::origin::Origin;
use super::read::Errors;
use super::tree::{Node, Table, join};
use super::{Configuration, InstanceConfig};
use crate::options::ByteSize;

/// Pushes what is wrong. `root` tells who wrote a key, and which members exist although they are wrong.
pub(crate) fn check(configuration: &Configuration, root: &Table, errors: &Errors) {
    let checker = Checker {
        configuration,
        root,
        errors,
        helped: Cell::new(0),
        circles: RefCell::default(),
    };
    for storage in configuration.storages.values() {
        checker.storage(storage);
    }
    for name in configuration.pipelines.keys() {
        checker.pipeline(name);
    }
}

struct Checker<'a> {
    configuration: &'a Configuration,
    root: &'a Table,
    errors: &'a Errors,
    /// How many errors had help.
    helped: Cell<usize>,
    /// Storages in circles that were told.
    circles: RefCell<BTreeSet<String>>,
}

/// So many storages of a circle are named.
const CIRCLE: usize = 20;

/// So many names that are not there are compared with those that are.
const HELPED: usize = 20;

impl Checker<'_> {
    fn storage(&self, storage: &InstanceConfig) {
        let needed = self.configuration.limits.crash_size;
        if storage.host.max_bytes.0 < needed {
            let key = join(&join("storage", &storage.name), "max_bytes");
            self.wrong(
                &key,
                Class::TakesTooLittle,
                format!(
                    "{} is less than one crash may have, limits.crash_size = \"{}\"; raise the one or lower the other",
                    storage.host.max_bytes,
                    ByteSize(needed)
                ),
            );
        }
        for child in &storage.stores {
            self.exists("storage", child, &stores_key(&storage.name));
        }
        // A circle is told once, at the first of its storages.
        let told = self.circles.borrow().contains(&storage.name);
        if !told && let Some(circle) = self.circle(&storage.name) {
            let way = circle.iter().take(CIRCLE);
            let way: Vec<&str> = way.map(String::as_str).collect();
            let more = if circle.len() > CIRCLE { " -> …" } else { "" };
            self.wrong(
                &stores_key(&storage.name),
                Class::StorageCircle,
                format!("the storage is made of itself: {}{more}", way.join(" -> ")),
            );
            self.circles.borrow_mut().extend(circle);
        }
    }

    fn pipeline(&self, name: &str) {
        let Some(pipeline) = self.configuration.pipelines.get(name) else {
            return;
        };
        let key = join("pipeline", name);
        self.exists("source", &pipeline.source, &join(&key, "source"));
        self.exists("storage", &pipeline.from, &join(&key, "from"));
        let read = self.places(&pipeline.from);
        for to in &pipeline.to {
            self.exists("storage", to, &join(&key, "to"));
            let written = self.places(to);
            if let Some(both) = read.intersection(&written).next() {
                self.wrong(
                    &join(&key, "to"),
                    Class::WritesWhereItReads,
                    format!(
                        "the pipeline would write to {both:?}, where it reads (from = {:?})",
                        pipeline.from
                    ),
                );
            }
        }
    }

    fn exists(&self, section: &str, name: &str, key: &str) {
        let members = self.root.get(section).and_then(Node::as_table);
        if members.is_some_and(|members| members.contains_key(name)) {
            return;
        }
        let names = || members.into_iter().flat_map(|members| members.keys());
        let there = match listed(names(), "") {
            empty if empty.is_empty() => "there is none".to_owned(),
            listed => format!("there are: {listed}"),
        };
        let class = match section {
            "source" => Class::NoSuchSource,
            _ => Class::NoSuchStorage,
        };
        let why = format!("there is no {section} {name:?}; {there}");
        let mut wrong = Wrong::new(class, why);
        // Each compares the name with all others.
        if self.helped.get() < HELPED {
            self.helped.set(self.helped.get() + 1);
            wrong = wrong.meant(nearest(name, names()));
        }
        self.report(key, wrong);
    }

    /// `name` and every storage it is made of, at any depth.
    fn places(&self, name: &str) -> BTreeSet<String> {
        let mut places = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            if let Some(storage) = self.configuration.storages.get(&name) {
                open.extend(
                    storage
                        .stores
                        .iter()
                        .filter(|child| !places.contains(*child))
                        .cloned(),
                );
            }
            places.insert(name);
        }
        places
    }

    /// The shortest way from a storage to itself.
    fn circle(&self, start: &str) -> Option<Vec<String>> {
        let mut parents: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(name) = open.pop_front() {
            let storage = self.configuration.storages.get(name);
            for child in storage.into_iter().flat_map(|storage| &storage.stores) {
                if child == start {
                    let way = std::iter::successors(Some(name), |name| parents.get(name).copied());
                    let mut way: Vec<String> = way.map(str::to_owned).collect();
                    way.reverse();
                    way.push(start.to_owned());
                    return Some(way);
                }
                if !parents.contains_key(child.as_str()) {
                    parents.insert(child, name);
                    open.push_back(child);
                }
            }
        }
        None
    }

    fn wrong(&self, key: &str, class: Class, message: String) {
        self.report(key, Wrong::new(class, message));
    }

    /// About the value at `key`, or else the table it would be in.
    fn report(&self, key: &str, wrong: Wrong) {
        let mut node: Option<&Node> = None;
        let mut table = Some(self.root);
        let mut found = true;
        for part in key.split('.') {
            match table.and_then(|table| table.get(part)) {
                Some(inner) => {
                    node = Some(inner);
                    table = inner.as_table();
                }
                None => {
                    found = false;
                    break;
                }
            }
        }
        match node {
            Some(node) if found => self.errors.about(node, key, wrong),
            Some(node) => self.errors.push(&node.origin, key, wrong),
            None => self.errors.push(&Origin::Default, key, wrong),
        }
    }
}
