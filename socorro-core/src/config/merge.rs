//! The rules of merging that figment does not have, as a preparation of what it merges.
//!
//! figment merges tables key by key and replaces everything else whole. Two things must replace whole
//! although they are tables: a secret reference, and a storage or source whose `type` changes. So before
//! figment merges, what a later layer replaces is cut out of all earlier ones.

use std::collections::BTreeMap;

use figment::error::Error;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};

use super::tree::TEXT;

/// What one origin says.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) origin: String,
    /// Whether its values are text until a schema says what they are.
    pub(crate) text: bool,
    pub(crate) dict: Dict,
}

/// Parts that count as one layer: all variables, or all flags; a file is one part.
pub(crate) type Layer = Vec<Part>;

impl Provider for Part {
    fn metadata(&self) -> Metadata {
        let metadata = Metadata::named(self.origin.clone());
        if self.text {
            metadata.source(Source::Custom(TEXT.to_owned()))
        } else {
            metadata
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// Everything merged, with the metadata that name the origins.
///
/// A message, should a layer be none that figment can merge.
pub(crate) fn merge(mut layers: Vec<Layer>) -> Result<(Figment, Dict), String> {
    prepare(&mut layers)?;
    together(layers.iter().flatten())
}

fn together<'a>(parts: impl Iterator<Item = &'a Part>) -> Result<(Figment, Dict), String> {
    let figment = parts.fold(Figment::new(), |figment, part| figment.merge(part.clone()));
    let dict = figment
        .data()
        .map_err(|error| error.to_string())?
        .remove(&Profile::Default)
        .unwrap_or_default();
    Ok((figment, dict))
}

/// Tables whose members have a `type`.
const TYPED: [&str; 2] = ["storage", "source"];

fn prepare(layers: &mut [Layer]) -> Result<(), String> {
    let mut types: BTreeMap<(&str, String), Value> = BTreeMap::new();
    for place in 0..layers.len() {
        let Some((earlier, [layer, ..])) = layers.split_at_mut_checked(place) else {
            continue;
        };
        let (_, dict) = together(layer.iter())?;
        for section in TYPED {
            let Some(members) = dict.get(section) else {
                continue;
            };
            let Some(members) = members.as_dict() else {
                types.retain(|(of, _), _| *of != section);
                continue;
            };
            for (name, member) in members {
                let key = (section, name.clone());
                let Some(table) = member.as_dict() else {
                    types.remove(&key);
                    continue;
                };
                if let Some(new) = table.get("type")
                    && types
                        .insert(key, new.clone())
                        .is_some_and(|old| old != *new)
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
fn replace_references<'a>(earlier: &mut [Layer], path: &mut Vec<&'a str>, table: &'a Dict) {
    for (key, value) in table {
        let Some(inner) = value.as_dict() else {
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

/// Is this `{ env = … }`, `{ file = … }` or `{ credential = … }`?
fn is_reference(value: &Value) -> bool {
    let Some(dict) = value.as_dict() else {
        return false;
    };
    dict.len() == 1
        && dict.iter().all(|(key, value)| {
            super::secrets::SCHEMES.contains(&key.as_str()) && value.as_str().is_some()
        })
}

/// Cuts out what is at `path` in each of `layers` where `which` says so. A scalar stands in for it until the
/// later layer's table replaces it; with the key gone, what is left of a table could look like a reference.
fn cut(layers: &mut [Layer], path: &[&str], which: impl Fn(&Value) -> bool) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    for part in layers.iter_mut().flatten() {
        let mut dict = Some(&mut part.dict);
        for key in above {
            dict = dict
                .and_then(|dict| dict.get_mut(*key))
                .and_then(|value| match value {
                    Value::Dict(_, dict) => Some(dict),
                    _ => None,
                });
        }
        if let Some(value) = dict
            .and_then(|dict| dict.get_mut(*last))
            .filter(|value| which(value))
        {
            *value = Value::from(false);
        }
    }
}
