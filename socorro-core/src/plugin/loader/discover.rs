//! Finds the library of a plugin by its name.

use std::collections::BTreeMap;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

use super::name::{is_plugin_name, nearest};
use crate::error::{Error, ErrorKind, Result};

/// The directories that are searched, in order.
#[derive(Clone, Debug)]
pub(super) struct Search {
    directories: Vec<PathBuf>,
}

impl Search {
    /// In these directories, or in `../plugins` beside the running program when there are none.
    pub(super) fn new(path: &[PathBuf]) -> Self {
        let directories = if path.is_empty() {
            beside_the_program().into_iter().collect()
        } else {
            path.to_vec()
        };
        Self { directories }
    }

    /// The library of the plugin `name`. `InvalidConfig` says where it was looked for and what is there.
    pub(super) fn find(&self, name: &str) -> Result<PathBuf> {
        if !is_plugin_name(name) {
            return Err(wrong(format!(
                "{name:?} cannot be the name of a plugin: a name is lower-case letters and digits in parts \
                 joined by single underscores, at most 64 characters, such as \"filesystem\""
            )));
        }
        let file = file_name(name);
        self.directories
            .iter()
            .map(|directory| directory.join(&file))
            // A dangling link or a file without permission is found too, so that reading it says what is wrong.
            .find(|path| path.symlink_metadata().is_ok())
            .ok_or_else(|| wrong(self.not_found(name, &file)))
    }

    /// Every library there is, by the name that its file gives it; of two with one name the first.
    pub(super) fn list(&self) -> BTreeMap<String, PathBuf> {
        let mut found = BTreeMap::new();
        let files = self
            .directories
            .iter()
            .filter_map(|directory| directory.read_dir().ok())
            .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())));
        for path in files {
            if let Some(name) = name_of(&path) {
                found.entry(name).or_insert(path);
            }
        }
        found
    }

    fn not_found(&self, name: &str, file: &str) -> String {
        let directories: Vec<String> = self
            .directories
            .iter()
            .map(|directory| match directory.read_dir() {
                Ok(_) => directory.display().to_string(),
                Err(error) => format!("{} ({error})", directory.display()),
            })
            .collect();
        let there = self.list();
        let names: Vec<&str> = there.keys().map(String::as_str).collect();
        let mut message = format!(
            "there is no plugin {name:?}: no {file} in {}",
            list_or(
                &directories.iter().map(String::as_str).collect::<Vec<_>>(),
                "any directory"
            )
        );
        message += &format!("; plugins that are there: {}", list_or(&names, "none"));
        if let Some(near) = nearest(name, names.iter().copied()) {
            message += &format!("; did you mean {near:?}");
        }
        message
            + ". The directories are the option plugins.path; a library elsewhere is given with library = \"...\""
    }
}

fn list_or(items: &[&str], nothing: &str) -> String {
    if items.is_empty() {
        nothing.to_owned()
    } else {
        items.join(", ")
    }
}

fn file_name(name: &str) -> String {
    format!("{DLL_PREFIX}socorro_plugin_{name}{DLL_SUFFIX}")
}

fn name_of(path: &Path) -> Option<String> {
    let name = path
        .file_name()?
        .to_str()?
        .strip_prefix(DLL_PREFIX)?
        .strip_prefix("socorro_plugin_")?
        .strip_suffix(DLL_SUFFIX)?;
    is_plugin_name(name).then(|| name.to_owned())
}

fn beside_the_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.parent()?.join("plugins"))
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

#[cfg(test)]
mod tests;
