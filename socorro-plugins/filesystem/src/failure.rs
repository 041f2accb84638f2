//! What the operating system says, as errors of the storage trait.
//!
//! | OS error | kind | concerns |
//! |---|---|---|
//! | `ENOSPC`, `EDQUOT` | `Unavailable`, retryable | the store |
//! | `EIO` and whatever is not listed | `Unavailable`, retryable | the store |
//! | `ENOENT` where the store needs something | `Unavailable`, retryable | the store |
//! | `EMFILE`, `ENFILE`, `ENOMEM` | `Unavailable`, retryable | the store |
//! | `EACCES`, `EPERM`, `EROFS` | `PermissionDenied` | the store |
//! | `ELOOP`, `ENOTDIR`, `EISDIR` | `Corrupt` | the crash |
//! | `ENAMETOOLONG`, `EFBIG` | `InvalidInput` | the crash |

use std::io;

use rustix::io::Errno;
use socorro_core::error::{Applied, Error, ErrorKind, Result};

/// Turns the result of a step on the disk into one that says what was done, to what, and what to do about it.
pub(crate) trait At<T> {
    /// `doing` completes "cannot …"; `path` is below the root.
    fn at(self, doing: &str, path: &str) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, doing: &str, path: &str) -> Result<T> {
        self.map_err(|error| failure(&error, doing, path))
    }
}

/// See [`At::at`].
pub(crate) fn failure(error: &io::Error, doing: &str, path: &str) -> Error {
    let (kind, advice) = verdict(error);
    let path = if path.is_empty() { "the root" } else { path };
    Error::new(kind, format!("cannot {doing} {path}{advice}")).caused_by(error)
}

fn verdict(error: &io::Error) -> (ErrorKind, &'static str) {
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC) => (
            ErrorKind::Unavailable,
            "; the disk is full, free some space",
        ),
        Some(Errno::DQUOT) => (ErrorKind::Unavailable, "; the disk quota is used up"),
        Some(Errno::IO) => (
            ErrorKind::Unavailable,
            "; the disk reports an error, look at the kernel's log",
        ),
        Some(Errno::NOENT) => (
            ErrorKind::Unavailable,
            "; is the root there and its disk mounted?",
        ),
        Some(Errno::MFILE | Errno::NFILE) => (
            ErrorKind::Unavailable,
            "; too many files are open, raise the limit",
        ),
        Some(Errno::ACCESS | Errno::PERM) => (
            ErrorKind::PermissionDenied,
            "; give this process's user access to it",
        ),
        Some(Errno::ROFS) => (
            ErrorKind::PermissionDenied,
            "; its disk is mounted read-only",
        ),
        Some(Errno::LOOP | Errno::NOTDIR | Errno::ISDIR) => (
            ErrorKind::Corrupt,
            "; a link or a file of another kind is in its place, and is not followed",
        ),
        Some(Errno::NAMETOOLONG | Errno::FBIG) => (ErrorKind::InvalidInput, ""),
        _ => (ErrorKind::Unavailable, ""),
    }
}

/// The same failure, of a write that may have landed.
pub(crate) fn maybe_applied(error: Error) -> Error {
    error.with_applied(Applied::Unknown)
}
