//! Whoever can change a library, or the directory it lies in, runs code in this process. So nobody but root
//! and the user of this process may.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// As many symbolic links as the kernel follows in one path.
const MAX_LINKS: usize = 40;
const STICKY: u32 = 0o1000;

/// Refuses `path`, of which this is the metadata, when others own it or can write it.
pub(super) fn check_file(path: &Path, metadata: &Metadata) -> Result<()> {
    let what = format!("plugin library {}", path.display());
    check_owner(&what, path, metadata.uid(), effective_user())?;
    check_mode(
        &what,
        path,
        metadata.mode(),
        metadata.gid(),
        effective_group(),
    )
}

/// Refuses `file` when others can put another file in its place: by writing the directory it lies in or any
/// above, on the way through every symbolic link.
///
/// Of the directories above the one that holds the file, any user may be the owner, and sticky ones may be
/// written by all, as `/tmp` is: there nobody renames or removes what is not his.
pub(super) fn check_directories(file: &Path) -> Result<()> {
    for directory in directories_on_the_way(file)? {
        let metadata = fs::metadata(&directory.path).map_err(|error| {
            refused(format!(
                "the directory {} of a plugin library cannot be looked at",
                directory.path.display()
            ))
            .caused_by(&error)
        })?;
        let path = &directory.path;
        let what = format!("the directory {} of a plugin library", path.display());
        if directory.holds_the_file {
            check_owner(&what, path, metadata.uid(), effective_user())?;
        } else if metadata.mode() & STICKY != 0 {
            continue;
        }
        check_mode(
            &what,
            path,
            metadata.mode(),
            metadata.gid(),
            effective_group(),
        )?;
    }
    Ok(())
}

/// A directory on the way to a file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    /// Whether the file, or a symbolic link to it, is in here.
    pub(crate) holds_the_file: bool,
}

/// Every directory that is looked into to reach `file`, those behind symbolic links included.
pub(crate) fn directories_on_the_way(file: &Path) -> Result<BTreeSet<Directory>> {
    let cannot = |error: std::io::Error| {
        refused(format!("{} cannot be found", file.display())).caused_by(&error)
    };
    let mut directories = BTreeSet::new();
    let mut file = std::path::absolute(file).map_err(cannot)?;
    for _ in 0..MAX_LINKS {
        let mut reached = PathBuf::new();
        let mut link = None;
        let mut components = file.components();
        while let Some(component) = components.next() {
            if component == Component::ParentDir {
                reached.pop();
                continue;
            }
            if matches!(component, Component::Normal(_)) {
                directories.insert(Directory {
                    path: reached.clone(),
                    holds_the_file: components.as_path().as_os_str().is_empty(),
                });
            }
            let parent = reached.clone();
            reached.push(component);
            if fs::symlink_metadata(&reached).map_err(cannot)?.is_symlink() {
                let target = fs::read_link(&reached).map_err(cannot)?;
                link = Some(parent.join(target).join(components.as_path()));
                break;
            }
        }
        match link {
            // Joining with an empty rest leaves a trailing slash, which components() does not see.
            Some(next) => file = next,
            None => return Ok(directories),
        }
    }
    Err(refused(format!(
        "{} leads through more than {MAX_LINKS} symbolic links",
        file.display()
    )))
}

fn check_owner(what: &str, path: &Path, owner: u32, user: u32) -> Result<()> {
    if owner == 0 || owner == user {
        return Ok(());
    }
    Err(refused(format!(
        "{what} belongs to user {owner}, who could change what this program runs; make it root's or this \
         user's own: chown {user} {}",
        path.display()
    )))
}

fn check_mode(what: &str, path: &Path, mode: u32, group: u32, own_group: u32) -> Result<()> {
    let others = mode & 0o002 != 0;
    let foreign_group = mode & 0o020 != 0 && group != 0 && group != own_group;
    let (who, letters) = match (foreign_group, others) {
        (false, false) => return Ok(()),
        (true, false) => (format!("group {group}"), "g-w"),
        (false, true) => ("everybody".to_owned(), "o-w"),
        (true, true) => ("everybody".to_owned(), "go-w"),
    };
    Err(refused(format!(
        "{what} can be written by {who} (mode {:04o}), who could change what this program runs; take that \
         away: chmod {letters} {}",
        mode & 0o7777,
        path.display()
    )))
}

fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn effective_group() -> u32 {
    rustix::process::getegid().as_raw()
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}

#[cfg(test)]
mod tests;
