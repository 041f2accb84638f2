//! The disk: what is read goes through [`Dir`], what is changed through [`Disk`].

mod beneath;
mod dir;
mod dirs;
mod group_sync;
mod real;
#[cfg(test)]
mod tests;

pub(crate) use dir::{Dir, Kind, Meta};
pub(crate) use dirs::Dirs;
use group_sync::GroupSync;
pub(crate) use real::{RealDisk, note};

use std::fs::File;
use std::io;

/// A file that was made or opened to be synced.
pub(crate) struct OpenFile {
    pub(crate) file: File,
    /// Below the root.
    pub(crate) path: String,
}

/// Every effect this plugin has on the disk. Tests record and fail them one by one.
///
/// Names are single components. None of these follows a link.
pub(crate) trait Disk: Send + Sync + 'static {
    /// Makes an empty directory; an error when the name is taken.
    fn mkdir(&self, dir: &Dir, name: &str) -> io::Result<()>;
    /// Makes an empty file; an error when the name is taken.
    fn create(&self, dir: &Dir, name: &str) -> io::Result<OpenFile>;
    /// Appends.
    fn write(&self, to: &OpenFile, bytes: &[u8]) -> io::Result<()>;
    /// Appends all of `from`, without bringing it into memory; returns how many bytes there were.
    fn copy(&self, from: &File, to: &OpenFile) -> io::Result<u64>;
    /// Keeps a line of text beside the content of the file.
    fn annotate(&self, file: &OpenFile, note: &str) -> io::Result<()>;
    /// Makes content and note durable.
    fn sync_file(&self, file: &OpenFile) -> io::Result<()>;
    /// Moves a name, in place of what bears the new one.
    fn rename(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()>;
    /// Gives a file a second name.
    fn link(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()>;
    /// Makes a symbolic link.
    fn symlink(&self, target: &str, dir: &Dir, name: &str) -> io::Result<()>;
    /// Removes a name that is no directory.
    fn unlink(&self, dir: &Dir, name: &str) -> io::Result<()>;
    /// Removes an empty directory.
    fn rmdir(&self, dir: &Dir, name: &str) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Dir) -> io::Result<()>;
}

/// An error that says that the name is not there counts as success.
pub(crate) fn ignore_missing(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
