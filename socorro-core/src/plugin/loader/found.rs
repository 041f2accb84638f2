use std::path::{Path, PathBuf};

use super::{ImageHash, Inner, defective, inspect, read};
use crate::error::Result;
use crate::plugin::abi::Note;

/// A plugin that can be found by name, for a listing. Nothing of it was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The name to load it by. A library of several plugins is found by the one in its file's name; the
    /// others need `library = "..."`.
    pub name: String,
    /// `None` for a plugin that is linked into the program.
    pub library: Option<Library>,
}

/// The file of a [`Found`] plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Library {
    /// Where it is.
    pub path: PathBuf,
    /// What was read; an error when it could not be, or is not to be trusted.
    pub contents: Result<Contents>,
}

/// What was read from a [`Library`].
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// In bytes.
    pub size: u64,
    /// The hash of its bytes, as `plugins.sha256` wants it.
    pub sha256: ImageHash,
    /// The plugin's note; an error when it is no plugin for this program.
    pub note: Result<Note>,
}

pub(super) fn all(loader: &Inner) -> Vec<Found> {
    let linked = loader.linked.keys().map(|name| Found {
        name: name.clone(),
        library: None,
    });
    let files = loader
        .search
        .list()
        .into_iter()
        .filter(|(name, _)| !loader.linked.contains_key(name))
        .map(|(name, path)| Found {
            library: Some(Library {
                contents: contents(loader, &name, &path),
                path,
            }),
            name,
        });
    linked.chain(files).collect()
}

fn contents(loader: &Inner, name: &str, path: &Path) -> Result<Contents> {
    let (file, metadata) = read::open(path)?;
    let bytes = read::bytes(path, &file, &metadata)?;
    let sha256 = ImageHash::of(&bytes);
    Ok(Contents {
        size: bytes.len() as u64,
        sha256,
        note: loader
            .check_pin(name, path, sha256)
            .and_then(|()| note(name, path, &bytes)),
    })
}

fn note(name: &str, path: &Path, bytes: &[u8]) -> Result<Note> {
    let inspection = inspect(bytes).map_err(|defect| defective(path, &defect))?;
    inspection
        .plugins
        .get(name)
        .copied()
        .ok_or_else(|| super::no_such_plugin(path, name, inspection.plugins.keys()))
}
