//! Removes what dead processes left behind.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What the name of a process's directory starts with.
pub(super) const PREFIX: &str = "process-";

/// Removes every directory in `place` whose process is gone. The living hold a lock on theirs, and the
/// kernel lets go of it however a process ends.
pub(super) fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX));
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !ours || !is_directory {
            continue;
        }
        let path = entry.path();
        if let Ok(directory) = File::open(&path)
            && directory.try_lock().is_ok()
            && is_still(&directory, &path)
        {
            // Another process may be removing it too; whoever comes last finds nothing left to do.
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Whether what was opened is still what is at `path`.
pub(super) fn is_still(opened: &File, path: &Path) -> bool {
    match (opened.metadata(), fs::symlink_metadata(path)) {
        (Ok(opened), Ok(there)) => opened.dev() == there.dev() && opened.ino() == there.ino(),
        _ => false,
    }
}
