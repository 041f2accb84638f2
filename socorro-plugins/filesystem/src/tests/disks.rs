//! Disks that remember, fail, or do not wait.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::{Mutex, MutexGuard};

use rustix::io::Errno;

use crate::disk::{Dir, Disk, Meta, OpenFile, RealDisk};

/// One effect, as it would be repeated. Paths are below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Mkdir(String),
    Create(String),
    Write(String, Vec<u8>),
    Note(String, String, (i64, u32)),
    SyncFile(String),
    Rename(String, String),
    Link(String, String),
    Symlink(String, String),
    Unlink(String),
    Rmdir(String),
    /// What was done before this is durable in the directory once the sync of this number has ended.
    SyncBegins(u64, String),
    SyncEnds(u64),
    /// A test's own mark: what it had been told at this point.
    Mark(Mark),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Begins(usize),
    Done(usize),
}

/// Does everything, and remembers it in an order that is the true one.
#[derive(Default)]
pub(crate) struct Recorder {
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    ops: Vec<Op>,
    syncs: u64,
}

impl Recorder {
    pub(crate) fn mark(&self, mark: Mark) {
        self.log().ops.push(Op::Mark(mark));
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.log().ops.clone()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    fn record<T>(
        &self,
        work: impl FnOnce() -> io::Result<T>,
        op: impl FnOnce() -> Op,
    ) -> io::Result<T> {
        let mut log = self.log();
        let done = work()?;
        log.ops.push(op());
        Ok(done)
    }
}

impl Disk for Recorder {
    fn mkdir(&self, dir: &Dir, name: &str) -> io::Result<()> {
        self.record(|| RealDisk.mkdir(dir, name), || Op::Mkdir(dir.join(name)))
    }

    fn create(&self, dir: &Dir, name: &str) -> io::Result<OpenFile> {
        self.record(|| RealDisk.create(dir, name), || Op::Create(dir.join(name)))
    }

    fn write(&self, to: &OpenFile, bytes: &[u8]) -> io::Result<()> {
        let op = || Op::Write(to.path.clone(), bytes.to_vec());
        self.record(|| RealDisk.write(to, bytes), op)
    }

    fn copy(&self, from: &File, to: &OpenFile) -> io::Result<u64> {
        let mut bytes = Vec::new();
        let mut reader = from;
        reader.read_to_end(&mut bytes)?;
        reader.rewind()?;
        self.record(
            || RealDisk.copy(from, to),
            || Op::Write(to.path.clone(), bytes),
        )
    }

    fn annotate(&self, file: &OpenFile, note: &str) -> io::Result<()> {
        let modified = Meta::of_file(&file.file)?.modified;
        let op = || Op::Note(file.path.clone(), note.to_owned(), modified);
        self.record(|| RealDisk.annotate(file, note), op)
    }

    fn sync_file(&self, file: &OpenFile) -> io::Result<()> {
        self.record(|| Ok(()), || Op::SyncFile(file.path.clone()))
    }

    fn rename(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
        let op = || Op::Rename(from.join(old), to.join(new));
        self.record(|| RealDisk.rename(from, old, to, new), op)
    }

    fn link(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
        let op = || Op::Link(from.join(old), to.join(new));
        self.record(|| RealDisk.link(from, old, to, new), op)
    }

    fn symlink(&self, target: &str, dir: &Dir, name: &str) -> io::Result<()> {
        let op = || Op::Symlink(target.to_owned(), dir.join(name));
        self.record(|| RealDisk.symlink(target, dir, name), op)
    }

    fn unlink(&self, dir: &Dir, name: &str) -> io::Result<()> {
        self.record(|| RealDisk.unlink(dir, name), || Op::Unlink(dir.join(name)))
    }

    fn rmdir(&self, dir: &Dir, name: &str) -> io::Result<()> {
        self.record(|| RealDisk.rmdir(dir, name), || Op::Rmdir(dir.join(name)))
    }

    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        let number = {
            let mut log = self.log();
            log.syncs += 1;
            let number = log.syncs;
            log.ops.push(Op::SyncBegins(number, dir.path().to_owned()));
            number
        };
        // Lets others in between, so that their changes are seen not to be covered.
        std::thread::yield_now();
        self.log().ops.push(Op::SyncEnds(number));
        Ok(())
    }
}

/// What an effect was; for tests that fail one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Mkdir,
    Create,
    Write,
    Copy,
    Annotate,
    SyncFile,
    Rename,
    Link,
    Symlink,
    Unlink,
    Rmdir,
    SyncDir,
}

/// Fails one call, or all from it on, and waits for no disk.
pub(crate) struct Failing {
    error: Errno,
    state: Mutex<Failures>,
}

#[derive(Default)]
struct Failures {
    /// Calls that pass before one fails.
    left: Option<usize>,
    /// All later ones fail too.
    on: bool,
    first: Option<(Call, String)>,
}

impl Failing {
    pub(crate) fn new(error: Errno) -> Self {
        Self {
            error,
            state: Mutex::default(),
        }
    }

    /// Fails the call that comes after `calls` others, and with `on` all that follow.
    pub(crate) fn fail_after(&self, calls: usize, on: bool) {
        *self.state.lock().unwrap() = Failures {
            left: Some(calls),
            on,
            first: None,
        };
    }

    /// Fails no more; returns the call that failed first.
    pub(crate) fn heal(&self) -> Option<(Call, String)> {
        let mut state = self.state.lock().unwrap();
        state.left = None;
        state.first.take()
    }

    fn pass(&self, call: Call, path: String) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let Some(left) = state.left else {
            return Ok(());
        };
        if left > 0 {
            state.left = Some(left - 1);
            return Ok(());
        }
        if !state.on {
            state.left = None;
        }
        state.first.get_or_insert((call, path));
        Err(self.error.into())
    }
}

impl Disk for Failing {
    fn mkdir(&self, dir: &Dir, name: &str) -> io::Result<()> {
        self.pass(Call::Mkdir, dir.join(name))?;
        RealDisk.mkdir(dir, name)
    }

    fn create(&self, dir: &Dir, name: &str) -> io::Result<OpenFile> {
        self.pass(Call::Create, dir.join(name))?;
        RealDisk.create(dir, name)
    }

    fn write(&self, to: &OpenFile, bytes: &[u8]) -> io::Result<()> {
        self.pass(Call::Write, to.path.clone())?;
        RealDisk.write(to, bytes)
    }

    fn copy(&self, from: &File, to: &OpenFile) -> io::Result<u64> {
        self.pass(Call::Copy, to.path.clone())?;
        RealDisk.copy(from, to)
    }

    fn annotate(&self, file: &OpenFile, note: &str) -> io::Result<()> {
        self.pass(Call::Annotate, file.path.clone())?;
        RealDisk.annotate(file, note)
    }

    fn sync_file(&self, file: &OpenFile) -> io::Result<()> {
        self.pass(Call::SyncFile, file.path.clone())
    }

    fn rename(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
        self.pass(Call::Rename, to.join(new))?;
        RealDisk.rename(from, old, to, new)
    }

    fn link(&self, from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
        self.pass(Call::Link, to.join(new))?;
        RealDisk.link(from, old, to, new)
    }

    fn symlink(&self, target: &str, dir: &Dir, name: &str) -> io::Result<()> {
        self.pass(Call::Symlink, dir.join(name))?;
        RealDisk.symlink(target, dir, name)
    }

    fn unlink(&self, dir: &Dir, name: &str) -> io::Result<()> {
        self.pass(Call::Unlink, dir.join(name))?;
        RealDisk.unlink(dir, name)
    }

    fn rmdir(&self, dir: &Dir, name: &str) -> io::Result<()> {
        self.pass(Call::Rmdir, dir.join(name))?;
        RealDisk.rmdir(dir, name)
    }

    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        self.pass(Call::SyncDir, dir.path().to_owned())
    }
}
