//! Layers to one tree, in which every value knows what it overrode.
//!
//! figment merges tables key by key and replaces everything else whole. Two things must replace whole
//! although they are tables: a secret reference, and a storage or source whose `type` changes. So before
//! figment merges, what a later layer replaces is cut out of all earlier ones. figment then says of each value
//! which layer it is of; what that layer and the ones before it say there is looked up in the layers as they
//! were.

use std::collections::BTreeMap;
use std::sync::Arc;

use figment::error::Error;
use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::secrets::is_reference;
use super::tree::{Kind, Node, Table};

/// What one file, variable or flag says.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) table: Table,
}

/// Parts that count as one layer: all variables, or all flags; a file is one part.
pub(crate) type Layer = Vec<Part>;

/// Everything merged.
///
/// A message, should a layer be none that figment can merge.
pub(crate) fn merge(layers: &[Layer]) -> Result<Table, String> {
    let mut prepared = layers.to_vec();
    prepare(&mut prepared)?;
    together(prepared.iter().flatten(), layers.iter().flatten())
}

/// `parts` merged; what was overridden is looked up in `said`, which has the same places.
fn together<'a>(
    parts: impl Iterator<Item = &'a Part>,
    said: impl Iterator<Item = &'a Part>,
) -> Result<Table, String> {
    let figment = parts
        .enumerate()
        .fold(Figment::new(), |figment, (place, part)| {
            figment.merge(Placed { place, part })
        });
    let dict = figment
        .data()
        .map_err(|error| error.to_string())?
        .remove(&Profile::Default)
        .unwrap_or_default();
    let place_of = |tag: Tag| {
        figment
            .get_metadata(tag)
            .and_then(|metadata| metadata.name.parse().ok())
            .unwrap_or(0)
    };
    let tables = said.map(|part| &part.table).enumerate().collect();
    Ok(Merged {
        place_of: &place_of,
    }
    .table(dict, &tables))
}

/// What figment merges: a part, and how many come before it.
struct Placed<'a> {
    place: usize,
    part: &'a Part,
}

impl Provider for Placed<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(
            Profile::Default,
            to_figment(&self.part.table),
        )]))
    }
}

/// Only what merging depends on: which values are tables.
fn to_figment(table: &Table) -> Dict {
    table
        .iter()
        .map(|(key, node)| {
            let value = match &node.kind {
                Kind::Table(table) => Value::Dict(Tag::Default, to_figment(table)),
                _ => Value::from(true),
            };
            (key.clone(), value)
        })
        .collect()
}

/// What is said at one key, each with the place of its part.
type At<'a, T> = Vec<(usize, &'a T)>;

struct Merged<'a> {
    place_of: &'a dyn Fn(Tag) -> usize,
}

impl Merged<'_> {
    fn table(&self, dict: Dict, said: &At<'_, Table>) -> Table {
        dict.into_iter()
            .filter_map(|(key, value)| {
                let here = said
                    .iter()
                    .filter_map(|(place, table)| Some((*place, table.get(&key)?)))
                    .collect();
                let node = self.node(value, &here)?;
                Some((key, node))
            })
            .collect()
    }

    fn node(&self, value: Value, said: &At<'_, Node>) -> Option<Node> {
        let place = match &value {
            // A table is nobody's alone; it is where it was said last.
            Value::Dict(..) => {
                said.iter()
                    .rev()
                    .find(|(_, node)| matches!(node.kind, Kind::Table(_)))?
                    .0
            }
            value => (self.place_of)(value.tag()),
        };
        let (_, winner) = said.iter().find(|(at, _)| *at == place)?;
        let kind = match value {
            Value::Dict(_, dict) => {
                let tables = said
                    .iter()
                    .filter_map(|(place, node)| match &node.kind {
                        Kind::Table(table) => Some((*place, table)),
                        _ => None,
                    })
                    .collect();
                Kind::Table(self.table(dict, &tables))
            }
            _ => winner.kind.clone(),
        };
        let merged = Node::new(&winner.origin, kind);
        let is_plain = |node: &Node| matches!(node.kind, Kind::Table(_)) && !is_reference(node);
        let is_table = is_plain(&merged);
        let earlier = said
            .iter()
            .take_while(|(at, _)| *at < place)
            // Tables add to each other; what is in them has its own story.
            .filter(|(_, node)| !(is_table && is_plain(node)))
            .fold(None, |earlier, (_, node)| {
                Some(Arc::new(Node {
                    earlier,
                    ..(*node).clone()
                }))
            });
        Some(Node { earlier, ..merged })
    }
}

/// Tables whose members have a `type`, or may have references to secrets.
const MEMBERS: [&str; 3] = ["storage", "source", "resource"];

fn prepare(layers: &mut [Layer]) -> Result<(), String> {
    let mut types: BTreeMap<(&str, String), Node> = BTreeMap::new();
    for place in 0..layers.len() {
        let Some((earlier, [layer, ..])) = layers.split_at_mut_checked(place) else {
            continue;
        };
        let whole = together(layer.iter(), layer.iter())?;
        for section in MEMBERS {
            let Some(members) = whole.get(section) else {
                continue;
            };
            let Some(members) = members.as_table() else {
                types.retain(|(of, _), _| *of != section);
                continue;
            };
            for (name, member) in members {
                let key = (section, name.clone());
                let Some(table) = member.as_table() else {
                    types.remove(&key);
                    continue;
                };
                if let Some(new) = table.get("type")
                    && types
                        .insert(key, new.clone())
                        .is_some_and(|old| old.to_json() != new.to_json())
                {
                    cut(earlier, &[section, name], |_| true);
                }
                replace_references(earlier, &mut vec![section, name], table);
            }
        }
    }
    Ok(())
}

/// Cuts out of `earlier` the references that `table` replaces, and what its references replace.
fn replace_references<'a>(earlier: &mut [Layer], path: &mut Vec<&'a str>, table: &'a Table) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else {
            continue;
        };
        path.push(key);
        if is_reference(value) {
            cut(earlier, path, |_| true);
        } else {
            cut(earlier, path, is_reference);
            replace_references(earlier, path, inner);
        }
        path.pop();
    }
}

/// Cuts out what is at `path` in each of `layers` where `which` says so. A scalar stands in for it until the
/// later layer's table replaces it; with the key gone, what is left of a table could look like a reference.
fn cut(layers: &mut [Layer], path: &[&str], which: impl Fn(&Node) -> bool) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    for part in layers.iter_mut().flatten() {
        let mut table = Some(&mut part.table);
        for key in above {
            table = table
                .and_then(|table| table.get_mut(*key))
                .and_then(Node::as_table_mut);
        }
        if let Some(node) = table
            .and_then(|table| table.get_mut(*last))
            .filter(|node| which(node))
        {
            node.kind = Kind::Boolean(false);
        }
    }
}
