//! Private copies that libraries are loaded from.
//!
//! The linker maps the file it is given: overwriting that file kills the process, and a file of the same
//! name is taken for the library that is already there. So it gets a copy that nobody touches, under a name
//! that is the hash of its bytes, in a directory of this process alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

use super::ImageHash;
use super::sweep::{PREFIX, is_still, sweep};
use super::trust;
use crate::error::{Error, ErrorKind, Result};

/// A directory of this process, made under one of several places. Removed by the next process that stages
/// there after this one is gone.
pub(super) struct Stage {
    directory: PathBuf,
    /// Held for life: by this lock others see that the directory is in use.
    _lock: File,
}

impl Stage {
    /// Makes the directory under `option`, or under the first default place that will do.
    pub(super) fn new(option: Option<&Path>) -> Result<Self> {
        let places = match option {
            Some(place) => vec![place.to_owned()],
            None => default_places(),
        };
        let mut whys = Vec::new();
        for place in &places {
            match Self::under(place) {
                Ok(stage) => return Ok(stage),
                Err(why) => whys.push(format!("{}: {why}", place.display())),
            }
        }
        Err(no_place(&whys.join("; ")))
    }

    fn under(place: &Path) -> std::result::Result<Self, String> {
        make_private(place)?;
        let mounted = rustix::fs::statvfs(place).map_err(|error| error.to_string())?;
        check_mount(mounted.f_flag)?;
        let stage = Self::of_this_process(place)?;
        trust::check_directories(&stage.directory).map_err(|error| error.to_string())?;
        sweep(place);
        Ok(stage)
    }

    fn of_this_process(place: &Path) -> std::result::Result<Self, String> {
        let cannot = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        loop {
            let random = getrandom::u64().map_err(|error| cannot("no random number", &error))?;
            let name = format!("{PREFIX}{}-{random:016x}", std::process::id());
            let directory = place.join(name);
            DirBuilder::new()
                .mode(0o700)
                .create(&directory)
                .map_err(|error| cannot("a directory cannot be made in it", &error))?;
            // Another process that sweeps may have come between; then the directory is gone.
            let Ok(lock) = File::open(&directory) else {
                continue;
            };
            match lock.try_lock() {
                Ok(()) if is_still(&lock, &directory) => {
                    return Ok(Self {
                        directory,
                        _lock: lock,
                    });
                }
                Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(error)) => {
                    return Err(cannot("a directory in it cannot be locked", &error));
                }
            }
        }
    }

    /// Writes the copy; its name is its hash. A copy that is there already is replaced.
    ///
    /// It is removed again unless it is kept. What stays behind all the same goes with the directory.
    pub(super) fn put(&self, hash: ImageHash, bytes: &[u8]) -> Result<StagedCopy> {
        let path = self.directory.join(format!("{hash}.so"));
        let partial = self.directory.join(format!("{hash}.partial"));
        let written = fs::remove_file(&partial)
            .or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
            .and_then(|()| {
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o400)
                    .open(&partial)
            })
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&partial, &path));
        match written {
            Ok(()) => Ok(StagedCopy(Some(path))),
            Err(error) => {
                // The part that was written takes up room that may be what is missing.
                let _ = fs::remove_file(&partial);
                Err(no_place(&format!(
                    "{}: a copy of {} bytes cannot be written: {error}",
                    self.directory.display(),
                    bytes.len()
                )))
            }
        }
    }
}

/// A copy that is removed when it is not loaded after all.
#[derive(Debug)]
pub(super) struct StagedCopy(Option<PathBuf>);

impl StagedCopy {
    pub(super) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// It was loaded, and stays as long as the process.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for StagedCopy {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What stays behind goes with the directory.
            let _ = fs::remove_file(path);
        }
    }
}

fn no_place(why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "there is no place for the private copy that a plugin library is loaded from: {why}; set the \
             option plugins.stage to a directory that this program can write and that is not mounted noexec"
        ),
    )
}

fn default_places() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join("socorro"));
    let user = rustix::process::geteuid().as_raw();
    let temporary = std::env::temp_dir().join(format!("socorro-plugins-{user}"));
    runtime.into_iter().chain([temporary]).collect()
}

fn check_mount(flags: StatVfsMountFlags) -> std::result::Result<(), String> {
    if flags.contains(StatVfsMountFlags::NOEXEC) {
        return Err("it is mounted noexec, so that no code can be loaded from it".to_owned());
    }
    Ok(())
}

/// Makes the directory if it is not there; refuses it when it is not this user's own.
fn make_private(place: &Path) -> std::result::Result<(), String> {
    match DirBuilder::new().mode(0o700).create(place) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(format!("it cannot be made: {error}")),
    }
    // In a directory for all, such as /tmp, somebody else may have been there first.
    let metadata = fs::symlink_metadata(place).map_err(|error| error.to_string())?;
    if metadata.is_symlink() {
        return Err("it is a symbolic link; name the directory itself".to_owned());
    }
    if !metadata.is_dir() {
        return Err("it is not a directory".to_owned());
    }
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(format!(
            "it belongs to user {}, not to this program's user {user}",
            metadata.uid()
        ));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!(
            "others can write it (mode {:04o}); take that away: chmod go-w {}",
            metadata.mode() & 0o7777,
            place.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
