//! Storages that are made of other storages.

use std::collections::BTreeSet;

use super::class::Class;
use super::error::Wrong;
use super::read::{Section, list, string};
use super::tree::join;

/// Types of storages that are part of core and made of other storages.
pub(crate) const COMPOSITES: [&str; 1] = ["fanout"];

/// Is this type of storage made of other storages, named by `stores`?
pub fn is_composite(type_name: &str) -> bool {
    COMPOSITES.contains(&type_name)
}

/// The names of the storages that this composite is made of.
pub(crate) fn stores(section: &mut Section<'_>) -> Vec<String> {
    section
        .require(
            "stores",
            "a list of storages, such as [\"a\", \"b\"]",
            |node| distinct(&list("[\"a\", \"b\"]", string)(node)?),
        )
        .unwrap_or_default()
}

/// A list of names that is neither empty nor names one twice.
pub(crate) fn distinct(names: &[String]) -> Result<Vec<String>, Wrong> {
    if names.is_empty() {
        let why = "expected at least one storage";
        return Err(Wrong::new(Class::EmptyList, why));
    }
    let mut seen = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
        let why = format!("names {name:?} twice");
        return Err(Wrong::new(Class::NamedTwice, why));
    }
    Ok(names.to_vec())
}

/// The key under which a storage's children are.
pub(crate) fn stores_key(storage: &str) -> String {
    join(&join("storage", storage), "stores")
}
