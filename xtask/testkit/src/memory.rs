//! A file system in memory, for what is not to wait for a disk.
//!
//! A killed process loses nothing of it, and the disks of shared machines stall, some for half a minute: a test that is not
//! about disks is not to fail of that. What is measured, and what is about power that goes away, stays on disk.

use std::io;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};
use tempfile::TempDir;

/// Where files are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// As in production: what is measured.
    OnDisk,
    /// In memory, if there is a file system with room, else on disk.
    InMemory,
}

impl Files {
    /// In memory if that is wanted.
    pub fn in_memory(wanted: bool) -> Self {
        if wanted { Self::InMemory } else { Self::OnDisk }
    }

    /// A new directory there whose name begins with this, removed when dropped.
    pub fn temporary(self, prefix: &str) -> io::Result<TempDir> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix);
        match directory().filter(|_| self == Self::InMemory) {
            Some(memory) => builder.tempdir_in(memory),
            None => builder.tempdir(),
        }
    }
}

/// The one that Linux has.
const DIRECTORY: &str = "/dev/shm";

/// All servers together stay well below this.
const ENOUGH: u64 = 4 * 1024 * 1024 * 1024;

/// Its directory, if there is one with 4 GiB of room, from which libraries can be loaded.
pub fn directory() -> Option<&'static Path> {
    let found = statvfs(DIRECTORY).ok()?;
    let room = found.f_bavail.saturating_mul(found.f_frsize);
    let runs = !found.f_flag.contains(StatVfsMountFlags::NOEXEC);
    (room >= ENOUGH && runs).then_some(Path::new(DIRECTORY))
}
