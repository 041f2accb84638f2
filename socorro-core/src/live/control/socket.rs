//! Making the socket's file, and taking it away again.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::error::{Error, ErrorKind, Result};

/// A socket that listens. Its file goes with it, unless somebody put another one in its place.
#[derive(Debug)]
pub(in crate::live) struct Socket {
    path: PathBuf,
    /// Device and inode of the file.
    file: (u64, u64),
    listener: Option<UnixListener>,
}

impl Socket {
    /// Listens at `path`. A socket there that nobody listens at any more is replaced.
    ///
    /// `Conflict` when somebody listens there, or when something else than a socket is there; other kinds when
    /// the system refuses it.
    pub(in crate::live) fn open(path: &Path) -> Result<Self> {
        let wrong = |kind, why: String| {
            Error::new(kind, format!("control.socket: {} {why}", path.display()))
        };
        let refused = |error: io::Error| {
            wrong(
                ErrorKind::InvalidConfig,
                format!("cannot be opened: {error}"),
            )
        };
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Of two programs that start at once, one would take away what the other has just made.
        let directory = File::open(parent).map_err(refused)?;
        flock(&directory, FlockOperation::NonBlockingLockExclusive).map_err(
            |error| match error {
                Errno::WOULDBLOCK => wrong(
                    ErrorKind::Conflict,
                    "is being opened by another program".to_owned(),
                ),
                error => refused(error.into()),
            },
        )?;
        let address = SocketAddrUnix::new(path).map_err(|error| refused(error.into()))?;
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                let why = "is there and no socket; remove it, or name another path";
                return Err(wrong(ErrorKind::Conflict, why.to_owned()));
            }
            Ok(_) if somebody_listens(&address).map_err(refused)? => {
                let why = "belongs to a program that runs; end that one, or name another path";
                return Err(wrong(ErrorKind::Conflict, why.to_owned()));
            }
            Ok(_) => {
                tracing::info!(path = %path.display(), "replacing the control socket of a program that is gone");
                fs::remove_file(path).map_err(refused)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
        let listener = listen(path, &address).map_err(refused)?;
        let made = fs::symlink_metadata(path).map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            file: (made.dev(), made.ino()),
            listener: Some(listener),
        })
    }

    pub(super) fn take_listener(&mut self) -> Option<UnixListener> {
        self.listener.take()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.file);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), "cannot remove the control socket: {error}");
        }
    }
}

fn socket() -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

/// What a process that is started at the same moment must not inherit is so from the beginning where that can
/// be said.
#[cfg(target_os = "linux")]
const FLAGS: SocketFlags = SocketFlags::CLOEXEC;
#[cfg(not(target_os = "linux"))]
const FLAGS: SocketFlags = SocketFlags::empty();

fn listen(path: &Path, address: &SocketAddrUnix) -> io::Result<UnixListener> {
    let socket = socket()?;
    let owner_only = Mode::RUSR | Mode::WUSR;
    // Linux makes the file with the mode of the descriptor, so that nobody else can connect at any moment;
    // changing the umask would do it for all threads.
    #[cfg(target_os = "linux")]
    rustix::fs::fchmod(&socket, owner_only)?;
    rustix::net::bind(&socket, address)?;
    rustix::fs::chmod(path, owner_only)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

const BACKLOG: i32 = 16;

/// Does a program listen at the socket that is there?
fn somebody_listens(address: &SocketAddrUnix) -> io::Result<bool> {
    match rustix::net::connect(&socket()?, address) {
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS) => Ok(true),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
