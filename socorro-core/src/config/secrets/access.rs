//! Who else can change what is read at the path of a secret: write the file, or put another in its place.
//!
//! Nobody but root and the user of this process may. Symbolic links are followed, as Kubernetes mounts secrets,
//! and the directories on both sides of each are looked at. A sticky directory may be written by all, as `/tmp`
//! is: there nobody renames or removes what is not his. Whoever owns a directory further up could put another
//! directory there, yet no file of root or of this user into it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::plugin::loader::trust::directories_on_the_way;

const STICKY: u32 = 0o1000;

/// Why the file, of which this is the metadata, may be somebody else's, if it may.
pub(super) fn of_file(metadata: &Metadata) -> Result<(), String> {
    file(metadata.mode(), metadata.uid(), user())
}

fn file(mode: u32, owner: u32, user: u32) -> Result<(), String> {
    if owner != 0 && owner != user {
        return Err(format!(
            "belongs to user {owner}, who can change it; chown {user} it"
        ));
    }
    if is_open(mode) {
        return Err(format!(
            "can be written by others (mode {:04o}); chmod go-w it",
            mode & 0o7777
        ));
    }
    Ok(())
}

/// Directories that were looked at a moment ago, while secrets are read one after another.
#[derive(Default)]
pub(in crate::config) struct Directories(RefCell<HashSet<PathBuf>>);

impl Directories {
    /// Why others may put another file at `path`, if they may. Is what is there a link?
    pub(super) fn look_at_those_of(&self, path: &Path, is_link: bool) -> Result<(), String> {
        // Where a link leads, no other file of its directory tells.
        let Some(directory) = path.parent().filter(|_| !is_link) else {
            return of_directories(path);
        };
        if !self.0.borrow().contains(directory) {
            of_directories(path)?;
            self.0.borrow_mut().insert(directory.to_owned());
        }
        Ok(())
    }
}

fn of_directories(path: &Path) -> Result<(), String> {
    let directories = directories_on_the_way(path).map_err(|error| error.to_string())?;
    for directory in directories {
        let path = &directory.path;
        let metadata = fs::metadata(path).map_err(|error| {
            format!("lies in {}, which cannot be read: {error}", path.display())
        })?;
        let owner = directory.holds_the_file.then_some(metadata.uid());
        self::directory(metadata.mode(), owner, user())
            .map_err(|why| format!("can be replaced: the directory {} {why}", path.display()))?;
    }
    Ok(())
}

/// Of the directory that holds the file the owner counts.
fn directory(mode: u32, owner: Option<u32>, user: u32) -> Result<(), String> {
    if let Some(owner) = owner.filter(|owner| *owner != 0 && *owner != user) {
        return Err(format!("belongs to user {owner}; chown {user} it"));
    }
    if is_open(mode) && mode & STICKY == 0 {
        return Err(format!(
            "can be written by others (mode {:04o}); chmod go-w it",
            mode & 0o7777
        ));
    }
    Ok(())
}

/// May the group or everybody write it?
fn is_open(mode: u32) -> bool {
    mode & 0o022 != 0
}

/// May everybody read it? So containers mount secrets.
pub(super) fn is_public(metadata: &Metadata) -> bool {
    metadata.mode() & 0o004 != 0
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests;
