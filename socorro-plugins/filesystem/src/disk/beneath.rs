//! Opening by relative path without ever leaving the directory it starts from.
//!
//! Linux resolves the whole path in one call (`openat2` with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS`), which
//! is both the strictest and the fastest way; where that call is missing, each component is opened with
//! `O_NOFOLLOW`. `cap-std` was the alternative: it follows links inside the root, which this store never
//! wants, and it hides the descriptor that a directory's fsync and flock need.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, openat};

/// Opens `path`, relative to `from`, with `flags`; symbolic links and `..` are refused anywhere in it.
pub(crate) fn open(from: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    check(path)?;
    #[cfg(target_os = "linux")]
    if let Some(opened) = in_one_call(from, path, flags) {
        return opened;
    }
    step_by_step(from, path, flags)
}

/// Only plain components: what is refused here never reaches the kernel.
fn check(path: &str) -> io::Result<()> {
    let plain =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
    if path.split('/').all(plain) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{path:?} is not a plain relative path"),
    ))
}

/// `None` where the kernel, or a sandbox around this process, does not have the call.
#[cfg(target_os = "linux")]
fn in_one_call(from: BorrowedFd<'_>, path: &str, flags: OFlags) -> Option<io::Result<OwnedFd>> {
    use rustix::fs::{ResolveFlags, openat2};
    use rustix::io::Errno;
    use std::sync::atomic::{AtomicBool, Ordering};

    static MISSING: AtomicBool = AtomicBool::new(false);

    if MISSING.load(Ordering::Relaxed) {
        return None;
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    loop {
        match openat2(from, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Ok(fd) => return Some(Ok(fd)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(Errno::NOSYS) => {
                MISSING.store(true, Ordering::Relaxed);
                return None;
            }
            // Seccomp filters answer so; if the refusal is the file's own, the slow way meets it again.
            Err(Errno::PERM) => return None,
            Err(error) => return Some(Err(error.into())),
        }
    }
}

/// The same for systems without `openat2`.
pub(super) fn step_by_step(from: BorrowedFd<'_>, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
    let own = OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut reached: Option<OwnedFd> = None;
    let mut rest = path;
    loop {
        let at = reached.as_ref().map_or(from, AsFd::as_fd);
        match rest.split_once('/') {
            Some((part, tail)) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | own;
                reached = Some(retry(|| openat(at, part, flags, Mode::empty()))?);
                rest = tail;
            }
            None => return retry(|| openat(at, rest, flags | own, Mode::empty())),
        }
    }
}

fn retry(mut open: impl FnMut() -> rustix::io::Result<OwnedFd>) -> io::Result<OwnedFd> {
    loop {
        match open() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}
