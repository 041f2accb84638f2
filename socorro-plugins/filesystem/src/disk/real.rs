use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{AtFlags, Mode, OFlags, XattrFlags};

use super::{Dir, Disk, OpenFile};

/// The operating system's file system.
pub(crate) struct RealDisk;

/// The attribute that [`Disk::annotate`] writes.
const NOTE: &str = "user.socorro.set";

/// As the original systems made them, less what the process's umask takes away.
const DIR_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

impl Disk for RealDisk {
    fn mkdir(&self, dir: &Dir, name: &str) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(
            dir.fd(),
            name,
            Mode::from_raw_mode(DIR_MODE as _),
        )?)
    }

    fn create(&self, dir: &Dir, name: &str) -> io::Result<OpenFile> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(FILE_MODE as _);
        Ok(OpenFile {
            file: rustix::fs::openat(dir.fd(), name, flags, mode)?.into(),
            path: dir.join(name),
        })
    }

    fn write(&self, to: &OpenFile, bytes: &[u8]) -> io::Result<()> {
        (&to.file).write_all(bytes)
    }

    fn copy(&self, mut from: &File, to: &OpenFile) -> io::Result<u64> {
        // Copies inside the kernel, and shares the blocks where the file system can.
        io::copy(&mut from, &mut &to.file)
    }

    fn annotate(&self, file: &OpenFile, note: &str) -> io::Result<()> {
        Ok(rustix::fs::fsetxattr(
            &file.file,
            NOTE,
            note.as_bytes(),
            XattrFlags::empty(),
        )?)
    }

    fn sync_file(&self, file: &OpenFile) -> io::Result<()> {
        file.file.sync_all()
    }

    fn rename(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(from.fd(), old, to.fd(), new)?)
    }

    fn link(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(
            from.fd(),
            old,
            to.fd(),
            new,
            AtFlags::empty(),
        )?)
    }

    fn symlink(&self, target: &str, dir: &Dir, name: &str) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, dir.fd(), name)?)
    }

    fn unlink(&self, dir: &Dir, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(dir.fd(), name, AtFlags::empty())?)
    }

    fn rmdir(&self, dir: &Dir, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(dir.fd(), name, AtFlags::REMOVEDIR)?)
    }

    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        Ok(rustix::fs::fsync(dir.fd())?)
    }
}

/// The note that [`Disk::annotate`] left on a file; `None` without one, or where there are none.
pub(crate) fn note(file: &File) -> Option<String> {
    let mut room = vec![0; 8192];
    let length = rustix::fs::fgetxattr(file, NOTE, &mut room[..]).ok()?;
    room.truncate(length);
    String::from_utf8(room).ok()
}
