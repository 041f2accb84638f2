//! One text out of layers that are broken: where the way out of the trouble is said.

use std::path::Path;

use ::toml::de::{DeTable, DeValue};

use super::error::ConfigErrors;
use super::file;
use super::include::Reader;
use super::layers::{Layers, Source};
use super::merge::{Layer, Part};
use super::tree::{Kind, Node};
use super::{environment, set};

impl Layers {
    /// The text that the layers say at a dotted key such as `reload.keep`, as far as they can be read: of a file
    /// with syntax errors what is around them. Nothing is checked. Blocks on files.
    pub fn glimpse(&self, key: &str) -> Option<String> {
        let path: Vec<&str> = key.split('.').collect();
        // What is wrong is told when the layers are loaded.
        let mut ignored = ConfigErrors::default();
        self.sources().iter().rev().find_map(|source| {
            let layers = match source {
                Source::Defaults(Ok(table)) => {
                    let table = table.clone();
                    vec![vec![Part { table }]]
                }
                Source::Defaults(Err(_)) => Vec::new(),
                Source::File(file) => {
                    let mut layers = Vec::new();
                    Reader::new(self.size_limit(), &mut layers, &mut ignored).read(file);
                    let found = find(&layers, &path);
                    return found.or_else(|| around_errors(file, self.size_limit(), &path));
                }
                Source::Environment(prefix, variables) => {
                    vec![environment::layer(prefix, variables, &mut ignored)]
                }
                Source::Set(flags) => vec![set::layer(flags, &mut ignored)],
            };
            find(&layers, &path)
        })
    }
}

fn find(layers: &[Layer], path: &[&str]) -> Option<String> {
    let (last, above) = path.split_last()?;
    layers.iter().flatten().rev().find_map(|part| {
        let mut table = &part.table;
        for key in above {
            table = table.get(*key).and_then(Node::as_table)?;
        }
        match &table.get(*last)?.kind {
            Kind::Text(text) | Kind::String(text) => Some(text.clone()),
            _ => None,
        }
    })
}

/// What a TOML file, or the last of a directory that says it, has at `path` beside its syntax errors.
fn around_errors(file: &Path, size_limit: u64, path: &[&str]) -> Option<String> {
    if file.is_dir() {
        let files = file::list_toml(file).ok()?;
        return files
            .iter()
            .rev()
            .find_map(|file| around_errors(file, size_limit, path));
    }
    let (bytes, _) = file::read(file, size_limit).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    if !super::depth::is_within(text, DEPTH) {
        return None;
    }
    let (last, above) = path.split_last()?;
    let (table, _) = DeTable::parse_recoverable(text);
    let mut table = table.into_inner();
    for key in above {
        let (_, value) = table.into_iter().find(|(name, _)| name.get_ref() == key)?;
        let DeValue::Table(below) = value.into_inner() else {
            return None;
        };
        table = below;
    }
    let (_, value) = table.into_iter().find(|(name, _)| name.get_ref() == last)?;
    match value.into_inner() {
        DeValue::String(text) => Some(text.into_owned()),
        _ => None,
    }
}

/// As for a file that is loaded: a deeper one could take the parser's stack.
const DEPTH: usize = 64;

#[cfg(test)]
mod tests;
