//! Checks of the configuration as a whole: what refers to what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::composite::stores_key;
use super::read::Errors;
use super::tree::{Kind, Table, join};
use super::{Configuration, InstanceConfig};
use crate::options::ByteSize;

/// Pushes what is wrong. `root` tells who wrote a key, and which members exist although they are wrong.
pub(crate) fn check(configuration: &Configuration, root: &Table, errors: &Errors) {
    let checker = Checker {
        configuration,
        root,
        errors,
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
}

impl Checker<'_> {
    fn storage(&self, storage: &InstanceConfig) {
        let needed = self.configuration.limits.crash_size;
        if storage.host.max_bytes.0 < needed {
            let key = join(&join("storage", &storage.name), "max_bytes");
            self.wrong(
                &key,
                format!(
                    "{} is less than one crash may have, limits.crash_size = \"{}\"",
                    storage.host.max_bytes,
                    ByteSize(needed)
                ),
            );
        }
        for child in &storage.stores {
            self.exists("storage", child, &stores_key(&storage.name));
        }
        if let Some(circle) = self.circle(&storage.name) {
            self.wrong(
                &stores_key(&storage.name),
                format!("the storage is made of itself: {}", circle.join(" -> ")),
            );
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
                    format!(
                        "the pipeline would write to {both:?}, where it reads (from = {:?})",
                        pipeline.from
                    ),
                );
            }
        }
    }

    fn exists(&self, section: &str, name: &str, key: &str) {
        let members = match self.root.get(section).map(|node| &node.kind) {
            Some(Kind::Table(members)) => Some(members),
            _ => None,
        };
        if members.is_some_and(|members| members.contains_key(name)) {
            return;
        }
        let names: Vec<&str> = members
            .into_iter()
            .flat_map(|members| members.keys().map(String::as_str))
            .collect();
        let there = if names.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        self.wrong(key, format!("there is no {section} {name:?}; {there}"));
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

    fn wrong(&self, key: &str, message: String) {
        self.errors.push(&self.origin(key), key, message);
    }

    /// Who wrote `key`, or else the table it is in.
    fn origin(&self, key: &str) -> String {
        let mut origin = "default";
        let mut table = Some(self.root);
        for part in key.split('.') {
            let Some(node) = table.and_then(|table| table.get(part)) else {
                break;
            };
            origin = &node.origin;
            table = match &node.kind {
                Kind::Table(table) => Some(table),
                _ => None,
            };
        }
        origin.to_owned()
    }
}
