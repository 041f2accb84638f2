//! An open directory: the only thing that paths are resolved from.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};

use super::{Disk, GroupSync, beneath};

/// A directory below the root, held open. What is done through it cannot leave it, and it stays this very
/// directory: once it is removed, nothing can be put into it any more, whatever is made at its path later.
pub(crate) struct Dir {
    fd: OwnedFd,
    path: String,
    syncs: GroupSync,
}

/// What a name in a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Dir,
    Link,
    Other,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    /// Seconds and nanoseconds since 1970 of the last change of its content.
    pub(crate) modified: (i64, u32),
    /// Device and inode: one file as long as it exists or somebody holds it open.
    pub(crate) identity: (u64, u64),
}

/// One name in a directory.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

impl Dir {
    /// The root itself, links in its own path followed.
    pub(crate) fn root(path: &Path) -> io::Result<Self> {
        let fd = rustix::fs::open(path, DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self::new(fd, String::new()))
    }

    fn new(fd: OwnedFd, path: String) -> Self {
        Self {
            fd,
            path,
            syncs: GroupSync::default(),
        }
    }

    /// Its path below the root; empty for the root.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The path below the root of `name` in it.
    pub(crate) fn join(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The directory at `path` below this one.
    pub(crate) fn open_dir(&self, path: &str) -> io::Result<Self> {
        let fd = beneath::open(self.fd(), path, DIRECTORY)?;
        Ok(Self::new(fd, self.join(path)))
    }

    /// Like [`open_dir`](Self::open_dir); `None` when there is no directory.
    pub(crate) fn find_dir(&self, path: &str) -> io::Result<Option<Self>> {
        absent(self.open_dir(path))
    }

    /// The regular file at `path` below this one, for reading; `None` when there is none. Never blocks on a
    /// pipe and never follows a link.
    pub(crate) fn find_file(&self, path: &str) -> io::Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let Some(fd) = absent(beneath::open(self.fd(), path, flags))? else {
            return Ok(None);
        };
        let file = File::from(fd);
        Ok(file.metadata()?.is_file().then_some(file))
    }

    /// A file to lock, made if it is not there.
    pub(crate) fn lock_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        Ok(rustix::fs::openat(&self.fd, name, flags, mode)?.into())
    }

    /// What is known of `name` in it, links not followed; `None` when it is not there.
    pub(crate) fn meta(&self, name: &str) -> io::Result<Option<Meta>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Meta::of(&stat))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Where the symbolic link `name` points, as text; `None` when it is no link.
    pub(crate) fn read_link(&self, name: &str) -> io::Result<Option<String>> {
        match rustix::fs::readlinkat(&self.fd, name, Vec::new()) {
            Ok(target) => Ok(target.into_string().ok()),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The names in it, in no order; those that are no UTF-8 are nobody's crash and left out.
    pub(crate) fn entries(&self) -> io::Result<impl Iterator<Item = io::Result<Entry>> + '_> {
        let listing = rustix::fs::Dir::read_from(&self.fd)?;
        Ok(listing.filter_map(|entry| {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let name = entry.file_name().to_str().ok()?.to_owned();
            if name == "." || name == ".." {
                return None;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => match self.meta(&name) {
                    Ok(meta) => meta?.kind,
                    Err(error) => return Some(Err(error)),
                },
                known => Kind::of(known),
            };
            Some(Ok(Entry { name, kind }))
        }))
    }

    /// Has it been removed? Then nothing is in it and nothing can be put into it.
    pub(crate) fn removed(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.fd)?.st_nlink == 0)
    }

    /// Device and inode: which directory it is, whatever its path.
    pub(crate) fn identity(&self) -> io::Result<(u64, u64)> {
        Ok(Meta::of(&rustix::fs::fstat(&self.fd)?).identity)
    }

    /// When something was last put into it or taken out.
    pub(crate) fn modified(&self) -> io::Result<SystemTime> {
        Ok(Meta::of(&rustix::fs::fstat(&self.fd)?).modified_at())
    }

    /// Makes its names durable, together with whoever asks for the same at this moment.
    pub(crate) fn sync(&self, disk: &dyn Disk) -> io::Result<()> {
        self.syncs.run(|| disk.sync_dir(self))
    }
}

impl Meta {
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    fn of(stat: &Stat) -> Self {
        Self {
            kind: Kind::of(FileType::from_raw_mode(stat.st_mode)),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            identity: (stat.st_dev as u64, stat.st_ino as u64),
        }
    }

    /// What is known of an open file.
    pub(crate) fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&rustix::fs::fstat(file)?))
    }

    /// The last change as a moment.
    pub(crate) fn modified_at(&self) -> SystemTime {
        let (seconds, nanos) = self.modified;
        let since = Duration::new(seconds.unsigned_abs(), nanos);
        SystemTime::UNIX_EPOCH
            .checked_add(since)
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Dir,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

/// Nothing there, or something that is not what was asked for, is no failure when looking.
pub(crate) fn absent<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    use rustix::io::Errno;
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => Ok(None),
            _ => Err(error),
        },
    }
}
